"""Forgotten: whom a central that was put back awaits, in words, and a device that is given up."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from edge.core.lease import PlacedState
from sync.central import alarms
from sync.central.machines import devices
from sync.central.money import placed, restored
from sync.central.money.holding import hold
from sync.central.money.restored import Awaited, Claim
from sync.central.settling import doubts, retaking
from sync.central.settling.retaking import Retaken
from sync.central.store import Connection, Store


class Standing(NamedTuple):
    """Whom a site awaits since central was put back, and what nothing covers of what was told."""

    awaited: tuple[Awaited, ...]
    claims: tuple[Claim, ...]
    names: dict[str, str]


class GivenUp(NamedTuple):
    """What came of giving a device up."""

    leases: int
    """So many of its known leases were written off."""
    lost: dict[str, int]
    """What they came to, by unit, in minor units or pieces."""
    retaken: Retaken


def standing(tx: Connection, site: str) -> Standing:
    """Return how things stand at a site."""
    return Standing(
        awaited=tuple(restored.awaited(tx, site).values()),
        claims=restored.claims(tx, site),
        names=devices.names(tx, site),
    )


def give_up(
    store: Store, site: str, device: str, *, also: Callable[[Connection], None] = lambda tx: None
) -> GivenUp:
    """Wait no more for a device: guests get back what is known to lie there, and the operator bears the rest.

    What it still tells of is set against that loss, as of any lease that was given up. One that was heard and
    of which only a claim is left keeps what it holds: it is there, and spends of it. ``also`` is done with it
    or not at all: who did it is written down.
    """
    with store.transaction() as tx:
        silent = {one.device for one in restored.awaited(tx, site).values() if not one.given_up}
        rows = [row for row in placed.of_device(tx, site, device) if row.living and device in silent]
        hold(tx, site, {row.placed.wallet for row in rows}, devices=[device])
        lost = [_written_off(tx, site, row.id) for row in rows]
        restored.give_up(tx, site, device)
        alarms.calm_all(tx, site, device, reason=restored.WITHHELD)
        also(tx)
    sums: dict[str, int] = {}
    for row in lost:
        sums[row.placed.unit] = sums.get(row.placed.unit, 0) + row.loss
    return GivenUp(len(lost), sums, retaking.retake(store, site))


def _written_off(tx: Connection, site: str, lease: str) -> placed.PlacedRow:
    row = placed.by_id(tx, site, [lease], held=True)[lease]
    doubted = msgspec.structs.replace(row.placed, state=PlacedState.IN_DOUBT)
    return doubts.give_up(tx, site, msgspec.structs.replace(row, placed=doubted))


def in_words(told: Standing) -> str:
    """Return it for people, with what to do."""
    silent = [one for one in told.awaited if not one.given_up]
    lines = [f"Awaited: {_device(told, one.device)}, {_how(one)}" for one in silent]
    lines += [f"Given up: {_device(told, one.device)}" for one in told.awaited if one.given_up]
    lines += [
        f"Not covered: {one.minor} of wallet {one.wallet or '(budget)'}, lease {one.lease}, "
        f"{_device(told, one.device)}"
        for one in told.claims
    ]
    if silent:
        lines.append(
            "Nothing is lent at this site until each of these has reported: connect them. For one that is "
            "lost: --give-up DEVICE. That costs all that it sold since the backup: what it was lent since "
            "is not known here, and what it may hold at one time is no bound of that."
        )
    if told.claims:
        lines.append(
            "Of these wallets nothing is lent. When every device was heard: `polso replay`. What is left "
            "then was paid in since the backup: enter it again, then `polso replay`; or give the device up: "
            "then it is your loss."
        )
    return "\n".join(lines) or "Nobody is awaited: money is lent as ever."


def words_of(told: GivenUp) -> str:
    """Return what came of giving a device up."""
    sums = ", ".join(f"{units} {unit}" for unit, units in sorted(told.lost.items())) or "nothing"
    return (
        f"Given up: {told.leases} known leases, booked as lost: {sums}. "
        f"{told.retaken.booked} events that waited are booked, {len(told.retaken.left)} wait still."
    )


def _device(told: Standing, device: str) -> str:
    return f"{device} ({told.names.get(device, 'unknown')})"


def _how(one: Awaited) -> str:
    return "it has not been heard" if one.head is None else f"it sends its journal, up to {one.head}"
