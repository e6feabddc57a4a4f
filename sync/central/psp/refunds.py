"""Refunds to the original charge: each once by its id, together never more than the charge."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from edge.core.money import Money
from edge.errors import Refused, Unknown
from sync.central.claims import Queue
from sync.central.psp import charges
from sync.central.psp.columns import columns
from sync.central.psp.judgement import ASK_MS, PENDING_MS
from sync.central.psp.judgement import State as ChargeState
from sync.central.psp.port import REASON_CHARS_MAX, Answer, Outcome
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Row,
    Select,
    String,
    Table,
    func,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)

PAGE_MAX = 200

refund_table = Table(
    "charge_refund",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("refund_id", String(64), primary_key=True),
    Column("charge_id", String(64), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    *columns(),
    Column("note", String(200), nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("approved_by", String(64), nullable=False),
    Index("charge_refund_charge", "site_id", "charge_id"),
    Index("charge_refund_next", "state", "next_ms"),
)


class State(enum.StrEnum):
    """How a refund stands."""

    ASKED = "asked"
    """One person asked for it; another one has to agree."""
    DUE = "due"
    CALLING = "calling"
    PENDING = "pending"
    UNKNOWN = "unknown"
    PAID = "paid"
    DECLINED = "declined"
    DROPPED = "dropped"
    """Nobody else agreed."""


WORKED = (State.DUE, State.CALLING, State.PENDING, State.UNKNOWN)
COUNTED = (State.ASKED, *WORKED, State.PAID)
"""What is taken from what is left of a charge."""


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """One refund, by the name that central gave it."""

    id: str
    charge: str
    money: Money
    state: State = State.ASKED
    reason: str = ""
    note: str = ""
    """Why, in the words of whoever asked."""
    asked_by: str = ""
    approved_by: str = ""
    asks: int = 0
    next_ms: int = 0
    claims: int = 0
    made_ms: int = 0


def new_id() -> str:
    """Return a name for a refund: it holds letters, so that no guard takes it for a card's number."""
    return f"r{secrets.token_hex(10)}"


def ask(tx: Connection, site: str, refund: Refund) -> bool:
    """Write down that somebody asks for a refund; False: that stood there. Above what is left is refused."""
    before = _refunds(tx, site, refund_table.c.refund_id == refund.id)
    if before:
        if (before[0].charge, before[0].money) != (refund.charge, refund.money):
            raise Refused("This refund was asked for with another amount.", hint="Open the form anew.")
        return False
    charge = charges.charge(tx, site, refund.charge)
    if charge.state is not ChargeState.PAID or charge.money.currency != refund.money.currency:
        raise Refused("Only what was paid can be given back.", hint="Wait until the charge is resolved.")
    left = charge.money.minor - given_back(tx, site, charge.id)
    if not 0 < refund.money.minor <= left:
        raise Refused(f"Of this charge {left} can be given back.", hint="Give back at most that.")
    row = {"site_id": site, "refund_id": refund.id, "charge_id": refund.charge, "made_ms": now_of(tx)}
    said = {"note": refund.note[:200], "asked_by": refund.asked_by, "claimed_ms": 0}
    currency = refund.money.currency
    tx.execute(insert(refund_table).values(**row, **said, **_changing(refund), currency=currency))
    return True


def approve(tx: Connection, site: str, id_: str, *, by: str) -> Refund:
    """Let a refund be sent that somebody else asked for."""
    found = refund(tx, site, id_)
    if found.asked_by == by:
        raise Refused("Whoever asks does not agree.", hint="Let another operator look at it.")
    if found.state is not State.ASKED:
        return found
    agreed = msgspec.structs.replace(found, state=State.DUE, approved_by=by, next_ms=now_of(tx))
    keep(tx, site, agreed)
    return agreed


def drop(tx: Connection, site: str, id_: str, *, by: str) -> Refund:
    """Give up a refund that was not agreed to yet."""
    found = refund(tx, site, id_)
    if found.state is not State.ASKED:
        raise Refused("This refund is under way already.", hint="Wait until it is resolved.")
    dropped = msgspec.structs.replace(found, state=State.DROPPED, approved_by=by)
    keep(tx, site, dropped)
    return dropped


