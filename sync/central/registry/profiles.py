"""Profiles: each band's row for the edges, composed of guest, band and rights, and put into the feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from edge.core.bands import BandState
from edge.core.consent import Consent
from edge.core.entitlements import Entitlement
from edge.core.expectation import Asked, asked_by, fitting, least
from edge.core.joined import JOINED
from edge.core.onair import ON_AIR
from edge.core.profiles import Profile, ProfileItem, in_words, remark_owner
from edge.core.wallet import WalletLink
from sync.central.feed import Change, item_table, publish, publish_band
from sync.central.registry import birthdays, climbs, expected, links, unfinished, visited, waiting
from sync.central.registry.bands import BandCard, band, bands_by_id, bands_of, put_band
from sync.central.registry.consents import consents_of
from sync.central.registry.guests import Guest, guests_of
from sync.central.registry.layout import published
from sync.central.registry.members import links_of
from sync.central.registry.past import keep_profiles
from sync.central.registry.rights import rights_of
from sync.central.registry.segments import segments_of, told
from sync.central.registry.staff import badges
from sync.central.registry.tables import parts
from sync.central.seals import public_halves
from sync.central.store import Connection, and_, select
from sync.wire import BandNotice

PROFILE = "profile"
KEYLESS = frozenset({BandState.REPLACED, BandState.REVOKED})
"""States that nothing leads back from."""
NO_BADGES: Mapping[bytes, str] = MappingProxyType({})
NO_WALLETS: Mapping[str, WalletLink] = MappingProxyType({})
NOTHING_SAID: Mapping[str, Sequence[Consent]] = MappingProxyType({})
NO_SEGMENTS: Mapping[str, Sequence[str]] = MappingProxyType({})
NOBODY = (False, Asked(height=False, age=False, tags=False, goods=False))
"""What is needed of who wears a band that nobody wears."""
_encode = msgspec.msgpack.Encoder().encode


def compose(
    card: BandCard,
    guest: Guest | None,
    rights: Sequence[Entitlement],
    *,
    staff: str | None = None,
    consents: Sequence[Consent] = (),
) -> Profile:
    """Return what an edge must know of one band; ``staff`` is whose badge it is."""
    if guest is None:
        return Profile(band=card.band, rev=card.rev, staff=staff)
    return Profile(
        band=card.band,
        rev=card.rev,
        guest=guest.id,
        name=guest.name,
        entitlements=tuple(rights),
        party=guest.party,
        tier=guest.tier,
        tags=(*guest.tags, *in_words(guest.language)),
        age_band=guest.age_band or None,
        height_cm=guest.height_cm,
        payments=guest.payments,
        consents=tuple(consents),
        staff=staff,
    )


class Known(NamedTuple):
    """What is at hand of the guests whose bands are composed."""

    guests: Mapping[str, Guest]
    rights: Mapping[str, Sequence[Entitlement]]
    badges: Mapping[bytes, str] = NO_BADGES
    consents: Mapping[str, Sequence[Consent]] = NOTHING_SAID
    wallets: Mapping[str, WalletLink] = NO_WALLETS
    segments: Mapping[str, Sequence[str]] = NO_SEGMENTS


def linked(profile: Profile, wallet: WalletLink | None) -> Profile:
    """Return a profile with the wallet that it pays from; who has one may pay."""
    if wallet is None or profile.guest is None:
        return profile
    return msgspec.structs.replace(profile, payments=True, wallet=wallet)


def changes(tx: Connection, site: str, cards: Sequence[BandCard], *, known: Known) -> list[Change]:
    """Return the feed's changes for bands of whose guests all is at hand; a guest without a key gets one."""
    found = []
    worn = [card.guest if card.guest in known.guests else None for card in cards]
    owners = [remark_owner(guest, card.band.id) for card, guest in zip(cards, worn, strict=True)]
    public = public_halves(tx, site, owners)
    needs = _needs(tx, site, worn, known=known)
    here_now = {guest for guest, (here, _) in needs.items() if here}
    said = {guest: known.consents.get(guest, ()) for guest in here_now}
    left, waits = unfinished.of(tx, site, said), waiting.of(tx, site, said)
    came, nears = visited.of(tx, site, said), climbs.of(tx, site, said, known=known.guests)
    born, led = birthdays.of(tx, site, said), links.roots(tx, site, filter(None, worn))
    for card, guest, owner in zip(cards, worn, owners, strict=True):
        bare = compose(
            card,
            known.guests.get(guest or ""),
            known.rights.get(guest or "", ()),
            staff=known.badges.get(card.band.id),
            consents=known.consents.get(guest or "", ()),
        )
        bare = told(linked(bare, known.wallets.get(guest or "")), known.segments)
        bare = visited.told(waiting.told(unfinished.told(bare, left), waits), came)
        bare = birthdays.told(climbs.told(bare, nears), born)
        here, asked = needs.get(guest or "", NOBODY)
        profile = msgspec.structs.replace(
            fitting(bare, asked) if here else least(bare, asked), remark_key=public[owner]
        )
        profile = _joined(profile, led)
        # A band that opens nothing more needs no key on any edge; central keeps it to know the chip again.
        keys = {} if card.band.state in KEYLESS else dict(card.keys)
        sealed = keys.pop(ON_AIR, b"")
        item = ProfileItem(profile=profile, keys=keys, on_air=sealed if here else b"")
        found.append(Change(PROFILE, card.band.id.hex(), _encode(item)))
    return found


