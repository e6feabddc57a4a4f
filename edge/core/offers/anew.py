"""Anew: a coupon that care asks to be made again, and what became of the old one where it is good."""

from __future__ import annotations

import enum

import msgspec

COUPON_ASK = "coupon_ask"
"""The kind of the feed's items that ask for it; the key is the ask's id."""


class Became(enum.StrEnum):
    """What the old one's home says of it: the closed list."""

    VOIDED = "voided"
    """It was not used, and never can be any more: only now another one may be made."""
    USED = "used"
    SENT = "sent"
    """It was made over to another device, which alone knows now."""
    OVER = "over"
    """Expired, declined, taken back with its purchase, or never of this device."""


class CouponAsk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of the item: which one to void, and at which device. All else is said again with the answer.

    So a central that was put back to before it asked can still make the new one.
    """

    id: str
    exposure: str
    home: str
    """The device where it is good, and nowhere else: this one alone answers."""
    to: str
    """Where the new one is to be good."""
    case: str
    guest: str = ""
    offer: str = ""
    bundle: int = 0
    """Which offer it is of, as central knows: a home that was only handed it has no word of its own."""
    until: str = ""
    handed: bool = False
    """It came there by its code alone: what was never scanned there is good there, and not unknown."""


class CouponAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of COUPON_ANSWERED: one for each ask, for ever."""

    ask: str
    exposure: str
    became: Became
    case: str
    to: str
    """Where the new one is to be good; of ``SENT`` the device that the old one went to."""
    guest: str = ""
    offer: str = ""
    bundle: int = 0
    until: str = ""
    """Last local date of the old one, ISO 8601."""
    point: str = ""
    at_ms: int = 0
    """Where and when it was used."""
    op_id: str = ""


def answered(ask: CouponAsk, became: Became) -> CouponAnswer:
    """Return an answer with all that its ask said."""
    return CouponAnswer(
        ask=ask.id,
        exposure=ask.exposure,
        became=became,
        case=ask.case,
        to=ask.to,
        guest=ask.guest,
        offer=ask.offer,
        bundle=ask.bundle,
        until=ask.until,
    )
