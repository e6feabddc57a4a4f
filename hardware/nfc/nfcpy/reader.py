"""A reader driven by nfcpy: finds a band, lets it prove itself, and never lets it out of its budget."""

from __future__ import annotations

import contextlib
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import nfc.clf
import nfc.tag
import nfc.tag.tt3
import nfc.tag.tt3_sony

from hardware.nfc import felica, tags
from hardware.nfc.budget import Budget, DeadlineError
from hardware.nfc.nfcpy.frontend import Frontend
from hardware.nfc.nfcpy.opening import open_device
from hardware.nfc.vaulted import Vaulted
from hardware.port import DeviceError, KeyLookup, Presented, ReadFault, Trust

Opener = Callable[[str, Budget], Any]
"""From a path to an opened nfcpy driver."""

_ATTEMPTS_MAX = 3
_ATTEMPT_S_MIN = 0.06
"""A further attempt needs this much of the budget to be worth its while."""
_GET_VERSION = b"\x60"
_GET_VERSION_S = 0.01


def _nobody_listens() -> None:
    """Take the news that a band was found, until a supervisor wants it."""


@contextlib.contextmanager
def _cable_faults() -> Iterator[None]:
    """Turn what a pulled cable raises into the port's error; ``termios.error`` is no ``OSError``."""
    try:
        yield
    except termios.error as error:
        raise DeviceError("the cable was pulled", "plug the reader back in") from error


class NfcpyReader:
    """Implements ``port.Reader``; owned by one thread."""

    def __init__(self, path: str, keys: KeyLookup, opener: Opener = open_device) -> None:
        """Name the device and who finds a band's key; nothing is opened yet."""
        self.path = path
        self._opener = opener
        self._keys = Vaulted(keys)
        self._budget = Budget()
        self._frontend = Frontend(self._budget)
        self._felica = False
        self.on_found: Callable[[], None] = _nobody_listens

    def open(self) -> None:
        """Take the device."""
        self.close()
        self._frontend.adopt(self._opener(self.path, self._budget), self.path)

    def close(self) -> None:
        """Give the device back; a dead one is simply forgotten."""
        device = self._frontend.device
        with contextlib.suppress(
            OSError, termios.error, nfc.clf.Error, AttributeError, IndexError, TypeError
        ):
            self._budget.begin(None)
            self._frontend.close()
        self._frontend.device = None
        line = getattr(getattr(device, "chipset", None), "transport", None)
        if line is not None:
            with contextlib.suppress(OSError, termios.error):
                getattr(line, "tty", line).close()

    def read(self, deadline_ns: int) -> Presented | None:
        """Look once into the field and read what is there, trying again while the budget lasts."""
        self._budget.begin(deadline_ns)
        with _cable_faults():
            target = self._frontend.sense(nfc.clf.RemoteTarget("106A"), nfc.clf.RemoteTarget("212F"))
            if target is None:
                return None
            found_ns = time.monotonic_ns()
            self.on_found()
            presented = self._read_target(target)
            for _ in range(_ATTEMPTS_MAX - 1):
                if presented.fault is not ReadFault.TORN or self._budget.left_s() < _ATTEMPT_S_MIN:
                    break
                target = self._find(presented.uid) or target
                presented = self._read_target(target)
        return self._signed(presented, found_ns)

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        """Ask for this very band and no other; one of random identity is recognised by being random."""
        self._budget.begin(deadline_ns)
        with _cable_faults():
            found = self._find(uid)
        return found is not None

    def _find(self, uid: bytes) -> Any:  # noqa: ANN401 - nfcpy is untyped
        """Sense for one identifier with the technology that found it."""
        wanted = nfc.clf.RemoteTarget("212F" if self._felica else "106A")
        if not self._felica and not tags.is_random(uid) and len(uid) in (4, 7, 10):
            wanted.sel_req = bytearray(uid)
        found = self._frontend.sense(wanted)
        if found is None:
            return None
        seen = _identifier(found)
        return found if seen == uid or (tags.is_random(uid) and tags.is_random(seen)) else None

    def _signed(self, presented: Presented, found_ns: int) -> Presented:
        """Add what only the reader knows: when the band was found and what it cost."""
        return replace(presented, commands=self._budget.commands, found_ns=found_ns)

    def _read_target(self, target: Any) -> Presented:  # noqa: ANN401 - nfcpy is untyped
        """Read one found band; whatever its answers break is its own fault, a bad read and no more."""
        uid, sak = _identifier(target), _sak(target)
        self._felica = sak is None
        try:
            return self._judge(target, uid, sak)
        except (OSError, termios.error, DeviceError):
            raise
        except Exception as error:  # bands raise IndexError, TypeError, RuntimeError ... out of nfcpy
            fault, cause = self._fault_of(error)
            return Presented(uid, sak=sak, fault=fault, cause=cause)

    def _fault_of(self, error: Exception) -> tuple[ReadFault, str]:
        """Say what an exception out of a band's answers means."""
        if isinstance(error, DeadlineError) or self._budget.left_s() <= 0.01:
            return ReadFault.DEADLINE, "it kept the reader too long"
        if isinstance(error, nfc.clf.CommunicationError | nfc.tag.TagCommandError):
            return ReadFault.TORN, "it left the field or was not heard"
        return ReadFault.GARBAGE, f"it answered against the standard ({type(error).__name__})"

    def _judge(self, target: Any, uid: bytes, sak: int | None) -> Presented:  # noqa: ANN401 - nfcpy is untyped
        """Refuse unread, or read by kind."""
        refused = tags.refused_unread(uid, sak)
        if refused is not None:
            return refused
        if sak is None:
            return self._judge_felica(target, uid)
        found = self._judge_type4(target, uid) if tags.is_type4(sak) else self._judge_type2(uid)
        return replace(found, sak=sak)

    def _judge_type4(self, target: Any, uid: bytes) -> Presented:  # noqa: ANN401 - nfcpy is untyped
        """Select a band that takes APDUs, and let it prove itself by them."""
        tag = nfc.tag.activate(self._frontend, target)
        if tag is None:
            raise nfc.clf.TimeoutError("no answer to select")
        return tags.prove_type4(lambda command: bytes(tag.transceive(bytearray(command))), uid, self._keys)

    def _judge_type2(self, uid: bytes) -> Presented:
        """Ask a memory band what it is; it can prove nothing, so nothing of its memory is read."""
        refused = tags.keyless(uid, self._keys)
        if refused is not None:
            return refused
        try:
            version = bytes(self._frontend.exchange(_GET_VERSION, _GET_VERSION_S))
        except nfc.clf.CommunicationError:
            # Bands older than GetVersion fall silent upon it; finding them again tells them from torn ones.
            if self._find(uid) is None:
                raise
            version = b""
        return Presented(uid, Trust.UID, product=tags.type2_product(version))

    def _judge_felica(self, target: Any, uid: bytes) -> Presented:  # noqa: ANN401 - nfcpy is untyped
        """Let a Lite-S with a known card key authenticate both ways; others are their identifier."""
        key = self._keys(uid, tags.LIVE_KEY_NO)
        product = "FeliCa Lite-S" if target.sensf_res[10] in (0xF1, 0xF2) else "FeliCa"
        if key is None:
            return Presented(uid, Trust.UID, product=product)
        tag = nfc.tag.tt3_sony.activate(self._frontend, target)
        if isinstance(tag, nfc.tag.tt3_sony.FelicaLiteS) and _authenticates(_Blocks(tag), key):
            return Presented(uid, Trust.LIVE, product=product)
        cause = "it did not prove its card key"
        return Presented(uid, product=product, fault=ReadFault.NOT_AUTHENTIC, cause=cause)


