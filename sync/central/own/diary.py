"""A guest's diary on their own page: what we know of what they did, in words, whatever the channel."""

from __future__ import annotations

from edge.core.profiles import remark_owner
from sync.central.care import cases
from sync.central.care.case import Step
from sync.central.care.cases import Wanted
from sync.central.console.answers import Answer, Page
from sync.central.console.ask import Ask
from sync.central.console.diaries import Line, Named, line, named
from sync.central.console.routes import Audience, Route, read
from sync.central.journey import diary
from sync.central.journey.entry import Entry, What
from sync.central.journey.marks import mark_in, marked
from sync.central.own.saying import amount, day, moment
from sync.central.store import Connection

SHOWN_MAX = 50
"""Entries on one page."""
ANSWERS_MAX = 10


def _diary(ask: Ask) -> Answer:
    """Show a page of it, the newest first; whoever wears no head's band sees their own as well."""
    owner = remark_owner(ask.path["guest"], b"")
    with ask.store.reading() as tx:
        names = named(tx, ask)
        found = diary.of_guest(tx, ask.site, owner, before=mark_in(ask.arg("after")), limit=SHOWN_MAX)
        heard = _answers(ask, tx)
    after = marked(diary.mark_of(found[-1])) if len(found) == SHOWN_MAX else ""
    lines = [_line(ask, one, names) for one in found]
    return Page("diary.html", {"lines": lines, "after": after, "answers": heard})


def _line(ask: Ask, one: Entry, names: Named) -> Line:
    """Return an entry as the console words it, with its moment and its amount as the guest writes them."""
    paid = "" if one.amount_minor is None else amount(ask, one.amount_minor, one.currency)
    told = line(ask, one, names)._replace(time=moment(ask, one.at_ms), amount=paid)
    if one.what is What.TIER_ENDING:
        return told._replace(about=ask.words("diary.until", tier=one.subject, day=day(ask, one.ref)))
    return told


def _answers(ask: Ask, tx: Connection) -> list[tuple[str, str]]:
    """Return what we answered in the guest's cases, the newest first, and when; no colleague's note."""
    of = cases.listed(tx, ask.site, Wanted(guest=ask.path["guest"]))
    told = [one for case in of for one in cases.steps(tx, ask.site, case.id)]
    mine = [one for one in told if one.note and one.told.step is Step.ANSWERED]
    newest = sorted(mine, key=lambda one: one.told.at_ms, reverse=True)[:ANSWERS_MAX]
    return [(moment(ask, one.told.at_ms), one.note) for one in newest]


ROUTES: tuple[Route, ...] = (
    read("/diary", _diary, "What is known of what the guest did.", audience=Audience.GUEST),
)
