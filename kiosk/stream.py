"""The stream: what a screen hears, from hello to the end of its right to listen."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

import msgspec
from flask import Response, current_app

from edge.errors import NotAllowed
from edge.feed import RESYNC, Published
from edge.staff import Screen
from kiosk.ask import Ask
from kiosk.assets import digest
from kiosk.grants import OWN_TOPIC, cut_for, granted, is_guests, watches_demo
from kiosk.refusals import RETRY_AFTER_S
from kiosk.routes import Audience, Rate, Route
from kiosk.snapshot import Snapshots
from kiosk.streams import Seat, Streams

PROTOCOL = 1
COUNTERS_AFTER_S = 0.3
"""Counters follow a tap once, however many taps come at the same moment."""
PAGE_CHARS_MAX = 40
VERSION_CHARS_MAX = 16
RATE = Rate(240, 8.0)
"""Enough for a page that reconnects twice a second on every tab of a demo."""


class Hello(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first word on a stream."""

    protocol: int
    boot: str
    assets: str
    at_ms: int
    heartbeat_s: float
    topics: tuple[str, ...]
    demo: bool = False
    screen: dict[str, str | float | int | None] = {}


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat: an event and not a comment, because scripts cannot see comments."""

    at_ms: int


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """``reload`` or ``moved``: what the page must do, and why."""

    reason: str


def sse(event: str, payload: bytes, event_id: str = "") -> bytes:
    """Frame one event; a payload is one line of JSON, so that nothing in it can end the event early."""
    head = f"id: {event_id}\nevent: {event}\ndata: " if event_id else f"event: {event}\ndata: "
    return head.encode() + payload + b"\n\n"


def enveloped(topic: str, age_ms: int, body: bytes) -> bytes:
    """Put topic and age beside the body: the server tells ages, a browser's clock decides nothing."""
    return b'{"topic":%b,"age_ms":%d,"body":%b}' % (msgspec.json.encode(topic), age_ms, body)


class Telling:
    """One stream being told: iterate over it once; each item is one or more whole events."""

    def __init__(
        self, ask: Ask, seat: Seat, snapshots: Snapshots, *, topics: tuple[str, ...], head: str
    ) -> None:
        """Tell ``ask`` what arrives at ``seat``; ``head`` is the last event before it sat down."""
        self._ask = ask
        self._seat = seat
        self._snapshots = snapshots
        self._topics = topics
        self._head = head
        self._cut = cut_for(ask)
        self._settings = ask.house.settings
        now = time.monotonic()
        self._beat_at = now + self._settings.heartbeat_s
        self._watch_at = now + self._settings.watch_s
        self._counters_at: float | None = None

    def __iter__(self) -> Iterator[bytes]:
        yield self._hello()
        if self._ask.after is None:
            yield self._resync(self._head)
        while True:
            published = self._seat.subscription.get(max(0.0, self._due() - time.monotonic()))
            if self._seat.moved.is_set():
                yield self._plain("moved", Order(reason="elsewhere"))
                return
            if self._seat.subscription.closed:
                return
            if published is not None:
                yield self._told(published)
            if time.monotonic() >= self._watch_at:
                self._watch_at = time.monotonic() + self._settings.watch_s
                if not stands(self._ask):
                    yield self._plain("reload", Order(reason="signed_out"))
                    return
            yield from self._regular()

    def _due(self) -> float:
        return min(self._beat_at, self._watch_at, self._counters_at or self._beat_at)

    def _regular(self) -> Iterator[bytes]:
        now = time.monotonic()
        if self._counters_at is not None and now >= self._counters_at:
            self._counters_at = None
            yield self._plain("counters", self._snapshots.counters.get())
        if now >= self._beat_at:
            self._beat_at = now + self._settings.heartbeat_s
            beat = self._plain("hb", Beat(at_ms=self._ask.house.clock.now_ms()))
            yield beat + self._plain("health", self._snapshots.health_for(self._ask))
            if not is_guests(self._ask):  # corrections and resets change them without any tap
                yield self._plain("counters", self._snapshots.counters.get())

    def _told(self, published: Published) -> bytes:
        event_id = self._ask.house.feed.id_of(published)
        if published.event == RESYNC:
            return self._resync(event_id)
        if published.event == "decision" and not is_guests(self._ask) and self._counters_at is None:
            self._counters_at = time.monotonic() + COUNTERS_AFTER_S
        told = self._cut(published)
        if told is None:
            return b""
        event, body = told
        return sse(event, enveloped(published.topic, published.age_ms, body), event_id)

    def _hello(self) -> bytes:
        house, screen = self._ask.house, self._ask.screen
        hello = Hello(
            protocol=PROTOCOL,
            boot=house.feed.boot,
            assets=digest(),
            at_ms=house.clock.now_ms(),
            heartbeat_s=self._settings.heartbeat_s,
            topics=tuple(topic for topic in self._topics if not topic.startswith(OWN_TOPIC)),
            demo=house.demo is not None,
            screen=record_of(screen) if screen is not None else {},
        )
        return self._plain("hello", hello)

    def _resync(self, event_id: str) -> bytes:
        snapshot = self._snapshots.whole(self._ask, self._topics)
        return sse(RESYNC, enveloped("", 0, msgspec.json.encode(snapshot)), event_id)

    def _plain(self, event: str, body: msgspec.Struct) -> bytes:
        return sse(event, enveloped("", 0, msgspec.json.encode(body)))


