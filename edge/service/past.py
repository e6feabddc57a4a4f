"""The past: decisions as the journal holds them, shown again as they were."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import msgspec

from edge.core.calendar import day_bounds
from edge.core.events import Acted, Event, Kind, Lane
from edge.core.profiles import Profile
from edge.service.answers import Answer, Stage, answer_in
from edge.service.facts import zone_of
from edge.service.rooms import Rooms
from edge.service.show import staff_view
from edge.views import StaffView

LOG = logging.getLogger("polso.service")
REFILL_MAX = 20_000
"""Events read again at start: a busy gate's day; older ones are in the journal only."""
DECISIONS = frozenset({Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN})
TAKEN_BACK = frozenset({Kind.UNDONE, Kind.ANNULLED})
_ACTED = msgspec.msgpack.Decoder(Acted)


def last_view(rooms: Rooms, profile: Profile) -> StaffView | None:
    """Return the last decision about a band, if that is what last changed it."""
    event = rooms.journal.last_of(profile.band.id)
    if event is None or event.kind not in DECISIONS:
        return None
    return staff_view(answer_in(event), profile)


def today(rooms: Rooms) -> Iterator[tuple[StaffView, StaffView | None]]:
    """Yield today's decisions, oldest first, each with the same tap's earlier one where there is one."""
    since_ms = _day_began_ms(rooms)
    answers: dict[str, Answer] = {}
    for event in _last_events(rooms):
        if event.hlc >> 16 < since_ms:
            continue
        answer = _readable(event, answers)
        if answer is None:
            continue
        before = answers.get(answer.presented.tap_id)
        answers[answer.presented.tap_id] = answer
        yield _shown(rooms, answer), None if before is None else _shown(rooms, before)


def _readable(event: Event, answers: dict[str, Answer]) -> Answer | None:
    """Return an event's answer; one of another version's writing is only missing from the counts."""
    try:
        return _answer(event, answers)
    except msgspec.MsgspecError as error:
        LOG.warning("event %d cannot be shown again: %s", event.seq, error)
        return None


def _answer(event: Event, answers: dict[str, Answer]) -> Answer | None:
    if event.kind in DECISIONS:
        return answer_in(event)
    if event.kind not in TAKEN_BACK:
        return None
    acted = _ACTED.decode(event.body)
    taken = answers.get(acted.tap_id or "")
    if taken is None:
        return None
    return msgspec.structs.replace(taken, seq=event.seq, stage=Stage.TAKEN_BACK, staff=acted.staff)


def _shown(rooms: Rooms, answer: Answer) -> StaffView:
    band = answer.presented.band
    return staff_view(answer, rooms.profiles.get(band) if band is not None else None)


def _day_began_ms(rooms: Rooms) -> int:
    layout = rooms.profiles.layout()
    if layout is None:
        return 0
    return day_bounds(zone_of(layout.timezone), layout.day_starts_min, rooms.clock.now_ms())[0]


def _last_events(rooms: Rooms) -> Iterator[Event]:
    """Walk the last part of the journal, a bounded piece at a time."""
    after = max(0, rooms.journal.head(Lane.ORDINARY).seq - REFILL_MAX)
    while piece := rooms.journal.range(Lane.ORDINARY, after):
        yield from piece
        after = piece[-1].seq
