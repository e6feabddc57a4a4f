"""Agreeing: the site's other devices are asked before an act counts, on its own thread, for a short time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from edge.core.entitlements import Use
from edge.core.entry import decide
from edge.core.facts import Facts
from edge.core.held import Change
from edge.core.passages import news
from edge.core.site import UNSETTLED, Answer, Mark, Name, Pending, Said, Site, missing, name_of, others
from edge.service.facts import Asked, gather, rights_of
from edge.service.rooms import Rooms
from edge.service.verdict import Verdict, judge
from edge.store.transaction import Transaction

WAIT_MS_MAX = 150
"""What one act may spend on the site's word in all."""
ASKS_MAX = 4
"""How often: each time it is lost, what the others used is learnt, and the act judged anew."""
PENDING_MAX = 1_000
BOOK = "site-book"
"""Under which kind a device keeps how far the site's book was."""
T = TypeVar("T")
_decode = msgspec.msgpack.Decoder(tuple[Pending, ...]).decode


class Unclaimed(Exception):
    """An act would spend uses that the site has not been asked for; nothing of it was written."""

    def __init__(self, uses: tuple[Use, ...]) -> None:
        """Carry what to ask for."""
        super().__init__(f"{len(uses)} uses")
        self.uses = uses


class Hand:
    """What one act knows of the site's word."""

    def __init__(self, until_ms: int) -> None:
        """Begin with nothing asked; after ``until_ms`` (monotonic) nothing is asked any more."""
        self.until_ms = until_ms
        self.mine: dict[Name, Use] = {}
        self.elsewhere: tuple[Use, ...] = ()
        self.doubtful: dict[Name, Use] = {}
        """Asked for, and not answered: the site may hold them all the same."""
        self.lost: frozenset[str] = frozenset()
        """Rights that another tap has just been given."""
        self.asks = 0
        self.alone = False
        self.noted = False
        """Whether the act has left the site something to hear, or to forget."""

    def take(self, wanted: tuple[Use, ...], answer: Answer, device: str) -> None:
        """Take an answer in."""
        self.asks += 1
        self.lost = frozenset()
        if answer.said is Said.MINE:
            self.mine.update({name_of(use): use for use in wanted})
        elif answer.said is Said.LOST:
            self.elsewhere = (*self.elsewhere, *others(answer.uses, device))
            self.lost = frozenset(use.entitlement for use in wanted)
        else:
            self.doubtful.update({name_of(use): use for use in wanted})
            self.alone = True


class Agreement:
    """Judges with the site's word where there is a site to ask, and as ever where there is none."""

    def __init__(self, rooms: Rooms) -> None:
        """Ask through ``rooms.site``."""
        self._rooms = rooms
        self._hand: Hand | None = None
        """Of the act that runs just now: there is one at a time."""

    def submit(self, act: Callable[[Transaction], T]) -> T:
        """Run an act durably; whenever it lacks the site's word, fetch that and run it anew."""
        site = self._rooms.site
        if site is None:
            return self._rooms.sequencer.submit(act)
        hand, done = Hand(self._rooms.clock.monotonic_ms() + WAIT_MS_MAX), False

        def with_hand(tx: Transaction) -> T:
            self._hand = hand
            try:
                return act(tx)
            finally:
                self._hand = None

        try:
            while True:
                try:
                    result = self._rooms.sequencer.submit(with_hand)
                except Unclaimed as lacking:
                    self._ask(site, hand, lacking.uses)
                else:
                    done = True
                    return result
        finally:
            held = (*hand.mine.values(), *hand.doubtful.values())
            if not done and held:
                site.give_back(held)
            elif hand.noted:
                site.nudge()

    def _ask(self, site: Site, hand: Hand, uses: tuple[Use, ...]) -> None:
        left_ms = hand.until_ms - self._rooms.clock.monotonic_ms()
        if left_ms <= 0 or hand.asks >= ASKS_MAX or not site.in_touch():
            hand.alone = True
            return
        hand.take(uses, site.claim(uses, left_ms), self._rooms.device)

    def judge(self, tx: Transaction, asked: Asked) -> Verdict:
        """Judge inside the transaction; raises ``Unclaimed`` where the site must be asked first."""
        site, device = self._rooms.site, self._rooms.device
        hand = self._hand
        if site is None or hand is None:
            return judge(tx, asked, device)
        _learn(tx, hand.elsewhere)
        facts = gather(tx, asked, device)
        firm = msgspec.structs.replace(facts, unconfirmed=False, agreed=True)
        ruling = decide(firm)
        wanted = missing(ruling.change.uses, (*hand.mine.values(), *facts.held.uses))
        if wanted and not hand.alone:
            raise Unclaimed(wanted)
        if wanted or not (ruling.change.uses or site.in_touch()):
            firm = _alone(tx, facts, hand, spends=bool(wanted))
            ruling = decide(firm)
        _note(tx, hand, ruling.change.uses)
        return Verdict(asked, firm, ruling)


