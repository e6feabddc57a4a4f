"""Outages: cables that are pulled, nodes that go away, and what arrives when nobody waits for it any more."""

from __future__ import annotations

from edge.errors import StoreDamaged
from edge.run.simulate.device import Device
from edge.run.simulate.flips import Place, found
from edge.run.simulate.world import World
from edge.store.trouble import Cause, Trouble

SETTLED = 0.7
"""How often the rows lie in their tables when a bit flips, and not in the log of effects alone."""
COMES = 0.5
"""How often the guests come to that device next."""


def cut(world: World) -> None:
    """A cable is pulled, or plugged in again."""
    number = world.dice.randrange(len(world.devices))
    world.weather.cut ^= {number}
    world.note(f"device {number}: {'cut off' if number in world.weather.cut else 'connected'}")


def late(world: World) -> None:
    """A request that nobody waits for any more reaches central."""
    world.weather.deliver()


def leave(world: World) -> None:
    """A device loses its way to the site's nodes, or has it again."""
    if world.lines is not None:
        number = world.dice.randrange(len(world.devices))
        world.lines.cut ^= {number}
        world.note(f"device {number}: {'without' if number in world.lines.cut else 'with'} the site")


def lack_nodes(world: World) -> None:
    """Two of three nodes go away, or are back."""
    if world.lines is not None:
        world.lines.away = not world.lines.away
        world.note(f"site: {'no majority' if world.lines.away else 'a majority'} of its nodes")


def renew_nodes(world: World) -> None:
    """Somebody sets the nodes up anew: the book is another one."""
    if world.lines is not None:
        world.lines.begin_anew()
        world.note(f"site: book {world.lines.nodes.book}")
        world.seen["site begun anew"] += 1


def tarry(world: World) -> None:
    """The nodes do what nobody waits for any more."""
    if world.lines is not None:
        world.lines.deliver()


def fill_disk(world: World) -> None:
    """A device's disk is full, or has room again; the device finds out by itself."""
    device = world.dice.choice(world.devices)
    if not device.frozen:
        device.disk.fill(full=not device.disk.disk.full)
        world.note(f"device {device.number}: {'no' if device.disk.disk.full else 'some'} room on its disk")
        world.seen["disk full"] += device.disk.disk.full


def find_out(world: World) -> None:
    """Let each device whose disk is full, or was, look at it as it does every moment."""
    for device in world.devices:
        before = device.books.trouble
        if before is not None or device.disk.disk.full:
            device.books.tick()
            after = device.books.trouble
            world.seen["disk full: nothing is written"] += before is None and after is not None
            world.seen["disk full: writes again"] += after is None and _is_full(before)
            world.remember(device)


def _is_full(trouble: Trouble | None) -> bool:
    return trouble is not None and trouble.cause is Cause.FULL


def flip(world: World) -> None:
    """A bit flips on a device's disk while its process is down: it is found, and nothing is done by it."""
    device, reboot = world.dice.choice(world.devices), world.dice.random() < 0.5
    if device.flipped is not None or device.books.trouble is not None or world.lives[device.number].doomed:
        return
    if world.dice.random() < SETTLED:
        device.books.rest()
    place = found(device.folder, world.dice)
    if place is None:
        return
    before = place.read(device)
    device.crash(reboot=reboot, spoil=place.spoil)
    device.flipped = place
    world.note(f"device {device.number}: a bit of {place} flips")
    world.seen[f"bit flipped in {place.table.name}"] += 1
    world.start(device)
    world.restarted(device, reboot=reboot)
    device.books.rest()
    _judge(world, device, place, before=before)
    for guest in world.guests if world.dice.random() < COMES else ():
        world.tap(device, device.tap(guest.uid, device.gate), guest.right)


def _judge(world: World, device: Device, place: Place, *, before: object) -> None:
    """Note a bit that was neither found nor put right."""
    if device.books.trouble is not None:
        world.seen["flipped bit: nothing is written"] += 1
        return
    after = place.read(device)
    if place.table.read is not None and (after == before or not place.stands(device.folder)):
        world.seen["flipped bit: put back"] += 1
    elif after is StoreDamaged or (after is None and place.table.file == "profiles"):
        world.seen["flipped bit: not believed"] += 1
    else:
        world.believed.append(f"device {device.number} goes on with a flipped bit in {place}")
