"""The feed: what just happened, told to whoever listens, without ever keeping the teller waiting."""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType

import msgspec

RING_MAX = 256
"""Events kept per topic, so that a listener who was away for a moment misses nothing."""
QUEUE_MAX = 256
"""Events waiting for one listener; one more and all are dropped for a single ``resync``."""
TOPICS_MAX = 256
"""Topics with a ring of their own; the one told longest ago makes place."""
RESYNC = "resync"


class Published(msgspec.Struct, eq=False):
    """One event of one topic; its JSON is made once, by the first listener who needs it."""

    topic: str
    event: str
    body: msgspec.Struct | None
    n: int
    at_ns: int = msgspec.field(default_factory=time.monotonic_ns)
    """When it was told, in monotonic time."""
    _json: bytes | None = None

    @property
    def age_ms(self) -> int:
        """How long ago it was told."""
        return (time.monotonic_ns() - self.at_ns) // 1_000_000

    @property
    def json(self) -> bytes:
        """The body as JSON."""
        if self._json is None:
            self._json = msgspec.json.encode(self.body)
        return self._json


class Subscription:
    """One listener's bounded queue; close it, or use it as a context."""

    def __init__(self, feed: Feed, topics: frozenset[str], *, queue_max: int) -> None:
        """Begin with nothing waiting; ``Feed.subscribe`` fills in what was missed."""
        self.topics = topics
        self.queue_max = queue_max
        self._feed = feed
        self._waiting: deque[Published] = deque()
        self._changed = threading.Condition(threading.Lock())
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing will come any more."""
        return self._closed

    def get(self, timeout_s: float) -> Published | None:
        """Return the next event, or None when none came in time or the subscription was closed."""
        with self._changed:
            if not self._waiting and not self._closed:
                self._changed.wait(timeout_s)
            return self._waiting.popleft() if self._waiting and not self._closed else None

    def close(self) -> None:
        """Stop listening and wake whoever waits in ``get``; a second time changes nothing."""
        self._feed.forget(self)
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def offer(self, published: Published) -> None:
        """Put one event into the queue; a full queue is emptied and holds one ``resync`` instead."""
        with self._changed:
            if len(self._waiting) >= self.queue_max:
                self._waiting.clear()
                published = Published("", RESYNC, None, n=published.n)
            self._waiting.append(published)
            self._changed.notify()

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Ring:
    """The last events of one topic, and the number of the newest one that it has forgotten."""

    __slots__ = ("events", "forgotten")

    def __init__(self, forgotten: int) -> None:
        self.events: deque[Published] = deque()
        self.forgotten = forgotten

    def append(self, published: Published) -> None:
        if len(self.events) >= RING_MAX:
            self.forgotten = self.events.popleft().n
        self.events.append(published)


class Feed:
    """Topics, their rings and their listeners; ``publish`` may be called from any thread."""

    def __init__(self, boot: str | None = None) -> None:
        """Begin at number 0 under a boot id of its own (8 random hex digits)."""
        self.boot = boot or secrets.token_hex(4)
        self._lock = threading.Lock()
        self._n = 0
        self._rings: dict[str, _Ring] = {}
        self._forgotten = 0
        self._listeners: dict[str, set[Subscription]] = {}

    def publish(self, topic: str, event: str, body: msgspec.Struct) -> None:
        """Tell ``event`` to all who listen to ``topic``; returns at once whatever they do."""
        with self._lock:
            self._n += 1
            published = Published(topic, event, body, n=self._n)
            # Taken out and put back: the topic told longest ago stays first.
            ring = self._rings.pop(topic, None) or self._new_ring()
            ring.append(published)
            self._rings[topic] = ring
            for listener in self._listeners.get(topic, ()):
                listener.offer(published)

    def subscribe(
        self, topics: Iterable[str], after: str | None = None, *, queue_max: int = QUEUE_MAX
    ) -> Subscription:
        """Listen to ``topics`` from now on, or without a gap from the event id ``after`` on.

        If the rings no longer hold all that was missed (or ``after`` is of another boot), the first event is
        a ``resync``. Without ``after`` nothing is replayed.
        """
        subscription = Subscription(self, frozenset(topics), queue_max=queue_max)
        with self._lock:
            for published in self._missed(subscription, after):
                subscription.offer(published)
            for topic in subscription.topics:
                self._listeners.setdefault(topic, set()).add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Stop telling ``subscription``; it may be unknown already."""
        with self._lock:
            for topic in subscription.topics:
                listeners = self._listeners.get(topic, set())
                listeners.discard(subscription)
                if not listeners:
                    self._listeners.pop(topic, None)

    def withdraw(self, unwanted: Callable[[msgspec.Struct], bool]) -> None:
        """Take events out of every ring, so that nobody who comes back is told of them again."""
        with self._lock:
            for ring in self._rings.values():
                stays = [one for one in ring.events if one.body is None or not unwanted(one.body)]
                if len(stays) < len(ring.events):
                    # Whoever has not seen what is gone begins anew: a gap must not look like nothing.
                    ring.forgotten = max(ring.forgotten, ring.events[-1].n)
                    ring.events = deque(stays)

    def id_of(self, published: Published) -> str:
        """The id by which a listener says where it stopped."""
        return f"{self.boot}-{published.n}"

    def head(self) -> str:
        """The id of the newest event of any topic."""
        with self._lock:
            return f"{self.boot}-{self._n}"

    def listeners(self) -> int:
        """How many subscriptions are open."""
        with self._lock:
            return len(set().union(*self._listeners.values()))

    def _new_ring(self) -> _Ring:
        """Return a ring for a topic that has none; of very many, the one told longest ago makes place."""
        if len(self._rings) >= TOPICS_MAX:
            oldest = self._rings.pop(next(iter(self._rings)))
            self._forgotten = max(self._forgotten, oldest.events[-1].n)
        return _Ring(self._forgotten)

    def _missed(self, subscription: Subscription, after: str | None) -> list[Published]:
        if after is None:
            return []
        resync = [Published("", RESYNC, None, n=self._n)]
        seen = number_of(after, self.boot)
        if seen is None or seen > self._n:
            return resync
        rings = [self._rings[topic] for topic in subscription.topics if topic in self._rings]
        if seen < self._forgotten or any(seen < ring.forgotten for ring in rings):
            return resync
        missed = sorted(
            (published for ring in rings for published in ring.events if published.n > seen),
            key=lambda published: published.n,
        )
        return missed if len(missed) <= subscription.queue_max else resync


def number_of(event_id: str, boot: str) -> int | None:
    """Return n of ``<boot>-<n>``, or None where the id is of another boot or no id at all."""
    prefix, _, digits = event_id.rpartition("-")
    plain = digits.isascii() and digits.isdigit() and len(digits) <= 18
    return int(digits) if prefix == boot and plain else None
