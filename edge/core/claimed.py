"""Claimed: what becomes of a code that a guest types beside the band that they hold to a kiosk."""

from __future__ import annotations

import enum

CODE_DIGITS = 8
"""A kiosk names no guest beside it: a code alone must lead to whom it was brought."""


class Became(enum.StrEnum):
    """Central's answer; a guest is told it in words."""

    CLAIMED = "claimed"
    YOURS = "yours"
    """The band is this person's already."""
    WRONG = "wrong"
    """It is no code that is good now."""
    SPENT = "spent"
    """Too many wrong ones were typed beside this band, or at this kiosk."""
    STAFF = "staff"
    """The band is not nobody's: staff can find out whose it is."""
