"""Offering: what a guest is offered by a channel, chosen as at a kiosk, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from edge.core.consent import Purpose, may
from edge.core.events import Kind
from edge.core.offers import Message, Offer, Worth, choose, exposure_of, worth_of
from edge.core.offers.asked import Exposed, asked_of
from edge.core.profiles import remark_owner
from edge.errors import Refused, Unknown
from sync.central import offered
from sync.central.channels import exposures, occasions
from sync.central.channels.book import Member
from sync.central.channels.exposures import Kept
from sync.central.channels.messages import NO_CONTROLS
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.offered import Seen
from sync.central.offers import bundles
from sync.central.registry import catalogue, consents, guests
from sync.central.registry.localday import day_at
from sync.central.store import Connection, now_of

REF_CHARS_MAX = 64
WRITTEN = {Kind.OFFER_SHOWN: What.OFFERED, Kind.OFFER_REDEEMED: What.REDEEMED}
"""As what a diary has it."""


class Mark(NamedTuple):
    """Of which guest, offer and tile something is said; no guest: it is what anybody is shown."""

    guest: str
    offer: str
    exposure: str


class Heard(NamedTuple):
    """A channel's word of a tile, with what its offer belongs to, by which way, and by which sale."""

    mark: Mark
    campaign: str
    bundle: int
    via: str
    ref: str


BECAME: list[Callable[..., None]] = []
"""Told (connection, site, what was heard, ``kind=``) that a channel showed or redeemed an offer, once."""


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One offer to be shown, in every language that it is written in."""

    exposure: str
    """By which it is said to be shown, and redeemed."""
    offer: str
    campaign: str
    kind: str
    position: int
    personal: bool
    """Chosen for this guest; else it is what anybody is shown."""
    messages: dict[str, Message]
    worth: Worth
    """What it does to a price, to the minor unit."""
    until: str
    """Its last day, ISO 8601; empty: as long as it is shown."""


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """What to show, the first one first; nothing is an answer, too."""

    bundle: int
    """The version that is in force."""
    tiles: tuple[Tile, ...]


class Redeeming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By which of its sales a channel redeemed a tile."""

    ref: Annotated[str, Meta(min_length=1, max_length=REF_CHARS_MAX, pattern=NO_CONTROLS)]


