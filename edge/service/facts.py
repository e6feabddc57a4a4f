"""The facts of one judgement: what the caller brought, and what the site remembers inside the transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from edge.core.bands import Presented, Read, Trust
from edge.core.calendar import day_of, last_reset
from edge.core.entitlements import Entitlement, Terms
from edge.core.facts import Facts, Rule
from edge.core.held import Held, Location
from edge.core.passage import moves
from edge.core.places import Direction, Layout, Point, unplaced
from edge.core.profiles import Profile
from edge.core.slots import NO_TIMES, Timetable, moved_times, with_moves
from edge.rules import rule_or_broken
from edge.service.answers import Answer
from edge.service.rooms import Rooms
from edge.service.times import moves_of, next_times, places
from edge.store.transaction import Transaction
from edge.tickets import Forged, identifier, is_ticket
from edge.vault import UID_BYTES_MAX
from hardware.port import Medium, Tap
from hardware.port import Trust as PortTrust

SEEN = "seen"
"""Where each band was read last; kept only on a site that knows how far its points are apart."""
NOWHERE = "UTC"
_TRUST = {trust: Trust(int(trust)) for trust in PortTrust}
_MEDIUM = {medium: medium.value for medium in Medium}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question to the rulebook, as far as it is known before the transaction."""

    presented: Presented
    point: Point
    layout: Layout
    allowed: bool = True
    """False where the point is none of this site's: the device may not decide there."""
    dismissed: bool = False
    profile: Profile | None = None
    profile_age_ms: int | None = None
    chosen: str | None = None
    answers: Mapping[str, str] = {}
    answered: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()
    overridden: bool = False
    staff: str | None = None
    approver: str | None = None
    note: str = ""
    timetable: Callable[[], Timetable] = lambda: NO_TIMES
    """The booked times, asked for inside the transaction: a share that was told is kept from then on."""
    paced: bool = False
    """Whether the site knows how long it takes to walk between its points."""
    earlier: Answer | None = None
    """What this very tap was answered before."""

    @property
    def timezone(self) -> dt.tzinfo:
        """The clock that the site's day follows."""
        return zone_of(self.layout.timezone)


@lru_cache(maxsize=8)
def zone_of(name: str) -> dt.tzinfo:
    """Return the time zone of an IANA name."""
    return ZoneInfo(name)


def day_at(layout: Layout | None, at_ms: int) -> int:
    """Return which local day of the site a moment is in; without a layout a day in UTC."""
    zone, starts_min = ("UTC", 0) if layout is None else (layout.timezone, layout.day_starts_min)
    return day_of(zone_of(zone), starts_min, at_ms)


def presented_of(tap: Tap, rooms: Rooms) -> Presented:
    """Return a reader's tap as the rulebook sees it: the raw identifier ends here."""
    if tap.medium is Medium.QR and is_ticket(tap.uid):
        return _presented_ticket(tap, rooms)
    too_long = len(tap.uid) > UID_BYTES_MAX
    read = Read(tap.fault.value) if tap.fault is not None else Read.OK
    return Presented(
        tap_id=tap.tap_id,
        reader=tap.reader,
        band=rooms.vault.band_id(tap.uid) if tap.uid and not too_long else None,
        trust=_TRUST[tap.trust],
        counter=tap.counter,
        read=Read.GARBAGE if too_long else read,
        medium=_MEDIUM[tap.medium],
    )


def _presented_ticket(tap: Tap, rooms: Rooms) -> Presented:
    """Return a scanned ticket: its signature proves as much as a band's signed message does."""
    try:
        ticket = rooms.tickets.read(tap.uid)
    except Forged:
        return Presented(
            tap_id=tap.tap_id,
            reader=tap.reader,
            band=None,
            read=Read.NOT_AUTHENTIC,
            medium=_MEDIUM[tap.medium],
        )
    band = rooms.vault.band_id(identifier(ticket))
    rooms.tickets.keep(band, ticket)
    return Presented(
        tap_id=tap.tap_id, reader=tap.reader, band=band, trust=Trust.SUN, medium=_MEDIUM[tap.medium]
    )


def _profile(rooms: Rooms, band: bytes | None) -> Profile | None:
    """Return what central said of a band, or else what a ticket says of itself."""
    if band is None:
        return None
    return rooms.profiles.get(band) or rooms.tickets.profile(band)


def ask(rooms: Rooms, presented: Presented, point_id: str) -> Asked:
    """Load what a question needs of the profiles, on the caller's own thread."""
    layout = rooms.profiles.layout() or Layout(site="", version=0, timezone=NOWHERE)
    point = layout.points_by_id.get(point_id)
    return Asked(
        presented=presented,
        point=point or unplaced(point_id),
        layout=layout,
        allowed=point is not None,
        dismissed=rooms.dismissed(),
        profile=_profile(rooms, presented.band),
        profile_age_ms=rooms.health.sync_age_ms(),
        timetable=rooms.profiles.goods.timetable,
        paced=layout.paced,
    )


