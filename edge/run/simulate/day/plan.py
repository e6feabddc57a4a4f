"""The day on paper: who comes, with how much, and what each of them will do when; drawn from a seed."""

from __future__ import annotations

import enum
import random
from collections.abc import Iterator
from typing import NamedTuple

MINUTE_MS = 60_000
OPEN_MIN, LAST_MIN, CLOSE_MIN = 9 * 60, 20 * 60, 22 * 60
"""Local minutes of the day: gates open, and nobody comes in any more after ``LAST_MIN``."""
BASE_SHARE, MORE_SHARE = 0.30, 0.15
"""Of those who stop at a kiosk so many buy the soup anyhow, and so many more where it was offered to them."""
SOUP, PRICES = "soup", {"soup": 600, "pizza": 1_100, "ice": 350, "shirt": 2_400, "toy": 1_500}
FOOD, GOODS = ("pizza", "ice", "ice"), ("shirt", "toy")
FUNDS = (1_000, 2_000, 3_000, 4_000, 6_000)
"""What somebody puts into the wallet for each of their party."""
SHOP_SHARE, KIOSK_SHARE = 0.4, 0.5
LOUNGE_SHARE, AGAIN_SHARE, LOST_SHARE = 0.03, 0.02, 0.004
"""Of all guests so many try a door that is not theirs, come again, or lose their band."""
PARTIES, ALLOWS_SHARE = (1, 2, 2, 3, 3, 4, 4, 5), 0.6


class Ticket(enum.StrEnum):
    """What somebody comes with."""

    GOOD = "good"
    UNPAID = "unpaid"
    """It was ordered, and nobody paid for it."""
    NONE = "none"
    """A band that this park has never seen."""


TICKETS = {Ticket.GOOD: 0.985, Ticket.UNPAID: 0.01, Ticket.NONE: 0.005}


class What(enum.IntEnum):
    """What somebody does; of one moment the smaller number goes first."""

    ENTER = 0
    LOUNGE = 1
    """They try a door that their ticket does not open."""
    KIOSK = 2
    SOUP = 3
    """They buy what the kiosk offered, if they feel like it."""
    EAT = 4
    SHOP = 5
    LOSE = 6
    """Their band is lost, and revoked; whoever found it tries the gate."""
    FOUND = 7
    LEAVE = 8
    AGAIN = 9
    """They come back with a ticket that opens once."""


class Visitor(NamedTuple):
    """One guest; ``mood`` in [0, 1) decides whether an offer moves them."""

    number: int
    family: int
    """The number of whom of their party pays; its head's is their own."""
    ticket: Ticket
    minor: int
    """What the head puts into the wallet of all."""
    allows: bool
    """Whether offers may be chosen for them."""
    mood: float

    @property
    def uid(self) -> bytes:
        """What is written on their band's chip."""
        return bytes([4, 0x77]) + self.number.to_bytes(5, "big")

    @property
    def guest(self) -> str:
        """Their pseudonym."""
        return f"g{self.number}"

    @property
    def wallet(self) -> str:
        """The name of the wallet that they pay from."""
        return f"w{self.family}"

    @property
    def is_head(self) -> bool:
        """Whether the wallet is theirs."""
        return self.number == self.family


class Stop(NamedTuple):
    """One thing that one visitor does; ``at_ms`` counts from the local midnight."""

    at_ms: int
    what: What
    number: int
    place: int = 0
    """Which of the gates, or of the tills; whoever plays takes it modulo their number."""
    article: str = ""


def visitors(count: int, seed: int) -> list[Visitor]:
    """Draw so many visitors, party by party: one that is added changes none before them."""
    dice, found = _dice(f"{seed}/who"), list[Visitor]()
    while len(found) < count:
        size = min(dice.choice(PARTIES), count - len(found))
        found += _party(len(found), size, dice)
    return found


def stops(known: list[Visitor], seed: int) -> list[Stop]:
    """Return all that everybody means to do, in its order."""
    return sorted(stop for one in known for stop in _Walk(one, _dice(f"{seed}/what/{one.number}")).stops())


def _dice(name: str) -> random.Random:
    return random.Random(name)  # noqa: S311 - a story, nothing secret


def _party(head: int, size: int, dice: random.Random) -> Iterator[Visitor]:
    for number in range(head, head + size):
        [ticket] = dice.choices(list(TICKETS), list(TICKETS.values()))
        if number == head and ticket is Ticket.NONE:
            ticket = Ticket.GOOD  # whoever pays for the others is known
        minor = dice.choice(FUNDS) * size if number == head else 0
        yield Visitor(number, head, ticket, minor, dice.random() < ALLOWS_SHARE, dice.random())


class _Walk:
    """One visitor's way through the day."""

    def __init__(self, one: Visitor, dice: random.Random) -> None:
        self._one, self._dice = one, dice
        late = dice.betavariate(1.6, 3.0)
        self._came = OPEN_MIN * MINUTE_MS + int(late * (LAST_MIN - OPEN_MIN) * MINUTE_MS)
        left = min(self._came + int(dice.gauss(300, 90) * MINUTE_MS), (CLOSE_MIN - 30) * MINUTE_MS)
        self._left = max(left, self._came + 45 * MINUTE_MS)

    def stops(self) -> Iterator[Stop]:
        """Yield all of them, in no order."""
        dice = self._dice
        yield self._stop(What.ENTER, self._came)
        if self._one.ticket is not Ticket.GOOD:
            return
        yield self._stop(What.LEAVE, self._left)
        for _ in range(dice.choice((0, 1, 1, 2))):
            yield self._stop(What.EAT, self._inside(), dice.choice(FOOD))
        if dice.random() < SHOP_SHARE:
            yield self._stop(What.SHOP, self._inside(), dice.choice(GOODS))
        if dice.random() < KIOSK_SHARE:
            seen = dice.randrange(self._came + 5 * MINUTE_MS, self._left - 20 * MINUTE_MS)
            yield self._stop(What.KIOSK, seen)
            yield self._stop(What.SOUP, seen + dice.randrange(2, 18) * MINUTE_MS, SOUP)
        yield from self._mishap(dice.random())

    def _mishap(self, chance: float) -> Iterator[Stop]:
        if chance < LOUNGE_SHARE:
            yield self._stop(What.LOUNGE, self._inside())
        elif chance < LOUNGE_SHARE + AGAIN_SHARE:
            yield self._stop(What.AGAIN, self._left + self._dice.randrange(1, 25) * MINUTE_MS)
        elif chance < LOUNGE_SHARE + AGAIN_SHARE + LOST_SHARE:
            lost = self._inside()
            yield self._stop(What.LOSE, lost)
            yield self._stop(What.FOUND, lost + self._dice.randrange(5, 60) * MINUTE_MS)

    def _stop(self, what: What, at_ms: int, article: str = "") -> Stop:
        return Stop(at_ms, what, self._one.number, self._dice.randrange(1_000), article)

    def _inside(self) -> int:
        return self._dice.randrange(self._came + 5 * MINUTE_MS, self._left - MINUTE_MS)
