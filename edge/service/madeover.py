"""Made over: a promise that a signed code carries to another device, good there alone, and there once."""

from __future__ import annotations

import msgspec

from edge import carried
from edge.carried import CENTRAL, LEAD, MadeOver
from edge.carried import CODE_CHARS_MAX as CODE_CHARS_MAX
from edge.errors import Refused
from edge.service import coupons
from edge.service.coupons import Coupon, NoCoupon, OtherHome
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction

SENT = "offer_sent"
"""What was made over, by its exposure: to one device, and never to a second one."""
_SENT = msgspec.msgpack.Decoder(MadeOver).decode


class SentBefore(Refused):
    """This offer was made over to another till already."""

    hint = "Use it there: it is good once."


def sent_by(tx: Transaction, exposure: str) -> MadeOver | None:
    """Return what was made over under an exposure."""
    body = tx.get(SENT, exposure)
    return None if body is None else _SENT(body)


def read(code: str, rooms: Rooms) -> MadeOver:
    """Return what a device of this site made over to this one, or central made anew, or refuse it."""
    found = carried.read(code)
    if found is None:
        raise NoCoupon
    made = found.made
    if made.to != rooms.device:
        raise OtherHome(f"This offer is good at {made.to[:40]}.", hint="Keep it: it stays valid there.")
    keys = [one.public_key for one in rooms.profiles.goods.siblings() if one.id == made.home]
    if not any(map(found.is_by, [rooms.central_key] if made.home == CENTRAL else keys)):
        raise NoCoupon
    return made


def any_code(code: str, rooms: Rooms) -> Coupon | MadeOver:
    """Return what a code on paper or a phone says: a coupon of this device, or what was made over to it."""
    if code.startswith(LEAD) and len(code) <= CODE_CHARS_MAX:
        return read(code, rooms)
    return coupons.read(code, device=rooms.device, private_key=rooms.coupon_key)
