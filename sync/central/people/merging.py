"""Merging: two guests are found to be one person, by two people, and can be parted again for thirty days."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from edge.core.consent import Source
from edge.core.retention import DAY_MS
from edge.errors import NotAllowed, Refused, Unknown
from sync.central import offered
from sync.central.journey import diary
from sync.central.people import words
from sync.central.privacy.erasure import PLACES
from sync.central.privacy.retention import KEPT
from sync.central.registry import guests, links, profiles
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.registry.turn import take_turn
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Row,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    or_,
    select,
)

BACK_MS = 30 * DAY_MS
"""So long two who were found to be one can be parted."""
PERSON_MAX = 16
"""Guests that one person can turn out to be."""
WHY_CHARS_MAX = 200
PAGE_MAX = 200


class Step(enum.StrEnum):
    """What was done about two guests; each is written once and never changed."""

    ASKED = "asked"
    MERGED = "merged"
    REFUSED = "refused"
    PARTED = "parted"


merge_table = Table(
    "guest_merge",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("merge_id", String(32), primary_key=True),
    Column("step", String(16), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("head_id", String(ID_CHARS_MAX), nullable=False),
    Column("by", String(64), nullable=False),
    Column("why", String(WHY_CHARS_MAX), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("guest_merge_guest", "site_id", "guest_id"),
)
_own = merge_table.c


class Pair(NamedTuple):
    """Who is to be joined, and to whom."""

    guest: str
    head: str


class Grounds(NamedTuple):
    """By whose word, why and where two guests are found to be one."""

    by: str
    why: str
    source: Source


class Act(NamedTuple):
    """One step: who was, or was to be, joined to whom, by whose word and why."""

    id: str
    step: Step
    guest: str
    head: str
    by: str
    why: str
    at_ms: int


def ask(tx: Connection, site: str, pair: Pair, *, by: str, why: str) -> Act:
    """Ask that two guests be one; nothing changes before somebody else agrees."""
    take_turn(tx, site)
    _check(tx, site, pair)
    if not why.strip():
        raise Refused("A merge says why.", hint="Name both documents that were seen.")
    return _write(tx, site, Act(_fresh_id(), Step.ASKED, *pair, by, why[:WHY_CHARS_MAX], now_of(tx)))


def rule(tx: Connection, site: str, id_: str, *, by: str, given: bool) -> Act:
    """Let two guests be one, or refuse it: by somebody else than who asked; done once, however often sent."""
    take_turn(tx, site)
    steps = {one.step: one for one in _steps(tx, and_(_own.site_id == site, _own.merge_id == id_))}
    asked = steps.get(Step.ASKED)
    if asked is None:
        raise Unknown("There is no such merge.")
    done = steps.get(Step.MERGED) or steps.get(Step.REFUSED)
    if done is not None:
        return done
    if given and by == asked.by:
        raise NotAllowed("Whoever asked for a merge cannot let it through.", hint="Ask a colleague.")
    if not given:
        return _write(tx, site, asked._replace(step=Step.REFUSED, by=by, at_ms=now_of(tx)))
    return _join(tx, site, asked._replace(by=by, at_ms=now_of(tx)), source=Source.CONSOLE)


def join(tx: Connection, site: str, pair: Pair, *, grounds: Grounds) -> Act:
    """Let two guests be one by a proof that takes no second person; it can be taken back as any other.

    Who proved what, and where, is the caller's to know. The caller holds the site's turn.
    """
    by, why, source = grounds
    act = Act(_fresh_id(), Step.MERGED, *pair, by, why[:WHY_CHARS_MAX], now_of(tx))
    return _join(tx, site, act, source=source)


def _join(tx: Connection, site: str, act: Act, *, source: Source) -> Act:
    guest, head = _check(tx, site, Pair(act.guest, act.head))
    links.join(tx, site, guest, head=head)
    people = links.together(tx, site, [head])
    words.begin(tx, site, people, source=source)
    offered.level(tx, site, people)
    profiles.publish_guests(tx, site, people)
    return _write(tx, site, act._replace(step=Step.MERGED, guest=guest, head=head))


def part(tx: Connection, site: str, guest: str, *, by: str, why: str) -> Act:
    """Part a guest from whom they were joined to, with all that were joined to them before."""
    take_turn(tx, site)
    link = next(iter(links.links(tx, site, [guest])), None)
    if link is None:
        raise Unknown(f"{guest} was not joined to anybody.", hint="Part the one that was joined.")
    if link.settled or now_of(tx) - link.since_ms > BACK_MS:
        raise Refused("Two who were one for more than thirty days are not parted any more.")
    if not why.strip():
        raise Refused("Parting says why.")
    links.cut(tx, site, guest)
    for people in (links.together(tx, site, [guest]), links.together(tx, site, [link.head])):
        words.part(tx, site, people)
        offered.level(tx, site, people)
        profiles.publish_guests(tx, site, people)
    steps = _steps(tx, and_(_own.site_id == site, _own.guest_id == guest))
    over = {one.id for one in steps if one.step is Step.PARTED}
    was = next(one for one in steps if one.step is Step.MERGED and one.id not in over)
    return _write(tx, site, was._replace(step=Step.PARTED, by=by, why=why[:WHY_CHARS_MAX], at_ms=now_of(tx)))


def about(tx: Connection, site: str, people: Iterable[str]) -> tuple[Act, ...]:
    """Return what was done about these guests, the newest first."""
    ids = sorted(set(people))
    mine = or_(_own.guest_id.in_(ids), _own.head_id.in_(ids))
    return _steps(tx, and_(_own.site_id == site, mine))


def waiting(acts: Sequence[Act]) -> tuple[Act, ...]:
    """Return those of somebody's steps that wait for a second person."""
    ruled = {one.id for one in acts if one.step is not Step.ASKED}
    return tuple(one for one in acts if one.id not in ruled)