def gather(tx: Transaction, asked: Asked, device: str) -> Facts:
    """Add the site's own memory and return the facts; later acts of the batch see what this one changes."""
    profile = own_profile(tx, asked.presented, asked.profile)
    band = asked.presented.band
    since_ms = begin_day(tx, asked.layout)
    held = tx.held(band, rights_of(profile)) if band is not None else Held()
    passed_ms, inside = _adults(tx, asked, profile, since_ms=since_ms)
    times = asked.timetable()
    free = places(tx, profile, times, point=asked.point, device=device)
    zones = tx.places(_leases(asked.layout, device)) if asked.layout.place_leases else {}
    return Facts(
        moment=tx.now,
        presented=asked.presented,
        point=asked.point,
        layout=asked.layout,
        timezone=asked.timezone,
        device=device,
        profile=profile,
        held=held,
        places={**zones, **free} if free else zones,
        moved=moved_times(asked.profile, profile),
        slot_next=next_times(tx, profile, times, free=free, device=device),
        adult_passed_ms=passed_ms,
        adult_inside=inside,
        rules=rules_for(asked, profile),
        profile_age_ms=asked.profile_age_ms,
        unconfirmed=_is_unconfirmed(asked, device),
        chosen=asked.chosen,
        answers=asked.answers,
        answered=frozenset(asked.answered),
        confirmed=frozenset(asked.confirmed),
        overridden=asked.overridden,
        last_elsewhere_ms=_elsewhere(tx, asked),
        device_allowed=asked.allowed,
        device_revoked=asked.dismissed,
    )


def rights_of(profile: Profile | None) -> tuple[str, ...]:
    """Return the ids of a guest's rights."""
    return tuple([right.id for right in profile.entitlements]) if profile is not None else ()


def own_profile(tx: Transaction, presented: Presented, profile: Profile | None) -> Profile | None:
    """Return central's profile, or what staff made of it here until central tells a newer one."""
    if presented.band is None:
        return profile
    ours = tx.linked(presented.band)
    if ours is not None and (profile is None or profile.rev <= ours.rev):
        profile = ours
    return profile if profile is None else with_moves(profile, moves_of(tx, profile))


def rules_for(asked: Asked, profile: Profile | None) -> dict[str, Rule]:
    """Return the compiled rules that this question may need, by their text."""
    texts = [rule.cel for rule in asked.point.rules]
    for right in profile.entitlements if profile is not None else ():
        texts.extend(rule.cel for rule in terms_of(right, asked.layout).rules)
    return {text: rule_or_broken(text) for text in texts}


def terms_of(right: Entitlement, layout: Layout) -> Terms:
    """Return a right's own terms, or its product's."""
    if right.terms is not None:
        return right.terms
    product = layout.products_by_id.get(right.product)
    return product.terms if product is not None else Terms()


def note_seen(tx: Transaction, asked: Asked) -> None:
    """Remember where a band was read, on a site that knows its distances."""
    if asked.presented.band is None or not asked.paced:
        return
    seen = Location(zone=None, since_ms=tx.now.now_ms, point=asked.point.id, device="")
    tx.put(SEEN, asked.presented.band.hex(), msgspec.msgpack.encode(seen))


def _elsewhere(tx: Transaction, asked: Asked) -> int | None:
    if asked.presented.band is None or not asked.point.walk_s_min:
        return None
    body = tx.get(SEEN, asked.presented.band.hex())
    if body is None:
        return None
    seen = msgspec.msgpack.decode(body, type=Location)
    return seen.since_ms if seen.point != asked.point.id else None


def begin_day(tx: Transaction, layout: Layout) -> int:
    """Begin the counts anew after the nightly reset; return when it was, 0 where the site has none."""
    if layout.reset_min is None:
        return 0
    reset_ms = last_reset(zone_of(layout.timezone), layout.reset_min, tx.now.now_ms)
    tx.count_from(reset_ms)
    return reset_ms


def _leases(layout: Layout, device: str) -> dict[str, int]:
    return {lease.zone: lease.places for lease in layout.place_leases if lease.device == device}


def _is_unconfirmed(asked: Asked, device: str) -> bool:
    """Whether the same right may be opening another gate just now: its device has not been asked."""
    point = asked.point
    return moves(point) and point.direction is not Direction.OUT and asked.layout.has_others(device)


def _adults(
    tx: Transaction, asked: Asked, profile: Profile | None, *, since_ms: int
) -> tuple[int | None, bool]:
    """Return when an adult of the guest's party last passed this point, and whether one is where it leads."""
    if profile is None or profile.party is None:
        return None, False
    adults = [
        member.location
        for member in tx.party(profile.party.id)
        if member.role == "adult" and member.band != profile.band.id and member.location.since_ms >= since_ms
    ]
    here = [where.since_ms for where in adults if where.point == asked.point.id]
    zone = asked.point.to_zone or asked.point.zone
    return max(here, default=None), any(asked.layout.within(where.zone, zone) for where in adults)
