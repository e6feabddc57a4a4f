"""Unsubscribe: where the link of a mail leads, for whoever reads it and for their mail program (RFC 8058)."""

from __future__ import annotations

from sync.central.console.answers import Answer, Page
from sync.central.console.ask import Ask
from sync.central.console.routes import Audience, Route, read
from sync.central.people import unsubscribing
from sync.central.people.unsubscribing import PATH, WORD_CHARS_MAX

HERE = PATH.removeprefix("/own")


def _show(ask: Ask) -> Answer:
    """Ask once more: what only looks at links, as scanners of mail do, takes nothing back."""
    with ask.store.reading() as tx:
        unsubscribing.read(tx, _word(ask))
    return Page("unsubscribe.html", {"word": _word(ask), "way": PATH})


def _take_back(ask: Ask) -> Answer:
    """Take it back without a question: no session, no way round by another page (RFC 8058, 3.2)."""
    with ask.store.transaction() as tx:
        unsubscribing.take_back(tx, _word(ask))
    return Page("unsubscribe.html", {"word": "", "way": PATH})


def _word(ask: Ask) -> str:
    return ask.request.args.get("t", "")[:WORD_CHARS_MAX]


ROUTES = (
    read(HERE, _show, "What the link of a mail takes back.", audience=Audience.ANYONE),
    Route("POST", HERE, _take_back, Audience.ANYONE, "Take back what a mail was sent by.", proven=True),
)