def record_of(screen: Screen) -> dict[str, str | float | int | None]:
    """What a page may know of its own screen."""
    names = ("id", "kind", "point", "language", "ppi", "distance_m", "volume")
    return {name: getattr(screen, name) for name in names if hasattr(screen, name)}


def stands(ask: Ask) -> bool:
    """Whether the screen or the session by which a stream was granted is still good."""
    staff = ask.house.staff
    if ask.session is not None:
        return staff.stands(ask.session.token)
    if ask.screen is not None:
        return any(screen.id == ask.screen.id for screen in staff.screens())
    return watches_demo(ask)


def key_of(ask: Ask) -> tuple[str, str, str]:
    """Return key, kind and point of the stream: one per screen, or one per page of a session."""
    if ask.screen is not None:
        return f"screen:{ask.screen.id}", ask.screen.kind, ask.screen.point
    page = ask.query.get("page", "")[:PAGE_CHARS_MAX]
    if ask.session is not None:
        person = hashlib.blake2b(ask.session.token.encode(), digest_size=8).hexdigest()
        return f"session:{person}:{page}", "session", ask.session.point
    return f"demo:{page}", "demo", ""


def events(ask: Ask) -> Response:
    """Open the stream, or say at once that there is none: nothing granted, or no place left."""
    topics = granted(ask, ask.query.get("topics", "").split(","))
    if not topics:
        raise NotAllowed("This screen may hear none of these topics.")
    head = ask.house.feed.head()
    subscription = ask.house.feed.subscribe(topics, ask.after or head)
    key, kind, point = key_of(ask)
    version = ask.query.get("v", "")[:VERSION_CHARS_MAX]
    seat = Seat(key, kind, point, subscription, version, ask.house.clock.now_ms())
    streams: Streams = current_app.extensions["polso-streams"]
    if not streams.take(seat):
        subscription.close()
        return full()
    snapshots: Snapshots = current_app.extensions["polso-snapshots"]
    telling = Telling(ask, seat, snapshots, topics=topics, head=head)
    response = Response(iter(telling), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(lambda: streams.leave(seat, ask.house.clock.now_ms()))
    return response


def full() -> Response:
    """Send a screen away for a moment: the others and the taps need the threads."""
    response = Response("All places for screens are taken.", status=503, mimetype="text/plain")
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


ROUTES = (Route("GET", "/events", events, Audience.EITHER, "Server-sent events.", rate=RATE),)
