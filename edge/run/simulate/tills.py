"""Tills: what is sold, paid in, held, taken back and given back at them, over the product's own use cases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from edge.core.basket import Line
from edge.errors import PolsoError
from edge.payviews import BasketState, BasketView, CashView
from edge.run.simulate.device import Device
from edge.run.simulate.meeting import meet
from edge.run.simulate.world import Guest, World

DONE = frozenset({BasketState.IDLE, BasketState.APPROVED, BasketState.VOIDED, BasketState.GIVEN_UP})
"""States in which a till is free for the next guest."""


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
        ring_up(device, op, line)
        device.service.present(device.tap(guest.uid, device.till))
        if device.service.basket(device.till).state is BasketState.SHORT and world.dice.random() < 0.5:
            meet(world, device)  # somebody waits until more of their money is here
            device.service.present(device.tap(guest.uid, device.till))
        shown = device.service.basket(device.till)
        world.seen[f"till {shown.state}"] += 1
        if shown.state is BasketState.APPROVED:
            world.sold.append((device.number, op))
            world.green(device, op)
        return f"{op} {guest.wallet} {minor}: {shown.state} {shown.reason or ''}"

    world.attempt(device, "till", lambda: unless_refused(world, act))


def ring_up(device: Device, op: str, line: Line, *, risk: bool = False) -> None:
    """Ring one line up at a device's till, and let the next band pay it."""
    service, who = device.service, device.cashier()
    free(device)
    service.ring(who, device.till, op, lines=[line])
    service.await_band(who, device.till, op, risk=risk)


def void(world: World) -> None:
    """Staff take the last payment of a device back, or do it once more under the same id."""
    _back(world, "void", lambda device: device.service.void)


def give_back(world: World) -> None:
    """A supervisor has central give back what was paid, or does it once more under the same id."""
    _back(world, "refund", lambda device: device.service.refund)


def _back(world: World, how: str, of: Callable[[Device], Callable[..., BasketView]]) -> None:
    at = world.dice.randrange(len(world.devices))
    done = [op for number, op in world.sold if number == at]
    if not done:
        return
    device, op = world.devices[at], done[-1]
    boss = msgspec.structs.replace(device.cashier(), staff="susi", roles=("till", "supervisor"))

    def act() -> str:
        shown = of(device)(boss, op, f"{how}-{op}", reason="cold")
        world.answered(device, f"{how}-{op}", f"{shown.state} {shown.due_minor}")
        world.seen[f"{how} {shown.state}"] += 1
        return shown.state.value

    world.attempt(device, f"{how} {op}", lambda: unless_refused(world, act))


def pay_in(world: World) -> None:
    """A guest pays cash into their wallet at a till; sometimes all that lies here is paid out to them."""
    device, guest = world.dice.choice(world.devices), world.dice.choice(world.guests)
    op, out = f"op-{world.step:08}", world.dice.random() < 0.2

    def act() -> str:
        free(device)
        ask = partial(_cash, device, op, out=out)
        ask()
        device.service.present(device.tap(guest.uid, device.till))
        shown = ask()
        world.seen[f"{shown.kind} {shown.state}"] += 1
        if shown.state is not BasketState.APPROVED:
            shown = device.service.give_up_cash(device.cashier(), device.till, op)
        world.answered(device, op, f"{shown.state} {shown.amount_minor} {shown.seq}")
        return f"{op} {guest.wallet} {shown.kind}: {shown.state} {shown.reason or ''}"

    world.attempt(device, "cash", lambda: unless_refused(world, act))


def _cash(device: Device, op: str, *, out: bool) -> CashView:
    """Ask for cash to be paid in or out; asked again it is what came of it."""
    service, who = device.service, device.cashier()
    return service.cash_out(who, device.till, op) if out else service.top_up(who, device.till, op, minor=400)


def hold(world: World) -> None:
    """A guest leaves a deposit, which is taken in the end, or given back."""
    device, guest = world.dice.choice(world.devices), world.dice.choice(world.guests)
    op, taken = f"op-{world.step:08}", world.dice.random() < 0.5
    line = Line(item="bike", name="Bike", quantity=1, price_minor=300)

    def act() -> str:
        service, who = device.service, device.cashier()
        free(device)
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

    world.attempt(device, "hold", lambda: unless_refused(world, act))


def free(device: Device) -> None:
    """Have somebody at a till, and nothing that stands there still."""
    service, who = device.service, device.cashier()
    if not service.shifts.view(device.till).open:
        service.shifts.open(who, device.till, counted_minor=0)
    standing = service.basket(device.till)
    if standing.state not in DONE:
        service.give_up(who, device.till, standing.op_id)


def unless_refused(world: World, act: Callable[[], str]) -> str:
    """Do an act of a person, who reads why where it is refused."""
    try:
        return act()
    except PolsoError as error:
        world.seen[f"refused {type(error).__name__}"] += 1
        return f"refused: {error}"
