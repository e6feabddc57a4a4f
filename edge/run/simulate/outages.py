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
