"""People: what guests bring along, and what staff and the operator do about their bands and their money."""

from __future__ import annotations

import dataclasses

import msgspec

from edge.core.basket import Line
from edge.payviews import BasketState
from edge.run.simulate.crowd import uid_of
from edge.run.simulate.device import Device
from edge.run.simulate.platform import CROWD, points_of
from edge.run.simulate.tills import free, ring_up, unless_refused
from edge.run.simulate.world import World
from hardware.port import Tap

TRIES = 3
"""So many wrong PINs lock one."""
SALES = {
    "sale": Line(item="soup", name="Soup", quantity=1, price_minor=300),
    "pin": Line(item="soup", name="Soup", quantity=1, price_minor=300),
    "risk": Line(item="soup", name="Soup", quantity=1, price_minor=300),
    "wine": Line(item="wine", name="Wine", quantity=1, price_minor=300, age_min=18),
}
"""What is rung up for those of the crowd who buy."""


def pass_by(world: World) -> None:
    """Somebody of the crowd comes to a device, often twice; or somebody with a band that was left behind."""
    device = world.dice.choice(world.devices)
    number = world.dice.randrange(len(CROWD))
    if world.left_behind and world.dice.random() < 0.3:
        found = world.dice.choice(world.left_behind)
        world.tap(device, device.tap(found.uid, device.gate), "a band that was replaced")
        return
    one = CROWD[number]
    if one.at in SALES:
        world.attempt(device, one.name, lambda: unless_refused(world, lambda: _buys(world, device, number)))
        return
    for _ in range(world.dice.choice((1, 2))):
        world.tap(device, _read(device, number), one.name)


def _read(device: Device, number: int) -> Tap:
    """Return how somebody's band is read where they come."""
    one = CROWD[number]
    places = dict(zip(("gate", "ride", "tower", "out", "till"), points_of(device.number), strict=True))
    plain = device.tap(uid_of(number), places.get(one.at, device.till))
    return dataclasses.replace(plain, **one.tap)


def _buys(world: World, device: Device, number: int) -> str:
    one, op = CROWD[number], f"op-{world.step:08}"
    if one.at == "pin":
        free(device)
        device.service.top_up(device.cashier(), device.till, f"{op}-cash", minor=400)
        device.service.present(_read(device, number))
    ring_up(device, op, SALES[one.at], risk=one.at == "risk")
    device.service.present(_read(device, number))
    shown = device.service.basket(device.till)
    for _ in range(TRIES if shown.state is BasketState.PIN else 0):
        shown = device.service.type_pin(device.till, op, "2580")
        world.seen[f"reason {shown.reason}"] += 1
    world.seen[f"reason {shown.reason}"] += 1
    return f"{op}: {shown.state} {shown.reason or ''}"


def lift(world: World) -> None:
    """A supervisor lets a tap pass that was refused."""
    if world.taps:
        tapped, number, before = world.taps[world.dice.choice(sorted(world.taps))]
        device = world.devices[number]
        boss = msgspec.structs.replace(device.cashier(device.gate), staff="susi", roles=("supervisor",))

        def act() -> str:
            view = device.service.override(boss, tapped.tap_id, reason="goodwill")
            world.seen["let pass"] += view.seq > before.seq
            world.taps.pop(tapped.tap_id, None)  # from here on its answer is another one
            return f"let pass {view.reason} #{view.seq}"

        world.attempt(device, "override", lambda: unless_refused(world, act))


def report_band(world: World) -> None:
    """Staff report a guest's band lost or found, replace it or revoke it, online or not."""
    device, guest = world.dice.choice(world.devices), world.dice.choice(world.guests)
    word = world.dice.choice(("lost", "lost", "found", "replace", "revoke"))
    boss = msgspec.structs.replace(device.cashier(device.gate), staff="susi", roles=("supervisor",))

    def act() -> str:
        device.service.set_band_state(boss, guest.band.hex(), word, reason="seen")
        return f"{guest.right} {word}"

    world.attempt(device, "a band's state", lambda: unless_refused(world, act))


def top_up(world: World) -> None:
    """Somebody pays money in at central."""
    world.fund(world.dice.choice(world.guests), f"act-{world.step}", 500)
    world.note("central: 500 paid in")


def revoke(world: World) -> None:
    """A band is revoked at central."""
    guest = world.dice.choice(world.guests)
    if guest.band not in world.revoked:
        world.revoked.add(guest.band)
        world.central.revoke(guest.band)
        world.note(f"central: {guest.right} revoked")


def rebind(world: World) -> None:
    """At central a guest gets another band in place of theirs, which lies about from then on."""
    guest = world.dice.choice(world.guests)
    after = world.central.replace(guest.number, guest.band, of=len(world.left_behind))
    world.left_behind.append(guest)
    world.guests[guest.number] = guest._replace(uid=after[0], band=after[1])
    world.note(f"central: {guest.right} has another band")
