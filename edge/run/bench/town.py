"""A town of invented bands: the profiles that a measurement looks among."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from edge.core.bands import Band, Trust
from edge.core.entitlements import Entitlement, Product, Reentry, Terms
from edge.core.places import Layout, Point, PointKind, Zone
from edge.core.profiles import Cursor, Item, Profile, ProfileItem, in_words
from edge.vault import Vault

GATE = "gate-1"
DAY_MS = 86_400_000


def uid(number: int) -> bytes:
    """Return the identifier of the n-th band, 7 octets like a real one."""
    return b"\x04" + number.to_bytes(6, "big")


def layout() -> Layout:
    """Return a site with one gate into one zone, through which everybody may pass as often as they like."""
    terms = Terms(zones=("park",), reentry=Reentry.FREE)
    return Layout(
        site="bench",
        version=1,
        timezone="Europe/Rome",
        reset_min=240,
        zones=(Zone(id="site"), Zone(id="park", parent="site")),
        points=(Point(id=GATE, kind=PointKind.GATE, zone="site", to_zone="park"),),
        products=(Product(id="day", terms=terms),),
    )


def items(vault: Vault, count: int, now_ms: int) -> Iterator[Item]:
    """Yield the layout and ``count`` guests with a day ticket each, as central would send them."""
    encode = msgspec.msgpack.encode
    yield Item(kind="layout", key="", version=1, body=encode(layout()))
    for number in range(count):
        id_ = vault.band_id(uid(number))
        right = Entitlement(
            id=f"t{number}",
            product="day",
            valid_from_ms=now_ms - DAY_MS,
            valid_until_ms=now_ms + 30 * DAY_MS,
        )
        profile = Profile(
            band=Band(id=id_, trust_min=Trust.UID),
            rev=1,
            guest=f"g{number}",
            name=f"Guest {number}",
            tags=in_words("it"),
            entitlements=(right,),
        )
        yield Item(
            kind="profile", key=id_.hex(), version=number + 1, body=encode(ProfileItem(profile=profile))
        )


def cursor(count: int) -> Cursor:
    """Return where the feed stands for a town of so many bands."""
    return Cursor(epoch=1, seq=count + 1)
