"""Budgets: what campaigns may cost, in pots of the site's own out of which devices are lent their slices."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import NamedTuple

from edge.core.lease import COUNTER_MAX, LeaseKind
from edge.core.vouchers import CAMPAIGN_CHARS_MAX, PROMISES, base_of
from edge.errors import Refused
from sync.central.money import ledger, placed
from sync.central.money.pots import Issue, counted_in, issue, pot, unit_for
from sync.central.money.risk import OF_SITE
from sync.central.store import AHEAD, Connection, wake_after


def check(kind: str, total: int = 0) -> None:
    """Refuse a budget that no lease can count: ``gift:<campaign>`` is money, ``offer:<campaign>`` pieces."""
    campaign = kind.partition(":")[2]
    plain = campaign.isascii() and campaign.isprintable() and not any(sign in campaign for sign in ":/ ")
    if base_of(kind) not in PROMISES or not 0 < len(campaign) <= CAMPAIGN_CHARS_MAX or not plain:
        raise Refused(
            f"{kind[:40]!r} is no budget.",
            hint=f"Write gift:summer for money, offer:summer for pieces; {CAMPAIGN_CHARS_MAX} signs at most.",
        )
    if not 0 <= total <= COUNTER_MAX:
        raise Refused(f"Budget {kind} is nothing at least, and no more than can be counted.")


def is_money(kind: str) -> bool:
    """Say whether a budget counts minor units, and not pieces."""
    return base_of(kind) == LeaseKind.GIFT


def total(tx: Connection, site: str, kind: str, *, currency: str) -> int:
    """Return what was given to a campaign in all."""
    counted = counted_in(kind, unit_for(kind, currency))
    return -ledger.balance(tx, site, f"issued:{base_of(kind)}", currency=counted)


def hold(tx: Connection, site: str, wanted: Mapping[str, int], *, currency: str) -> None:
    """Give each campaign just so much in all; less than is used or out at devices stays as it is.

    Call it with the policy's row held: budgets are shared out one at a time.
    """
    for kind, units in wanted.items():
        unit = unit_for(kind, currency)
        free = ledger.balance(tx, site, pot(OF_SITE, kind), currency=counted_in(kind, unit))
        more = max(units - total(tx, site, kind, currency=currency), -free)
        issue(tx, site, f"{kind}:{secrets.token_hex(8)}", of=Issue(OF_SITE, kind, unit, more))
    wake_after(tx, AHEAD)


class Spread(NamedTuple):
    """Where a budget lies: what is free at central, what each device can still give, and what is used."""

    free: int
    held: Mapping[str, int]
    """By the device's id, what is spendable there as it was last heard of."""
    used: int


def spread(tx: Connection, site: str, kind: str, *, currency: str) -> Spread:
    """Return where all of a budget lies: its parts come to what was given in all."""
    free = ledger.balance(tx, site, pot(OF_SITE, kind), currency=counted_in(kind, unit_for(kind, currency)))
    held: dict[str, int] = {}
    for row in placed.of_wallet(tx, site, OF_SITE, kind=kind):
        if row.living:
            device = row.placed.device
            held[device] = held.get(device, 0) + row.placed.counters.spendable
    return Spread(free, held, total(tx, site, kind, currency=currency) - free - sum(held.values()))


def left(tx: Connection, site: str, kind: str, *, currency: str) -> tuple[int, int]:
    """Return what of a budget lies free at central, and what devices hold of it."""
    found = spread(tx, site, kind, currency=currency)
    return found.free, sum(found.held.values())
