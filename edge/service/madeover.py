"""Made over: a promise that a signed code carries to another device, good there alone, and there once."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.core.payment.promised import Promise
from edge.errors import Refused
from edge.service import coupons
from edge.service.coupons import SIGNATURE_BYTES, Coupon, NoCoupon, OtherHome
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction

CONTEXT = b"polso-made-over 1"
"""What is signed begins so: a signature over anything else of the device's is none of these."""
LEAD = "m."
CODE_CHARS_MAX = 1_200


class MadeOver(msgspec.Struct, frozen=True, array_like=True):
    """The whole promise as it was said, who gave it, and at which one device it is good; no guest in it."""

    promise: Promise
    home: str
    to: str

    @property
    def exposure(self) -> str:
        """Its own id, by which it is redeemed once."""
        return self.promise.exposure


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


def issue(private_key: bytes, made: MadeOver) -> str:
    """Return it as a code; the same gives the same code."""
    body = msgspec.msgpack.encode(made)
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(CONTEXT + body)
    return LEAD + urlsafe_b64encode(signature + body).decode().rstrip("=")


def read(code: str, rooms: Rooms) -> MadeOver:
    """Return what a code says that a device of this site made over to this one, or refuse it."""
    coded = code.removeprefix(LEAD)
    try:
        whole = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        made = msgspec.msgpack.decode(whole[SIGNATURE_BYTES:], type=MadeOver)
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        raise NoCoupon from None
    if made.to != rooms.device:
        raise OtherHome(f"This offer is good at {made.to[:40]}.", hint="Keep it: it stays valid there.")
    keys = [one.public_key for one in rooms.profiles.goods.siblings() if one.id == made.home]
    if not any(_is_signed(whole, key) for key in keys):
        raise NoCoupon
    return made


def any_code(code: str, rooms: Rooms) -> Coupon | MadeOver:
    """Return what a code on paper or a phone says: a coupon of this device, or what was made over to it."""
    if code.startswith(LEAD) and len(code) <= CODE_CHARS_MAX:
        return read(code, rooms)
    return coupons.read(code, device=rooms.device, private_key=rooms.coupon_key)


def _is_signed(whole: bytes, public_key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            whole[:SIGNATURE_BYTES], CONTEXT + whole[SIGNATURE_BYTES:]
        )
    except (InvalidSignature, ValueError):
        return False
    return True