class _Blocks:
    """The blocks of a FeliCa Lite-S tag of nfcpy's (``felica.Card``)."""

    def __init__(self, tag: Any) -> None:  # noqa: ANN401 - nfcpy is untyped
        self._tag = tag

    def read(self, *blocks: int) -> bytes:
        """Read by the read-only service."""
        return bytes(self._tag.read_without_mac(*blocks))

    def write(self, octets: bytes, *blocks: int) -> None:
        """Write by the read-write service."""
        service = [nfc.tag.tt3.ServiceCode(0, 0b001001)]
        self._tag.write_without_encryption(service, [nfc.tag.tt3.BlockCode(one) for one in blocks], octets)


def _authenticates(card: felica.Card, key: bytes) -> bool:
    """Run the proof; a card that answers with an error status (two octets) refuses it."""
    try:
        return felica.authenticate(card, key)
    except nfc.tag.TagCommandError as error:
        if int(error) > 0xFF:
            return False
        raise


def _identifier(target: Any) -> bytes:  # noqa: ANN401 - nfcpy is untyped
    """Return the identifier that a found band gave: NFCID1, IDm, or that of a type 1 tag."""
    if target.sensf_res is not None:
        return bytes(target.sensf_res[1:9])
    return bytes(target.sdd_res if target.sdd_res is not None else target.rid_res[2:6])


def _sak(target: Any) -> int | None:  # noqa: ANN401 - nfcpy is untyped
    """Return the SAK of a type A band, 0 for a type 1 tag, None for FeliCa."""
    if target.sensf_res is not None:
        return None
    return int(target.sel_res[0]) if target.sel_res else 0
