"""Hands that hold a band to a reader until it is decided, and take it away again."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from edge.errors import Refused, Unknown
from edge.run.demo.stories import Stories
from edge.views import StaffView
from hardware.port import Removed, Report, Tap
from hardware.supervisor.course import HOLD_MS_MIN
from hardware.virtual.bands import Band
from hardware.virtual.bands.hostile import Faulty
from kiosk.park import TapStory

T = TypeVar("T")
SEEN_S_MAX = 10.0
"""A reader that has not told of a band's coming or leaving by then does not see it at all."""
AWAY_S_MIN = (HOLD_MS_MIN + 50) / 1000
"""A reader takes a band that comes back sooner for one that never left."""


class Ground(Protocol):
    """A virtual reader's field as hands know it: nfcpy's udp field, or a PN532 on a pty."""

    @property
    def plugged(self) -> bool:
        """Whether its cable is in."""

    @property
    def path(self) -> str:
        """Where nfcpy's driver finds it."""

    def place(self, band: Band) -> None:
        """Lay a band down."""

    def remove(self) -> None:
        """Take it away."""

    def unplug(self) -> None:
        """Pull the cable."""

    def replug(self) -> None:
        """Put it back."""

    def close(self) -> None:
        """End for good."""


@dataclasses.dataclass(slots=True)
class Spot:
    """One reader's field and what lies in it; one pair of hands at a time."""

    field: Ground
    busy: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    changed: threading.Condition = dataclasses.field(default_factory=threading.Condition)
    band: str = ""
    placed_ns: int = 0
    story: TapStory | None = None
    uid: bytes = b""
    """Of the band that lay here last."""
    left_s: dict[bytes, float] = dataclasses.field(default_factory=dict)
    """When each of the last bands was taken away; bounded by how fast hands are."""
    held: Tap | None = None
    """The tap whose band the reader has not seen leave."""


class Hands:
    """Every reader's hands; ``heard`` is told what readers report and what was decided."""

    def __init__(self, fields: Mapping[str, Ground], stories: Stories, changed: Callable[[], None]) -> None:
        """Work over these fields; ``changed`` is called whenever a band is laid down or taken away."""
        self._spots = {reader: Spot(field) for reader, field in fields.items()}
        self._stories = stories
        self._changed = changed
        self._worn: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def lying(self) -> dict[str, str]:
        """Return the reader that each band lies on."""
        return {spot.band: reader for reader, spot in self._spots.items() if spot.band}

    @contextmanager
    def keeping(self, name: str) -> Iterator[None]:
        """Keep a band away from every reader meanwhile: it lies elsewhere."""
        with self._worn[name]:
            yield

    def plugged(self, reader: str) -> bool:
        """Whether a reader's cable is in."""
        return self._spot(reader).field.plugged

    def plug(self, reader: str, plugged: bool) -> None:
        """Pull or plug a reader's cable."""
        spot = self._spot(reader)
        (spot.field.replug if plugged else spot.field.unplug)()
        with spot.changed:
            spot.changed.notify_all()
        self._changed()

    def tap(self, name: str, band: Band, reader: str) -> TapStory:
        """Hold a band to a reader until it is decided; a band is in one place, a reader takes one."""
        spot = self._spot(reader)
        with self._worn[name], spot.busy:
            _refuse_unplugged(spot)
            self._await_removal(spot, band)
            self._lay(spot, name, band)
            try:
                return self._await_story(spot)
            finally:
                self._lift(spot)

    def remove(self, reader: str) -> None:
        """Take away whatever lies on a reader."""
        self._lift(self._spot(reader))

    def heard(self, report: Report, view: StaffView | None) -> None:
        """Take what a reader reported, with its decision if it was a tap."""
        if isinstance(report, Tap) and view is not None:
            spot = self._spot(report.reader)
            with spot.changed:
                band, placed_ns = spot.band, spot.placed_ns
            story = self._stories.tell(report, view, band=band, placed_ns=placed_ns or report.at_ns)
            with spot.changed:
                spot.story, spot.held = story, report
                spot.changed.notify_all()
        elif isinstance(report, Removed):
            spot = self._spot(report.reader)
            with spot.changed:
                # The reader may have seen it later than hands took it away: away is what both agree on.
                if spot.held is not None:
                    spot.left_s[spot.held.uid] = time.monotonic()
                spot.held = None
                spot.changed.notify_all()

    def _lay(self, spot: Spot, name: str, band: Band) -> None:
        with spot.changed:
            spot.story, spot.band, spot.placed_ns = None, name, time.monotonic_ns()
        spot.field.place(band)
        self._changed()

    def _lift(self, spot: Spot) -> None:
        spot.field.remove()
        with spot.changed:
            spot.band = ""
            if spot.uid:
                spot.left_s[spot.uid] = time.monotonic()
        self._changed()

    def _await_removal(self, spot: Spot, band: Band) -> None:
        """Wait until the reader has seen this band leave: the same one at once would be no new tap.

        A torn band counts the frames it hears: it is laid down when nobody asks for the last one any more.
        """
        with spot.changed:
            after_another = spot.uid != band.uid and not isinstance(band, Faulty)
            self._await(spot, lambda: after_another or spot.held is None)
            spot.uid = band.uid
            gone_s = time.monotonic() - AWAY_S_MIN
            spot.left_s = {uid: left_s for uid, left_s in spot.left_s.items() if left_s > gone_s}
            away_s = spot.left_s.get(band.uid, gone_s) - gone_s
        time.sleep(away_s)

    def _await_story(self, spot: Spot) -> TapStory:
        with spot.changed:
            return self._await(spot, lambda: spot.story)

    @staticmethod
    def _await(spot: Spot, told: Callable[[], T | None]) -> T:
        """Wait until the reader has told of a band; refuse where it cannot any more, or does not."""
        spot.changed.wait_for(lambda: told() or not spot.field.plugged, SEEN_S_MAX)
        found = told()
        if not found:
            _refuse_unplugged(spot)
            raise Refused(
                "The reader did not see this band.", hint="Look at the reader's state and try again."
            )
        return found

    def _spot(self, reader: str) -> Spot:
        try:
            return self._spots[reader]
        except KeyError as error:
            known = ", ".join(self._spots)
            raise Unknown(f"There is no reader {reader!r}.", hint=f"The readers are {known}.") from error


def _refuse_unplugged(spot: Spot) -> None:
    if not spot.field.plugged:
        raise Refused("This reader is unplugged.", hint="Plug it in, or use another one.")
