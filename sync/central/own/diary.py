"""A guest's diary on their own page: what we know of what they did, in words, whatever the channel."""

from __future__ import annotations

from edge.core.profiles import remark_owner
from sync.central.console.answers import Answer, Page
from sync.central.console.ask import Ask
from sync.central.console.diaries import line, named
from sync.central.console.routes import Audience, Route, read
from sync.central.journey import diary
from sync.central.journey.marks import mark_in, marked

SHOWN_MAX = 50
"""Entries on one page."""


def _diary(ask: Ask) -> Answer:
    """Show a page of it, the newest first; whoever wears no head's band sees their own as well."""
    owner = remark_owner(ask.path["guest"], b"")
    with ask.store.reading() as tx:
        names = named(tx, ask)
        found = diary.of_guest(tx, ask.site, owner, before=mark_in(ask.arg("after")), limit=SHOWN_MAX)
    after = marked(diary.mark_of(found[-1])) if len(found) == SHOWN_MAX else ""
    return Page("diary.html", {"lines": [line(ask, one, names) for one in found], "after": after})


ROUTES: tuple[Route, ...] = (
    read("/diary", _diary, "What is known of what the guest did.", audience=Audience.GUEST),
)
