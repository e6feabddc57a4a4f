"""The site's purse: a till that lacks a guest's money asks, one that holds some passes a part of it on."""

from __future__ import annotations

import logging
import queue
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from edge.core.lease import Passing, answers, passing_in
from edge.core.site import Lack, Passed
from sync.packing import UNREADABLE
from sync.site.gateway import Pair, Unanswered
from sync.site.register import Register, Stand

# One key for each want. Wanted by who lacks money; offered, by compare-and-set on just that, once the part is
# durable at its giver; taken the same way, by the asker or by the giver again. A compare-and-set that comes
# late finds another revision and does nothing: so nothing here is ever offered or taken twice, and what is
# not known is read. A key that names a part is removed by its giver alone.

CALL_S = 2.0
"""What a call may take that nobody stands and waits for."""
HOME_MS = 20_000
"""So long a part lies there for who asked."""
STALE_MS = 10_000
"""Who asked longer ago stands there no more."""
TAKE_S_MIN = 0.02
"""With less time than that nothing is taken any more: it would hardly be answered."""
SAID_BYTES_MAX = 1_024
"""What a giver says of a part."""
QUEUE_MAX = 1_000
LOG = logging.getLogger("polso.site")
Key = TypeVar("Key")


class Asking(msgspec.Struct, frozen=True, array_like=True):
    """What a key says: who lacks what, then which part is offered, then whose it is."""

    lack: Lack
    asked_ms: int
    passing: bytes = b""
    signature: bytes = b""
    book: str = ""
    taken_by: str = ""
    kept: bool = False
    """Whether who took it has written that down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PursePorts:
    """What the purse needs of the edge: each of these is durable before it returns."""

    device: str
    incarnation: int
    give: Callable[[Lack, Passed], Passed | None]
    """Write a part down that will be offered there; None: nothing to pass on."""
    outstanding: Callable[[], tuple[Passed, ...]]
    forget: Callable[[Passed], None]
    come_home: Callable[[Passed, Passing], None]
    """Open a part that nobody took, and forget that it was passed on."""
    open_part: Callable[[Passed, Passing, int | None], bool]
    """Open a part that was asked for at a moment; None: in a former run."""
    is_said: Callable[[Passing, bytes, bytes], bool]
    """Whether a sibling said this of a part: its octets, and the signature under them."""
    current: Callable[[], bool]
    """Whether the journal is proven to be the newest of this device."""
    now_ms: Callable[[], int]
    monotonic_ms: Callable[[], int]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Asking).decode


class Purse:
    """One device's part in it: asks on the caller's thread, gives on one of its own, settles when felt."""

    def __init__(
        self, register: Register, prefix: str, ports: PursePorts, *, book: Callable[[], str]
    ) -> None:
        """``prefix`` is what keys of wants begin with; ``book`` says which one was felt last."""
        self._register, self._prefix, self._ports, self._book = register, prefix, ports, book
        self._changed = threading.Condition()
        self._offers: dict[str, Pair | None] = {}
        """What somebody waits for here, and the offer once it was heard of."""
        self._loose: dict[str, tuple[Lack, int] | None] = {}
        """Own wants whose end is not known, and when they were asked; None: in a former run."""
        self._wanted: queue.Queue[Pair | None] = queue.Queue(QUEUE_MAX)
        self._looked, self._restless = False, True
        self._thread = threading.Thread(target=self._give_all, name="site-purse", daemon=True)

    def start(self) -> None:
        """Begin to give."""
        self._thread.start()

    def stop(self, wait_s: float) -> None:
        """Give no more."""
        self._wanted.put(None)
        self._thread.join(wait_s)

    def heard(self, told: Iterable[Pair]) -> None:
        """Take what changed in the book; returns at once."""
        for pair in told:
            asking = _asking(pair) if pair.key.startswith(self._prefix) else None
            if asking is None:
                continue
            with self._changed:
                if asking.passing and pair.key in self._offers:
                    self._offers[pair.key] = pair
                    self._changed.notify_all()
            fresh = self._ports.now_ms() - asking.asked_ms < STALE_MS
            theirs = asking.lack.device != self._ports.device
            if theirs and fresh and not asking.passing and not self._wanted.full():
                self._wanted.put(pair)

    # Who lacks money

    def borrow(self, lack: Lack, wait_s: float) -> bool:
        """Ask, and take what is offered within the time; True: some of it lies here now, durably."""
        asked_ms = self._ports.monotonic_ms()
        until_ms = asked_ms + round(wait_s * 1_000)
        mine = replace(lack, device=self._ports.device, incarnation=self._ports.incarnation)
        key = f"{self._prefix}{self._ports.device}/{secrets.token_hex(8)}"
        with self._changed:
            self._offers[key] = None
        self._loose[key] = (mine, asked_ms)
        try:
            body = _encode(Asking(mine, self._ports.now_ms()))
            self._register.swap(key, 0, body, wait_s=wait_s)
            offer = self._awaited(key, until_ms)
            left_s = (until_ms - self._ports.monotonic_ms()) / 1_000
            return offer is not None and left_s > TAKE_S_MIN and self._take(key, offer, wait_s=left_s)
        finally:
            with self._changed:
                del self._offers[key]

    def _awaited(self, key: str, until_ms: int) -> Pair | None:
        with self._changed:
            left_s = max(0, until_ms - self._ports.monotonic_ms()) / 1_000
            self._changed.wait_for(lambda: self._offers[key] is not None, left_s)
            return self._offers[key]

    def _take(self, key: str, offer: Pair, *, wait_s: float) -> bool:
        """Take an offer as it was read, and open it; whoever else took it meanwhile has it."""
        asking = _asking(offer)
        if asking is None or asking.taken_by or self._meant(key, asking) is None:
            return False
        mine = _encode(replace(asking, taken_by=self._ports.device))
        swap = self._register.swap(key, offer.revision, mine, wait_s=wait_s)
        return swap.done and self._open(key, swap.stand)

    def _open(self, key: str, stand: Stand) -> bool:
        """Open what the book of the offer says is ours; another book's word about it is none."""
        asking = _asking(stand.pair)
        if asking is None or asking.book != stand.book:
            return False
        passing, wanted = self._meant(key, asking), self._loose[key]
        if passing is None:
            return False
        passed = Passed(key, 0, asking.book, passing.grant.lease, asking.passing, asking.signature)
        return self._ports.open_part(passed, passing, wanted[1] if wanted else None)

    def _meant(self, key: str, asking: Asking) -> Passing | None:
        """Return the part that is offered, where a sibling said so and it is no more than was asked for.

        Whoever reaches the nodes can write there; only who holds the money can sign it over.
        """
        passing = _passing(asking.passing) if len(asking.passing) <= SAID_BYTES_MAX else None
        wanted = self._loose.get(key)
        lack, own = wanted[0] if wanted else asking.lack, (self._ports.device, self._ports.incarnation)
        if passing is None or not answers(
            passing, to=own, wallet=lack.wallet, unit=lack.unit, wanted=lack.minor
        ):
            return None
        return passing if self._ports.is_said(passing, asking.passing, asking.signature) else None

    # Who holds some

    def _give_all(self) -> None:
        while (pair := self._wanted.get()) is not None:
            self._try_to_give(pair)

    def _try_to_give(self, pair: Pair) -> None:
        try:
            self._give(pair)
        except Unanswered as error:
            LOG.debug("what was offered is looked at later: %s", error)
        except Exception:  # one want that makes no sense ends no other; its trace is logged
            LOG.exception("a part could not be passed on")

    def _give(self, pair: Pair) -> None:
        asking, book = _asking(pair), self._book()
        if asking is None or not book or asking.lack.minor < 1:
            return
        if self._ports.now_ms() - asking.asked_ms >= STALE_MS:
            return  # it waited here for too long
        passed = self._ports.give(asking.lack, Passed(pair.key, pair.revision, book))
        if passed is not None:
            self._restless = True
            self._offer(passed, asking)

    def _offer(self, passed: Passed, asking: Asking) -> None:
        """Offer what is durable here; where the want is none any more, it comes home."""
        offer = replace(asking, passing=passed.passing, signature=passed.signature, book=passed.book)
        swap = self._register.swap(passed.key, passed.revision, _encode(offer), wait_s=CALL_S)
        if not swap.done:
            self._settle_passed(passed, swap.stand)

    # What is not known yet

    def settle(self) -> None:
        """Look at all whose end is not known; raises ``Unanswered``."""
        if not self._looked:
            self._loose |= {key: None for key in self._own_keys() if key not in self._loose}
            self._looked = True
        for key in list(self._loose):
            with self._changed:
                if key in self._offers:
                    continue  # somebody stands there and waits for it
            if self._alone(self._look_at_loose, key):
                del self._loose[key]
        if self._restless and self._ports.current():
            self._restless = False
            try:
                for passed in self._ports.outstanding():
                    self._restless = True  # until none is left
                    self._alone(self._look_at_passed, passed)
            except BaseException:  # whatever stopped it, it is looked at again
                self._restless = True
                raise

    def _alone(self, look: Callable[[Key], bool], at: Key) -> bool:
        """Look at one; what makes no sense there keeps nobody from the others, and is looked at again."""
        try:
            return look(at)
        except Unanswered:
            raise
        except Exception:  # its trace is logged
            LOG.exception("the end of a part could not be found")
            return False

    def _look_at_loose(self, key: str) -> bool:
        return self._settle_loose(key, self._register.read(key, CALL_S))

    def _look_at_passed(self, passed: Passed) -> bool:
        self._settle_passed(passed, self._register.read(passed.key, CALL_S))
        return True

    def _own_keys(self) -> list[str]:
        return self._register.names(f"{self._prefix}{self._ports.device}/", CALL_S)

    def _settle_loose(self, key: str, stand: Stand) -> bool:
        """Bring one own want to its end; False: look again."""
        asking, pair = _asking(stand.pair), stand.pair
        if pair is None or asking is None or asking.lack.incarnation != self._ports.incarnation:
            return True
        if not asking.passing:
            return self._register.swap(key, pair.revision, b"", wait_s=CALL_S).done
        if not asking.taken_by and self._loose[key] is not None:
            if self._meant(key, asking) is None:
                return True  # who put it there takes it away again
            self._take(key, pair, wait_s=CALL_S)
            return False
        if asking.taken_by != self._ports.device or asking.kept:
            return True  # its giver's, or it will be: by no clock of this run can it be spent here
        if not self._open(key, stand):
            LOG.warning("a part of another book, or none of ours: central settles it by the journals")
            return True
        kept = _encode(replace(asking, kept=True))
        return self._register.swap(key, pair.revision, kept, wait_s=CALL_S).done

    def _settle_passed(self, passed: Passed, stand: Stand) -> None:
        """Find out what became of a part that was passed on, and do what follows."""
        passing, asking, pair = _passing(passed.passing), _asking(stand.pair), stand.pair
        if stand.book != passed.book or passing is None:
            LOG.warning("the book is another one: central settles what was passed on by the journals")
            self._ports.forget(passed)
        elif pair is not None and asking is not None and asking.passing == passed.passing:
            self._settle_offered(passed, passing, offer=(pair, asking))
        elif pair is not None and asking is not None and pair.revision == passed.revision:
            self._offer(passed, asking)
        elif pair is None or asking is not None:
            self._ports.come_home(passed, passing)

    def _settle_offered(self, passed: Passed, passing: Passing, *, offer: tuple[Pair, Asking]) -> None:
        pair, asking = offer
        own = self._ports.device
        if not asking.taken_by and self._ports.monotonic_ms() - passed.passed_ms >= HOME_MS:
            mine = replace(asking, taken_by=own)
            swap = self._register.swap(pair.key, pair.revision, _encode(mine), wait_s=CALL_S)
            if not swap.done or swap.stand.pair is None:
                return
            pair, asking = swap.stand.pair, mine
        if asking.taken_by == own:
            self._ports.come_home(passed, passing)
        elif asking.kept:
            self._ports.forget(passed)
        else:
            return
        self._register.swap(pair.key, pair.revision, b"", wait_s=CALL_S)


def _asking(pair: Pair | None) -> Asking | None:
    if pair is None:
        return None
    try:
        return _decode(pair.value)
    except UNREADABLE:
        return None


def _passing(body: bytes) -> Passing | None:
    try:
        return passing_in(body)
    except UNREADABLE:
        return None
