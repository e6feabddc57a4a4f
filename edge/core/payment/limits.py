"""Limits: what a band may spend at once and in a day, and when its PIN is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from edge.core.bands import Trust
from edge.core.basket import Basket, Line
from edge.core.calendar import day_of
from edge.core.checks.clock import doubt_ms
from edge.core.checks.people import ages
from edge.core.decision import Reason
from edge.core.facts import Moment
from edge.core.lease import Limits
from edge.core.money import Money, allocate
from edge.core.payment.bodies import Pin
from edge.core.payment.facts import Payer
from edge.core.profiles import Profile
from edge.core.wallet import Tally, WalletLink

WEAK_MINOR_MAX = 2_000
"""What a band that proves less than LIVE may pay at once, unless central says otherwise."""


def strictest(all_limits: Iterable[Limits]) -> Limits:
    """Return the tightest of each limit."""
    many = tuple(all_limits)
    return Limits(
        tap_minor_max=_least(one.tap_minor_max for one in many),
        pin_above_minor=_least(one.pin_above_minor for one in many),
        taps_before_pin=_least(one.taps_before_pin for one in many),
        day_minor_max=_least(one.day_minor_max for one in many),
        weak_minor_max=_least(one.weak_minor_max for one in many),
    )


def is_weak(payer: Payer) -> bool:
    """Say whether the band proved less than what money asks for unless the operator lowers it."""
    return payer.tap.presented.trust < Trust.LIVE


def age_doubt(profile: Profile, lines: Iterable[Line], confirmed: frozenset[str]) -> Reason | None:
    """Say whether goods in the basket are for older guests, or staff have to look."""
    needed = max((line.age_min for line in lines), default=0)
    youngest, oldest = ages(profile.age_band)
    if needed <= youngest or "age" in confirmed:
        return None
    return Reason.AGE_MIN if oldest is not None and oldest < needed else Reason.AGE_CONFIRM


def days_about(zone: dt.tzinfo, starts_min: int, moment: Moment) -> tuple[int, int]:
    """Return the first and the last local day (ordinals) that it may be, as far as the clock may be off."""
    doubt = doubt_ms(moment)
    return (
        day_of(zone, starts_min, moment.now_ms - doubt),
        day_of(zone, starts_min, moment.now_ms + doubt),
    )


def room(payer: Payer, limits: Limits, tally: Tally, *, before_minor: int) -> int | None:
    """Return how much this payer may still spend at once; ``before_minor`` of this basket was theirs."""
    caps = [] if limits.tap_minor_max is None else [limits.tap_minor_max - before_minor]
    if limits.day_minor_max is not None:
        caps.append(limits.day_minor_max - tally.minor)
    if is_weak(payer):
        weak = WEAK_MINOR_MAX if limits.weak_minor_max is None else limits.weak_minor_max
        caps.append(weak - before_minor)
    return max(0, min(caps)) if caps else None


def shares(basket: Basket, link: WalletLink, minor: int) -> dict[str, int]:
    """Return how much of an amount goes into each limited category, by what its lines cost."""
    limited = {limit.category for limit in link.categories}
    weights: dict[str, int] = {}
    for line in basket.lines:
        name = line.category if line.category in limited else ""
        weights[name] = weights.get(name, 0) + max(0, line.gross_minor)
    parts = allocate(Money(minor, basket.currency), list(weights.values()))
    return {name: part.minor for name, part in zip(weights, parts, strict=True) if name}


def category_room(link: WalletLink, tally: Tally, spent: dict[str, int]) -> int | None:
    """Return what is left in the first category that would be overspent; None: all is within."""
    for limit in link.categories:
        left = limit.day_minor_max - tally.spent_on(limit.category)
        if spent.get(limit.category, 0) > left:
            return max(0, left)
    return None


def pin_doubt(payer: Payer, link: WalletLink, limits: Limits, *, minor: int) -> Reason | None:
    """Say whether a PIN is missing; who has none pays by a LIVE band, and no more than takes none.

    A band that pays nothing is never asked for its family's PIN.
    """
    if payer.pin is Pin.WRONG:
        return Reason.PIN_WRONG
    above = limits.pin_above_minor is not None and minor > limits.pin_above_minor
    if not link.pin_hash or link.no_charge:
        if is_weak(payer):
            return Reason.TRUST_TOO_LOW
        return Reason.SPEND_LIMIT if above else None
    often = limits.taps_before_pin is not None and payer.tally.taps_since_pin >= limits.taps_before_pin
    asked = above or often or is_weak(payer)
    return Reason.PIN_REQUIRED if asked and payer.pin is not Pin.VERIFIED else None


def _least(values: Iterable[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)
