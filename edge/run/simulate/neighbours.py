"""Neighbours: a device's part in its site as the product has it, over nodes that may be silent."""

from __future__ import annotations

import enum
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from edge.errors import StoreError
from edge.run.simulate.nodes import Nodes
from edge.run.site import Parts, ports_of
from sync.client import Cable, Sender
from sync.site import Gateway, Member, PursePorts, SiteBook, Unanswered
from sync.site.gateway import Json, Pair
from sync.site.purse import Purse
from sync.site.register import Register

TOOK_MS_MAX = 6
LATE_MAX = 16
"""So many calls are under way somewhere; the oldest is lost for good."""


class Word(enum.StrEnum):
    """What becomes of one call to the nodes."""

    THROUGH = "site through"
    UNHEARD = "site unheard"
    """No node took the call."""
    DONE = "site done and unanswered"
    LOST = "site not done and unanswered"
    LATE = "site done later and unanswered"


class Lines:
    """The ways of all devices to their site's nodes; ``bad`` is what this seed knows at all."""

    def __init__(
        self, dice: random.Random, bad: tuple[Word, ...], *, permille: int, passes: Callable[[int], None]
    ) -> None:
        """Begin with three healthy nodes and every cable plugged in."""
        self.nodes = Nodes()
        self.away = False
        """Whether no majority of the nodes is there."""
        self.cut: set[int] = set()
        self.rival: Callable[[], None] | None = None
        """What happens elsewhere just before the next use is claimed."""
        self.seen: Counter[str] = Counter()
        self._dice, self._bad, self._permille, self._passes = dice, bad, permille, passes
        self._late: list[tuple[str, Json]] = []

    def call(self, number: int, path: str, body: Json, *, wait_s: float) -> Json:
        """Carry a call of a device; raises ``Unanswered``, which says whether it may have been done."""
        rival, permille = self.rival, self._permille
        if rival is not None and _is_claim(body):
            self.rival, permille = None, 500  # a race is rare, and silence in it is what is hard
            rival()
        word = self._word(number, permille)
        self.seen[word] += 1
        if word is Word.THROUGH:
            self._passes(self._dice.randint(1, TOOK_MS_MAX))
            return self.nodes.ask(path, body)
        if word is Word.DONE:
            self.nodes.ask(path, body)
        elif word is Word.LATE:
            self._late = [*self._late, (path, body)][-LATE_MAX:]
        self._passes(round(wait_s * 1_000))
        raise Unanswered(word, sent=word is not Word.UNHEARD)

    def _word(self, number: int, permille: int) -> Word:
        if number in self.cut:
            return Word.UNHEARD
        if self.away:
            return Word.LOST  # a node without the others takes a call, and can do nothing with it
        if self._bad and self._dice.randrange(1_000) < permille:
            return self._dice.choice(self._bad)
        return Word.THROUGH

    def deliver(self) -> None:
        """Let one late call be done, whichever; nobody waits for its answer."""
        if self._late:
            self.nodes.ask(*self._late.pop(self._dice.randrange(len(self._late))))

    def heal(self) -> None:
        """From now on everything is answered; what is under way is done first."""
        self._bad, self.away = (), False
        self.cut.clear()
        while self._late:
            self.deliver()

    def begin_anew(self) -> None:
        """Set the nodes up anew: nothing of the old ones is there, and nothing is under way to them."""
        self._late = []
        self.nodes.begin_anew()


def _is_claim(body: Json) -> bool:
    return any(one["target"] == "CREATE" for one in body.get("compare", ()))


class Line(Gateway):
    """One device's way to the nodes: the product's own gateway, but for its sockets."""

    def __init__(self, lines: Lines, number: int) -> None:
        """Be the way of a device."""
        super().__init__((), Cable())
        self._lines, self._number = lines, number

    def call(self, path: str, body: Json, wait_s: float, *, anew: bool = False) -> Json:
        """Return what the nodes answer, if it is believed; raises ``Unanswered``."""
        before = self.newest
        return self._believed(before, self._lines.call(self._number, path, body, wait_s=wait_s), anew=anew)


class Neighbour(Member):
    """A member whose turns are taken by the story; ``meanwhile`` is what the others do while it waits."""

    def __init__(self, lines: Lines, number: int, parts: Parts, *, who: Sender) -> None:
        """Nothing is asked yet."""
        gateway = Line(lines, number)
        clock = parts.clock
        book = SiteBook(
            gateway,
            who.site,
            incarnation=who.incarnation,
            monotonic_s=lambda: clock.monotonic_ms() / 1_000,
        )
        self.meanwhile: Callable[[], None] = lambda: None
        super().__init__(gateway, book, ports_of(who, parts))
        with suppress(StoreError):  # as when the product's member starts: nobody is in touch yet
            self._recall()

    def follow(self) -> None:
        """Take what the others have done meanwhile."""
        self._followed(self._catch_up)

    def turn(self) -> None:
        """Do once what its threads do all the time: follow, give, feel, tell, settle."""
        self.follow()
        self._till.give_waiting()
        self._keep_once()

    def _purse_of(self, register: Register, prefix: str, ports: PursePorts) -> Purse:
        self._till = Till(register, prefix, ports, book=lambda: self._named)
        self._till.meanwhile = lambda: self.meanwhile()
        return self._till


class Till(Purse):
    """A purse whose waiting is the others' turn."""

    meanwhile: Callable[[], None]

    def give_waiting(self) -> None:
        """Give whoever asked since the last turn."""
        while not self._wanted.empty():
            pair = self._wanted.get()
            if pair is not None:
                self._try_to_give(pair)

    def _awaited(self, key: str, until_ms: int) -> Pair | None:
        del until_ms
        self.meanwhile()
        return self._offers[key]
