"""Choosing: what an operator decides about a site's money; to more risk a second one has to agree."""

from __future__ import annotations

import msgspec

from edge.errors import NotAllowed, Unknown
from sync.central.money import leases, placed, risk
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from sync.central.registry import layout
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    metadata,
    now_of,
    select,
)

RISKY = ("risk_minor", "risk_slice_minor", "risk_tap_minor_max", "risk_wallet_minor", "risk_taps",
         "goodwill_minor")  # fmt: skip
"""Choices by which more may be lost or given away: raising one takes two people."""

proposal_table = Table(
    "money_proposal",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("asked_by", String(64), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)
"""At most one choice of each site waits for a second operator."""
_policy = msgspec.msgpack.Decoder(Policy)


class Proposal(msgspec.Struct, frozen=True):
    """A choice that waits for somebody else to agree."""

    policy: Policy
    asked_by: str


def wish(tx: Connection, site: str, chosen: Policy, *, by: str) -> bool:
    """Do what an operator chose, and say so; where more may be lost by it, it waits for a second one."""
    policies.check(chosen)
    now = policies.lock(tx, site)
    drop(tx, site)
    if all(getattr(chosen, name) <= getattr(now, name) for name in RISKY):
        choose(tx, site, chosen)
        return True
    body = msgspec.msgpack.encode(chosen)
    tx.execute(insert(proposal_table).values(site_id=site, body=body, asked_by=by, made_ms=now_of(tx)))
    return False


def proposal(tx: Connection, site: str) -> Proposal | None:
    """Return what waits for a second operator."""
    row = tx.execute(select(proposal_table).where(proposal_table.c.site_id == site)).first()
    return None if row is None else Proposal(_policy.decode(bytes(row.body)), str(row.asked_by))


def agree(tx: Connection, site: str, *, by: str) -> Policy:
    """Do what somebody else asked for."""
    policies.lock(tx, site)
    found = proposal(tx, site)
    if found is None:
        raise Unknown("Nothing waits for a second operator.", hint="Look at the limits again.")
    if found.asked_by == by:
        raise NotAllowed("Whoever asks does not agree.", hint="Let another operator look at it.")
    drop(tx, site)
    choose(tx, site, found.policy)
    return found.policy


def drop(tx: Connection, site: str) -> None:
    """Forget what waits."""
    tx.execute(delete(proposal_table).where(proposal_table.c.site_id == site))


def choose(tx: Connection, site: str, chosen: Policy) -> None:
    """Keep what was decided and hold the loss budget to it; where more is out at devices, it comes back."""
    policies.put_policy(tx, site, chosen)
    known = layout.published(tx, site)
    if known is not None and risk.hold_budget(tx, site, chosen, currency=known.currency) < 0:
        slices = placed.of_wallet(tx, site, risk.OF_SITE, kind=risk.RISK, held=True)
        leases.ask_back(tx, site, slices, why="risk")