def _joined(profile: Profile, led: Mapping[str, str]) -> Profile:
    """Return a profile with the word that its guest is known as another one, where they are."""
    if profile.guest not in led:
        return profile
    return msgspec.structs.replace(profile, tags=(*profile.tags, JOINED))


def _needs(
    tx: Connection, site: str, guests: Iterable[str | None], *, known: Known
) -> dict[str, tuple[bool, Asked]]:
    """Return of each guest whether they are expected, and which facts a decision about them can stand on."""
    judged = expected.judge(tx, site, [guest for guest in guests if guest], rights=known.rights)
    if not judged:
        return {}
    layout = published(tx, site)
    everybody, found = asked_by(layout), dict[str, tuple[bool, Asked]]()
    for guest, one in judged.items():
        own = [right for right in known.rights.get(guest, ()) if right.terms is not None]
        found[guest] = one.now, asked_by(layout, own) if own else everybody
    return found


def at_edges(tx: Connection, site: str, profile: Profile) -> Profile:
    """Return how much of a profile the edges are told."""
    if profile.guest is None:
        return profile
    asked = asked_by(published(tx, site), profile.entitlements)
    return (fitting if expected.is_expected(tx, site, profile.guest) else least)(profile, asked)


def publish_bands(tx: Connection, site: str, cards: Sequence[BandCard]) -> int:
    """Compose and publish the profiles of these bands; returns the feed's number."""
    names = {card.guest for card in cards if card.guest}
    known = Known(
        guests_of(tx, site, names),
        rights_of(tx, site, names),
        badges(tx, site),
        consents_of(tx, site, names),
        links_of(tx, site, names),
        segments_of(tx, site, names),
    )
    told = changes(tx, site, cards, known=known)
    before = bodies(tx, site, [one.key for one in told])
    keep_profiles(tx, site, {one.key: (before.get(one.key), one.body or b"") for one in told})
    return publish(tx, site, told)


def bodies(tx: Connection, site: str, keys: Sequence[str]) -> dict[str, bytes]:
    """Return what the edges are told of these bands now, by band in hex."""
    own, found = item_table.c, dict[str, bytes]()
    for part in parts(keys):
        these = and_(own.site_id == site, own.kind == PROFILE, own.key.in_(part), own.body.is_not(None))
        found.update({row.key: bytes(row.body) for row in tx.execute(select(own.key, own.body).where(these))})
    return found


def publish_again(tx: Connection, site: str, ids: Iterable[bytes]) -> None:
    """Raise the revision of these bands and publish their profiles: they became or were somebody's badge."""
    for card in bands_by_id(tx, site, ids):
        put_band(tx, site, card)
        publish_bands(tx, site, [band(tx, site, card.band.id)])


def publish_guests(tx: Connection, site: str, guests: Iterable[str]) -> int:
    """Raise the revision of every band of these guests, and of who is one with them, and publish them."""
    cards = bands_of(tx, site, links.together(tx, site, guests))
    for card in cards:
        put_band(tx, site, card)
    return publish_bands(tx, site, [msgspec.structs.replace(card, rev=card.rev + 1) for card in cards])


def publish_state(tx: Connection, site: str, card: BandCard) -> int:
    """Store a band's new state and tell every edge before anything else."""
    put_band(tx, site, card)
    publish_bands(tx, site, [band(tx, site, card.band.id)])
    state, epoch = BandState(card.band.state), card.band.epoch
    return publish_band(tx, site, BandNotice(band=card.band.id, state=state, epoch=epoch))
