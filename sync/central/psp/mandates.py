"""Mandates: stored recurring credentials, at central only, what could be charged by sealed."""

from __future__ import annotations

import enum
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from edge.errors import ConfigError, PolsoError, Refused, Unknown
from sync.central.psp import refunds
from sync.central.psp.charges import charge_table
from sync.central.psp.judgement import UNSURE
from sync.central.psp.port import REASON_CHARS_MAX, Credential
from sync.central.psp.terms import Limits as Limits
from sync.central.psp.terms import demand_rising
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    Seals,
    String,
    Table,
    exists,
    func,
    insert,
    metadata,
    now_of,
    select,
    update,
)
from sync.central.traces import ALSO

PAGE_MAX = 200
CONSENT = "2026-11"
"""Version of the words that the guest agreed to; texts change, what somebody said yes to does not."""
_TABLE, _COLUMN = "mandate", "sealed"

mandate_table = Table(
    _TABLE,
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("mandate_id", String(64), primary_key=True),
    Column("wallet_id", String(64), nullable=False),
    Column("guest_id", String(64), nullable=False),
    Column("psp", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(REASON_CHARS_MAX), nullable=False),
    Column(_COLUMN, LargeBinary, nullable=False),
    Column("brand", String(32), nullable=False),
    Column("last_four", String(4), nullable=False),
    Column("expires", Integer, nullable=False),
    Column("consent", String(32), nullable=False),
    Column("charge_minor_max", BigInteger, nullable=False),
    Column("day_minor_max", BigInteger, nullable=False),
    Column("month_minor_max", BigInteger, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Index("mandate_wallet", "site_id", "wallet_id"),
    Index("mandate_guest", "site_id", "guest_id"),
)


class State(enum.StrEnum):
    """How a mandate stands."""

    PENDING = "pending"
    """The guest was sent to the provider's page."""
    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"
    """By the guest, by an operator, or by a no of the provider that is for ever."""
    NEEDS_GUEST = "needs_guest"
    """The provider wants to see the guest before it charges again."""


ALIVE = (State.PENDING, State.ACTIVE, State.NEEDS_GUEST)


class Held(msgspec.Struct, frozen=True, array_like=True):
    """What is sealed: by what is charged, and which page of the provider the guest was sent to."""

    token: str = ""
    customer: str = ""
    page: str = ""

    def __repr__(self) -> str:
        """Say nothing."""
        return "Held()"


class Mandate(msgspec.Struct, frozen=True, kw_only=True):
    """A mandate without what could be charged by: this may be shown, recorded and exported."""

    id: str
    wallet: str
    guest: str
    psp: str
    state: State = State.PENDING
    reason: str = ""
    brand: str = ""
    last_four: str = ""
    expires: int = 0
    """Year and month as 202711; 0 where it has none."""
    consent: str = CONSENT
    limits: Limits
    made_ms: int = 0


def new_id() -> str:
    """Return a name for a mandate: it holds letters, so that no guard takes it for a card's number."""
    return f"m{secrets.token_hex(8)}"


def add(tx: Connection, site: str, mandate: Mandate, *, seals: Seals) -> None:
    """Write a guest's wish to store a credential down, before the provider is asked for anything."""
    if any(one.state is State.ACTIVE for one in of_wallet(tx, site, mandate.wallet)):
        raise Refused("This wallet has a stored credential.", hint="Revoke that one first.")
    demand_rising(mandate.limits)
    row = {
        "site_id": site,
        "mandate_id": mandate.id,
        "wallet_id": mandate.wallet,
        "guest_id": mandate.guest,
        "psp": mandate.psp,
        "state": State.PENDING.value,
        "reason": "",
        _COLUMN: _sealed(seals, site, mandate.id, held=Held()),
        "brand": "",
        "last_four": "",
        "expires": 0,
        "consent": mandate.consent,
        "charge_minor_max": mandate.limits.charge,
        "day_minor_max": mandate.limits.day,
        "month_minor_max": mandate.limits.month,
        "made_ms": now_of(tx),
        "changed_ms": now_of(tx),
    }
    tx.execute(insert(mandate_table).values(row))


def mandate(tx: Connection, site: str, id_: str) -> Mandate:
    """Return one mandate or raise ``Unknown``; it stays as it is until the commit."""
    row = tx.execute(select(mandate_table).where(*_is(site, id_)).with_for_update()).first()
    if row is None:
        raise Unknown(f"There is no mandate {id_[:64]}.")
    return _mandate(row)


def of_wallet(tx: Connection, site: str, wallet: str) -> tuple[Mandate, ...]:
    """Return all mandates that a wallet ever had, the latest first."""
    own = mandate_table.c
    query = select(mandate_table).where(own.site_id == site, own.wallet_id == wallet)
    return tuple(_mandate(row) for row in tx.execute(query.order_by(own.made_ms.desc(), own.mandate_id)))


def of_guest(tx: Connection, site: str, guest: str) -> tuple[Mandate, ...]:
    """Return all mandates that a guest ever gave."""
    own = mandate_table.c
    query = select(mandate_table).where(own.site_id == site, own.guest_id == guest)
    return tuple(_mandate(row) for row in tx.execute(query.order_by(own.made_ms.desc(), own.mandate_id)))


def active(tx: Connection, site: str, wallet: str) -> Mandate | None:
    """Return the mandate that may be charged for a wallet, if there is one."""
    return next((one for one in of_wallet(tx, site, wallet) if one.state is State.ACTIVE), None)


def listed(tx: Connection, site: str, *, after: str = "") -> tuple[Mandate, ...]:
    """Return one page of a site's mandates by id."""
    own = mandate_table.c
    query = select(mandate_table).where(own.site_id == site, own.mandate_id > after)
    return tuple(_mandate(row) for row in tx.execute(query.order_by(own.mandate_id).limit(PAGE_MAX)))


def held(tx: Connection, site: str, id_: str, *, seals: Seals) -> Held:
    """Return what is sealed, for whoever calls the provider and nobody else; nothing once it was let go."""
    row = tx.execute(select(mandate_table.c[_COLUMN]).where(*_is(site, id_))).first()
    if row is None:
        raise Unknown(f"There is no mandate {id_[:64]}.")
    sealed = bytes(row[0])
    if not sealed:
        return Held()
    return msgspec.msgpack.decode(seals.open(sealed, _TABLE, _COLUMN, row=_row(site, id_)), type=Held)


def keep(tx: Connection, site: str, id_: str, *, seals: Seals, held: Held) -> None:
    """Seal what the provider told."""
    sealed = _sealed(seals, site, id_, held=held)
    tx.execute(
        update(mandate_table).where(*_is(site, id_)).values({_COLUMN: sealed, "changed_ms": now_of(tx)})
    )


def stored(tx: Connection, site: str, id_: str, *, seals: Seals, credential: Credential) -> bool:
    """Let a pending mandate be charged from now on; False where it is active or gone already."""
    if mandate(tx, site, id_).state is not State.PENDING:
        return False
    page = held(tx, site, id_, seals=seals).page
    keep(tx, site, id_, seals=seals, held=Held(credential.token, credential.customer, page))
    shown = {
        "brand": credential.brand[:32],
        "last_four": credential.last_four[:4],
        "expires": credential.expires,
    }
    tx.execute(
        update(mandate_table).where(*_is(site, id_)).values(state=State.ACTIVE.value, reason="", **shown)
    )
    return True


def replace(tx: Connection, site: str, by: Mandate) -> None:
    """Revoke what a wallet had before: one credential is charged, never two."""
    for one in of_wallet(tx, site, by.wallet):
        if one.id != by.id:
            stand(tx, site, one.id, state=State.REVOKED, reason="replaced")


def stand(tx: Connection, site: str, id_: str, *, state: State, reason: str = "") -> bool:
    """Note how a mandate stands; one that ended stays ended. Says whether that is new."""
    before = mandate(tx, site, id_)
    if before.state not in ALIVE or before.state is state:
        return False
    said = {"state": state.value, "reason": reason[:REASON_CHARS_MAX], "changed_ms": now_of(tx)}
    tx.execute(update(mandate_table).where(*_is(site, id_)).values(said))
    return True


def to_let_go(tx: Connection, *, limit: int) -> list[tuple[str, str]]:
    """Return site and id of mandates that ended and still hold by what they could be charged.

    While nobody knows what became of a charge, that is needed to ask about it.
    """
    own, open_ = mandate_table.c, charge_table.c
    asked = exists().where(
        open_.site_id == own.site_id,
        open_.mandate_id == own.mandate_id,
        open_.state.in_([state.value for state in UNSURE]),
    )
    ended = own.state.in_([State.REVOKED.value, State.EXPIRED.value])
    query = select(own.site_id, own.mandate_id).where(ended, func.length(own.sealed) > 0, ~asked)
    return [(row.site_id, row.mandate_id) for row in tx.execute(query.limit(limit))]


def let_go(tx: Connection, site: str, id_: str) -> None:
    """Keep nothing any more by which could be charged."""
    tx.execute(update(mandate_table).where(*_is(site, id_)).values({_COLUMN: b"", "changed_ms": now_of(tx)}))


def limit(tx: Connection, site: str, id_: str, *, limits: Limits) -> None:
    """Let so much be charged from now on, agreed to in the present words."""
    demand_rising(limits)
    said = {
        "charge_minor_max": limits.charge,
        "day_minor_max": limits.day,
        "month_minor_max": limits.month,
        "consent": CONSENT,
        "changed_ms": now_of(tx),
    }
    tx.execute(update(mandate_table).where(*_is(site, id_)).values(said))


def lapsed(tx: Connection, site: str, month: int) -> tuple[Mandate, ...]:
    """Return the active mandates that ended before a month as 202711."""
    own = mandate_table.c
    ended = (own.site_id == site, own.state == State.ACTIVE.value, own.expires > 0, own.expires < month)
    return tuple(_mandate(row) for row in tx.execute(select(mandate_table).where(*ended).limit(PAGE_MAX)))


def renew(tx: Connection, site: str, id_: str, *, expires: int) -> None:
    """Note until when a card is good that its network gave a new month."""
    tx.execute(update(mandate_table).where(*_is(site, id_)).values(expires=expires))


def forget(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Revoke what erased guests stored, nameless and without a word; the provider is told next."""
    own = mandate_table.c
    theirs = select(own.mandate_id).where(own.site_id == site, own.guest_id.in_(list(words)))
    refunds.blank(tx, site, words, mandates=theirs)
    gone = {"guest_id": "", "brand": "", "last_four": "", "state": State.REVOKED.value}
    tx.execute(
        update(mandate_table)
        .where(own.site_id == site, own.guest_id.in_(list(words)))
        .values({**gone, "reason": "erased", "changed_ms": now_of(tx)})
    )


ALSO.append(forget)


def prove_seals(tx: Connection, seals: Seals) -> None:
    """Open one of what is sealed; raise where this is not the key that sealed it."""
    own = mandate_table.c
    sealed = select(own.site_id, own.mandate_id).where(func.length(own.sealed) > 0).limit(1)
    for row in tx.execute(sealed).all():
        try:
            held(tx, row.site_id, row.mandate_id, seals=seals)
        except PolsoError as error:
            raise ConfigError(
                "The stored credentials do not open with central's key.",
                hint="Bring back the key that this central was started with before.",
            ) from error


def _sealed(seals: Seals, site: str, id_: str, *, held: Held) -> bytes:
    return seals.seal(msgspec.msgpack.encode(held), _TABLE, _COLUMN, row=_row(site, id_))


def _row(site: str, id_: str) -> bytes:
    return f"{site}/{id_}".encode()


def _is(site: str, id_: str) -> tuple[Any, Any]:
    return mandate_table.c.site_id == site, mandate_table.c.mandate_id == id_


def _mandate(row: Row[Any]) -> Mandate:
    return Mandate(
        id=row.mandate_id,
        wallet=row.wallet_id,
        guest=row.guest_id,
        psp=row.psp,
        state=State(row.state),
        reason=row.reason,
        brand=row.brand,
        last_four=row.last_four,
        expires=row.expires,
        consent=row.consent,
        limits=Limits(row.charge_minor_max, row.day_minor_max, row.month_minor_max),
        made_ms=row.made_ms,
    )
