"""Asking: a device's request for leases, answered by what was set aside as soon as there is anything."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from edge.core.lease import Want
from sync.central.machines.devices import Device
from sync.central.machines.proof import Caller, demand_active
from sync.central.money import leases
from sync.central.money.holding import hold
from sync.central.money.leases import Offer
from sync.central.planning import plans
from sync.central.store import Connection, Store
from sync.lending import COMING, WANTS_MAX, LeaseAnswer, LeaseAsk, Unplaced
from sync.packing import TooLarge
from sync.wire import WAIT_S_MAX

Missed = list[tuple[Want, Unplaced]]
AWAITED = frozenset({"short", COMING})
"""Why a want was not met that waits for money."""


def answer(store: Store, caller: Caller, ask: LeaseAsk, *, wait_s: float) -> LeaseAnswer:
    """Take presences and wants, then tell what is newer than ``after``: now, or once there is something.

    A device that waits for money that is not there yet is answered as soon as it comes.
    """
    if len(ask.wants) > WANTS_MAX or len(ask.presences) > WANTS_MAX:
        raise TooLarge
    device = caller.device
    seen = store.wakes.seen(device.site)
    missed = _take(store, caller, ask)
    until = time.monotonic() + min(wait_s, WAIT_S_MAX)
    offer = _read(store, caller, ask)
    while not (offer.grants or offer.closes or any(one.why not in AWAITED for _, one in missed)):
        left = until - time.monotonic()
        if left <= 0 or not store.wakes.wait(device.site, seen, left):
            break
        seen = store.wakes.seen(device.site)
        demand_active(store, caller)
        missed = _try_again(store, caller, missed)
        offer = _read(store, caller, ask)
    return LeaseAnswer(
        device=device.id,
        to=offer.to,
        time_ms=store.now_ms(),
        grants=offer.grants,
        closes=offer.closes,
        unplaced=tuple(msgspec.structs.replace(one, why=one.why[:64]) for _, one in missed),
    )


def _take(store: Store, caller: Caller, ask: LeaseAsk) -> Missed:
    """Set aside what is wanted, in one transaction that is durable before anything is told."""
    device = caller.device
    with store.transaction() as tx:
        caller.enter(tx)
        named = {one.wallet for one in ask.wants} | {one.wallet for one in ask.presences}
        hold(tx, device.site, named, devices=[device.id])
        missed = _grant(tx, device, ask.wants, waits=ask.wait_s > 0)
        plans.present(tx, device, ask.presences)
    return missed


def _try_again(store: Store, caller: Caller, missed: Missed) -> Missed:
    """Try wants again for which there was no money when they came; nothing else is written by that."""
    if not missed:
        return missed
    wants = [want for want, _ in missed]
    with store.transaction() as tx:
        hold(tx, caller.device.site, {one.wallet for one in wants}, devices=[caller.device.id])
        return _grant(tx, caller.device, wants, waits=True)


def _grant(tx: Connection, device: Device, wants: Sequence[Want], *, waits: bool) -> Missed:
    """Set aside what is wanted; return the wants that were not met, and why."""
    missed = []
    for want in sorted(wants, key=lambda one: (one.wallet, one.kind, one.band)):
        told = leases.grant(tx, device, want, waits=waits)
        if isinstance(told, Unplaced):
            missed.append((want, told))
    return missed


def _read(store: Store, caller: Caller, ask: LeaseAsk) -> Offer:
    with store.reading() as tx:
        return leases.offered(tx, caller.device, after=ask.after)
