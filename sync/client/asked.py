"""Asked: coupons that care wants to be made anew, for the one device that each of them is good at."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.offers.anew import COUPON_ASK, CouponAsk
from edge.errors import Refused
from sync.packing import UNREADABLE
from sync.wire import Item

_decode = msgspec.msgpack.Decoder(CouponAsk).decode


def told(items: Iterable[Item], *, own: str) -> list[CouponAsk]:
    """Read all asks of a page before the first is answered; return those for ``own``, this device."""
    every = [_read(item) for item in items if item.kind == COUPON_ASK and item.body is not None]
    return [one for one in every if one.home == own]


def _read(item: Item) -> CouponAsk:
    try:
        ask = _decode(item.body or b"")
    except UNREADABLE as error:
        raise Refused(f"What care asks of a coupon does not decode: {error}") from error
    if ask.id != item.key:
        raise Refused("An ask for a coupon under another name than its own.")
    return ask
