"""A reader driven through pcscd: waits for a band, lets it prove itself, and never outstays a tap."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from hardware.nfc import felica, tags
from hardware.nfc.budget import Budget, DeadlineError
from hardware.nfc.ntag424 import OK
from hardware.nfc.pcsc.felica import BlockRefused, Blocks, NotPassedOn
from hardware.nfc.pcsc.hand import Hand
from hardware.nfc.pcsc.lost import BandLost
from hardware.nfc.pcsc.names import Kind, card_named
from hardware.nfc.pcsc.service import Context, Look
from hardware.nfc.vaulted import Vaulted
from hardware.port import DeviceError, KeyLookup, Presented, ReadFault, Trust

_GET_UID = bytes.fromhex("FFCA000000")
_READ_CAPABILITIES = bytes.fromhex("FFB0000310")
_UID_OCTETS = (4, 7, 8, 10)
_ATTEMPTS_MAX = 4
_ATTEMPT_S_MIN = 0.06
"""A further attempt needs this much of the budget to be worth its while."""
_PAUSE_S = 0.02
_MARGIN_S = 0.02
"""What the way back from a blocking wait may take, so that the deadline is kept."""


def _nobody_listens() -> None:
    """Take the news that a band was found, until a supervisor wants it."""


class PcscReader:
    """Implements ``port.Reader``; owned by one thread."""

    def __init__(self, wanted: str, keys: KeyLookup) -> None:
        """Name the reader, or a part of its name, and who finds a band's key; nothing is opened yet."""
        self.wanted = wanted
        self._keys = Vaulted(keys)
        self._budget = Budget()
        self._context: Context | None = None
        self._name = ""
        self._state = 0
        self._hand: Hand | None = None
        self._left_behind: Hand | None = None
        self._event = -1
        self._uid = b""
        self.on_found: Callable[[], None] = _nobody_listens

    def open(self) -> None:
        """Connect to the daemon and take the first reader whose name fits."""
        self.close()
        self._context = Context.open()
        try:
            names = self._context.readers()
            fitting = [name for name in names if self.wanted.casefold() in name.casefold()]
            if not fitting:
                seen = f"readers here: {', '.join(names)}" if names else "no PC/SC reader is plugged in"
                raise DeviceError(f"no PC/SC reader is called {self.wanted!r}", f"{seen}; see `polso check`")
            self._name = fitting[0]
            _, self._state = self._context.look(self._name, known=0, wait_ms=0)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give reader and daemon back."""
        hand, self._hand = self._hand, None
        if hand is not None:
            hand.close()
        context, self._context = self._context, None
        if context is not None:
            context.close()
        self._state, self._event = 0, -1

    def read(self, deadline_ns: int) -> Presented | None:
        """Wait for a band until the deadline and read it, trying again while the budget lasts."""
        self._budget.begin(deadline_ns)
        look = self._wait_for_band()
        if not look.present:
            return None
        found_ns, known = time.monotonic_ns(), look.event == self._event
        self._event, self._uid = look.event, b""
        self.on_found()
        self._forget_left_behind()
        presented = self._attempt()
        for _ in range(_ATTEMPTS_MAX):
            if presented.fault is not ReadFault.TORN or self._budget.left_s() < _ATTEMPT_S_MIN:
                break
            time.sleep(_PAUSE_S)
            again = self._attempt()
            # A band that is gone has nothing more to say; what was known of it stands.
            presented = again if again.uid or not presented.uid else presented
        if not presented.uid and presented.fault is ReadFault.TORN and (known or not self._still_announced()):
            return None
        return replace(presented, commands=self._budget.commands, found_ns=found_ns)

    def _still_announced(self) -> bool:
        """Say whether the daemon still sees what lay there: it may be late to notice that a band left."""
        look, self._state = self._line.look(self._name, known=0, wait_ms=0)
        return look.present and look.event == self._event

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        """Say whether this band lies there since it was read; a swapped one is told by its identifier."""
        self._budget.begin(deadline_ns)
        if not self._still_announced() or uid != self._uid:
            return False
        if self._hand is None or not uid or tags.is_random(uid):
            return True
        try:
            return self._apdu(_GET_UID) == uid + OK
        except (BandLost, DeadlineError):
            return False

    @property
    def _line(self) -> Context:
        """Return the line to the daemon."""
        if self._context is None:
            raise DeviceError("the reader is not open", "open it first")
        return self._context

    def _wait_for_band(self) -> Look:
        """Look, and where nothing lies there block until something comes or the time is over."""
        look, self._state = self._line.look(self._name, known=0, wait_ms=0)
        wait_s = self._budget.left_s() - _MARGIN_S
        if not look.present and wait_s > 0:
            look, self._state = self._line.look(self._name, known=self._state, wait_ms=int(1000 * wait_s))
        return look

    def _forget_left_behind(self) -> None:
        """Wait for a call that hung at an earlier band: until it is back, the reader is not ours."""
        if self._left_behind is None:
            return
        if not self._left_behind.wait_for_end(self._budget.left_s() - _MARGIN_S):
            raise DeviceError(
                f"reader {self._name} does not come back from a call", "take its cable out and put it back"
            )
        self._left_behind = None

    def _attempt(self) -> Presented:
        """Connect and read once; whatever the band's answers break is its own fault."""
        try:
            atr = self._bounded(lambda hand, left_s: hand.connect(left_s))
            return self._judge(atr)
        except (DeviceError, OSError):
            raise
        except Exception as error:  # a band's answers may break any rule
            fault, cause = self._fault_of(error)
            return Presented(self._uid, fault=fault, cause=cause)

    def _bounded(self, act: Callable[[Hand, float], bytes]) -> bytes:
        """Let the hand do something within what the tap has left; a hand that hangs is left behind."""
        left_s = self._budget.clamp(float("inf"))
        if self._hand is None:
            self._hand = Hand(self._name)
        try:
            return act(self._hand, left_s)
        except DeadlineError:
            self._left_behind, self._hand = self._hand, None
            raise

    def _apdu(self, command: bytes) -> bytes:
        """Exchange one APDU within the tap's time."""
        self._budget.commands += 1
        answer = self._bounded(lambda hand, left_s: hand.transmit(command, left_s))
        if not answer:
            raise BandLost("the band left while it answered")
        if len(answer) < 2:
            raise ValueError("an answer without status")
        return answer

    def _fault_of(self, error: Exception) -> tuple[ReadFault, str]:
        """Say what an exception out of a band's answers means."""
        if isinstance(error, DeadlineError) or self._budget.left_s() <= 0.01:
            return ReadFault.DEADLINE, "it kept the reader too long"
        if isinstance(error, BandLost):
            return ReadFault.TORN, "it left the field or was not heard"
        return ReadFault.GARBAGE, f"it answered against the standard ({type(error).__name__})"

    def _judge(self, atr: bytes) -> Presented:
        """Ask for the identifier, then refuse by name or let the band prove itself by its kind."""
        answer = self._apdu(_GET_UID)
        uid, named = answer[:-2], card_named(atr)
        if answer[-2:] != OK or len(uid) not in _UID_OCTETS:
            return Presented(b"", fault=ReadFault.GARBAGE, cause="no contactless band: it has no identifier")
        self._uid = uid
        refused = tags.refused_unread(uid, named.sak)
        if refused is not None:
            return refused
        if named.kind is Kind.APDU:
            return tags.prove_type4(self._apdu, uid, self._keys)
        if named.kind is Kind.FELICA:
            return self._judge_felica(uid)
        return self._judge_memory(uid, named.kind)

    def _judge_memory(self, uid: bytes, kind: Kind) -> Presented:
        """Name a memory band by its capability container; it can prove nothing."""
        refused = tags.keyless(uid, self._keys)
        if refused is not None:
            return refused
        if kind is not Kind.TYPE2:
            return Presented(uid, Trust.UID, product="storage card")
        answer = self._apdu(_READ_CAPABILITIES)
        if answer[-2:] != OK:
            raise BandLost("the band's memory was not read")
        return Presented(uid, Trust.UID, product=tags.type2_product_by_size(answer[:-2]))

    def _judge_felica(self, uid: bytes) -> Presented:
        """Let a Lite-S with a known card key authenticate both ways, where the reader hands its frames on."""
        key, blocks = self._keys(uid, tags.LIVE_KEY_NO), Blocks(self._apdu, uid)
        try:
            lite_s = blocks.is_lite_s()
            product = "FeliCa Lite-S" if lite_s else "FeliCa"
            if key is None:
                return Presented(uid, Trust.UID, product=product)
            if lite_s and felica.authenticate(blocks, key):
                return Presented(uid, Trust.LIVE, product=product)
        except NotPassedOn:
            if key is None:
                return Presented(uid, Trust.UID, product="FeliCa")
            # Not read as less: a copied identifier would be as good here as the card itself.
            cause = "this reader hands no FeliCa proof on; use one of ACS, or one that nfcpy drives"
            return Presented(uid, product="FeliCa", fault=ReadFault.NOT_AUTHENTIC, cause=cause)
        except BlockRefused:
            product = "FeliCa Lite-S"
        return Presented(
            uid, product=product, fault=ReadFault.NOT_AUTHENTIC, cause="it did not prove its card key"
        )
