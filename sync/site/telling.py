"""Telling: what a device's events say to the site's others, and what the others' words say here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from edge.core.entitlements import Redemption, Use
from edge.core.events import DECISIONS, Acted, Decided, Event, Kind, decided_in
from edge.core.passages import Whereabouts, moved, place_after, taken_back, uses_in
from edge.core.places import Layout
from sync.client.passages import Seen, Used
from sync.packing import UNREADABLE
from sync.site.book import Keys, entries
from sync.site.gateway import Pair

BACK = {Kind.UNDONE: Redemption.UNDONE, Kind.ANNULLED: Redemption.ANNULLED}
_acted = msgspec.msgpack.Decoder(Acted).decode
_place = msgspec.msgpack.Decoder(Whereabouts).decode
_encode = msgspec.msgpack.Encoder().encode


class Passed(NamedTuple):
    """One decision, or one that was taken back, as the site hears of it."""

    band: bytes
    decided: Decided
    amended: tuple[Use, ...]
    back: bool


class Told(NamedTuple):
    """Keys that others changed."""

    pairs: Sequence[Pair]

    def used(self, keys: Keys) -> list[Used]:
        """Return the uses among them, by right."""
        rights: dict[str, list[Use]] = {}
        for _, entry in entries([pair for pair in self.pairs if pair.key.startswith(keys.uses())]):
            rights.setdefault(entry.use.entitlement, []).append(entry.use)
        return [(right, tuple(uses)) for right, uses in rights.items()]

    def seen(self, keys: Keys) -> list[Seen]:
        """Return where bands are."""
        begin = keys.bands()
        there = [pair for pair in self.pairs if pair.key.startswith(begin)]
        found = [(pair.key.removeprefix(begin), _known(pair.value)) for pair in there]
        return [(bytes.fromhex(band), place) for band, place in found if place is not None]


def told_of(event: Event, decided_at: Callable[[int], Event | None]) -> Passed | None:
    """Return what an event tells the others; None where it tells of no passage."""
    if event.band is None:
        return None
    if event.kind in DECISIONS:
        decided = decided_in(event.body, event.band)
        amended = uses_in(decided, event.seq) if event.kind != Kind.DECIDED else ()
        return Passed(event.band, decided, amended, back=False)
    if event.kind not in BACK:
        return None
    target = _acted(event.body).target or ""
    meant = decided_at(int(target)) if target.isdecimal() else None
    if meant is None or meant.kind not in DECISIONS:
        return None
    decided = decided_in(meant.body, event.band)
    became = BACK[Kind(event.kind)]
    uses = [msgspec.structs.replace(use, redemption=became) for use in uses_in(decided, meant.seq)]
    return Passed(event.band, decided, tuple(uses), back=True)


def placed(known: bytes | None, told: Passed, layout: Layout) -> bytes | None:
    """Return where a band is once this is known too; None: nothing new."""
    before = _known(known or b"")
    if told.back:
        after = taken_back(before, told.decided)
    else:
        there = place_after(told.decided, layout)
        if there is None:
            return None
        after = moved(before, there)
    return None if after == before else _encode(after)


def was_long_ago(pair: Pair, before_ms: int) -> bool:
    """Whether a band has passed nowhere since a moment, or what is said of it makes no sense."""
    known = _known(pair.value)
    return known is None or known.location.since_ms < before_ms


def _known(body: bytes) -> Whereabouts | None:
    try:
        return _place(body)
    except UNREADABLE:
        return None
