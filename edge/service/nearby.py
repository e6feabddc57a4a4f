"""Nearby: who is about, so that screens get ready; nothing here grants anything or charges anybody."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from edge.core.consent import Purpose, may
from edge.core.decision import Outcome, Reason
from edge.core.events import Event, Kind, decided_in
from edge.core.presence import Heard, Moved, Nearness
from edge.core.profiles import Profile
from edge.errors import StoreError
from edge.presence import WAITING_MAX, Passed, Presence, Step
from edge.service.consents import Consents
from edge.service.noticed import AtKiosk, Away, Noticed
from edge.service.onair import OnAirs, stands
from edge.service.payments.placement import Placement
from edge.service.rooms import Rooms
from edge.service.show import short
from edge.service.watch import Watch
from edge.service.zonebook import ZoneBook

PRESENCE = "presence"
"""Topic of the staff's screens, and its event: somebody came nearer, or went."""
NEAR = "near"
AWAY = "away"
LOOK_S = 0.25
"""How often it is looked: who walks away is gone from a screen within seconds."""
EXPECTED_MAX = 200
ARRIVED = Moved(Nearness.IN_VENUE, "", entered=True)
NEAREST_FIRST = (Nearness.AT_KIOSK, Nearness.IN_AREA, Nearness.IN_VENUE)


class Person(NamedTuple):
    """A guest who is about: what is warm of them, since when they are where, their last tap at each point."""

    profile: Profile
    allows: tuple[str, ...]
    since_ms: dict[Nearness, int]
    taps: dict[str, str]


class TapSeen(NamedTuple):
    """A tap that let somebody in or out."""

    passed: Passed
    point: str
    tap_id: str


