"""Restored: after central was put back nothing is lent until every device has said what it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from edge.core.events import Lane
from edge.errors import Unknown
from sync.central.feed import head
from sync.central.machines.devices import ACTIVE, Device, devices
from sync.central.machines.lanes import Stream
from sync.central.store import (
    AHEAD,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    String,
    Table,
    bindparam,
    delete,
    insert,
    metadata,
    now_of,
    select,
    text,
    update,
    wake_after,
)
from sync.rights import DeviceKind
from sync.wire import DeviceReport, Tip

# A backup lacks what was granted since. Only the devices know of that: in their journals, which they send
# again. So each device that may hold a lease is awaited, and until the last has been heard no grant is made.
WITHHELD = "money_withheld"
"""Why an operator is called about a device that is awaited."""
CALLED_MS = 60_000
"""A device that is online speaks sooner by itself."""
RESTORED = "restored"
"""Why a want is not met meanwhile."""
HOLDS = frozenset({DeviceKind.EDGE, DeviceKind.HANDHELD})
"""Kinds of devices that may be lent anything."""

awaited_table = Table(
    "restored_device",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("device_id", String(64), primary_key=True),
    Column("head", BigInteger),
    Column("given_up", Boolean, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)
claim_table = Table(
    "restored_claim",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("lease_id", String(64), primary_key=True),
    Column("wallet_id", String(64), nullable=False),
    Column("device_id", String(64), nullable=False),
    Column("minor", BigInteger, nullable=False),
    Index("restored_claim_wallet", "site_id", "wallet_id"),
)
"""Leases that devices told of and that nothing here covers: of their wallets nothing is lent."""
_own, _claims = awaited_table.c, claim_table.c
_HELD = text(
    "SELECT 1 FROM restored_device WHERE site_id = :site AND NOT given_up"
    " UNION ALL SELECT 1 FROM restored_claim WHERE site_id = :site AND wallet_id = :wallet LIMIT 1"
)
_EVERY = select(awaited_table).where(_own.site_id == bindparam("site")).order_by(_own.device_id)
_ONE = select(awaited_table).where(_own.site_id == bindparam("site"), _own.device_id == bindparam("device"))
_RAISE = text(
    "INSERT INTO lease_serial (site_id, device_id, serial) VALUES (:site, :device, :now)"
    " ON CONFLICT (site_id, device_id) DO UPDATE SET serial ="
    " CASE WHEN lease_serial.serial < :now THEN :now ELSE lease_serial.serial END"
)


class Awaited(NamedTuple):
    """A device that was not heard to its end since central was put back."""

    device: str
    head: int | None
    """Where its lane of money ended when it had heard of this life of central; None: it has not yet."""
    given_up: bool
    """An operator waits for it no longer: what it still tells of is the operator's loss."""
    since_ms: int


class Claim(NamedTuple):
    """A lease that a device told of and that nothing covers: ``minor`` is how much of it."""

    lease: str
    wallet: str
    device: str
    minor: int
    granted: int = 0
    """All that it holds then, where somebody is about to book it."""


def begin(tx: Connection, site: str) -> None:
    """Await every device of a site that may hold a lease; what each is told is numbered beyond all it heard.

    Claims stay: what stood behind them is not sent again by a device whose notes are in that backup, too.
    Numbers count one for each grant and close: never as many as there were milliseconds.
    """
    tx.execute(delete(awaited_table).where(_own.site_id == site))
    now = now_of(tx)
    for one in devices(tx, site):
        tx.execute(_RAISE, {"site": site, "device": one.id, "now": now})
        if one.state == ACTIVE and one.kind in HOLDS:
            row = {"site_id": site, "device_id": one.id, "head": None, "given_up": False, "since_ms": now}
            tx.execute(insert(awaited_table).values(row))


def is_withheld(tx: Connection, site: str, wallet: str) -> bool:
    """Say whether nothing may be lent of a wallet now; ask before anything of it is counted.

    Whoever was awaited and is no more has then brought what they hold. A wallet is lent at its own site
    alone: the devices of that site are all who can hold a part of it.
    """
    return tx.execute(_HELD, {"site": site, "wallet": wallet}).first() is not None


