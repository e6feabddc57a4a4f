"""Cases: each with its steps, which are only ever added to, and where it stands, kept beside them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from edge import remarks
from edge.core.profiles import RemarkKey, remark_owner
from edge.errors import Refused, Unknown
from sync.central import seals
from sync.central.care.case import Case, State, Step, Told, after, opened, stood
from sync.central.journey import diary
from sync.central.journey.entry import Entry, What
from sync.central.registry import guests, layout
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.registry.turn import take_turn
from sync.central.seals import Written
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)

PAGE_MAX = 200
STEPS_MAX = 500
"""Of one case: somebody who needs more opens another one."""
NOTE_CHARS_MAX = 1_000
OP_CHARS_MAX = 200
ID_BYTES = 6
BY_CARE = "/central/care"
"""Source of the entries that cases leave in diaries."""
DIARY = {
    Step.OPENED: What.CASE_OPENED,
    Step.HEARD: What.CASE_OPENED,
    Step.ANSWERED: What.CASE_ANSWERED,
    Step.SOLVED: What.CASE_CLOSED,
    Step.CLOSED: What.CASE_CLOSED,
}
GIFTS = {
    "goodwill_given": "credit",
    "coupon_given": "thing",
    "points_given": "points",
    "points_agreed": "points",
}
"""Acts by which a guest has more than before, and what the diary calls it."""

case_table = Table(
    "care_case",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("case_id", String(ID_CHARS_MAX), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("band", String(ID_CHARS_MAX), nullable=False),
    Column("order_id", String(ID_CHARS_MAX), nullable=False),
    Column("state", String(16), nullable=False),
    Column("opened_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("care_case_guest", "site_id", "guest_id"),
    Index("care_case_opened", "site_id", "opened_ms"),
)
step_table = Table(
    "care_step",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("case_id", String(ID_CHARS_MAX), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("op", String(OP_CHARS_MAX), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("care_step_op", "site_id", "case_id", "op", unique=True),
)
_own, _steps = case_table.c, step_table.c
MOVED: list[Callable[[Connection, str, tuple[Case | None, Case]], None]] = []
"""Told in the same transaction how a case stood before, None: it is new, and how it stands now."""
_encode = msgspec.msgpack.Encoder().encode
_case = msgspec.msgpack.Decoder(Case).decode
_told = msgspec.msgpack.Decoder(Told).decode


class Line(NamedTuple):
    """A step as it is read: with its note in clear, as far as the case's key still exists."""

    told: Told
    note: str


class Wanted(NamedTuple):
    """Which cases somebody looks for; empty: all of them."""

    guest: str = ""
    band: str = ""
    order: str = ""
    living: bool = False
    """Those that are not closed."""


def id_of(source: str) -> str:
    """Return the number of the case that a source opens: the same one for ever, ten letters and figures."""
    made = hashlib.blake2b(source.encode(), digest_size=ID_BYTES, person=b"polso case").digest()
    return base64.b32encode(made).decode().rstrip("=")


def open_case(tx: Connection, site: str, first: Told, *, note: str = "") -> Case:
    """Open a case, named by the ``op`` of its first step; opened again it is the one that there is."""
    take_turn(tx, site)
    id_ = id_of(first.op)
    known = find(tx, site, id_)
    if known is not None:
        return known
    case = opened(id_, first)
    _keep_step(tx, site, id_, told=_sealed(tx, site, (id_, 1), told=first, note=note), number=1)
    tx.execute(insert(case_table).values(site_id=site, case_id=id_, **_row(case)))
    _tell_diary(tx, site, case, told=first)
    _moved(tx, site, (None, case))
    return case


def tell(tx: Connection, site: str, id_: str, *, told: Told, note: str = "") -> Case:
    """Add a step to a case; told again it changes nothing."""
    take_turn(tx, site)
    before = must_find(tx, site, id_)
    if is_told(tx, site, id_, op=told.op):
        return before
    now, number = after(before, told), before.steps + 1
    if number > STEPS_MAX:
        raise Refused("This case is too long.", hint="Close it and open another one.")
    sealed = _sealed(tx, site, (id_, number), told=told, note=note)
    _keep_step(tx, site, id_, told=sealed, number=number)
    keep(tx, site, now)
    _moved(tx, site, (before, now))
    if told.step is Step.JOINED:
        _tell_whose(tx, site, (before, now), told=told)
    elif (
        before.state is not State.SOLVED or told.step is not Step.CLOSED
    ):  # solved is how it ended for the guest
        _tell_diary(tx, site, now, told=told)
    return now


def find(tx: Connection, site: str, id_: str) -> Case | None:
    """Return a case, or None where there is none of this number."""
    body = tx.execute(select(_own.body).where(_own.site_id == site, _own.case_id == id_)).scalar()
    return None if body is None else _case(bytes(body))


def must_find(tx: Connection, site: str, id_: str) -> Case:
    """Return a case, or raise ``Unknown``."""
    known = find(tx, site, id_)
    if known is None:
        raise Unknown("There is no such case.", hint="Look for it on the page of cases.")
    return known


def listed(tx: Connection, site: str, wanted: Wanted, *, before: tuple[int, str] | None = None) -> list[Case]:
    """Return a page of cases, the newest first; the next one begins before the last one's time and number."""
    query = select(_own.body).where(_own.site_id == site)
    for column, word in (
        (_own.guest_id, wanted.guest),
        (_own.band, wanted.band),
        (_own.order_id, wanted.order),
    ):
        if word:
            query = query.where(column == word)
    if wanted.living:
        query = query.where(_own.state != State.CLOSED.value)
    if before is not None:
        opened_ms, id_ = before
        older = and_(_own.opened_ms == opened_ms, _own.case_id < id_)
        query = query.where(or_(_own.opened_ms < opened_ms, older))
    query = query.order_by(_own.opened_ms.desc(), _own.case_id.desc()).limit(PAGE_MAX)
    return [_case(bytes(body)) for body in tx.execute(query).scalars()]


