"""Meeting central: every turn that a device takes with it, once, as its threads do all the time."""

from __future__ import annotations

from edge.core.events import Lane
from edge.errors import PolsoError
from edge.run.simulate.device import Device
from edge.run.simulate.world import World
from sync.client.line import Unreachable

PAGES_MAX = 8
"""So many pages are pulled in one turn."""


def connect(world: World) -> None:
    """A device meets central: attest, urgent things, both lanes, the feed, leases."""
    device = world.dice.choice(world.devices)
    world.attempt(device, "meets central", lambda: meet(world, device))


def meet(world: World, device: Device) -> str:
    """Take every turn with central once; return how far that came."""
    device.look()
    try:
        device.report()
        while device.push(Lane.PRIORITY):
            pass
        _follow(world, device)
        while device.push(Lane.ORDINARY):
            pass
        device.ask()
        device.listen()
    except Unreachable:
        return "broke off"
    except PolsoError as error:
        world.seen[f"refused {type(error).__name__}"] += 1
        return f"refused: {error}"
    return device.frozen or "whole"


def _follow(world: World, device: Device) -> None:
    """Pull until nothing newer is there."""
    head = world.central.head()
    for _ in range(PAGES_MAX):
        if device.frozen:
            return
        if device.profiles.cursor().seq == head:
            world.informed(device)
            return
        device.pull()


def press(world: World) -> None:
    """Only one lane goes out; who was started anew is compared with central before."""
    device = world.dice.choice(world.devices)
    lane = world.dice.choice(list(Lane))

    def act() -> str:
        try:
            if not device.current.proven:
                device.report()
            return f"pushed {device.push(lane)}"
        except PolsoError as error:
            return f"not pushed: {type(error).__name__}"

    world.attempt(device, f"lane {lane}", act)
