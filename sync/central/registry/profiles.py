"""Profiles: each band's row for the edges, composed of guest, band and rights, and put into the feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edge.core.bands import BandState
from edge.core.entitlements import Entitlement
from edge.core.profiles import Profile, ProfileItem
from sync.central.feed import Change, publish, publish_band
from sync.central.registry.bands import BandCard, band, bands_of, put_band
from sync.central.registry.guests import Guest, guests_of
from sync.central.registry.rights import rights_of
from sync.central.store import Connection
from sync.wire import BandNotice

PROFILE = "profile"
_encode = msgspec.msgpack.Encoder().encode


def compose(card: BandCard, guest: Guest | None, rights: Sequence[Entitlement]) -> Profile:
    """Return what an edge must know of one band."""
    if guest is None:
        return Profile(band=card.band, rev=card.rev)
    return Profile(
        band=card.band,
        rev=card.rev,
        guest=guest.id,
        name=guest.name,
        language=guest.language,
        entitlements=tuple(rights),
        party=guest.party,
        tier=guest.tier,
        tags=guest.tags,
        age_band=guest.age_band or None,
        height_cm=guest.height_cm,
        payments=guest.payments,
    )


def changes(
    cards: Iterable[BandCard], guests: Mapping[str, Guest], rights: Mapping[str, Sequence[Entitlement]]
) -> list[Change]:
    """Return the feed's changes for bands whose guests and rights are at hand."""
    return [
        Change(PROFILE, card.band.id.hex(), _item(card, guests.get(card.guest or ""), rights))
        for card in cards
    ]


def publish_bands(tx: Connection, site: str, cards: Sequence[BandCard]) -> int:
    """Compose and publish the profiles of these bands; returns the feed's number."""
    names = {card.guest for card in cards if card.guest}
    return publish(tx, site, changes(cards, guests_of(tx, site, names), rights_of(tx, site, names)))


def publish_guests(tx: Connection, site: str, guests: Iterable[str]) -> int:
    """Raise the revision of every band of these guests and publish their profiles."""
    cards = bands_of(tx, site, guests)
    for card in cards:
        put_band(tx, site, card)
    return publish_bands(tx, site, [msgspec.structs.replace(card, rev=card.rev + 1) for card in cards])


def publish_state(tx: Connection, site: str, card: BandCard, *, reason: str) -> int:
    """Store a band's new state and tell every edge before anything else."""
    put_band(tx, site, card)
    publish_bands(tx, site, [band(tx, site, card.band.id)])
    state, epoch = BandState(card.band.state), card.band.epoch
    return publish_band(tx, site, BandNotice(band=card.band.id, state=state, epoch=epoch, reason=reason))


def _item(card: BandCard, guest: Guest | None, rights: Mapping[str, Sequence[Entitlement]]) -> bytes:
    profile = compose(card, guest, rights.get(guest.id, ()) if guest else ())
    return _encode(ProfileItem(profile=profile, keys=card.keys))
