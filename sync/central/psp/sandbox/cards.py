"""Test cards: each a word that says how every charge to it goes; nobody types a number anywhere."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class Card(enum.StrEnum):
    """How a charge to this card goes."""

    PAID = "paid"
    SOFT = "soft_decline"
    HARD = "hard_decline"
    EXPIRED = "expired"
    GUEST = "guest_needed"
    SLOW_PAID = "pending_paid"
    SLOW_FAILED = "pending_failed"
    SILENT = "no_answer"
    """Never booked and never answered."""
    LATE = "late_answer"
    """Booked, and answered after the caller has gone."""
    LOST = "answer_lost"
    """Booked, answered after the caller has gone, and no notice ever arrives."""
    CUT = "cut"
    """Booked, and the connection cut before a word of the answer."""
    ERROR = "error_first"
    """500 without a booking the first time, then paid."""
    TWICE = "notice_twice"
    EARLY = "notice_first"
    """The notice arrives before the answer."""
    TURNED = "notices_turned"
    """Processing is told after success."""
    FORGED = "notice_forged"
    """The first notice bears a wrong signature."""
    TAKEN = "key_taken"
    """The key was used before, for another amount; that one was booked."""
    LIMITED = "rate_limited"
    """Told to come back, the first time."""


DECLINES: Mapping[Card, tuple[str, str]] = MappingProxyType(
    {
        Card.SOFT: ("card_declined", "insufficient_funds"),
        Card.HARD: ("card_declined", "stolen_card"),
        Card.EXPIRED: ("expired_card", "expired_card"),
        Card.GUEST: ("authentication_required", "authentication_required"),
        Card.SLOW_FAILED: ("card_declined", "insufficient_funds"),
    }
)
"""The provider's code and the network's, for each card that says no."""
