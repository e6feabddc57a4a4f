"""Sums of a day: what each till sold, what may still be lost, and how guests were served."""

from __future__ import annotations

import msgspec

from edge.core.lease import LeaseKind, PlacedState
from sync.central.accounting import ops
from sync.central.accounting.ops import What, op_table
from sync.central.machines import devices
from sync.central.machines.lanes import event_table
from sync.central.money import ledger
from sync.central.money import policy as policies
from sync.central.money.placed import LIVING, placed_table
from sync.central.store import Connection, case, func, select
from sync.rights import DeviceKind

UNCERTAIN_MS = 300_000
"""A clock that may be wrong by more tells no time that a slot or a day could stand on."""


class TillSum(msgspec.Struct, frozen=True, kw_only=True):
    """One till's day in one currency."""

    device: str
    point: str
    currency: str
    ops: int
    sold_minor: int
    back_minor: int
    held_minor: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator should know of a day beside its proof."""

    duplicates: int
    late: int
    late_minor: int
    false_denials: int
    time_uncertain: int
    in_doubt_minor: int
    """What silent devices hold: the most that a write-off would cost now."""
    set_aside_minor: int
    """What devices hold of guests' money: spendable whatever the internet does."""
    lost_minor: int
    risk_budget_minor: int
    risk_used_minor: int
    risk_worst_minor: int
    """The most that payments at risk can cost if the internet went now: used, and out at devices."""
    outbox: int
    outbox_age_ms: int


def till_sums(tx: Connection, site: str, from_ms: int, *, until_ms: int) -> tuple[TillSum, ...]:
    """Return what each till sold between two moments."""
    own = op_table.c
    back = own.voided_minor + own.refunded_minor
    query = (
        select(
            own.device_id,
            own.point,
            own.currency,
            func.count(),
            func.sum(own.captured_minor),
            func.sum(back),
            func.sum(own.held_minor),
        )
        .where(own.site_id == site, own.at_ms >= from_ms, own.at_ms < until_ms)
        .group_by(own.device_id, own.point, own.currency)
        .order_by(own.device_id, own.point, own.currency)
    )
    return tuple(
        TillSum(
            device=row[0],
            point=row[1],
            currency=row[2],
            ops=int(row[3]),
            sold_minor=int(row[4]),
            back_minor=int(row[5]),
            held_minor=int(row[6]),
        )
        for row in tx.execute(query)
    )


class Exposure(msgspec.Struct, frozen=True, kw_only=True):
    """What may be lost: known before an outage, not after it."""

    set_aside_minor: int
    in_doubt_minor: int
    lost_minor: int
    risk_budget_minor: int
    risk_used_minor: int
    risk_worst_minor: int


def exposure(tx: Connection, site: str) -> Exposure:
    """Return what devices hold, what is in doubt, and the worst that payments at risk can come to."""
    own = placed_table.c
    left = own.granted + own.minted + own.voided - own.spent - own.returned
    budget = func.sum(case((own.wallet_id == "", left), else_=0))
    query = select(own.kind, own.state, func.sum(left), budget).where(
        own.site_id == site, own.state.in_([state.value for state in LIVING])
    )
    rows = tx.execute(query.group_by(own.kind, own.state))
    held = {(kind, state): (int(minor), int(slices)) for kind, state, minor, slices in rows}
    money = {state: held.get((LeaseKind.MONEY.value, state.value), (0, 0))[0] for state in LIVING}
    out = sum(held.get((LeaseKind.RISK.value, state.value), (0, 0))[1] for state in LIVING)
    used = sum(-one.minor for one in ledger.standings(tx, site, prefix="debt:") if "/" not in one.currency)
    lost = sum(-one.minor for one in ledger.standings(tx, site, prefix="loss:") if "/" not in one.currency)
    return Exposure(
        set_aside_minor=sum(money.values()),
        in_doubt_minor=money[PlacedState.IN_DOUBT],
        lost_minor=lost,
        risk_budget_minor=policies.policy(tx, site).risk_minor,
        risk_used_minor=used,
        risk_worst_minor=used + out,
    )


def figures(tx: Connection, site: str, from_ms: int, *, until_ms: int) -> Figures:
    """Return the figures of a day; what is exposed is as of now."""
    noted = {
        what: ops.notes(tx, site, what=what, from_ms=from_ms, until_ms=until_ms)
        for what in (What.DUPLICATE, What.LATE, What.FALSE_DENIAL)
    }
    own = event_table.c
    uncertain = (
        select(func.count())
        .select_from(event_table)
        .where(
            own.site_id == site,
            own.hlc >= from_ms << 16,
            own.hlc < until_ms << 16,
            own.lane == 1,
            own.uncertainty_ms > UNCERTAIN_MS,
        )
    )
    reports = [
        one.report
        for one in devices.devices(tx, site)
        if one.report is not None and one.kind in (DeviceKind.EDGE, DeviceKind.HANDHELD)
    ]
    known = exposure(tx, site)
    return Figures(
        duplicates=len(noted[What.DUPLICATE]),
        late=len(noted[What.LATE]),
        late_minor=sum(one.minor for one in noted[What.LATE]),
        false_denials=len(noted[What.FALSE_DENIAL]),
        time_uncertain=int(tx.execute(uncertain).scalar_one()),
        outbox=sum(one.outbox for one in reports),
        outbox_age_ms=max((one.outbox_age_ms for one in reports), default=0),
        **{name: getattr(known, name) for name in known.__struct_fields__},
    )
