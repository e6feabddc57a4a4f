"""Care as its tests meet it: a case opened by the form, and what was done in it."""

from __future__ import annotations

from sync.central.care import cases
from sync.central.care.case import Case
from sync.central.console import acts
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser
from tests.sync.journey.book import GUEST, Book

CARE, LONG = f"{HOME}/care", "guest-long"


def open_one(browser: Browser, **said: str) -> str:
    """Open a case by the form; returns its number."""
    form = {"subject": "band", "via": "phone", "guest": GUEST, "op": "op-1", "note": "lost it", **said}
    reply = browser.post(f"{CARE}/new", **form)
    assert reply.status_code == 303, reply.text
    return reply.headers["Location"].rpartition("/")[2].partition("?")[0]


def case_of(book: Book, id_: str) -> Case:
    with book.store.reading() as tx:
        return cases.must_find(tx, SITE, id_)


def done(book: Book, id_: str) -> list[tuple[str, str, str]]:
    """What was done in a case, by whom and to what."""
    with book.store.reading() as tx:
        told = cases.steps_of(tx, SITE, id_)
    return [(one.who, one.word, one.ref) for one in told if one.step == "acted"]


def looked(book: Book) -> list[tuple[str, str, str]]:
    with book.store.reading() as tx:
        return [(one.who, one.what, one.after) for one in acts.acts(tx) if one.what.endswith("_seen")]
