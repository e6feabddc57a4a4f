"""Backups: central is copied while it runs, and such a copy is put in its place later."""

from __future__ import annotations

from edge.core.events import Kind, Lane
from edge.run.simulate.records import Saved, part_taken
from edge.run.simulate.world import World


def save_central(world: World) -> None:
    """Central's operator backs it up."""
    world.shared.save()
    world.saved = Saved(granted=_granted(world), done=len(world.central.done), anew=True)
    world.note("central: backed up")


def put_central_back(world: World) -> None:
    """Central goes on from its last backup; its operator does once more what that lacks.

    What was set aside since only the devices know: until they have spoken nothing is set aside anew. None is
    put back while a device goes on from an old copy that nobody has noticed yet: whether anybody ever will
    then depends on which of the two is older.
    """
    if any(life.doomed and not world.devices[at].frozen for at, life in enumerate(world.lives)):
        return
    lacks = any(world.saved.granted.get(key) != total for key, total in _granted(world).items())
    world.seen["backup that lacks a grant"] += lacks
    before = world.far.held
    world.shared.put_back(saved=world.saved.anew)
    for redo in world.central.done[world.saved.done :]:
        redo()
    world.central.moved = True
    for number, life in enumerate(world.lives):
        life.owed = (max(life.owed[0], life.acked[0]), max(life.owed[1], life.acked[1]))
        life.alone = len(life.events[Lane.PRIORITY])
        if any(len(before[number][lane]) > len(world.far.held[number][lane]) for lane in Lane):
            world.seen["central put back to less"] += 1
    world.note("central: put back from its last backup")
    world.seen["central put back"] += 1


def _granted(world: World) -> dict[str, int]:
    """Return what central has granted of each lease, but for parts and cash, of which the devices tell."""
    parts = {
        part_taken(one).lease
        for life in world.lives
        for one in life.events[Lane.PRIORITY]
        if one.kind == Kind.LEASE_TAKEN
    }
    granted = {key: one.counters.granted for key, one in world.far.placed.items()}
    return {key: total for key, total in granted.items() if total and key not in parts}