def _learn(tx: Transaction, uses: tuple[Use, ...]) -> None:
    """Keep what other devices were found to have used."""
    for right in sorted({use.entitlement for use in uses}):
        told = [use for use in uses if use.entitlement == right]
        fresh = news(tx.held(b"", (right,)).uses, told)
        if fresh:
            tx.apply(None, Change(uses=fresh), 0)


def _alone(tx: Transaction, facts: Facts, hand: Hand, *, spends: bool) -> Facts:
    """Return the facts of who could not ask, or asked in vain."""
    waiting = [right for right in rights_of(facts.profile) if any(one.keep for one in unsettled(tx, right))]
    return msgspec.structs.replace(
        facts, unconfirmed=facts.unconfirmed or spends, unsettled=hand.lost.union(waiting)
    )


def _note(tx: Transaction, hand: Hand, spent: tuple[Use, ...]) -> None:
    """Write down, with the act, what the site has yet to hear and what it holds in vain for this tap."""
    ours = {name_of(use): use for use in spent}
    held = {**hand.doubtful, **hand.mine}
    notes = [Pending(use, keep=False) for name, use in held.items() if name not in ours]
    if hand.alone:
        notes += [Pending(use, keep=True) for name, use in ours.items() if name not in hand.mine]
    hand.noted = bool(notes)
    for note in notes:
        _put(tx, note.use.entitlement, (*unsettled(tx, note.use.entitlement), note))


def unsettled(tx: Transaction, right: str) -> tuple[Pending, ...]:
    """Return what of a right waits for the site."""
    body = tx.get(UNSETTLED, right)
    return () if body is None else _decode(body)


def waiting(tx: Transaction) -> tuple[Pending, ...]:
    """Return all that waits for the site."""
    return tuple(one for _, body in tx.rows(UNSETTLED) for one in _decode(body))[:PENDING_MAX]


def settle(tx: Transaction, done: Iterable[Pending]) -> None:
    """Forget what the site has heard."""
    heard = tuple(done)
    for right in sorted({one.use.entitlement for one in heard}):
        _put(tx, right, tuple(one for one in unsettled(tx, right) if one not in heard))


def mark(tx: Transaction) -> Mark:
    """Return which book this device knew last, and how far it was."""
    body = tx.get(BOOK, "")
    return Mark() if body is None else msgspec.msgpack.decode(body, type=Mark)


def remember(tx: Transaction, seen: Mark) -> None:
    """Keep that: a book that comes back at a lower revision is an older copy."""
    tx.put(BOOK, "", msgspec.msgpack.encode(seen))


def forget_unsettled(tx: Transaction, rights: Iterable[str]) -> int:
    """Forget what waits of an erased guest's rights; return of how many something did."""
    found = [right for right in rights if tx.get(UNSETTLED, right) is not None]
    for right in found:
        tx.delete(UNSETTLED, right)
    return len(found)


def strays(tx: Transaction, uses: Sequence[Use]) -> tuple[Use, ...]:
    """Return the uses that this device has claimed once and knows nothing of: their tap came to nothing."""
    return tuple(use for use in uses if missing((use,), tx.held(b"", (use.entitlement,)).uses))


def _put(tx: Transaction, right: str, pending: tuple[Pending, ...]) -> None:
    if pending:
        tx.put(UNSETTLED, right, msgspec.msgpack.encode(pending))
    else:
        tx.delete(UNSETTLED, right)
