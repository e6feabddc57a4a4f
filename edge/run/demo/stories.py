"""The stories of taps: what became of each presentation, and when central had it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

import msgspec

from edge.feed import Feed
from edge.store.journal import Journal
from edge.views import StaffView
from hardware.port import Tap
from kiosk.park import Step, TapStory

STORIES_MAX = 300
TOPIC = "demo"
ACK_LOOK_S = 0.1
NS_PER_MS = 1_000_000
ORDINARY = 0


class Stories:
    """The last taps of the park; tells the demo page about each, and again when central has it."""

    def __init__(self, feed: Feed, journal: Journal) -> None:
        """Begin with none; ``start`` begins to look for central's acknowledgements."""
        self._feed = feed
        self._journal = journal
        self._lock = threading.Lock()
        self._told: OrderedDict[str, TapStory] = OrderedDict()
        self._began_ns: dict[str, int] = {}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="demo-stories", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1)

    def tell(self, tap: Tap, view: StaffView, *, band: str, placed_ns: int) -> TapStory:
        """Make the story of a decided tap and publish it."""
        now_ns = time.monotonic_ns()
        event = self._journal.one(ORDINARY, view.seq) if view.seq else None
        read_ns = tap.at_ns + int(tap.took_ms * NS_PER_MS)
        decided_ns = read_ns + int(view.took_ms * NS_PER_MS)
        story = TapStory(
            tap_id=tap.tap_id,
            band=band,
            reader=tap.reader,
            point=view.point,
            outcome=view.outcome,
            reason=view.reason,
            family=view.family,
            seq=view.seq,
            took_ms=(decided_ns - placed_ns) / NS_PER_MS,
            at_ms=view.at_ms,
            hash=event.h.hex() if event is not None else "",
            steps=(
                Step(room="field", ms=max(0.0, (tap.at_ns - placed_ns) / NS_PER_MS)),
                Step(room="reader", ms=tap.took_ms),
                Step(room="journal", ms=view.took_ms),
                Step(room="screens", ms=max(0.0, (now_ns - decided_ns) / NS_PER_MS)),
            ),
        )
        with self._lock:
            self._told[story.tap_id] = story
            self._began_ns[story.tap_id] = placed_ns
            while len(self._told) > STORIES_MAX:
                old, _ = self._told.popitem(last=False)
                self._began_ns.pop(old, None)
        self._feed.publish(TOPIC, "story", story)
        return story

    def one(self, tap_id: str) -> TapStory | None:
        """Return a story by its tap, as it stands now."""
        with self._lock:
            return self._told.get(tap_id)

    def all(self) -> tuple[TapStory, ...]:
        """Return the stories, oldest first."""
        with self._lock:
            return tuple(self._told.values())

    def _watch(self) -> None:
        while not self._stopping.wait(ACK_LOOK_S):
            with self._lock:
                open_ones = [one for one in self._told.values() if one.seq and one.acknowledged_ms is None]
            if open_ones:
                self._acknowledge(open_ones, self._journal.acked(ORDINARY))

    def _acknowledge(self, open_ones: list[TapStory], acked: int) -> None:
        now_ns = time.monotonic_ns()
        for story in open_ones:
            if story.seq > acked:
                continue
            took_ms = (now_ns - self._began_ns[story.tap_id]) // NS_PER_MS
            step = Step(room="central", ms=float(took_ms))
            done = msgspec.structs.replace(story, acknowledged_ms=took_ms, steps=(*story.steps, step))
            with self._lock:
                if story.tap_id in self._told:
                    self._told[story.tap_id] = done
            self._feed.publish(TOPIC, "story", done)