class Nearby:
    """What presence prepares: a profile read, a lease asked for, screens told; any thread may ask."""

    def __init__(self, rooms: Rooms, consents: Consents, *, placement: Placement, on_air: OnAirs) -> None:
        """Act through these rooms; nobody is about, and nothing runs before ``start``."""
        self._rooms, self._consents, self._placement = rooms, consents, placement
        self._presence = Presence(rooms.receivers, self._welcome)
        self._book = ZoneBook(rooms)
        self._people: dict[bytes, Person] = {}
        self._taps: deque[TapSeen] = deque(maxlen=WAITING_MAX)
        self._lock = threading.Lock()
        self._doubted: set[bytes] | None = set()
        self._watch = Watch((self.look,), round_s=LOOK_S)
        consents.after_saying(self._said)
        on_air.after_doubt(self._doubt)
        rooms.profiles.after_change(self._doubt)

    def start(self) -> None:
        """Begin to look."""
        self._watch.start()

    def stop(self) -> None:
        """Look no more, and write down what is noted; harmless if repeated."""
        self._watch.stop()
        self._book.write(all_of_it=True)

    # Told by radios, by the journal and by whoever knows of a guest's word

    def hear(self, heard: Heard) -> None:
        """Take that a band was heard; returns at once."""
        self._presence.take(heard)

    def committed(self, results: Sequence[object], events: Sequence[Event]) -> None:
        """Hear of taps that let somebody in or out; made for the sequencer's ``after_commit``."""
        for event in events:
            if event.kind != Kind.DECIDED or event.band is None:
                continue
            told = decided_in(event.body, event.band)
            if told.decision.outcome is Outcome.GRANTED:
                passed = Passed(event.band, told.decision.reason is not Reason.EXITED)
                self._taps.append(TapSeen(passed, told.decision.point, told.presented.tap_id))

    def look(self) -> None:
        """Tell what has changed since the last look, and write down the minutes that are over."""
        for band in self._to_judge():
            if band in self._people and not self._welcome(band):
                self.forget([band])
        taps = [self._taps.popleft() for _ in range(len(self._taps))]
        for tap in taps:
            self._presence.take(tap.passed)
        steps = self._presence.look(self._rooms.clock.monotonic_ms())
        for tap in taps:
            if tap.passed.band in self._people:
                self._people[tap.passed.band].taps[tap.point] = tap.tap_id
        for step in steps:
            self._tell(step)
        self._book.write()

    def forget(self, bands: Iterable[bytes]) -> None:
        """Forget bands at once: here, on screens, and what was written down of the last day."""
        for band in bands:
            for step in self._presence.forget(band):
                self._tell(step, noted=False)
            person = self._people.pop(band, None)
            self._book.forget(band)
            self._rooms.feed.withdraw(partial(_speaks_of, band=band, person=person))

    # Asked by screens

    def at(self, point: str) -> tuple[Noticed, ...]:
        """Return who stands at a kiosk, first come first; of several nobody is named."""
        found = [one for one in self._everybody() if (one.zone, one.place) == (Nearness.AT_KIOSK, point)]
        found.sort(key=lambda one: one.since_ms)
        return tuple(found if len(found) == 1 else map(_unnamed, found))

    def expected(self) -> tuple[Noticed, ...]:
        """Return who is about, for staff: the nearest first, with what each of them allows."""
        found = sorted(self._everybody(), key=lambda one: (NEAREST_FIRST.index(one.zone), one.since_ms))
        return tuple(found[:EXPECTED_MAX])

    # Who may be noticed

    def _welcome(self, band: bytes) -> bool:
        """Read the profile of whoever was heard; only who wears the band and said yes is noticed."""
        try:
            told = self._rooms.profiles.get(band)
            profile, _ = self._rooms.sequencer.submit(lambda tx: stands(tx, band, told))
            said = self._consents.of(profile) if profile is not None else ()
        except StoreError:
            return False
        if profile is None or not may(said, Purpose.PRESENCE):
            return False
        allows = tuple(one.purpose for one in said if one.given)
        known = self._people.get(band)
        since_ms, taps = (known.since_ms, known.taps) if known is not None else ({}, {})
        self._people[band] = Person(profile, allows, since_ms, taps)
        return True

    def _said(self, guest: str, band: bytes) -> None:
        """Take a guest's word at once, before it is answered; it holds for all bands that they wear."""
        worn = [here for here, person in list(self._people.items()) if person.profile.guest == guest]
        self.forget([one for one in {band, *worn} if not self._welcome(one)])

    def _doubt(self, bands: Collection[bytes] | None) -> None:
        """Have bands judged anew at the next look, None: all; told by threads that may not wait."""
        with self._lock:
            self._doubted = None if bands is None or self._doubted is None else self._doubted | set(bands)

    def _to_judge(self) -> list[bytes]:
        with self._lock:
            doubted, self._doubted = self._doubted, set()
        return list(self._people if doubted is None else doubted)

    # Telling

    def _tell(self, step: Step, *, noted: bool = True) -> None:
        band, moved = step
        person = self._people.get(band)
        if person is None:
            return
        if noted:
            self._book.note(band, moved)
        if moved.entered:
            person.since_ms[moved.zone] = self._rooms.clock.now_ms()
        if moved.zone is Nearness.AT_KIOSK:
            self._tell_kiosk(moved, person)
        if moved == ARRIVED:
            self._placement.expects(person.profile)
        zones = self._presence.zones().get(band, {})
        if zones or moved.zone is Nearness.IN_VENUE:
            self._rooms.feed.publish(PRESENCE, PRESENCE, _noticed(band, person, zones))
        if not zones and moved.zone is Nearness.IN_VENUE:
            self._people.pop(band, None)

    def _tell_kiosk(self, moved: Moved, person: Person) -> None:
        """Tell a kiosk who stands before it; its screen forgets whoever walked away."""
        topic, here = f"kiosk-{moved.place}", self.at(moved.place)
        if not moved.entered and moved.place in person.taps:
            gone = Away(point=moved.place, tap_id=person.taps.pop(moved.place))
            self._rooms.feed.publish(topic, AWAY, gone)
        alone = here[0] if len(here) == 1 else None
        told = AtKiosk(
            point=moved.place,
            people=len(here),
            name=alone.name if alone is not None else "",
            language=alone.language if alone is not None else "",
        )
        self._rooms.feed.publish(topic, NEAR, told)

    def _everybody(self) -> Iterator[Noticed]:
        for band, zones in self._presence.zones().items():
            person = self._people.get(band)
            if person is not None and zones:
                yield _noticed(band, person, zones)


def _noticed(band: bytes, person: Person, zones: Mapping[Nearness, str]) -> Noticed:
    """Return where a guest is, by the nearest of their zones; of none: that they have gone."""
    zone = next((one for one in NEAREST_FIRST if one in zones), Nearness.IN_VENUE)
    profile = person.profile
    return Noticed(
        band=band.hex(),
        band_short=short(band),
        guest=profile.guest or "",
        zone=zone,
        place=zones.get(zone, ""),
        since_ms=person.since_ms.get(zone, 0),
        here=bool(zones),
        name=profile.name,
        language=profile.language,
        tier=profile.tier,
        allows=person.allows,
    )


def _unnamed(one: Noticed) -> Noticed:
    return msgspec.structs.replace(one, name="", language="", tier="")


def _speaks_of(body: msgspec.Struct, *, band: bytes, person: Person | None) -> bool:
    """Whether an event tells of this guest, by what they are called."""
    named = person is not None and isinstance(body, AtKiosk) and body.name == person.profile.name
    return named or getattr(body, "band_short", None) == short(band)
