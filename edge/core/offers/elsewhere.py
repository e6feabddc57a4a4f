"""Elsewhere: how often other devices of a site showed a guest an offer or redeemed it, by local days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from edge.core.events import Kind
from edge.core.offers.offer import Counted, Span

OFFER_TIMES = "offer_times"
"""The kind of the feed's items that tell of it, and of what an edge keeps; the key is the guest."""
COUNTED: dict[int, tuple[Counted, int]] = {
    Kind.OFFER_SHOWN: (Counted.SHOWN, 1),
    Kind.OFFER_REDEEMED: (Counted.REDEEMED, 1),
    Kind.OFFER_RETURNED: (Counted.REDEEMED, -1),
    Kind.OFFER_MADE_OVER: (Counted.REDEEMED, 1),
}
"""What events count as, and how often: a sale that was taken back takes its redemption with it.

What was made over counts where it was given: the till that redeems it does not know the guest."""
ROWS_MAX = 300
"""Rows of one guest over all devices; the oldest days go first. With the longest ids they fit one item."""
OFFER_CHARS_MAX = 40
WEEK_DAYS = 7


class Times(msgspec.Struct, frozen=True, array_like=True):
    """So often on one local day, counted since year 1 as calendars do; -1 takes one back."""

    offer: str
    counted: Counted
    day: int
    times: int = 1


Totals = dict[str, tuple[Times, ...]]
"""All of one guest, by the device that counted it."""


def added(known: Mapping[str, Sequence[Times]], fresh: Iterable[Times], *, device: str) -> Totals:
    """Return the totals of all devices with what is new of one."""
    sums = {(one.offer, one.counted, one.day): one.times for one in known.get(device, ())}
    for one in fresh:
        key = (one.offer, one.counted, one.day)
        if one.times < 0:
            # It was redeemed earlier than it came back: the newest day that has it gives it up.
            key = max(
                (at for at, times in sums.items() if times > 0 and at[:2] == key[:2]),
                key=lambda at: at[2],
                default=key,
            )
        sums[key] = sums.get(key, 0) + one.times
    own = [Times(*key, times) for key, times in sums.items() if times > 0]
    rows = [(name, one) for name, there in known.items() if name != device for one in there]
    rows += [(device, one) for one in own]
    newest = sorted(rows, key=lambda row: (-row[1].day, row[0], row[1].offer, row[1].counted))[:ROWS_MAX]
    totals: dict[str, list[Times]] = {}
    for name, one in newest:
        totals.setdefault(name, []).append(one)
    return {name: tuple(there) for name, there in totals.items()}


def spans_of(one: Times, *, day: int) -> Iterator[Span]:
    """Yield the spans that hold this day; a session is of one place, and nobody else's."""
    yield Span.CAMPAIGN
    if one.day == day:
        yield Span.DAY
    if day - WEEK_DAYS < one.day <= day:
        yield Span.WEEK


def summed(totals: Mapping[str, Sequence[Times]], *, day: int) -> dict[tuple[str, Counted, Span], int]:
    """Return how often each offer was counted over every span, on all these devices together."""
    sums: dict[tuple[str, Counted, Span], int] = {}
    for one in (one for there in totals.values() for one in there):
        for span in spans_of(one, day=day):
            key = (one.offer, one.counted, span)
            sums[key] = sums.get(key, 0) + one.times
    return sums