def refund(tx: Connection, site: str, id_: str) -> Refund:
    """Return one refund or raise ``Unknown``; nobody else changes it until the commit."""
    row = QUEUE.row(tx, site, id_)
    if row is None:
        raise Unknown(f"There is no refund {id_[:64]}.")
    return _refund(row)


def of_charge(tx: Connection, site: str, charge: str) -> tuple[Refund, ...]:
    """Return a charge's refunds, the first one first."""
    return _refunds(tx, site, refund_table.c.charge_id == charge)


def given_back(tx: Connection, site: str, charge: str) -> int:
    """Return how much of a charge was given back, or may be under way."""
    own = refund_table.c
    query = select(func.coalesce(func.sum(own.minor), 0)).where(
        own.site_id == site, own.charge_id == charge, own.state.in_([state.value for state in COUNTED])
    )
    return int(tx.execute(query).scalar_one())


def keep(tx: Connection, site: str, refund: Refund) -> None:
    """Write what became of a refund, and let the next worker have it."""
    QUEUE.keep(tx, site, refund.id, values=_changing(refund))


def blank(tx: Connection, site: str, words: Sequence[str], *, mandates: Select[tuple[str]]) -> None:
    """Empty why money was given back to whoever gave these mandates, and where these words stand."""
    own, charged = refund_table.c, charges.charge_table.c
    theirs = select(charged.charge_id).where(charged.site_id == site, charged.mandate_id.in_(mandates))
    said = [own.note.contains(word, autoescape=True) for word in words]
    this = (own.site_id == site, or_(own.charge_id.in_(theirs), *said))
    tx.execute(update(refund_table).where(*this).values(note=""))


def claim(tx: Connection, site: str, id_: str, *, claims: int) -> Refund | None:
    """Take a refund for this worker, as ``charges.claim`` takes a charge."""
    row = QUEUE.claim(tx, site, id_, claims=claims)
    return None if row is None else _refund(row)


def judge(refund: Refund, outcome: Outcome, now_ms: int) -> Refund:
    """Return what a refund is after an answer: what was given back outweighs every other word."""
    if refund.state is State.PAID:
        return refund
    if outcome.answer is Answer.PAID:
        money = outcome.money or refund.money
        return msgspec.structs.replace(refund, state=State.PAID, money=money, reason="", next_ms=0)
    if refund.state not in (State.CALLING, State.PENDING, State.UNKNOWN):
        return refund
    wait_ms = ASK_MS[min(refund.asks, len(ASK_MS) - 1)]
    match outcome.answer:
        case Answer.PENDING:
            state, next_ms = State.PENDING, now_ms + PENDING_MS
        case Answer.UNKNOWN:
            state = State.PENDING if refund.state is State.PENDING else State.UNKNOWN
            next_ms = now_ms + wait_ms
        case _:
            state, next_ms = State.DECLINED, 0
    return msgspec.structs.replace(
        refund, state=state, reason=outcome.reason, asks=refund.asks + 1, next_ms=next_ms
    )


QUEUE = Queue(refund_table, "refund_id", worked=[state.value for state in WORKED])


def _refunds(tx: Connection, site: str, where: Any) -> tuple[Refund, ...]:  # noqa: ANN401  # a clause
    query = select(refund_table).where(refund_table.c.site_id == site, where)
    rows = tx.execute(query.order_by(refund_table.c.made_ms, refund_table.c.refund_id).limit(PAGE_MAX))
    return tuple(_refund(row) for row in rows)


def _changing(refund: Refund) -> dict[str, Any]:
    return {
        "minor": refund.money.minor,
        "state": refund.state.value,
        "reason": refund.reason[:REASON_CHARS_MAX],
        "approved_by": refund.approved_by,
        "asks": refund.asks,
        "next_ms": refund.next_ms,
        "claims": refund.claims,
    }


def _refund(row: Row[Any]) -> Refund:
    return Refund(
        id=row.refund_id,
        charge=row.charge_id,
        money=Money(row.minor, row.currency),
        state=State(row.state),
        reason=row.reason,
        note=row.note,
        asked_by=row.asked_by,
        approved_by=row.approved_by,
        asks=row.asks,
        next_ms=row.next_ms,
        claims=row.claims,
        made_ms=row.made_ms,
    )
