"""Whereabouts: in which zones one band is, out of what all receivers hear of it and what taps tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from edge.core.presence.heard import Heard, Nearness, Receiver
from edge.core.presence.latch import Latch
from edge.core.presence.strongest import Strongest
from edge.core.presence.tunes import AT_KIOSK, AT_KIOSK_COARSE, IN_AREA
from edge.core.presence.window import Window

REF_1M_DBM = -59
"""What a band is heard with at one metre where neither receiver nor frame says so."""
VENUE_SILENCE_MS = 300_000
"""So long unheard anywhere is gone: there are corners without a receiver."""
TAPPED_MS_MAX = 12 * 3_600_000
"""Who came in by a tap stays so long at most, heard or not, unless a tap tells that they went out."""


class Moved(NamedTuple):
    """A band entered or left a zone; ``place`` is the kiosk's point or the area, nothing for the venue."""

    zone: Nearness
    place: str
    entered: bool


class Ear:
    """What one receiver makes of one band."""

    __slots__ = ("_ref_1m_dbm", "level_db", "window", "zones")

    def __init__(self, receiver: Receiver) -> None:
        """Begin with nothing heard."""
        self._ref_1m_dbm = receiver.ref_1m_dbm
        self.window = Window()
        self.level_db: int | None = None
        at_kiosk = AT_KIOSK_COARSE if receiver.coarse else AT_KIOSK
        tunes = {Nearness.AT_KIOSK: (receiver.point, at_kiosk), Nearness.IN_AREA: (receiver.area, IN_AREA)}
        self.zones = {zone: (place, Latch(tune)) for zone, (place, tune) in tunes.items() if place}

    def hear(self, heard: Heard) -> None:
        """Take one sample, against what the band is heard with at one metre from here."""
        known = (self._ref_1m_dbm, heard.power_1m, REF_1M_DBM)
        self.window.hear(heard.at_ms, heard.rssi - next(one for one in known if one is not None))

    def look(self, now_ms: int) -> None:
        """Judge anew what time has made of it."""
        level_db, silent = self.window.look(now_ms), self.window.is_silent(now_ms)
        self.level_db = level_db if level_db is not None else self.level_db
        for _, latch in self.zones.values():
            if silent:
                latch.end()
            else:
                latch.look(now_ms, level_db)


class Whereabouts:
    """One band's zones; at one kiosk and in one area at most. Times are monotonic milliseconds."""

    __slots__ = ("_ears", "_last_ms", "_nearest", "_receivers", "_until_ms", "zones")

    def __init__(self, receivers: Mapping[str, Receiver]) -> None:
        """Know these receivers, by name; the band is nowhere yet."""
        self._receivers = receivers
        self._ears: dict[str, Ear] = {}
        self._nearest = {Nearness.IN_AREA: Strongest(), Nearness.AT_KIOSK: Strongest()}
        self._last_ms: int | None = None
        self._until_ms = 0
        self.zones: dict[Nearness, str] = {}
        """Where in each zone it is since the last look; zones that it is not in are left out."""

    def hear(self, heard: Heard) -> None:
        """Take one sample; a receiver that nobody knows tells nothing."""
        receiver = self._receivers.get(heard.receiver)
        if receiver is None:
            return
        if heard.receiver not in self._ears:
            self._ears[heard.receiver] = Ear(receiver)
        self._ears[heard.receiver].hear(heard)
        self._last_ms = max(heard.at_ms, self._last_ms or heard.at_ms)

    def tap(self, now_ms: int, *, entered: bool) -> None:
        """Take that a tap let the guest in, or out."""
        self._until_ms = now_ms + TAPPED_MS_MAX if entered else now_ms
        if not entered:
            self._ears.clear()
            self._last_ms = None

    def look(self, now_ms: int) -> tuple[Moved, ...]:
        """Return what changed since the last look: what was left (nearest first), then what was entered."""
        for ear in self._ears.values():
            ear.look(now_ms)
        before, self.zones = self.zones, dict(self._now(now_ms))
        out = [Moved(*one, entered=False) for one in before.items() if one not in self.zones.items()]
        come = [Moved(*one, entered=True) for one in self.zones.items() if one not in before.items()]
        return (*reversed(out), *come)

    def _now(self, now_ms: int) -> Iterator[tuple[Nearness, str]]:
        last_ms = self._last_ms
        if now_ms < self._until_ms or (last_ms is not None and now_ms - last_ms <= VENUE_SILENCE_MS):
            yield Nearness.IN_VENUE, ""
        for zone, strongest in self._nearest.items():
            place = strongest.choose(now_ms, self._levels(zone))
            if place:
                yield zone, place

    def _levels(self, zone: Nearness) -> dict[str, int]:
        """Return each place at which the band is in a zone, by its loudest receiver there."""
        levels: dict[str, int] = {}
        for ear in self._ears.values():
            place, latch = ear.zones.get(zone, ("", None))
            if latch is not None and latch.inside and ear.level_db is not None:
                levels[place] = max(levels.get(place, ear.level_db), ear.level_db)
        return levels
