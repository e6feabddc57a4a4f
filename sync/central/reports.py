"""Reports: what a device says of itself at first contact, and what that tells central of itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edge.core.checkpoint import encoded
from sync.central import alarms, setback
from sync.central.feed import head
from sync.central.machines import checkpoints, devices, lanes
from sync.central.machines.devices import Device
from sync.central.machines.lanes import Stream
from sync.central.money import restored
from sync.central.store import Connection, Store
from sync.central.telling.pages import urgent_after
from sync.packing import Malformed, TooLarge
from sync.wire import READERS_MAX, Attested, DeviceReport, Tip


def take(
    store: Store,
    device: Device,
    report: DeviceReport,
    *,
    enter: Callable[[Connection], None] = lambda tx: None,
) -> Attested:
    """Keep a report; answer what is held of the device's lanes and what is urgent."""
    if report.device != device.id:
        raise Malformed("The report is of another device.")
    if len(report.readers) > READERS_MAX:
        raise TooLarge(f"At most {READERS_MAX} readers in a report.")
    with store.transaction() as tx:
        enter(tx)
        tips = lanes.tips(tx, device.site, device.id, incarnation=device.incarnation)
        seen = checkpoints.newest(tx, device)
        _look_back(tx, device, report, tips=tips)
        for tip in tips:
            _compare(tx, device, report, held=tip)
        if restored.reported(tx, device, report, tips=tips):
            alarms.calm_all(tx, device.site, device.id, reason=restored.WITHHELD)
        devices.heard(tx, device.site, device.id, report=report)
    items, to = urgent_after(store, device.site, report.urgent)
    return Attested(
        device=device.id,
        time_ms=store.now_ms(),
        tips=tips,
        urgent=items,
        urgent_to=to,
        checkpoint=None if seen is None else encoded(seen),
    )


def _look_back(tx: Connection, device: Device, report: DeviceReport, *, tips: Sequence[Tip]) -> None:
    """Begin a new life if a device remembers more than we do of this one: then we were put back in it.

    Any cursor may by now point into another history, also one that fits again because as much was published
    since. What a device has remembered before is no news: its lost events may never come back. Nor is it what
    an awaited device lacks here that has not heard of this life: this life was begun for that.
    """
    known = device.report
    lost = _beyond(report, tips) and not (known is not None and _beyond(known, tips))
    at = head(tx, device.site)
    ahead = report.cursor.epoch == at.epoch and report.cursor.seq > at.seq
    heard = at.epoch in (report.cursor.epoch, report.urgent.epoch)
    if ahead or (lost and (heard or device.id not in restored.awaited(tx, device.site))):
        setback.begin(tx, device.site, device=device.id)


def _compare(tx: Connection, device: Device, report: DeviceReport, *, held: Tip) -> None:
    """Freeze a lane for every holder of its key if the device is, or ends at, another history than ours."""
    stream = Stream(device.site, device.id, device.incarnation, held.lane)
    told = next((tip for tip in report.tips if tip.lane == held.lane and tip.seq <= held.seq), None)
    if told is not None:
        ours = lanes.hashes(tx, stream, first=told.seq, last=told.seq).get(told.seq, told.h)
        if ours != told.h:
            lanes.freeze(tx, stream, f"the device reports another event {told.seq}")
    if report.frozen:
        lanes.freeze(tx, stream, "".join(filter(str.isprintable, f"the device says: {report.frozen}")))


def _beyond(report: DeviceReport, tips: Sequence[Tip]) -> bool:
    """Whether central once acknowledged more of a lane than it holds."""
    held = {tip.lane: tip.seq for tip in tips}
    return any(ack > held.get(lane, 0) for lane, ack in enumerate(report.acked))