def since(tx: Connection, site: str, at_ms: int) -> Iterable[Case]:
    """Yield every case that was opened from a moment on, or is not closed."""
    query = select(_own.body).where(
        _own.site_id == site, or_(_own.opened_ms >= at_ms, _own.state != State.CLOSED.value)
    )
    for body in tx.execute(query).scalars():
        yield _case(bytes(body))


def steps(tx: Connection, site: str, id_: str) -> tuple[Line, ...]:
    """Return all that happened to a case, in order."""
    told = steps_of(tx, site, id_)
    written = [Written(one.note, number, None) for number, one in enumerate(told, 1) if one.note is not None]
    clear = iter(seals.opened(tx, site, written))
    return tuple(Line(one, next(clear) if one.note is not None else "") for one in told)


def steps_of(tx: Connection, site: str, id_: str) -> list[Told]:
    """Return the steps as they are kept, notes sealed."""
    query = select(_steps.body).where(_steps.site_id == site, _steps.case_id == id_)
    return [_told(bytes(body)) for body in tx.execute(query.order_by(_steps.number)).scalars()]


def rewritten(tx: Connection, site: str, id_: str, *, told: Sequence[Told]) -> None:
    """Put what is left of a case's steps in their place: an erasure's alone, which nothing else may."""
    for number, one in enumerate(told, 1):
        this = and_(_steps.site_id == site, _steps.case_id == id_, _steps.number == number)
        if not tx.execute(update(step_table).where(this).values(body=_encode(one))).rowcount:
            _keep_step(tx, site, id_, told=one, number=number)
    keep(tx, site, stood(id_, told))


def keep(tx: Connection, site: str, case: Case) -> None:
    """Keep where a case stands."""
    this = and_(_own.site_id == site, _own.case_id == case.id)
    tx.execute(update(case_table).where(this).values(_row(case)))


def _moved(tx: Connection, site: str, turn: tuple[Case | None, Case]) -> None:
    for room in MOVED:
        room(tx, site, turn)


def key_of(id_: str) -> str:
    """Return whose key the notes of a case are sealed under."""
    return f"c:{id_}"


def _sealed(tx: Connection, site: str, place: tuple[str, int], *, told: Told, note: str) -> Told:
    """Return a step with its note sealed for this very place: the case and the step's number."""
    if not note.strip():
        return told
    if len(note) > NOTE_CHARS_MAX:
        raise Refused(f"A note has {NOTE_CHARS_MAX} characters at most.")
    id_, number = place
    owner = key_of(id_)
    public = seals.public_halves(tx, site, [owner])[owner]
    sealed = remarks.seal(note, RemarkKey(owner=owner, public=public), number, band=None)
    return replace(told, note=sealed)


def _keep_step(tx: Connection, site: str, id_: str, *, told: Told, number: int) -> None:
    row = {"site_id": site, "case_id": id_, "number": number, "op": told.op, "body": _encode(told)}
    tx.execute(insert(step_table).values(row))


def _row(case: Case) -> dict[str, object]:
    links = case.links
    return {
        "guest_id": links.guest,
        "band": links.band,
        "order_id": links.order,
        "state": case.state.value,
        "opened_ms": case.opened_ms,
        "changed_ms": case.changed_ms,
        "body": _encode(case),
    }


def is_told(tx: Connection, site: str, id_: str, *, op: str) -> bool:
    """Say whether a case has a step of this name."""
    query = select(_steps.number).where(_steps.site_id == site, _steps.case_id == id_, _steps.op == op)
    return tx.execute(query).first() is not None


def step_of(tx: Connection, site: str, id_: str, *, op: str) -> Told | None:
    """Return a case's step of this name, its note sealed; None: there is none."""
    query = select(_steps.body).where(_steps.site_id == site, _steps.case_id == id_, _steps.op == op)
    body = tx.execute(query).scalar()
    return None if body is None else _told(bytes(body))


def _tell_whose(tx: Connection, site: str, turn: tuple[Case, Case], *, told: Told) -> None:
    """Write what there is of a case into the diary of the guest of whom it is known only now."""
    before, now = turn
    if before.links.guest or not now.links.guest:
        return
    _tell_diary(tx, site, now, told=replace(told, step=Step.OPENED))
    if now.state in (State.SOLVED, State.CLOSED):
        _tell_diary(tx, site, replace(now, steps=now.steps + 1), told=replace(told, step=Step.CLOSED))


def _tell_diary(tx: Connection, site: str, case: Case, *, told: Told) -> None:
    """Write into the guest's diary what they know themselves: that they came, what they got, how it ended."""
    gift = GIFTS.get(told.word, "") if told.step is Step.ACTED else ""
    what, guest = What.MADE_GOOD if gift else DIARY.get(told.step), case.links.guest
    if what is None or not guest or not guests.guests_of(tx, site, [guest]):
        return
    entry = Entry(
        source=BY_CARE,
        id=f"{case.id}/{case.steps}",
        owner=remark_owner(guest, b""),
        hlc=min(told.at_ms, now_of(tx)) << 16,
        uncertainty_ms=0,
        via=case.via,
        what=what,
        point=case.links.point,
        subject=gift or case.subject.value,
        ref=case.id,
    )
    if gift:
        known = layout.published(tx, site)
        minor = told.points * told.point_minor or told.minor
        entry = entry._replace(amount_minor=minor, currency=known.currency if known is not None else "")
    diary.put(tx, site, [entry])
