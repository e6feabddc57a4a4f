"""Facts: everything that a judgement stands on, and the ruling that comes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Protocol

import msgspec

from edge.core.bands import Presented
from edge.core.decision import Decision
from edge.core.entitlements import TimeSlot
from edge.core.held import Change, Held
from edge.core.places import Layout, Point
from edge.core.profiles import Profile

Fact = str | int | bool | list[str] | None
"""What an operator's rule may ask: no personal data, complete, absent = None."""


class Rule(Protocol):
    """One compiled operator's rule; ``edge/rules`` makes them from CEL."""

    def evaluate(self, context: Mapping[str, Fact]) -> bool:
        """Return whether the rule permits; any exception means that it cannot be judged."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """When the tap is judged: UTC milliseconds, how far they may be off, whether anybody vouches for them."""

    now_ms: int
    uncertainty_ms: int = 0
    trusted: bool = True


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a judgement stands on; nothing else is looked up, so that central can judge it again."""

    moment: Moment
    presented: Presented
    point: Point
    layout: Layout
    timezone: dt.tzinfo
    device: str
    profile: Profile | None = None
    held: Held = Held()
    direction: str | None = None
    """What a turnstile reported: ``in`` or ``out``; None = as the point says."""
    places: Mapping[str, int] = {}
    """Free places that this device may still give away, per limited zone and limited booked time."""
    moved: Mapping[str, TimeSlot] = {}
    """Times in ``profile`` that the guest chose here, where central told others, by the right's id."""
    slot_next: Mapping[str, int] = {}
    """When the next time begins that a right whose own is over or full could have, by the right's id."""
    adult_passed_ms: int | None = None
    """When an adult of the guest's party last passed this point."""
    adult_inside: bool = False
    rules: Mapping[str, Rule] = {}
    """Compiled rules by their CEL text."""
    profile_age_ms: int | None = None
    unconfirmed: bool = False
    """The site's other devices could not be asked."""
    agreed: bool = False
    """They were: what this spends is spent nowhere else."""
    unsettled: frozenset[str] = frozenset()
    """Rights of which a use here still waits for the site's word: alone, none of them is spent again."""
    chosen: str | None = None
    """The entitlement that the guest chose."""
    answers: Mapping[str, str] = {}
    answered: frozenset[str] = frozenset()
    """Questions found answered before, as ``entitlement/question``: central judges without reading them."""
    confirmed: frozenset[str] = frozenset()
    """What staff confirmed for this tap (``passage``, ``height``, ``age``, ``trust``)."""
    overridden: bool = False
    """A supervisor lets this very tap pass; safety and authenticity are not lifted."""
    last_elsewhere_ms: int | None = None
    """When this band was last read at another point."""
    device_allowed: bool = True
    device_revoked: bool = False


class Ruling(msgspec.Struct, frozen=True):
    """A decision and what it changes, if it is committed."""

    decision: Decision
    change: Change
