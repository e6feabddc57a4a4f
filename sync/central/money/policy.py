"""Policy: what an operator decides once about a site's money, from times to what may be lost."""

from __future__ import annotations

import enum

import msgspec

from edge.core.lease import Limits
from edge.errors import Refused
from sync.central.store import (
    AHEAD,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    insert,
    metadata,
    select,
    wake_after,
)

HANDHELD_TTL_S_MAX = 4 * 3_600
"""What is carried about can be stolen: it never spends longer without having been heard."""
EDGE_TTL_S_MAX = 31 * 86_400
PERMILLE = 1_000

policy_table = Table(
    "money_policy",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)


class Charging(enum.StrEnum):
    """In which sums goods bought on risk are charged to the stored credential."""

    AT_ONCE = "at_once"
    """All that is owed when central hears of it."""
    EACH = "each"
    """Every sale by itself, the eldest first."""
    DAY = "day"
    """All that a guest owes of a day, when that day is over."""


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's choices, each with a sensible beginning; amounts in the site's minor units."""

    edge_ttl_s: int = 7 * 86_400
    """How long an outage a fixed device rides out."""
    handheld_ttl_s: int = HANDHELD_TTL_S_MAX
    floor_minor: int = 2_000
    """What is set aside for somebody of whose spending nothing is known yet."""
    reserve_permille: int = 250
    """This part of a wallet stays at central for other places and online use, but for an open basket."""
    refill_permille: int = 400
    """Below this part of what was planned a lease is filled up again."""
    lease_minor_max: int = 50_000
    """What one device holds of one wallet at the most."""
    device_minor_max: int | None = None
    """What one device holds of all wallets together at the most; None: what the plan for it comes to."""
    mint_minor_max: int = 1_000_000
    """Cash that one device may take in for wallets before somebody looks at it."""
    write_off_s: int = 72 * 3_600
    """How long a lease stays in doubt before its rest is given back to the guest and booked as lost."""
    risk_minor: int = 0
    """The whole budget of what may be lost to payments without money behind them; 0: none is made."""
    risk_slice_minor: int = 20_000
    """The part of that budget which one device gets at a time."""
    risk_tap_minor_max: int = 2_500
    risk_wallet_minor: int = 5_000
    """What one wallet may spend at risk until central has charged for it."""
    risk_taps: int = 5
    goodwill_minor: int = 1_000
    """What care gives one guest within a month without asking anybody."""
    limits: Limits = Limits(pin_above_minor=5_000, taps_before_pin=10)
    charging: Charging = Charging.AT_ONCE

    def ttl_s(self, kind: str) -> int:
        """Return how long a lease lasts at a device of this kind."""
        if kind == "handheld":
            return min(self.handheld_ttl_s, HANDHELD_TTL_S_MAX)
        return min(self.edge_ttl_s, EDGE_TTL_S_MAX)


CHOSEN = select(policy_table.c.body).where(policy_table.c.site_id == bindparam("site"))
_policy = msgspec.msgpack.Decoder(Policy)


def policy(tx: Connection, site: str) -> Policy:
    """Return a site's policy; the beginning one where nobody has decided."""
    body = tx.execute(CHOSEN, {"site": site}).scalar()
    return Policy() if body is None else _policy.decode(bytes(body))


def lock(tx: Connection, site: str) -> Policy:
    """Return a site's policy that nobody changes until the commit: budgets are shared out one at a time."""
    query = select(policy_table.c.body).where(policy_table.c.site_id == site)
    body = tx.execute(query.with_for_update()).scalar()
    return Policy() if body is None else _policy.decode(bytes(body))


def put_policy(tx: Connection, site: str, chosen: Policy) -> None:
    """Keep what the operator decided; it holds for what is set aside from now on."""
    check(chosen)
    tx.execute(delete(policy_table).where(policy_table.c.site_id == site))
    body = msgspec.msgpack.encode(chosen)
    tx.execute(insert(policy_table).values(site_id=site, body=body))
    wake_after(tx, AHEAD)


def check(chosen: Policy) -> None:
    """Refuse what no device could keep to."""
    if not 60 <= chosen.edge_ttl_s <= EDGE_TTL_S_MAX or not 60 <= chosen.handheld_ttl_s <= HANDHELD_TTL_S_MAX:
        raise Refused(
            "A lease lasts a minute at least; a month on a fixed device at most, four hours on a hand-held."
        )
    if not 0 <= chosen.reserve_permille <= PERMILLE or not 0 <= chosen.refill_permille <= PERMILLE:
        raise Refused("Reserve and refill are parts of a thousand.")
    if any(told is not None and told < 0 for told in msgspec.structs.astuple(chosen)[4:-2]):
        raise Refused("No amount and no time is below zero.")
