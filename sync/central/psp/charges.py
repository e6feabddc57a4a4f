"""Charges: central's own list of what providers were asked for, written before they are asked."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from edge.core.money import Money
from edge.errors import Unknown
from sync.central.claims import Queue
from sync.central.psp.columns import columns
from sync.central.psp.judgement import OPEN, Charge, Purpose, State
from sync.central.psp.port import REASON_CHARS_MAX
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    insert,
    metadata,
    now_of,
    or_,
    select,
)

PAGE_MAX = 200
ABOUT_CHARS_MAX = 4_000

charge_table = Table(
    "charge",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("charge_id", String(64), primary_key=True),
    Column("mandate_id", String(64), nullable=False),
    Column("wallet_id", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    *columns(),
    Column("reference", String(255), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("about", Text, nullable=False),
    # What is open may be open once: no second charge for a wallet while nobody knows of the first.
    Column("open_for", String(96)),
    Column("changed_ms", BigInteger, nullable=False),
    UniqueConstraint("site_id", "open_for", name="charge_open_once"),
    Index("charge_next", "state", "next_ms"),
    Index("charge_mandate", "site_id", "mandate_id", "made_ms"),
    Index("charge_wallet", "site_id", "wallet_id", "made_ms"),
)
_STATES = [state.value for state in OPEN]
QUEUE = Queue(charge_table, "charge_id", worked=_STATES)


def new_id() -> str:
    """Return a name for a charge: it holds letters, so that no guard takes it for a card's number."""
    return f"c{secrets.token_hex(10)}"


def add(tx: Connection, site: str, charge: Charge) -> bool:
    """Write an intent; False while another one for the same wallet is open. Whoever adds holds the wallet."""
    own = charge_table.c
    open_for = _open_for(charge)
    there = select(own.charge_id).where(own.site_id == site, own.open_for == open_for)
    if tx.execute(there).first() is not None:
        return False
    row = {"site_id": site, "charge_id": charge.id, "made_ms": now_of(tx), "claimed_ms": 0}
    fixed = {"mandate_id": charge.mandate, "wallet_id": charge.wallet, "purpose": charge.purpose.value}
    about = charge.about[:ABOUT_CHARS_MAX]
    tx.execute(insert(charge_table).values(**row, **fixed, **_changing(tx, charge), about=about))
    return True


def charge(tx: Connection, site: str, id_: str) -> Charge:
    """Return one charge or raise ``Unknown``; nobody else changes it until the commit."""
    row = QUEUE.row(tx, site, id_)
    if row is None:
        raise Unknown(f"There is no charge {id_[:64]}.")
    return _charge(row)


def waiting(tx: Connection, site: str, wallet: str, *, purpose: Purpose) -> Charge | None:
    """Return a wallet's charge that waits for a try, if nobody is at it; whoever asks may hold the wallet.

    Whoever writes an answer down holds the charge first and then the wallet: nobody waits for them here.
    """
    last = latest(tx, site, wallet, purpose=purpose)
    row = None if last is None else QUEUE.idle_row(tx, site, last.id)
    return None if row is None else _charge(row)


def keep(tx: Connection, site: str, charge: Charge) -> None:
    """Write what became of a charge, and let the next worker have it."""
    QUEUE.keep(tx, site, charge.id, values=_changing(tx, charge))


def claim(tx: Connection, site: str, id_: str, *, claims: int) -> Charge | None:
    """Take a charge for this worker, as it stood before; None where another one has been at it since."""
    row = QUEUE.claim(tx, site, id_, claims=claims)
    return None if row is None else _charge(row)


def spent(tx: Connection, site: str, mandate: str, *, since_ms: int) -> int:
    """Return what a mandate was or may still be charged since a moment."""
    own = charge_table.c
    counted = [*_STATES, State.PAID.value]
    query = select(func.coalesce(func.sum(own.minor), 0)).where(
        own.site_id == site, own.mandate_id == mandate, own.made_ms >= since_ms, own.state.in_(counted)
    )
    return int(tx.execute(query).scalar_one())


def latest(tx: Connection, site: str, wallet: str, *, purpose: Purpose) -> Charge | None:
    """Return the latest charge of a wallet for one purpose."""
    own = charge_table.c
    query = select(charge_table).where(
        own.site_id == site, own.wallet_id == wallet, own.purpose == purpose.value
    )
    row = tx.execute(query.order_by(own.made_ms.desc(), own.charge_id).limit(1)).first()
    return None if row is None else _charge(row)


def listed(tx: Connection, site: str, *, states: Sequence[State] = (), after: str = "") -> tuple[Charge, ...]:
    """Return one page of a site's charges, the latest first, after a mark of ``mark``."""
    own = charge_table.c
    query = select(charge_table).where(own.site_id == site)
    if states:
        query = query.where(own.state.in_([state.value for state in states]))
    if after:
        made, _, id_ = after.partition("-")
        made_ms = int(made) if made.isdecimal() else 0
        query = query.where(or_(own.made_ms < made_ms, and_(own.made_ms == made_ms, own.charge_id < id_)))
    rows = tx.execute(query.order_by(own.made_ms.desc(), own.charge_id.desc()).limit(PAGE_MAX))
    return tuple(_charge(row) for row in rows)


def of_wallet(tx: Connection, site: str, wallet: str) -> tuple[Charge, ...]:
    """Return the latest charges that went into a wallet, or paid what it owed."""
    own = charge_table.c
    query = select(charge_table).where(own.site_id == site, own.wallet_id == wallet)
    rows = tx.execute(query.order_by(own.made_ms.desc(), own.charge_id.desc()).limit(PAGE_MAX))
    return tuple(_charge(row) for row in rows)


def mark(charge: Charge) -> str:
    """Return what a page after this charge is asked for by."""
    return f"{charge.made_ms}-{charge.id}"


def of_mandate(tx: Connection, site: str, mandate: str) -> tuple[Charge, ...]:
    """Return a mandate's latest charges."""
    own = charge_table.c
    query = select(charge_table).where(own.site_id == site, own.mandate_id == mandate)
    rows = tx.execute(query.order_by(own.made_ms.desc(), own.charge_id.desc()).limit(PAGE_MAX))
    return tuple(_charge(row) for row in rows)


def counted(tx: Connection, site: str) -> dict[State, int]:
    """Return how many charges stand how."""
    own = charge_table.c
    query = select(own.state, func.count()).where(own.site_id == site).group_by(own.state)
    return {State(row[0]): int(row[1]) for row in tx.execute(query)}


def _open_for(charge: Charge) -> str | None:
    return f"{charge.purpose}:{charge.wallet}" if charge.state in OPEN else None


def _changing(tx: Connection, charge: Charge) -> dict[str, Any]:
    return {
        "minor": charge.money.minor,
        "currency": charge.money.currency,
        "state": charge.state.value,
        "reason": charge.reason[:REASON_CHARS_MAX],
        "reference": charge.reference,
        "attempt": charge.attempt,
        "asks": charge.asks,
        "next_ms": charge.next_ms,
        "claims": charge.claims,
        "open_for": _open_for(charge),
        "changed_ms": now_of(tx),
    }


def _charge(row: Row[Any]) -> Charge:
    return Charge(
        id=row.charge_id,
        mandate=row.mandate_id,
        wallet=row.wallet_id,
        purpose=Purpose(row.purpose),
        money=Money(row.minor, row.currency),
        state=State(row.state),
        reason=row.reason,
        reference=row.reference,
        attempt=row.attempt,
        asks=row.asks,
        next_ms=row.next_ms,
        claims=row.claims,
        about=row.about,
        made_ms=row.made_ms,
    )
