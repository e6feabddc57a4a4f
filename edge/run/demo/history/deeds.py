"""Deeds: what one family did in eighteen months: came, bought, looked for, was written to, and asked."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from edge.core.offers.control import BUCKETS, bucket_of
from edge.run.demo.history.almanac import CLOSES_MIN, OPENS_MIN, Almanac
from edge.run.demo.history.people import Family, Person, dice
from sync.central.care.case import Result, Subject
from sync.central.journey.entry import Via, What

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


class Trial(NamedTuple):
    """A running experiment whose truth is known: of a hundred so many buy without, and so many more with."""

    campaign: str
    article: str
    base_of_100: int
    lift_of_100: int

    @property
    def salt(self) -> str:
        """By what its arms are drawn: as in the bundle, its own name."""
        return self.campaign


TRIALS = (
    Trial("caffe-serale", "capsule-notte", 15, 12),
    Trial("gelato-famiglia", "gelato-grande", 20, 0),
)
"""One that works, and one that does nothing at all."""


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


def past(seed: int, family: Family, almanac: Almanac, *, shelves: dict[str, tuple[str, ...]]) -> Past:
    """Return what became of a family; ``shelves`` are the articles of each group."""
    chance = dice(seed, family.number, "deeds")
    days = _days(family, almanac, chance)
    deeds, sales = list[Deed](), list[Sale]()
    for day in days:
        deeds += _arrivals(family, day, chance)
        sales += _purchases(family, day, chance, shelves=shelves)
    adults = [one for one in family.people if not one.is_child]
    for one in adults:
        deeds += _looked_for(one, almanac, chance, shelves=shelves)
        deeds += _letters(one, almanac, chance)
        for trial in TRIALS:
            shown, bought = _tried(one, days[-1], trial, chance=chance)
            deeds += shown
            sales += bought if family.wallet else ()
    return Past(family, tuple(deeds), tuple(sales), tuple(_matters(family, days, chance)))


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


def _tried(one: Person, day: int, trial: Trial, *, chance: Random) -> tuple[list[Deed], list[Sale]]:
    """Return an experiment's exposure and what was bought: the arm follows the guest's own bucket."""
    treated = bucket_of(trial.salt, one.id) >= BUCKETS // 2
    likely = trial.base_of_100 + (trial.lift_of_100 if treated else 0)
    buys, minute = chance.randrange(100) < likely, chance.randrange(OPENS_MIN + 120, CLOSES_MIN - 30)
    shown = Deed(
        one.id, day, minute, What.OFFERED, Via.KIOSK, "kiosk-1", trial.campaign, f"t-{trial.campaign}"
    )
    sale = Sale(f"t-{trial.campaign}-{one.id}", one.id, day, minute + 5, "caffe-1", ((trial.article, 1),))
    return [shown] if treated else [], [sale] if buys else []


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
