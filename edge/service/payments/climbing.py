"""Climbing: the tier that a guest has reached by what this device sold them, before central says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from edge.core.calendar import day_of
from edge.core.children import is_child
from edge.core.climb import SECOND_MS, Climb, expects, read_word
from edge.core.events import Event, Kind, Lane
from edge.core.payment import Authorisation, HoldEnded, Payment, RefundAsked, Voided
from edge.core.payment.legs import Leg, paid_by
from edge.core.profiles import Profile
from edge.core.visits import allows
from edge.service.consents import Consents
from edge.service.facts import zone_of
from edge.service.rooms import Rooms

LOOK_BACK = 2_000
"""So many events of money are looked through; where central counted longer ago nothing is said."""
_PAID = msgspec.msgpack.Decoder(Payment).decode
_ENDED = msgspec.msgpack.Decoder(HoldEnded).decode
_VOIDED = msgspec.msgpack.Decoder(Voided).decode
_REFUNDED = msgspec.msgpack.Decoder(RefundAsked).decode


class Climbing:
    """Adds to central's word what was sold here since; any thread may ask, outside a transaction."""

    def __init__(self, rooms: Rooms, consents: Consents) -> None:
        """Act through these rooms; whoever takes back what opens the word is told nothing from then on."""
        self._rooms, self._consents = rooms, consents

    def soon(self, profile: Profile | None) -> str:
        """Return the tier that a guest is to expect; empty: none that they do not have, or nobody may know.

        It is a word for a screen: no rule, price or offer goes by it.
        """
        layout = self._rooms.profiles.layout()
        known = read_word(profile.tags) if profile is not None else None
        if profile is None or known is None or layout is None or is_child(profile):
            return ""
        if not allows(self._consents.of(profile)):
            return ""
        sold_minor = self._sold(profile.guest, known)
        now_ms = self._rooms.clock.now_ms()
        day = day_of(zone_of(layout.timezone), layout.day_starts_min, now_ms)
        return "" if sold_minor is None else expects(known, sold_minor=sold_minor, day=day)

    def _sold(self, guest: str | None, known: Climb) -> int | None:
        """Return what all bands of a guest bought here since central counted; None: too long ago to say."""
        journal, sold_minor = self._rooms.journal, 0
        # Their own bands are few; by evening a till has sold to a thousand others, and opens none of those.
        bands = {one.band.id for one in self._rooms.profiles.of_guest(guest)} if guest else frozenset[bytes]()
        head = journal.head(Lane.PRIORITY).seq
        for event in reversed(journal.range(Lane.PRIORITY, max(0, head - LOOK_BACK))):
            if event.hlc >> 16 <= known.counted_s * SECOND_MS:
                return sold_minor
            for currency, band, minor in _sums(event):
                sold_minor += minor if currency == known.currency and band in bands else 0
        return sold_minor if head <= LOOK_BACK else None


def _sums(event: Event) -> Iterator[tuple[str, bytes, int]]:
    """Yield in which currency which band paid, or got back (less than 0), how much; as a diary counts it."""
    if event.kind == Kind.PAID:
        paid = _PAID(event.body)
        if paid.state is Authorisation.CAPTURED:
            yield from _each(paid.currency, (*paid.earlier, *paid.legs))
    elif event.kind == Kind.CAPTURED:
        ended = _ENDED(event.body)
        if ended.state is Authorisation.CAPTURED:
            yield from _each(ended.currency, ended.legs)
    elif event.kind in (Kind.PAYMENT_VOIDED, Kind.REFUND_ASKED):
        back = _VOIDED(event.body) if event.kind == Kind.PAYMENT_VOIDED else _REFUNDED(event.body)
        yield from _each(back.currency, back.legs, sign=-1)


def _each(currency: str, legs: Iterable[Leg], *, sign: int = 1) -> Iterator[tuple[str, bytes, int]]:
    for band, minor in paid_by(legs).items():
        yield currency, band, sign * minor
