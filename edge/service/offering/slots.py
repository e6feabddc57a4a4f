"""Slots: what was dealt to this device of caps that hold everywhere, and how much of it is used up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from edge.core.joined import is_joined
from edge.core.offers import Bundle, Cap, Count, Counted, Offer, Span
from edge.core.offers.dealing import caps_dealt, is_dealt, share
from edge.core.offers.elsewhere import WEEK_DAYS, Times, spans_of
from edge.core.profiles import Profile
from edge.store.transaction import Transaction

SLOTS = "offer_slots"
"""Kind of what is kept, by the guest's pseudonym; beside the book of their offers, which an older version of
this program writes again without what it does not know."""
ROWS_MAX = 400
"""Rows of one guest; what is older than a week is put together before there are more."""
LONG_AGO = 0
"""The day of what is put together: for a cap of the whole campaign it counts on."""
_USED = msgspec.msgpack.Decoder(tuple[Times, ...]).decode


def with_shares(
    tx: Transaction, counts: tuple[Count, ...], bundle: Bundle, *, of: Profile | None, at: At
) -> tuple[Count, ...]:
    """Return counts of a guest with what this device may still use up of each cap that was dealt.

    Nothing is told where nobody knows whom, which day it is or what is used up: of an unknown visitor; of a
    guest who is one with another, under whose name the slots are; by a clock that is not trusted, or a
    journal that may be an old one. Then there is no share.
    """
    if of is None or not of.guest or is_joined(of.tags) or not tx.now.trusted or not at.proven:
        return counts
    told = {(one.offer, one.counted, one.span): one for one in counts if not one.screen}
    used = used_by(tx, of.guest)
    dealt = tuple(caps_dealt(bundle))
    mine = (_counted(told, used, one, guest=of.guest, at=at) for one in dealt)
    there = {(offer.id, cap.counted, cap.span) for offer, cap in dealt}
    rest = (one for one in counts if one.screen or (one.offer, one.counted, one.span) not in there)
    # Without a word nothing is left either: so it is of nearly all at most devices, and each is journaled.
    return (*rest, *(one for one in mine if one.here or one.elsewhere or one.allowed))


class At(msgspec.Struct, frozen=True, array_like=True):
    """Which device asks, on which local day."""

    device: str
    day: int
    proven: bool = True
    """Whether its journal is known to be its newest: one from a copy has forgotten what is used up."""


def used_by(tx: Transaction, guest: str) -> tuple[Times, ...]:
    """Return which slots of a guest are used up here."""
    body = tx.get(SLOTS, guest)
    return () if body is None else _USED(body)


def use(tx: Transaction, guest: str | None, offers: Iterable[Offer], *, counted: Counted, day: int) -> None:
    """Use up a slot of each of these offers that was dealt: as soon as it is chosen, or taken up."""
    names = [one.id for one in offers if is_dealt(one, counted)]
    if guest is None or not names:
        return
    rows = {(one.offer, one.counted, one.day): one.times for one in used_by(tx, guest)}
    for name in names:
        key = (name, counted, day)
        rows[key] = rows.get(key, 0) + 1
    kept = [Times(*key, times) for key, times in rows.items()]
    tx.put(SLOTS, guest, msgspec.msgpack.encode(tuple(_fewer(kept, day) if len(kept) > ROWS_MAX else kept)))


def is_left(tx: Transaction, guest: str, offer: Offer, *, at: At) -> bool:
    """Say whether an offer may be taken up once more here, by the caps that taking up uses."""
    used = used_by(tx, guest)
    return all(
        at.proven
        and _sum(used, offer, cap, day=at.day) < share(offer, cap, device=at.device, guest=guest, day=at.day)
        for cap in offer.caps
        if cap.everywhere and cap.counted is Counted.REDEEMED
    )


def _counted(
    told: dict[tuple[str, Counted, Span], Count],
    used: tuple[Times, ...],
    dealt: tuple[Offer, Cap],
    *,
    guest: str,
    at: At,
) -> Count:
    offer, cap = dealt
    before = told.get((offer.id, cap.counted, cap.span), Count(offer=offer.id))
    return Count(
        offer=offer.id,
        counted=cap.counted,
        span=cap.span,
        # What was shown before its cap came to hold everywhere is among the marks alone.
        here=max(before.here, _sum(used, offer, cap, day=at.day)),
        elsewhere=before.elsewhere,
        allowed=share(offer, cap, device=at.device, guest=guest, day=at.day),
    )


def _sum(used: tuple[Times, ...], offer: Offer, cap: Cap, *, day: int) -> int:
    mine = (one for one in used if (one.offer, one.counted) == (offer.id, cap.counted))
    return sum(one.times for one in mine if cap.span in spans_of(one, day=day))


def _fewer(rows: list[Times], day: int) -> Iterator[Times]:
    """Yield the same sums in fewer rows: no cap but that of the whole campaign asks for days so long ago."""
    old: dict[tuple[str, Counted], int] = {}
    for one in rows:
        if one.day > day - WEEK_DAYS:
            yield one
        else:
            old[one.offer, one.counted] = old.get((one.offer, one.counted), 0) + one.times
    yield from (Times(offer, counted, LONG_AGO, times) for (offer, counted), times in old.items())
