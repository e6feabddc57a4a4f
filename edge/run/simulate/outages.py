"""Outages: cables that are pulled, nodes that go away, and what arrives when nobody waits for it any more."""

from __future__ import annotations

from edge.run.simulate.world import World


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
            world.seen["disk full: writes again"] += before is not None and after is None
            world.remember(device)
