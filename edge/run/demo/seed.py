"""Seeding: the park's file into central's registry, as an operator would have typed it in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from edge.core.bands import Band, BandState, Trust
from edge.core.entitlements import Product
from edge.core.lease import Limits
from edge.core.places import Point, Zone
from edge.core.profiles import StaffMember
from edge.run.demo.cards import allow_risk
from edge.run.demo.onair import radio_key, with_radio
from edge.run.demo.park import Park, Pays, Wearer, rights_of, state_of
from edge.run.keys import diversify, guest_pin_hash, pin_hash
from sync.central.money import pots
from sync.central.registry import (
    bands,
    catalogue,
    consents,
    guests,
    layout,
    members,
    profiles,
    rights,
    staff,
    wallets,
)
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Order
from sync.central.sites import band_key, create_site, has_site
from sync.central.store import Connection, Store

KEYED = frozenset({"ntag424", "felica_lite_s"})


def seed(store: Store, park: Park) -> bytes:
    """Make the site if need be and bring all of it to today; returns the site's band master key."""
    site = park.site.id
    with store.transaction() as tx:
        if not has_site(tx, site):
            create_site(tx, site, name=park.site.names["it"])
        master = bands.master(tx, site)
        _places(tx, park)
        _people(tx, park)
        _guests(tx, park, store.now_ms())
        _wallets(tx, park)
        allow_risk(tx, site)
        _bands(tx, park, master)
    return master


def written(store: Store, park: Park) -> frozenset[str]:
    """Return who of those without a band got one at the desk of this park before."""
    with store.reading() as tx:
        secret = band_key(tx, park.site.id)
        ids = {bands.band_id(secret, wearer.uid): wearer.id for wearer in park.guests if wearer.chip.factory}
        known = bands.bands_by_id(tx, park.site.id, ids)
    return frozenset(ids[card.band.id] for card in known if card.band.active)


def _places(tx: Connection, park: Park) -> None:
    if not layout.has_settings(tx, park.site.id):
        layout.put_settings(tx, park.site.id, park.settings)
    things: list[Zone | Point | Product] = [*park.zones, *park.points, *park.products]
    for thing in things:
        layout.put_thing(tx, park.site.id, thing)
    sold = catalogue.catalogue(tx, park.site.id)
    if not sold.articles:
        catalogue.put(tx, park.site.id, [*park.groups, *park.articles])


def _people(tx: Connection, park: Park) -> None:
    """Store the staff once: a hash takes a tenth of a second on purpose."""
    there = {member.id for member in staff.staff(tx, park.site.id)}
    secret = band_key(tx, park.site.id)
    for one in park.staff:
        if one.id not in there:
            hashed = pin_hash(secret, one.id, one.pin)
            member = StaffMember(id=one.id, name=one.name, roles=one.roles, pin_hash=hashed)
            staff.put_staff(tx, park.site.id, member)


def _guests(tx: Connection, park: Park, now_ms: int) -> None:
    people = (*park.guests, *park.visitors)
    guests.put_guests(tx, park.site.id, [_guest(wearer) for wearer in people])
    for wearer in people:
        for purpose in wearer.agrees:
            consents.set_here(tx, park.site.id, wearer.pseudonym, purpose=purpose, given=True)
    held = {wearer.pseudonym: rights_of(wearer, park, now_ms) for wearer in people}
    rights.put_held(tx, park.site.id, held)


def _wallets(tx: Connection, park: Park) -> None:
    """Open the wallets once, with what was paid into each, and say who pays from them."""
    site, secret = park.site.id, band_key(tx, park.site.id)
    purses = park.purses
    there = wallets.wallets_of(tx, site, [purse.id for purse in purses])
    for purse in purses:
        if purse.id in there:
            continue
        hashed = guest_pin_hash(secret, purse.id, purse.pin) if purse.pin else ""
        made = Wallet(
            id=purse.id,
            currency=park.site.currency,
            limits=Limits(pin_above_minor=purse.pin_above_minor),
            low_minor=purse.low_minor,
            fill_minor=purse.fill_minor,
            pin_hash=hashed,
        )
        wallets.create(tx, site, made)
        if purse.minor:
            paid = ("bank", purse.minor, park.site.currency)
            pots.top_up(tx, site, f"charge:demo-{purse.id}", wallet=purse.id, paid=paid)
    for wearer in (*park.guests, *park.visitors):
        if wearer.pays is not None and wearer.pays.wallet not in there:
            pays = wearer.pays
            member = Member(
                guest=wearer.pseudonym,
                wallet=pays.wallet,
                head=pays.head,
                no_charge=pays.no_charge,
                limits=Limits(day_minor_max=pays.day_minor_max),
            )
            members.join(tx, site, member)
            for order in _vouchers(wearer, pays):
                vouchers.give(tx, site, order)


def _vouchers(wearer: Wearer, pays: Pays) -> Iterator[Order]:
    """Return what was given to a guest of the tray, each once."""
    own = Order(id=f"demo-{wearer.id}", voucher=vouchers.free_drink(("drink",)), units=pays.free_drinks)
    own = replace(own, guest=wearer.pseudonym)
    if pays.free_drinks:
        yield own
    if pays.gift_minor:
        yield replace(
            own, id=f"demo-gift-{wearer.id}", voucher=vouchers.gift("welcome"), units=pays.gift_minor
        )


def _guest(wearer: Wearer) -> Guest:
    return Guest(
        id=wearer.pseudonym,
        name=wearer.name,
        language=wearer.language,
        tier=wearer.tier,
        tags=wearer.tags,
        age_band=wearer.age_band,
        height_cm=wearer.height_cm,
        party=wearer.party,
    )


def _bands(tx: Connection, park: Park, master: bytes) -> None:
    """Store the bands once and publish every guest's profile as it stands today."""
    site = park.site.id
    people = (*park.guests, *park.visitors)
    worn = (*park.banded, *park.visitors, *(wearer for wearer in park.strangers if wearer.stock))
    cards = _cards(worn, band_key(tx, site), diversify(master, [wearer.uid for wearer in worn]))
    there = {id_ for id_, _ in bands.owners(tx, site, list(cards))}
    radios = {id_: radio_key(master, wearer.uid) for wearer, id_ in zip(worn, cards, strict=True)}
    new = [with_radio(tx, site, card, key=radios[id_]) for id_, card in cards.items() if id_ not in there]
    bands.add_bands(tx, site, new)
    profiles.publish_bands(tx, site, [card for card in new if card.guest is None])
    profiles.publish_guests(tx, site, [wearer.pseudonym for wearer in people])
    for wearer, id_ in zip(park.banded, cards, strict=False):
        state = state_of(wearer)
        if state is not BandState.ACTIVE:
            card = bands.band(tx, site, id_)
            changed = msgspec.structs.replace(card, band=msgspec.structs.replace(card.band, state=state))
            profiles.publish_state(tx, site, changed)


def _cards(
    worn: Sequence[Wearer], secret: bytes, keys: Sequence[Mapping[int, bytes]]
) -> dict[bytes, BandCard]:
    made = {}
    for wearer, own in zip(worn, keys, strict=True):
        id_ = bands.band_id(secret, wearer.uid)
        least = Trust.SUN if wearer.chip.kind in KEYED else Trust.UID
        made[id_] = BandCard(
            band=Band(id=id_, trust_min=least),
            guest=None if wearer.stock else wearer.pseudonym,
            label=wearer.name,
            chip=wearer.chip.kind,
            keys=dict(own) if wearer.chip.kind in KEYED else {},
        )
    return made