def awaited(tx: Connection, site: str) -> dict[str, Awaited]:
    """Return the devices that were not heard to their end, by id, those given up too."""
    return {row.device_id: Awaited(*row[1:]) for row in tx.execute(_EVERY, {"site": site})}


def claims(tx: Connection, site: str) -> tuple[Claim, ...]:
    """Return the leases that were told of and that nothing covers."""
    query = select(_claims.lease_id, _claims.wallet_id, _claims.device_id, _claims.minor)
    return tuple(
        Claim(*row) for row in tx.execute(query.where(_claims.site_id == site).order_by(_claims.lease_id))
    )


def note_claims(tx: Connection, site: str, told: Iterable[Claim], *, booked: Iterable[str]) -> None:
    """Keep what nothing covers as it was told last, and no more of what is booked by now."""
    open_ = {one.lease: one for one in told}
    gone = sorted({*open_, *booked})
    tx.execute(delete(claim_table).where(_claims.site_id == site, _claims.lease_id.in_(gone)))
    if open_:
        tx.execute(insert(claim_table), [{"site_id": site, **_row(one)} for one in open_.values()])
    wake_after(tx, site)


def reported(tx: Connection, device: Device, report: DeviceReport, *, tips: Sequence[Tip]) -> bool:
    """Take where a device's lane of money ends, once it has heard of this life of central.

    It takes no grant of a former life any more then, so all that it holds stands before that end. What ends
    before central's own knowledge is an older copy of its disk: that is never all. Returns whether nobody
    waits for it any more.
    """
    waits = _one(tx, device.site, device.id)
    if waits is None or report.frozen or report.urgent.epoch != head(tx, device.site).epoch:
        return False
    ends = {tip.lane: tip.seq for tip in report.tips}
    here = {tip.lane: tip.seq for tip in tips}
    end, held = ends.get(Lane.PRIORITY, 0), here.get(Lane.PRIORITY, 0)
    if end < held:
        return False
    if waits.head is None:
        this = (_own.site_id == device.site) & (_own.device_id == device.id)
        tx.execute(update(awaited_table).where(this).values(head=end))
    return came(tx, Stream(device.site, device.id, device.incarnation, Lane.PRIORITY), held)


def came(tx: Connection, stream: Stream, ack: int) -> bool:
    """Wait no more for a device of whose lane of money all is here, and say whether that is so now."""
    if stream.lane != Lane.PRIORITY:
        return False
    waits = _one(tx, stream.site, stream.device)
    if waits is None or waits.head is None or ack < waits.head:
        return False
    tx.execute(delete(awaited_table).where(_own.site_id == stream.site, _own.device_id == stream.device))
    _wake(tx, stream.site)
    return True


def give_up(tx: Connection, site: str, device: str) -> None:
    """Wait no more for a device; what it tells of after all is booked as the operator's loss.

    Leases that it told of and that nothing covered are booked so, too, when their events are tried again.
    """
    known = _one(tx, site, device)
    if known is None and all(one.device != device for one in claims(tx, site)):
        raise Unknown(f"Nobody waits for device {device}.", hint="`polso central restored` names whom.")
    if known is None:
        row = {"site_id": site, "device_id": device, "head": 0, "given_up": True, "since_ms": now_of(tx)}
        tx.execute(insert(awaited_table).values(row))
    else:
        this = (_own.site_id == site) & (_own.device_id == device)
        tx.execute(update(awaited_table).where(this).values(given_up=True))
    _wake(tx, site)


def _one(tx: Connection, site: str, device: str) -> Awaited | None:
    row = tx.execute(_ONE, {"site": site, "device": device}).first()
    return None if row is None else Awaited(*row[1:])


def _wake(tx: Connection, site: str) -> None:
    wake_after(tx, AHEAD)
    wake_after(tx, site)


def silent(tx: Connection, site: str) -> list[Awaited]:
    """Return the devices for which an operator should see, because they have not spoken by themselves."""
    late_ms = now_of(tx) - CALLED_MS
    return [one for one in awaited(tx, site).values() if not one.given_up and one.since_ms <= late_ms]


def _row(one: Claim) -> dict[str, str | int]:
    return {"lease_id": one.lease, "wallet_id": one.wallet, "device_id": one.device, "minor": one.minor}
