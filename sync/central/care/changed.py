"""Changed: what was changed about a thing goes back to those who said that it was not good."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.core.profiles import remark_owner
from edge.errors import Refused
from sync.central.care import cases
from sync.central.care.case import Case, State, Step, Subject, Told
from sync.central.journey import diary
from sync.central.store import Connection, now_of


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody changed about an article; ``op`` makes it be told once."""

    op: str
    article: str
    words: str
    by: str


def tell(tx: Connection, site: str, change: Change) -> int:
    """Answer every case, not closed, of who was unhappy with a purchase of this article; returns how many."""
    if not change.words.strip():
        raise Refused("Say what was changed.")
    told = Told(op=f"changed/{change.op}", step=Step.ANSWERED, at_ms=now_of(tx), who=change.by)
    waiting = list(_of(tx, site, change.article))
    for case in waiting:
        cases.tell(tx, site, case.id, told=told, note=change.words)
    return len(waiting)


def _of(tx: Connection, site: str, article: str) -> Iterator[Case]:
    for case in cases.since(tx, site, now_of(tx)):
        wanted = case.subject is Subject.FEEDBACK and case.state is not State.CLOSED
        if wanted and case.links.guest and case.links.ref and _bought(tx, site, case, article=article):
            yield case


def _bought(tx: Connection, site: str, case: Case, *, article: str) -> bool:
    """Whether the purchase that a case is about had this article in it, as its guest's diary tells."""
    owner = remark_owner(case.links.guest, b"")
    return article in diary.bought(tx, site, owner, ref=case.links.ref)
