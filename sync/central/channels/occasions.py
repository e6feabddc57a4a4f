"""Occasions: what a choice of offers for a channel stands on, as far as its guest allows it there."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from edge.core.calendar import local
from edge.core.closing import to_closing_min
from edge.core.consent import Channel, quiet_since
from edge.core.facts import Moment
from edge.core.lease import LeaseKind
from edge.core.offers import (
    AboutGuest,
    AboutNow,
    AboutOrders,
    AboutPoint,
    AboutSite,
    Context,
    Count,
    Counted,
    Occasion,
    Offer,
    Span,
    Standing,
    about_now,
    history_of,
    standing_by,
)
from edge.core.offers.control import draw_of
from edge.core.offers.elsewhere import summed
from edge.core.offers.shelves import about_shelves
from edge.core.orders import OVER, OrderState, Stock
from edge.core.segments import covered
from edge.core.vouchers import base_of
from edge.errors import Refused
from edge.rules import compile_offer_rule, parts_named, turn_of
from sync.central import offered
from sync.central.channels.book import Member
from sync.central.days import zone_of
from sync.central.journey import visited
from sync.central.near import orders, stock
from sync.central.offers import bundles
from sync.central.offers.bundles import Version
from sync.central.registry import (
    birthdays,
    catalogue,
    conditions,
    consents,
    guests,
    layout,
    members,
    segments,
    wallets,
)
from sync.central.registry.children import children
from sync.central.registry.guests import Guest
from sync.central.registry.localday import day_at
from sync.central.settling import vouchers
from sync.central.store import Connection, now_of

EXPOSURE_BYTES, NAME_BYTES = 8, 16
NOTHING: Mapping[tuple[str, str], int] = MappingProxyType({})
"""What devices set aside is in central's own figures."""
SHARED = frozenset({Channel.KIOSK, Channel.TILL})
"""Ways by which others may see what a guest is shown."""


class Asked(NamedTuple):
    """Who asks for whom, under which version of the offers; no guest: as for anybody."""

    channel: Member
    version: Version
    guest: Guest | None
    standing: Standing
    day: int
    turn: str
    """Of clock, weather and crowd: in another one other offers may be made."""

    @property
    def name(self) -> bytes:
        """By what this is told from every other occasion: in one turn of a day one choice is made for it."""
        who = "" if self.guest is None else self.guest.id
        told = (self.channel.id, who, self.version.version, self.day, self.standing, self.turn)
        return hashlib.blake2b(msgspec.msgpack.encode(told), digest_size=NAME_BYTES).digest()


def asked(tx: Connection, channel: Member, guest: str) -> Asked:
    """Return what a guest may be offered by; who does not allow it here is anybody, a child stays a child."""
    known, version = guests.guest(tx, channel.site, guest), bundles.in_force(tx, channel.site)
    if version is None:
        raise Refused("This site has no offers yet.", hint="Publish them first.")
    standing = standings(tx, channel, [known])[known.id]
    day, turn = day_at(tx, channel.site, now_of(tx)), _turn(tx, channel.site, version)
    if not standing.offers:
        anybody = Standing(child=standing.child, quiet=standing.quiet)
        return Asked(channel, version, None, anybody, day, turn)
    return Asked(channel, version, known, standing, day, turn)


def occasion(tx: Connection, one: Asked) -> Occasion:
    """Return everything that the choice stands on.

    A channel is at no point and in no zone, holds no slice of a budget and spends no points: what needs one
    of these is told where it can be given.
    """
    exposure, bundle = f"c{secrets.token_hex(EXPOSURE_BYTES)}", one.version.draft.bundle
    known = () if one.guest is None else counts(tx, one.channel, one.guest.id, day=one.day)
    return Occasion(
        exposure=exposure,
        draw=draw_of(bundle.control.salt, exposure),
        bundle=bundle,
        rules={rule.id: compile_offer_rule(rule.cel) for rule in bundle.rules},
        context=_context(tx, one, known),
        moment=Moment(now_ms=now_of(tx)),
        timezone=zone_of(tx, one.channel.site),
        site=one.channel.site,
        point="",
        guest=None if one.guest is None else one.guest.id,
        standing=one.standing,
        watched=one.channel.via in SHARED,
        counts=known,
    )


def counts(tx: Connection, channel: Member, guest: str, *, day: int) -> tuple[Count, ...]:
    """Return how often a guest was shown or redeemed what, wherever; a day in a channel is one session."""
    site = channel.site
    sums = summed(offered.of_guest(tx, site, guest), day=day)
    here = summed(offered.of_guest(tx, site, guest, device=device_of(channel)), day=day)
    sums |= {
        (name, counted, Span.SESSION): times
        for (name, counted, span), times in here.items()
        if span is Span.DAY
    }
    return tuple(
        Count(offer=name, counted=counted, span=span, elsewhere=times)
        for (name, counted, span), times in sorted(sums.items())
    )