def settle(tx: Connection) -> int:
    """Let joinings stand that can be taken back no more, and forget what was only kept for that."""
    due = links.due(tx, now_of(tx) - BACK_MS)
    for site in sorted({site for site, _ in due}):
        take_turn(tx, site)
    for site, guest in due:
        for one in links.together(tx, site, [guest]):
            diary.settle(tx, site, one)
        links.settle(tx, site, guest)
    return len(due)


def forget(tx: Connection, site: str, guest: str) -> None:
    """Forget what was done about an erased guest."""
    mine = or_(_own.guest_id == guest, _own.head_id == guest)
    tx.execute(delete(merge_table).where(_own.site_id == site, mine))


def _fresh_id() -> str:
    return f"g{secrets.token_hex(6)}"


def _check(tx: Connection, site: str, pair: Pair) -> Pair:
    """Return the roots of two who can be joined."""
    for one in pair:
        guests.guest(tx, site, one)
    tops = Pair(*(links.root(tx, site, one) for one in pair))
    if tops[0] == tops[1]:
        raise Refused("These are one guest already.")
    if len(links.together(tx, site, tops)) > PERSON_MAX:
        raise Refused(f"One person is at most {PERSON_MAX} guests.")
    return tops


def _write(tx: Connection, site: str, act: Act) -> Act:
    row = {"site_id": site, "merge_id": act.id, "step": act.step.value, "guest_id": act.guest,
           "head_id": act.head, "by": act.by, "why": act.why, "at_ms": act.at_ms}  # fmt: skip
    tx.execute(insert(merge_table).values(row))
    return act


def _steps(tx: Connection, where: ColumnElement[bool]) -> tuple[Act, ...]:
    order = (_own.at_ms.desc(), _own.merge_id, _own.step.desc())
    return tuple(map(_act, tx.execute(select(merge_table).where(where).order_by(*order).limit(PAGE_MAX))))


def _act(row: Row[Any]) -> Act:
    return Act(row.merge_id, Step(row.step), row.guest_id, row.head_id, row.by, row.why, row.at_ms)


KEPT.append(lambda tx, _: settle(tx))
PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
