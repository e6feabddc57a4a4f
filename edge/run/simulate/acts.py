"""Acts: what a seed may let happen, each a few lines over the product's own use cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from edge.run.simulate.backups import put_central_back, save_central
from edge.run.simulate.device import Device
from edge.run.simulate.meeting import connect, press
from edge.run.simulate.outages import cut, fill_disk, flip, lack_nodes, late, leave, renew_nodes, tarry
from edge.run.simulate.people import lift, pass_by, rebind, report_band, revoke, top_up
from edge.run.simulate.tills import give_back, hold, pay_in, sell, stroll, void
from edge.run.simulate.world import Guest, Heard, World

MINUTE_MS, HOUR_MS = 60_000, 3_600_000


class Act(NamedTuple):
    """One kind of act, and how often it comes up beside the others."""

    do: Callable[[World], None]
    weight: int
    fault: bool = False
    """Whether a seed may leave it out."""


def tap(world: World) -> None:
    """A guest holds their band to a gate."""
    _tap(world, world.dice.choice(world.devices), world.dice.choice(world.guests))


def race(world: World) -> None:
    """Two guests hold copies of one band to two gates, in the same moment."""
    guest = world.dice.choice(world.guests)
    one, other = world.dice.sample(world.devices, 2)
    if world.lines is not None:
        world.lines.rival = lambda: _tap(world, other, guest)
    _tap(world, one, guest)
    if world.lines is not None:
        world.lines.rival = None


def _tap(world: World, device: Device, guest: Guest) -> None:
    world.tap(device, device.tap(guest.uid, device.gate), guest.right)


def tap_again(world: World) -> None:
    """A reader says the same tap once more, however late."""
    if not world.taps:
        return
    tapped, number, before = world.taps[world.dice.choice(sorted(world.taps))]
    device = world.devices[number]
    if device.frozen:
        return

    def again() -> str:
        view = device.service.present(tapped)
        if view.seq and Heard(view.reason, view.seq) != before:
            world.contradictions.append(f"{tapped.tap_id}: {before}, then {view.reason} #{view.seq}")
        return f"again {view.reason} #{view.seq}"

    world.attempt(device, "same tap", again)


def wait(world: World) -> None:
    """Time passes, and everybody looks at what has run out."""
    for _ in range(world.dice.choice((1, 6))):
        world.passes(MINUTE_MS)
        world.central.sweep()
    for device in world.devices:
        world.attempt(device, "time passes", device.look)


def jump(world: World) -> None:
    """Somebody sets a machine's clock."""
    device = world.dice.choice(world.devices)
    device.hands.wall_off_ms = world.dice.choice((0, -HOUR_MS, 72 * HOUR_MS, -START_OFF_MS))
    world.note(f"device {device.number}: clock set by {device.hands.wall_off_ms} ms")
    world.seen["clock set"] += 1


def crash(world: World) -> None:
    """A device loses its process, or its power."""
    device, reboot = world.dice.choice(world.devices), world.dice.random() < 0.5
    device.crash(reboot=reboot)
    world.start(device)
    world.restarted(device, reboot=reboot)
    world.note(f"device {device.number}: {'rebooted' if reboot else 'killed'}")
    world.seen["rebooted" if reboot else "killed"] += 1


def doom(world: World) -> None:
    """The next act at a device is its process's last, before its commit or after it."""
    device = world.dice.choice(world.devices)
    if not device.frozen:
        device.books.dies = world.dice.choice(("before", "after"))


def copy(world: World) -> None:
    """Somebody copies a device's disk, and leaves the copy lying about."""
    device = world.dice.choice(world.devices)
    if device.number not in world.copies and not world.lives[device.number].doomed:
        world.copies[device.number] = device.copied(world.folder / f"copy-{device.number}")


def restore(world: World) -> None:
    """Somebody puts such a copy back."""
    if world.copies:
        number = world.dice.choice(sorted(world.copies))
        world.put_back(world.devices[number], world.copies.pop(number))
        world.note(f"device {number}: an old copy of its disk is put back")


START_OFF_MS = 50 * 365 * 24 * HOUR_MS
"""A machine without a clock of its own begins decades ago."""
ACTS = (
    Act(tap, 9),
    Act(race, 5),
    Act(tap_again, 3),
    Act(sell, 12),
    Act(stroll, 8),
    Act(void, 4),
    Act(hold, 4),
    Act(lift, 2),
    Act(connect, 16),
    Act(press, 4),
    Act(wait, 8),
    Act(pass_by, 16),
    Act(give_back, 4),
    Act(pay_in, 3),
    Act(top_up, 2),
    Act(revoke, 2),
    Act(report_band, 4),
    Act(rebind, 2),
    Act(jump, 2, fault=True),
    Act(cut, 4, fault=True),
    Act(late, 3, fault=True),
    Act(leave, 3, fault=True),
    Act(lack_nodes, 2, fault=True),
    Act(renew_nodes, 1, fault=True),
    Act(tarry, 2, fault=True),
    Act(crash, 3, fault=True),
    Act(fill_disk, 4, fault=True),
    Act(flip, 6, fault=True),
    Act(doom, 3, fault=True),
    Act(copy, 4),
    Act(restore, 4, fault=True),
    Act(save_central, 3),
    Act(put_central_back, 6, fault=True),
)
__all__ = ["ACTS", "Act"]
