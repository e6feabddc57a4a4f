"""Doors of what claims to be signed: codes and addresses that guests bring, and what central publishes."""

from __future__ import annotations

import hashlib

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import carried, published
from edge.carried import MadeOver
from edge.core.bands import Band
from edge.core.offers import Bundle
from edge.core.payment.promised import Promise
from edge.core.profiles import Item, Profile, ProfileItem
from edge.errors import Refused
from edge.published import BundleRefused, Head, Part, put_together
from edge.service import coupons
from edge.store import profilefile
from sync import passes
from sync.signing import public_half
from tests.service.offered import an_offer

KEY, BAND, DEVICE = bytes(32), bytes(16), "edge-1"
_encode = msgspec.msgpack.encode


def coupon(octets: bytes) -> object:
    """A code that a guest holds to a till's scanner: it claims to be an offer's."""
    return coupons.read(octets.decode("latin-1"), device=DEVICE, private_key=KEY)


def made_over(octets: bytes) -> object:
    """The same that claims to be another device's, or central's: it says by itself what it promises."""
    found = carried.read(octets.decode("latin-1"))
    return found and found.is_by(public_half(KEY))


def own_page(octets: bytes) -> object:
    """An address that somebody opens at central: it claims to be a device's pass for a guest."""
    told = passes.read(octets.decode("latin-1"))
    return told and passes.is_signed(told[1], told[2], public_key=public_half(KEY))


def bundle(octets: bytes) -> object:
    """Offers of a central in wrong hands: signed, whole, and whatever octets they please."""
    bare = Head(site="park", version=1, digest=hashlib.blake2b(octets, digest_size=32).digest(), parts=1)
    signature = Ed25519PrivateKey.from_private_bytes(KEY).sign(published._told(bare))
    part = Part(slot=bare.slot, number=0, octets=octets)
    head = msgspec.structs.replace(bare, signature=signature)
    return put_together(head, [part], site="park", public_key=public_half(KEY))


def profile(octets: bytes) -> object:
    """A guest's profile as the feed brings it."""
    return profilefile._decoded(Item(kind="profile", key=BAND.hex(), version=1, body=octets))


COUPON = coupons.issue(KEY, DEVICE, Promise(exposure="e1", offer=an_offer(), bundle=1, label="less"))
CARRIED = carried.issue(
    KEY, MadeOver(Promise(exposure="e1", offer=an_offer(), bundle=1, label="less"), "edge-2", DEVICE)
)
PASS = passes.issue(DEVICE, KEY, guest="guest-1", at_ms=1)
DEEP = b"\x81\xa1x" + b"\x91" * 2_000 + b"\x01"
"""A field that nobody knows, so deep that who reads it runs out of stack."""
SIGNED = {
    "coupon": (coupon, (COUPON.encode(),), (Refused,)),
    "made over": (made_over, (CARRIED.encode(),)),
    "pass": (own_page, (PASS.encode(),)),
    "offers": (bundle, (_encode(Bundle(version=1, offers=(an_offer(),))),), (BundleRefused,)),
    "profile": (profile, (_encode(ProfileItem(profile=Profile(band=Band(id=BAND), rev=1))),), (Refused,)),
}
