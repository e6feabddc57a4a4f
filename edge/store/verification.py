"""Verification: a lane's chain recomputed, and every damage located to its record and called by its kind."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from edge.core.checkpoint import Checkpoint, Contradiction, Doubt, contradictions
from edge.core.events import Event, Kind, chain_start, chain_step, decided_in
from edge.store.records import Head, Owner

BREAKS_MAX = 1_000
"""Breaks reported of one lane; beyond them it is rubble."""
PAIRED_MAX = 200
"""Among so many changed records it is looked which two changed places."""
JUDGED = frozenset({Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN})


class Wrong(enum.StrEnum):
    """What does not fit."""

    START = "start"
    """The lane does not begin where its owner's chain begins."""
    MISSING = "missing"
    """Records are gone from here on."""
    CHANGED = "changed"
    """The record is not what was hashed."""
    INSERTED = "inserted"
    """The record was never written by this device; those behind it moved on."""
    SWAPPED = "swapped"
    """The record stands where another one stood, and that one here."""
    SPLICED = "spliced"
    """The record is another device's."""
    CUT = "cut"
    """The lane ends here, and a checkpoint has seen it longer: its tail is gone."""
    REWRITTEN = "rewritten"
    """A checkpoint has seen another record here: all behind the good one was made anew."""


class Break(NamedTuple):
    """One place where a chain does not hold: the record that does not fit what stands before it."""

    lane: int
    seq: int
    wrong: Wrong
    good: int | None = None
    """The nearest record before it that a signed checkpoint vouches for; None: no checkpoint does."""


class Lane(NamedTuple):
    """What was found of one lane."""

    lane: int
    first: int
    last: int
    checked: int
    breaks: tuple[Break, ...]


class Report(NamedTuple):
    """What was found of a journal; a tail that was cut off is seen as far as checkpoints tell of it."""

    owner: Owner
    lanes: tuple[Lane, ...]
    vouched: int | None = None
    """How many records the newest checkpoint stands for; None: there was none to compare with."""

    @property
    def whole(self) -> bool:
        """Say whether no chain is broken."""
        return not any(lane.breaks for lane in self.lanes)

    @property
    def breaks(self) -> tuple[Break, ...]:
        """Return every break, lane by lane."""
        return tuple(found for lane in self.lanes for found in lane.breaks)


class _Changed(NamedTuple):
    """A record that does not fit behind ``before``; the number it would have there is ``seq``."""

    before: bytes
    event: Event
    seq: int
    after: Event | None


class _Walk:
    """One pass over a lane: goes on from each record's own hash, so that each damage is told once."""

    def __init__(self, lane: int, anchor: Head) -> None:
        self.lane = lane
        self.seq, self.h = anchor.seq, anchor.h
        self.before = anchor.h
        """What the record looked at last was hashed behind."""
        self.shift = 0
        """By how much records stand behind the number that they were hashed under."""
        self.count = 0
        self.found: list[Break] = []
        self.changed: list[_Changed] = []

    @property
    def is_rubble(self) -> bool:
        """Whether so much is broken that more says nothing."""
        return len(self.found) + len(self.changed) >= BREAKS_MAX

    def take(self, event: Event, after: Event | None) -> bool:
        """Look at one record; say whether the one after it was looked at with it."""
        self.count += 1
        seq, h = self.seq, self.h
        if event.seq == seq + 1 and not self.shift and chain_step(h, event) == event.h:
            self.seq, self.h, self.before = event.seq, event.h, h
            return False
        if event.seq > seq + 1:
            self._tell(self.seq + 1, Wrong.MISSING)
        elif not _fits(h, event, event.seq - self.shift):
            return self._explain(event, after)
        self.seq, self.h, self.before = event.seq, event.h, h
        return False

    def _explain(self, event: Event, after: Event | None) -> bool:
        """Find the least that must have been done to the lane for this record to stand here."""
        here = event.seq - self.shift
        if _fits(self.before, event, here - 1):  # the one before was put in by somebody who knows the chain
            self._tell(event.seq - 1, Wrong.INSERTED)
            self.shift, self.seq, self.h = self.shift + 1, event.seq, event.h
            return False
        if after is not None and _fits(self.h, after, here):
            if _fits(after.h, event, here + 1):
                self._tell(event.seq, Wrong.SWAPPED)
                self._tell(after.seq, Wrong.SWAPPED)
                self.count += 1
                self.seq, self.h = after.seq, event.h
                return True
            self._tell(event.seq, Wrong.INSERTED)
            self.shift, self.seq = self.shift + 1, event.seq
            return False
        if after is not None and not _fits(event.h, after, here + 1) and _fits(event.h, after, here + 2):
            self._tell(event.seq, Wrong.MISSING)
            self.shift -= 1
        else:
            self.changed.append(_Changed(self.h, event, here, after))
        self.seq, self.h = event.seq, event.h
        return False

    def _tell(self, seq: int, wrong: Wrong) -> None:
        self.found.append(Break(self.lane, seq, wrong))

    def conclude(self, owner: Owner) -> list[Break]:
        """Return all that was found, those records paired that only changed places."""
        swapped, explained = _paired(self.changed[:PAIRED_MAX])
        told = list(self.found)
        for one in self.changed:
            seq = one.event.seq
            if seq in swapped:
                told.append(Break(self.lane, seq, Wrong.SWAPPED))
            elif seq not in explained:
                wrong = Wrong.SPLICED if _is_foreign(one, owner.device) else Wrong.CHANGED
                told.append(Break(self.lane, seq, wrong))
        return sorted(told)


