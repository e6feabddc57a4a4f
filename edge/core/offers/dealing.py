"""Dealing: a cap that holds everywhere is dealt beforehand, so that devices keep it and ask nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from edge.core.offers.bundle import Bundle
from edge.core.offers.occasion import Count
from edge.core.offers.offer import Cap, Counted, Offer, Span

CONTEXT = "polso-cap 1"
"""What is hashed begins so: another way of dealing would bear another number."""
DEALT = frozenset(
    {
        (Counted.SHOWN, Span.DAY),
        (Counted.SHOWN, Span.WEEK),
        (Counted.SHOWN, Span.CAMPAIGN),
        (Counted.REDEEMED, Span.CAMPAIGN),
    }
)
"""Which caps can be dealt. A session is of one place. What was taken up is redeemed on any later day, so that
only a cap of the whole campaign can be used up by taking it up."""
EVERYWHERE_MAX = 20
"""Slots of one cap: each is dealt for itself, at every choice."""
CAPS_MAX = 60
"""Caps of one bundle that hold everywhere: each choice deals them all and journals what is left, and
an event's body has 16 KiB, most of which say why 200 offers are not shown."""


def share(offer: Offer, cap: Cap, *, device: str, guest: str, day: int) -> int:
    """Return how many slots of a cap are this device's, for a guest on a local day.

    Slots 0 to ``cap.everywhere`` - 1 go each to the device of ``offer.dealt`` with the highest SHA-256 over
    MessagePack's array of (context, offer, guest, what is counted, span, window, slot) and the device's name
    in UTF-8 (rendezvous hashing; Thaler and Ravishankar 1998). A day is a window of its own. A week slides,
    so that its slots stay with one device as long as the campaign lasts: what all devices count in any seven
    days adds up to no more than the cap.
    """
    window = day if cap.span is Span.DAY else 0
    told = (offer.id, guest, cap.counted.value, cap.span.value, window)
    return sum(owner == device for owner in _owners(told, cap.everywhere, offer.dealt))


def is_dealt(offer: Offer, counted: Counted) -> bool:
    """Say whether an offer has a cap of this kind that holds everywhere."""
    return any(cap.everywhere and cap.counted is counted for cap in offer.caps)


def caps_dealt(bundle: Bundle) -> Iterator[tuple[Offer, Cap]]:
    """Yield every cap of a bundle that holds everywhere."""
    yield from ((offer, cap) for offer in bundle.offers for cap in offer.caps if cap.everywhere)


def plenty(bundle: Bundle) -> tuple[Count, ...]:
    """Return counts of somebody who was shown nothing, where every slot is to be had, as in a preview."""
    return tuple(
        Count(offer=offer.id, counted=cap.counted, span=cap.span, allowed=cap.everywhere)
        for offer, cap in caps_dealt(bundle)
    )


@lru_cache(maxsize=4_096)
def _owners(told: tuple[str, str, str, str, int], slots: int, devices: Sequence[str]) -> tuple[str, ...]:
    return tuple(_owner(told, slot, devices) for slot in range(slots)) if devices else ()


def _owner(told: tuple[str, str, str, str, int], slot: int, devices: Sequence[str]) -> str:
    begun = hashlib.sha256(msgspec.msgpack.encode((CONTEXT, *told, slot)))

    def rank(device: str) -> tuple[bytes, str]:
        whole = begun.copy()
        whole.update(device.encode())
        return whole.digest(), device

    return max(devices, key=rank)
