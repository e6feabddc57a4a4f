"""Deeds: what one family did in eighteen months: came, bought, looked for, was written to, and asked."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from edge.run.demo.history.almanac import CLOSES_MIN, OPENS_MIN, Almanac
from edge.run.demo.history.people import Family, Person, dice
from edge.run.demo.history.stands import Bought, Stand, may_see, stands
from sync.central.care.case import Result, Subject
from sync.central.journey.entry import Via, What

TOWN, TILL = "kiosk-2", "citta-1"
"""Where the twelve are shown, and where what they are about is bought."""
GATES = ("gate-1", "gate-1", "gate-2")
HELPINGS = {
    "ristorante-1": ("ristorante",),
    "ristorante-2": ("ristorante",),
    "gelateria-1": ("gelateria",),
    "giocattoli-1": ("giocattoli", "libri"),
    "caffe-1": ("capsule", "capsule", "macchine"),
    "servizi-1": ("servizi",),
    "citta-1": ("dispensa", "capsule", "libri"),
    "citta-2": ("abbigliamento", "abbigliamento", "casa"),
}
"""Till to the groups that are bought there."""
SEEN_OF_MAIL, REFUND_OF_100, CASE_OF_100 = 35, 1, 13
CAMPAIGNS = (
    "benvenuto", "primavera", "caffe-serale", "estate-lago", "gelato-famiglia", "bottega-aperta",
    "rientro", "castagne", "luci", "casa-nuova", "assaggi-vivi", "stagionale",
)  # fmt: skip
"""Twelve, one after the other; each is written about once."""


class Deed(NamedTuple):
    """One thing that somebody did or met; a day by its ordinal, a minute of that local day."""

    guest: str
    day: int
    minute: int
    what: What
    via: Via
    point: str = ""
    subject: str = ""
    ref: str = ""


class Sale(NamedTuple):
    """One purchase; ``guest`` is empty where cash was paid and nobody knows by whom."""

    ref: str
    guest: str
    day: int
    minute: int
    point: str
    lines: tuple[tuple[str, int], ...]
    """Article and pieces."""
    back: bool = False
    """It was returned the same day."""
    off_minor: int = 0
    """What an offer took off it."""


class Matter(NamedTuple):
    """A case: what it was about and how it ended."""

    ref: str
    guest: str
    day: int
    subject: Subject
    via: Via
    result: Result


class Past(NamedTuple):
    """All of it, of one family."""

    family: Family
    deeds: tuple[Deed, ...]
    sales: tuple[Sale, ...]
    matters: tuple[Matter, ...]
    stands: tuple[Stand, ...] = ()


def past(seed: int, family: Family, almanac: Almanac, *, shelves: dict[str, tuple[str, ...]]) -> Past:
    """Return what became of a family; ``shelves`` are the articles of each group."""
    chance = dice(seed, family.number, "deeds")
    days = _days(family, almanac, chance)
    deeds, sales, seen = list[Deed](), list[Sale](), list[Stand]()
    for day in days:
        deeds += _arrivals(family, day, chance)
        sales += _purchases(family, day, chance, shelves=shelves)
    adults = [one for one in family.people if not one.is_child]
    for one in adults:
        deeds += _looked_for(one, almanac, chance, shelves=shelves)
        deeds += _letters(one, almanac, chance)
        if family.wallet and may_see(one):
            for stand, bought in stands(one, days, almanac.last, chance=chance):
                seen.append(stand)
                deeds += _stood(stand)
                sales += map(_sold, bought)
    return Past(family, tuple(deeds), tuple(sales), tuple(_matters(family, days, chance)), tuple(seen))


def _days(family: Family, almanac: Almanac, chance: Random) -> list[int]:
    """Return the days on which they came, in order, at least one: holidays in one piece, locals often."""
    if family.regular:
        return sorted({almanac.a_day(chance) for _ in range(chance.randint(4, 10))})
    first = almanac.a_day(chance)
    stay = {first + more for more in range(chance.choice((1, 1, 1, 2, 2, 3)))}
    again = {almanac.a_day(chance)} if chance.randrange(100) < 35 else set()
    return sorted(day for day in stay | again if almanac.is_open(day))


def _arrivals(family: Family, day: int, chance: Random) -> Iterator[Deed]:
    gate, minute = chance.choice(GATES), chance.randrange(OPENS_MIN, OPENS_MIN + 240)
    for place, one in enumerate(family.people):
        yield Deed(one.id, day, minute + place % 3, What.ENTERED, Via.GATE, gate)


def _purchases(
    family: Family, day: int, chance: Random, *, shelves: dict[str, tuple[str, ...]]
) -> Iterator[Sale]:
    for number in range(chance.choice((1, 1, 2, 2, 3))):
        point = chance.choice(tuple(HELPINGS))
        group = chance.choice(HELPINGS[point])
        wanted = {
            chance.choice(shelves[group]): chance.choice((1, 1, 1, 2)) for _ in range(chance.randint(1, 3))
        }
        payer = family.people[0].id if family.wallet else ""
        yield Sale(
            ref=f"h{family.number}-{day}-{number}",
            guest=payer,
            day=day,
            minute=chance.randrange(OPENS_MIN + 60, CLOSES_MIN),
            point=point,
            lines=tuple(wanted.items()),
            back=chance.randrange(100) < REFUND_OF_100,
        )


def _looked_for(
    one: Person, almanac: Almanac, chance: Random, *, shelves: dict[str, tuple[str, ...]]
) -> Iterator[Deed]:
    """Yield what somebody searched in the app or asked by telephone."""
    for _ in range(chance.choice((0, 0, 1, 2))):
        article = chance.choice(shelves[chance.choice(("capsule", "casa", "macchine", "giocattoli"))])
        what, via = chance.choice(
            ((What.SEARCHED, Via.APP), (What.SEARCHED, Via.APP), (What.ASKED, Via.PHONE))
        )
        yield Deed(one.id, almanac.a_day(chance), chance.randrange(420, 1_380), what, via, subject=article)


def _letters(one: Person, almanac: Almanac, chance: Random) -> Iterator[Deed]:
    """Yield what was written to them about campaigns, and whether they looked at it."""
    for number, campaign in enumerate(CAMPAIGNS):
        if one.email and chance.randrange(100) < 30:
            day = almanac.within(almanac.first + 30 + number * 43)
            yield Deed(one.id, day, 540, What.MAILED, Via.EMAIL, subject=campaign, ref=f"m-{campaign}")
            if chance.randrange(100) < SEEN_OF_MAIL:
                minute = chance.randrange(545, 1_380)
                yield Deed(one.id, day, minute, What.OPENED, Via.EMAIL, subject=campaign, ref=f"m-{campaign}")


def _stood(one: Stand) -> Iterator[Deed]:
    """Yield what a diary has of it: what was shown, and what of it was taken up."""
    for campaign in one.shown:
        ref = f"t-{campaign}-{one.day}"
        yield Deed(one.guest, one.day, one.minute, What.OFFERED, Via.KIOSK, TOWN, campaign, ref)
    for campaign, ref in one.took:
        yield Deed(one.guest, one.day, one.minute + 5, What.REDEEMED, Via.TILL, TILL, campaign, ref)


def _sold(one: Bought) -> Sale:
    return Sale(one.ref, one.guest, one.day, one.minute, TILL, ((one.article, 1),), off_minor=one.off_minor)


def _matters(family: Family, days: list[int], chance: Random) -> Iterator[Matter]:
    """Yield the cases of a family: those about bands that went astray, and a few of other kinds."""
    for one in family.people:
        if one.fate:
            yield Matter(f"b-{one.id}", one.id, days[-1], Subject.BAND, Via.DESK, Result.PUT_RIGHT)
    if chance.randrange(100) < CASE_OF_100:
        subject = chance.choice((Subject.FEEDBACK, Subject.MONEY, Subject.ORDER, Subject.HELP, Subject.OTHER))
        via = chance.choice((Via.PHONE, Via.EMAIL, Via.APP, Via.KIOSK))
        result = chance.choice((Result.PUT_RIGHT, Result.EXPLAINED, Result.MADE_GOOD))
        yield Matter(f"c-{family.number}", family.people[0].id, chance.choice(days), subject, via, result)
