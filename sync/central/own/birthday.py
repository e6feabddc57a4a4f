"""A guest's birthday on their own page: day and month, declared and taken back there, never the year."""

from __future__ import annotations

import logging
from typing import NamedTuple

from edge.core.birthday import allows
from edge.core.consent import Channel
from edge.errors import PolsoError
from sync.central import doors
from sync.central.console.answers import Answer, Moved
from sync.central.console.ask import Ask
from sync.central.console.fields import Mistyped
from sync.central.console.routes import Audience, Route, act
from sync.central.own.saying import day_of_year, months
from sync.central.registry import birthdays, consents, guests, profiles
from sync.central.registry.birthdays import Birthday
from sync.central.registry.children import children
from sync.central.store import Connection, seals_of

LOG = logging.getLogger("polso.central")
PAGE = "/own/allowed"
DIGITS_MAX = 2


class Shown(NamedTuple):
    """What the page says of it: whether it may be declared, and which day is known."""

    allowed: bool
    known: str
    months: tuple[str, ...]


def shown(tx: Connection, ask: Ask) -> Shown | None:
    """Return what the page says; None for a child, and where no key seals it or opens it.

    The page is for taking a yes back as well, which waits for no key.
    """
    guest = ask.path["guest"]
    if seals_of(tx) is None or children(tx, ask.site, [guests.guest(tx, ask.site, guest)]):
        return None
    try:
        born = birthdays.known(tx, ask.site, [guest]).get(guest)
    except PolsoError as error:
        LOG.warning(
            "a birthday of site=%s cannot be opened, its guest is not asked for it: %s", ask.site, error
        )
        return None
    known = "" if born is None else day_of_year(ask, born.month, born.day)
    return Shown(_allows(tx, ask), known, months(ask))


def _declare(ask: Ask) -> Answer:
    """Keep what the guest declares, while they allow offers by it; the edges hear how near it is."""
    born = _meant(ask)
    with ask.changing() as tx:
        doors.count(tx, ask.session)
        if not _allows(tx, ask):
            raise Mistyped("born", "wrong.birthday_no")
        birthdays.declare(tx, ask.site, ask.path["guest"], born=born)
        profiles.publish_guests(tx, ask.site, [ask.path["guest"]])
    return Moved(PAGE, "birthday")


def _take_back(ask: Ask) -> Answer:
    with ask.changing() as tx:
        doors.count(tx, ask.session)
        birthdays.take_back(tx, ask.site, ask.path["guest"])
        profiles.publish_guests(tx, ask.site, [ask.path["guest"]])
    return Moved(PAGE, "birthday_back")


def _meant(ask: Ask) -> Birthday:
    month, day = (ask.typed(name)[: DIGITS_MAX + 1] for name in ("month", "day"))
    both = month.isdecimal() and day.isdecimal()
    born = birthdays.read(int(month), int(day)) if both else None
    if born is None:
        raise Mistyped("born", "wrong.birthday")
    return born


def _allows(tx: Connection, ask: Ask) -> bool:
    guest = ask.path["guest"]
    return allows(consents.consents_of(tx, ask.site, [guest]).get(guest, ()), Channel)


ROUTES: tuple[Route, ...] = (
    act("/birthday", _declare, "Declare day and month of a birthday.", audience=Audience.GUEST),
    act("/birthday/back", _take_back, "Take a birthday back.", audience=Audience.GUEST),
)
