"""Asking: a device's request for leases, answered by what was set aside as soon as there is anything."""

from __future__ import annotations

import time

import msgspec

from sync.central import leases, plans
from sync.central.leases import Offer
from sync.central.proof import Caller
from sync.central.store import Store
from sync.lending import WANTS_MAX, LeaseAnswer, LeaseAsk, Unplaced
from sync.packing import TooLarge
from sync.wire import WAIT_S_MAX


def answer(store: Store, caller: Caller, ask: LeaseAsk, *, wait_s: float) -> LeaseAnswer:
    """Take presences and wants, then tell what is newer than ``after``: now, or once there is something."""
    if len(ask.wants) > WANTS_MAX or len(ask.presences) > WANTS_MAX:
        raise TooLarge
    device = caller.device
    seen = store.wakes.seen(device.site)
    unplaced = _take(store, caller, ask)
    until = time.monotonic() + min(wait_s, WAIT_S_MAX)
    offer = _read(store, caller, ask)
    while not (offer.grants or offer.closes or unplaced):
        left = until - time.monotonic()
        if left <= 0 or not store.wakes.wait(device.site, seen, left):
            break
        seen = store.wakes.seen(device.site)
        offer = _read(store, caller, ask)
    return LeaseAnswer(
        device=device.id,
        to=offer.to,
        time_ms=store.now_ms(),
        grants=offer.grants,
        closes=offer.closes,
        unplaced=unplaced,
    )


def _take(store: Store, caller: Caller, ask: LeaseAsk) -> tuple[Unplaced, ...]:
    """Set aside what is wanted, in one transaction that is durable before anything is told."""
    device, missed = caller.device, []
    with store.transaction() as tx:
        caller.enter(tx)
        # In one order, so that two devices that want the same wallets never wait for each other.
        for want in sorted(ask.wants, key=lambda one: (one.wallet, one.kind, one.band)):
            told = leases.grant(tx, device, want)
            if isinstance(told, Unplaced):
                missed.append(told)
        plans.present(tx, device, ask.presences)
    return tuple(msgspec.structs.replace(one, why=one.why[:64]) for one in missed)


def _read(store: Store, caller: Caller, ask: LeaseAsk) -> Offer:
    with store.reading() as tx:
        return leases.offered(tx, caller.device, after=ask.after)
