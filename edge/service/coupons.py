"""Coupons: a promise as a signed code, good once, at the device that gave it."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edge.core.payment.promised import Promise
from edge.errors import Refused

CONTEXT = b"polso-coupon 1"
"""What is signed begins so: a signature over anything else of the device's is no coupon."""
LEAD = "c."
SIGNATURE_BYTES = 64
CODE_CHARS_MAX = 400


class Coupon(msgspec.Struct, frozen=True, array_like=True):
    """What a code says: which promise, of which campaign, given where, good until when; no guest in it."""

    exposure: str
    campaign: str
    home: str
    """The device that gave it: only there somebody knows that it was not used yet."""
    until: str = ""
    """Last local date, ISO 8601; empty: no such end."""


class NoCoupon(Refused):
    """This is no coupon of ours."""

    hint = "Scan it again; if it was torn or copied badly, ask for the band."


class OtherHome(Refused):
    """This coupon is known at another place."""

    hint = "Keep it: it stays valid where it was given."


def issue(private_key: bytes, device: str, promise: Promise) -> str:
    """Return a promise as a code; the same promise gives the same code."""
    coupon = Coupon(promise.exposure, promise.offer.campaign, device, promise.until)
    body = msgspec.msgpack.encode(coupon)
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(CONTEXT + body)
    return LEAD + urlsafe_b64encode(signature + body).decode().rstrip("=")


def read(code: str, *, device: str, private_key: bytes) -> Coupon:
    """Return what a code of this device says, or refuse it: a stranger's, another place's, a changed one."""
    if not code.startswith(LEAD) or len(code) > CODE_CHARS_MAX or not private_key:
        raise NoCoupon
    coded = code.removeprefix(LEAD)
    try:
        whole = urlsafe_b64decode(coded + "=" * (-len(coded) % 4))
        coupon = msgspec.msgpack.decode(whole[SIGNATURE_BYTES:], type=Coupon)
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise NoCoupon from None
    if coupon.home != device:
        raise OtherHome(f"This coupon was given at {coupon.home[:40]}.")
    key = Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(
            whole[:SIGNATURE_BYTES], CONTEXT + whole[SIGNATURE_BYTES:]
        )
    except InvalidSignature:
        raise NoCoupon from None
    return coupon
