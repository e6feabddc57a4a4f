"""Arrears: what of money waits for a word: charges, ops not sent, leases in doubt, wrong refusals."""

from __future__ import annotations

import msgspec

from edge.core.lease import LeaseKind, PlacedState
from sync.central.accounting.ops import What, note_table
from sync.central.machines import devices
from sync.central.machines.devices import ACTIVE, Device
from sync.central.money import placed
from sync.central.money.placed import PlacedRow
from sync.central.money.rising import rising_ms
from sync.central.psp.charges import charge_table
from sync.central.psp.judgement import State
from sync.central.store import Connection, func, now_of, select
from sync.rights import DeviceKind

DAY_MS = 86_400_000


class Arrears(msgspec.Struct, frozen=True, kw_only=True):
    """What waits at one site now; ages are of the oldest, 0 where nothing waits."""

    unknown: int
    """Charges of which nobody knows whether they were made."""
    unknown_ms: int
    unsent: int
    """Events that devices were last known to hold back."""
    unsent_ms: int
    doubted: int
    """Leases of devices that are silent beyond their time."""
    doubted_minor: int
    doubted_ms: int
    false_denials: int
    """Guests refused within a day although the money was free at central."""


def arrears(tx: Connection, site: str) -> Arrears:
    """Return what of a site's money waits for a word."""
    own, now_ms = charge_table.c, now_of(tx)
    unknown = select(func.count(), func.min(own.made_ms)).where(
        own.site_id == site, own.state == State.UNKNOWN.value
    )
    count, oldest_ms = tx.execute(unknown).one()
    behind = [one for one in devices.devices(tx, site) if unsent_ms(one, now_ms)]
    doubted = in_doubt(tx, site)
    rising = rising_ms(tx, site)
    return Arrears(
        unknown=int(count),
        unknown_ms=max(0, now_ms - int(oldest_ms)) if count else 0,
        unsent=sum(one.report.outbox for one in behind if one.report is not None),
        unsent_ms=max((unsent_ms(one, now_ms) for one in behind), default=0),
        doubted=len(doubted),
        doubted_minor=sum(row.placed.counters.spendable for row in doubted),
        doubted_ms=max((rising - row.placed.doubt_ms for row in doubted), default=0),
        false_denials=false_denials(tx, site, since_ms=now_ms - DAY_MS),
    )


def unsent_ms(device: Device, now_ms: int) -> int:
    """Return how old the oldest is that a device had yet to send when it last spoke; 0: nothing was left."""
    said = device.report
    sells = device.kind in (DeviceKind.EDGE, DeviceKind.HANDHELD)
    if said is None or not said.outbox or not sells or device.state != ACTIVE:
        return 0
    return said.outbox_age_ms + max(1, now_ms - device.seen_ms)


def in_doubt(tx: Connection, site: str) -> list[PlacedRow]:
    """Return the leases of guests' money whose device is silent and whose time is over."""
    rows = placed.in_states(tx, site, [PlacedState.IN_DOUBT])
    return [row for row in rows if row.placed.kind == LeaseKind.MONEY]


def false_denials(tx: Connection, site: str, *, since_ms: int) -> int:
    """Return how many guests were refused since then although what was due was free at central."""
    own = note_table.c
    noted = (own.site_id == site, own.at_ms >= since_ms, own.what == What.FALSE_DENIAL.value)
    return int(tx.execute(select(func.count()).select_from(note_table).where(*noted)).scalar_one())
