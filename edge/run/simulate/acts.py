"""Acts: what a seed may let happen, each a few lines over the product's own use cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from edge.core.basket import Line
from edge.core.events import Lane
from edge.errors import PolsoError
from edge.payviews import BasketState
from edge.run.simulate.backups import put_central_back, save_central
from edge.run.simulate.device import Device
from edge.run.simulate.outages import cut, lack_nodes, late, leave, renew_nodes, tarry
from edge.run.simulate.world import Guest, Told, World
from sync.client.line import Unreachable

PAGES_MAX = 8
"""So many pages are pulled in one turn."""
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
DONE = frozenset({BasketState.IDLE, BasketState.APPROVED, BasketState.VOIDED, BasketState.GIVEN_UP})
"""States in which a till is free for the next guest."""


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
    tapped = device.tap(guest.uid, device.gate)
    world.attempt(
        device, f"gate, {guest.right}", lambda: world.told(device, tapped, device.service.present(tapped))
    )


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
        if view.seq and Told(view.reason, view.seq) != before:
            world.contradictions.append(f"{tapped.tap_id}: {before}, then {view.reason} #{view.seq}")
        return f"again {view.reason} #{view.seq}"

    world.attempt(device, "same tap", again)


def sell(world: World) -> None:
    """Somebody rings up soup and lets a guest pay."""
    _sell(world, world.dice.choice(world.devices), world.dice.choice(world.guests))


def stroll(world: World) -> None:
    """A guest is seen at one device, which has their money set aside, and buys at another one."""
    guest = world.dice.choice(world.guests)
    here, there = world.dice.sample(world.devices, 2)
    if not here.frozen:
        world.attempt(here, "sees a guest", lambda: _seen(world, here, guest))
        _sell(world, there, guest)


def _seen(world: World, device: Device, guest: Guest) -> str:
    device.service.present(device.tap(guest.uid, device.till))
    return meet(world, device)


def _sell(world: World, device: Device, guest: Guest) -> None:
    op, minor = f"op-{world.step:08}", world.dice.choice((150, 300, 900))
    line = Line(item="soup", name="Soup", quantity=1, price_minor=minor)

    def act() -> str:
        service, who = device.service, device.cashier()
        _free(device)
        service.ring(who, device.till, op, lines=[line])
        service.await_band(who, device.till, op)
        service.present(device.tap(guest.uid, device.till))
        if service.basket(device.till).state is BasketState.SHORT and world.dice.random() < 0.5:
            meet(world, device)  # somebody waits until more of their money is here
            service.present(device.tap(guest.uid, device.till))
        shown = service.basket(device.till)
        world.seen[f"till {shown.state}"] += 1
        if shown.state is BasketState.APPROVED:
            world.sold.append((device.number, op))
            world.green(device, op)
        return f"{op} {guest.wallet} {minor}: {shown.state} {shown.reason or ''}"

    world.attempt(device, "till", lambda: _unless_refused(world, act))


def void(world: World) -> None:
    """Staff take the last payment of a device back, or do it once more under the same id."""
    at = world.dice.randrange(len(world.devices))
    done = [op for number, op in world.sold if number == at]
    if not done:
        return
    device, op = world.devices[at], done[-1]
    world.attempt(
        device,
        f"void {op}",
        lambda: _unless_refused(
            world,
            lambda: device.service.void(device.cashier(), op, f"void-{op}", reason="cold").state.value,
        ),
    )


def hold(world: World) -> None:
    """A guest leaves a deposit, which is taken in the end, or given back."""
    device, guest = world.dice.choice(world.devices), world.dice.choice(world.guests)
    op, taken = f"op-{world.step:08}", world.dice.random() < 0.5
    line = Line(item="bike", name="Bike", quantity=1, price_minor=300)

    def act() -> str:
        service, who = device.service, device.cashier()
        _free(device)
        service.ring(who, device.till, op, lines=[line])
        service.hold(who, device.till, op, minutes=1)
        service.present(device.tap(guest.uid, device.till))
        shown = service.basket(device.till)
        world.seen[f"hold {shown.state}"] += 1
        if shown.state is BasketState.HELD:
            shown = service.capture(who, op) if taken else service.give_up(who, device.till, op)
            world.seen[f"hold {shown.state}"] += 1
        if shown.state is BasketState.APPROVED:
            world.green(device, op)
        return f"{op} {guest.wallet}: {shown.state}"

    world.attempt(device, "hold", lambda: _unless_refused(world, act))


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

        world.attempt(device, "override", lambda: _unless_refused(world, act))


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


def wait(world: World) -> None:
    """Time passes, and everybody looks at what has run out."""
    for _ in range(world.dice.choice((1, 6))):
        world.passes(MINUTE_MS)
        world.central.sweep()
    for device in world.devices:
        world.attempt(device, "time passes", device.look)


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


def _free(device: Device) -> None:
    """Have somebody at a till, and nothing that stands there still."""
    service, who = device.service, device.cashier()
    if not service.shifts.view(device.till).open:
        service.shifts.open(who, device.till, counted_minor=0)
    standing = service.basket(device.till)
    if standing.state not in DONE:
        service.give_up(who, device.till, standing.op_id)


def _unless_refused(world: World, act: Callable[[], str]) -> str:
    try:
        return act()
    except PolsoError as error:
        world.seen[f"refused {type(error).__name__}"] += 1
        return f"refused: {error}"


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
    Act(top_up, 2),
    Act(revoke, 2),
    Act(jump, 2, fault=True),
    Act(cut, 4, fault=True),
    Act(late, 3, fault=True),
    Act(leave, 3, fault=True),
    Act(lack_nodes, 2, fault=True),
    Act(renew_nodes, 1, fault=True),
    Act(tarry, 2, fault=True),
    Act(crash, 3, fault=True),
    Act(doom, 3, fault=True),
    Act(copy, 4),
    Act(restore, 4, fault=True),
    Act(save_central, 3),
    Act(put_central_back, 6, fault=True),
)
__all__ = ["ACTS", "Act", "meet"]