def check_lane(
    owner: Owner,
    anchor: Head,
    events: Iterable[Event],
    *,
    lane: int,
    checkpoints: Sequence[Checkpoint] = (),
) -> Lane:
    """Recompute one lane's chain from its anchor on and compare it with signed checkpoints of this device."""
    walk = _Walk(lane, anchor)
    marked = {checkpoint.marks[lane].seq for checkpoint in checkpoints}
    hashes = {anchor.seq: anchor.h}
    looked_at, last = False, anchor.seq
    for event, after in _with_next(events):
        last = event.seq
        if last in marked:
            hashes[last] = event.h
        looked_at = not looked_at and not walk.is_rubble and walk.take(event, after)
    breaks = walk.conclude(owner)
    start = chain_start(owner.site, owner.device, lane, public_key=owner.public_key)
    if anchor.seq == 0 and anchor.h != start:
        breaks.insert(0, Break(lane, 0, Wrong.START))
    breaks += _unseen(checkpoints, lane, last, hashes=hashes, breaks=breaks)
    good = [checkpoint.marks[lane] for checkpoint in checkpoints]
    sound = sorted(mark.seq for mark in good if hashes.get(mark.seq) == mark.h)
    named = tuple(found._replace(good=_before(sound, found.seq)) for found in breaks)
    return Lane(lane, anchor.seq + 1, last, walk.count, named)


def _unseen(
    checkpoints: Sequence[Checkpoint], lane: int, last: int, *, hashes: dict[int, bytes], breaks: list[Break]
) -> list[Break]:
    """Return what only checkpoints tell and nothing else did: a tail cut off, a history made anew."""
    found = [one for checkpoint in checkpoints for one in _against(checkpoint, lane, last, hashes=hashes)]
    cut = [Break(lane, one.seq, Wrong.CUT) for one in found if one.doubt is Doubt.BEHIND][:1]
    earliest = min((one.seq for one in found if one.doubt is Doubt.OTHER), default=None)
    told = earliest is None or any(one.seq <= earliest for one in breaks)
    return cut if told or earliest is None else [Break(lane, earliest, Wrong.REWRITTEN), *cut]


def _against(
    checkpoint: Checkpoint, lane: int, last: int, *, hashes: dict[int, bytes]
) -> Iterator[Contradiction]:
    heads = [mark.seq for mark in checkpoint.marks]
    heads[lane] = last
    found = contradictions(checkpoint, heads, lambda asked, seq: hashes.get(seq) if asked == lane else None)
    return (one for one in found if one.lane == lane)


def _before(sound: list[int], seq: int) -> int | None:
    return max((mark for mark in sound if mark < seq), default=None)


def _with_next(events: Iterable[Event]) -> Iterator[tuple[Event, Event | None]]:
    """Yield each event with the one after it."""
    rest = iter(events)
    here = next(rest, None)
    while here is not None:
        after = next(rest, None)
        yield here, after
        here = after


def _fits(before: bytes, event: Event, seq: int) -> bool:
    """Say whether a record was hashed under this number behind this hash."""
    return chain_step(before, event if event.seq == seq else replace(event, seq=seq)) == event.h


def _paired(changed: Sequence[_Changed]) -> tuple[set[int], set[int]]:
    """Return which changed records only changed places, and which are merely hashed behind a changed one."""
    swapped: set[int] = set()
    explained: set[int] = set()
    place = {one.event.seq: one for one in changed}
    for one in changed:
        for other in changed:
            if one is not other and _fits(one.before, other.event, one.seq):
                swapped |= {one.event.seq, other.event.seq}
                explained |= _behind(place, one.event.seq, h=other.event.h)
                explained |= _behind(place, other.event.seq, h=one.event.h)
        own = chain_step(one.before, replace(one.event, seq=one.seq))
        explained |= _behind(place, one.event.seq, h=own)
    return swapped, explained - swapped


def _behind(place: dict[int, _Changed], seq: int, *, h: bytes) -> set[int]:
    following = place.get(seq + 1)
    return {seq + 1} if following is not None and _fits(h, following.event, following.seq) else set()


def _is_foreign(one: _Changed, device: str) -> bool:
    """Say whether a record is another device's, and not one of ours in which only that name was edited."""
    if _device(one.event) in ("", device):
        return False
    after = one.after
    return after is None or _device(after) not in ("", device) or not _fits(one.event.h, after, one.seq + 1)


def _device(event: Event) -> str:
    """Return the device that a decision's own body names, as far as it can be read."""
    if event.kind not in JUDGED:
        return ""
    try:
        return decided_in(event.body, event.band).device
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