class Became(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a tile; ``again``: that was known."""

    shown: bool
    redeemed: bool
    again: bool


def offers(tx: Connection, channel: Member, guest: str) -> Offers:
    """Choose for a guest, once a day for all that stands as it did; call it holding the site's turn."""
    asked = occasions.asked(tx, channel, guest)
    kept = exposures.known(tx, channel.site, asked.name)
    if kept is None:
        occasion = occasions.occasion(tx, asked)
        exposed = Exposed(asked=asked_of(occasion), choice=choose(occasion))
        kept = Kept(channel.id, occasion.guest or "", exposed)
        exposures.keep(tx, channel.site, kept, occasion=asked.name)
    bundle, goods = asked.version.draft.bundle, catalogue.catalogue(tx, channel.site)
    told = [(exposure_of(kept.exposed.choice, tile), tile) for tile in kept.exposed.choice.tiles]
    return Offers(
        bundle=bundle.version,
        tiles=tuple(
            Tile(
                exposure=name,
                offer=offer.id,
                campaign=offer.campaign,
                kind=offer.kind.value,
                position=tile.position,
                personal=bool(kept.guest),
                messages=offer.messages,
                worth=worth_of(offer, goods),
                until=offer.period.last,
            )
            for name, tile in told
            for offer in (bundle.offers_by_id[tile.offer],)
        ),
    )


def shown(tx: Connection, channel: Member, exposure: str) -> Became:
    """Take a channel's word that a guest saw a tile; it counts for the caps of every place."""
    kept, offer = known(tx, channel, exposure)
    before = exposures.seen(tx, channel.site, exposure)
    if before is not None:
        return Became(shown=True, redeemed=before.redeemed, again=True)
    exposures.show(tx, channel.site, exposure)
    if allows(tx, channel, kept.guest):
        _note(tx, channel, Mark(kept.guest, offer.id, exposure), kind=Kind.OFFER_SHOWN)
    if not kept.guest or allows(tx, channel, kept.guest):
        _tell(tx, channel, (kept, offer, exposure), kind=Kind.OFFER_SHOWN)
    return Became(shown=True, redeemed=False, again=False)


def redeemed(tx: Connection, channel: Member, exposure: str, *, by: Redeeming) -> Became:
    """Take a channel's word that it sold by a tile what it showed; once, and as often as caps let it be."""
    kept, offer = known(tx, channel, exposure)
    before = exposures.seen(tx, channel.site, exposure)
    if before is None:
        raise Refused("This offer was not shown.", hint="Say so first.")
    if before.redeemed and before.ref == by.ref:
        return Became(shown=True, redeemed=True, again=True)
    if before.redeemed and kept.guest:  # what anybody is shown is one exposure for all of them
        raise Refused("This offer was redeemed before.", hint="It is chosen anew tomorrow.")
    if kept.guest and _is_there(tx, channel.site, kept.guest):
        day = day_at(tx, channel.site, now_of(tx))
        if occasions.is_used_up(occasions.counts(tx, channel, kept.guest, day=day), offer):
            raise Refused("This offer was redeemed as often as it may be.")
        _note(tx, channel, Mark(kept.guest, offer.id, exposure), kind=Kind.OFFER_REDEEMED)
    exposures.redeem(tx, channel.site, exposure, ref=by.ref)
    _tell(tx, channel, (kept, offer, exposure), kind=Kind.OFFER_REDEEMED, ref=by.ref)
    return Became(shown=True, redeemed=True, again=False)


def known(tx: Connection, channel: Member, exposure: str) -> tuple[Kept, Offer]:
    """Return a tile's choice and offer: of this channel, and of the version in force."""
    kept, version = exposures.find(tx, channel.site, exposure), bundles.in_force(tx, channel.site)
    tile = kept.tile(exposure) if kept is not None and kept.channel == channel.id else None
    if kept is None or tile is None or version is None or kept.exposed.choice.bundle != version.version:
        raise Unknown("There is no such offer.", hint="It may be over; ask for the guest's offers again.")
    return kept, version.draft.bundle.offers_by_id[tile.offer]


def _is_there(tx: Connection, site: str, guest: str) -> bool:
    return bool(guests.guests_of(tx, site, [guest]))


def allows(tx: Connection, channel: Member, guest: str) -> bool:
    """Whether a guest still lets us choose for them here: what they took back since counts nothing."""
    if not guest or not _is_there(tx, channel.site, guest):
        return False
    said = consents.consents_of(tx, channel.site, [guest]).get(guest, ())
    return may(said, Purpose.OFFERS, channel=channel.via)


def _tell(
    tx: Connection, channel: Member, tile: tuple[Kept, Offer, str], *, kind: Kind, ref: str = ""
) -> None:
    kept, offer, exposure = tile
    bundle, mark = kept.exposed.choice.bundle, Mark(kept.guest, offer.id, exposure)
    heard = Heard(mark, offer.campaign, bundle, channel.via.value, ref)
    for room in BECAME:
        room(tx, channel.site, heard, kind=kind)


def _note(tx: Connection, channel: Member, mark: Mark, *, kind: Kind) -> None:
    """Count what became of a tile, for the caps of every place, and write it in the guest's diary."""
    guest, offer, exposure = mark
    seen = Seen(guest, offer, int(kind), now_of(tx))
    offered.merge(tx, channel.site, [seen], device=occasions.device_of(channel))
    entry = Entry(
        source=channel.source,
        id=f"{kind.name.lower()}/{exposure}",
        owner=remark_owner(guest, b""),
        hlc=now_of(tx) << 16,
        uncertainty_ms=0,
        via=Via(channel.via.value),
        what=WRITTEN[kind],
        subject=offer,
        ref=exposure,
    )
    diary.put(tx, channel.site, [entry])