def is_used_up(known: Iterable[Count], offer: Offer) -> bool:
    """Say whether an offer was redeemed as often as it may be."""
    told = {(one.counted, one.span): one.elsewhere for one in known if one.offer == offer.id}
    limits = [cap for cap in offer.caps if cap.counted is Counted.REDEEMED and not cap.screen]
    return any(told.get((cap.counted, cap.span), 0) >= cap.most for cap in limits)


def device_of(channel: Member) -> str:
    """Return under which name a channel counts, among devices; no device's has a stroke."""
    return f"channel/{channel.id}"


def standings(tx: Connection, channel: Member, found: Iterable[Guest]) -> dict[str, Standing]:
    """Return by id what each of these guests allows in a channel, and who is a child or wants quiet."""
    asked, site = {one.id: one for one in found}, channel.site
    said = consents.consents_of(tx, site, asked)
    young = children(tx, site, asked.values())
    made = {}
    for guest in asked:
        words = said.get(guest, ())
        since_ms = quiet_since(words)
        stands = standing_by(
            words,
            channel.via,
            child=guest in young,
            quiet=since_ms is not None and day_at(tx, site, since_ms) == day_at(tx, site, now_of(tx)),
        )
        mine = tuple(name for name in stands.namespaces if name in channel.namespaces)
        made[guest] = replace(stands, namespaces=mine)
    return made


def _context(tx: Connection, one: Asked, known: Iterable[Count]) -> Context:
    site, now_ms, goods = one.channel.site, now_of(tx), catalogue.catalogue(tx, one.channel.site).articles
    anybody = Context(
        now=_now(tx, site),
        site=_site(tx, site),
        point=AboutPoint(kind=one.channel.via.value),
        stock=about_shelves(goods, _shelves(tx, one), now_ms, taken=NOTHING),
    )
    if one.guest is None:
        return anybody
    mine = replace(anybody, guest=_about(tx, one, one.guest), orders=_orders(tx, site, one.guest.id))
    # The whole occasion is kept: what may not choose an offer is not written down for one either.
    bundle = one.version.draft.bundle
    return replace(mine, history=history_of(known, bundle)) if one.standing.behaviour else mine


def _turn(tx: Connection, site: str, version: Version) -> str:
    wall = local(zone_of(tx, site), now_of(tx))
    return turn_of(version.draft.bundle, wall, now=_now(tx, site), site=_site(tx, site))


def _now(tx: Connection, site: str) -> AboutNow:
    zone, now_ms, places = zone_of(tx, site), now_of(tx), layout.published(tx, site)
    closing = None if places is None else to_closing_min(places, "", zone=zone, at_ms=now_ms)
    return about_now(local(zone, now_ms), closing)


def _site(tx: Connection, site: str) -> AboutSite:
    told, now_ms = conditions.conditions(tx, site), now_of(tx)
    return AboutSite(id=site, weather=told.weather_at(now_ms), crowd=told.crowd_at(now_ms))


def _named(version: Version) -> frozenset[str]:
    """Return the parts of a context that rules in force ask for."""
    return frozenset[str]().union(*(parts_named(rule.cel) for rule in version.draft.bundle.rules))


def _shelves(tx: Connection, one: Asked) -> tuple[Stock, ...]:
    """Return the site's shelves where the offers in force ask for any: there can be thousands of them."""
    asked = "stock" in _named(one.version) or any(offer.needs for offer in one.version.draft.bundle.offers)
    return stock.stock(tx, one.channel.site) if asked else ()


def _orders(tx: Connection, site: str, guest: str) -> AboutOrders:
    mine = [order for order in orders.of_guest(tx, site, guest) if order.state not in OVER]
    return AboutOrders(open=len(mine), ready=sum(order.state is OrderState.READY for order in mine))


def _about(tx: Connection, one: Asked, guest: Guest) -> AboutGuest:
    site = one.channel.site
    codes = segments.segments_of(tx, site, [guest.id]).get(guest.id, ())
    said = consents.consents_of(tx, site, [guest.id]).get(guest.id, ())
    came = visited.read(tx, site, [guest.id])[guest.id] if one.standing.behaviour else None
    near = birthdays.nears(tx, site, [guest.id], day=one.day) if one.standing.declared else {}
    return AboutGuest(
        segments=covered(codes, said, [one.channel.via]),
        tier=guest.tier or None,
        points=_points(tx, site, guest.id) or None,
        visits=came.days if came is not None else None,
        first_visit=came.is_first(one.day) if came is not None else None,
        language=guest.language or None,
        birthday=near.get(guest.id),
    )


def _points(tx: Connection, site: str, guest: str) -> int:
    """Return the points that a guest's wallet has, at central and at devices; none where there is none."""
    payer = members.members_by_guest(tx, site, [guest]).get(guest)
    if payer is None:
        return 0
    found = 0
    for one in vouchers.left(tx, site, wallets.wallet(tx, site, payer.wallet)):
        mine = not one.issued.withdrawn and one.issued.guest in ("", guest)
        if mine and base_of(one.issued.voucher.kind) == LeaseKind.POINTS:
            found += max(0, one.left)
    return found
