"""Service: one subscriber's turn, in which stored events go out as letters, in order within each stream."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import requests
from msgspec.structs import replace

from edge.cloudevents import CloudEvent
from edge.core.alarms import OF_CENTRAL
from edge.core.consent import Consented, Purpose, may
from edge.core.events import Event, Kind
from edge.errors import StoreError
from sync.central import alarms
from sync.central.alarms import Alarm
from sync.central.hooks import happened, letters, outward, reach, subscriptions, verdict
from sync.central.hooks.happened import OWN, Own
from sync.central.hooks.outward import Letter
from sync.central.hooks.subscriptions import Taken
from sync.central.hooks.verdict import State
from sync.central.machines.lanes import Stream
from sync.central.registry import bands, consents
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, Store
from sync.packing import UNREADABLE
from sync.signing import HOOK_TAG, IDEMPOTENCY, Keys, Signer

LOG = logging.getLogger("polso.central")
BATCH_MAX = 100
"""Letters of one request; each is small."""
AT_ONCE_S = 30.0
"""So long one subscriber is served before it is looked at anew, well within a claim."""
IDLE_MS = 1_000
MINUTE_S = 60.0
BATCH = "application/cloudevents-batch+json; charset=utf-8"


class Post(NamedTuple):
    """One request's letters, and what is remembered once they are taken."""

    letters: tuple[CloudEvent, ...]
    stream: Stream | None = None
    """None: a trial, which moves nothing."""
    seq: int = 0
    bands: tuple[bytes, ...] = ()


class Service:
    """Serves one subscriber: asks whether it agrees, tells it what waits, and notes what it answers."""

    def __init__(self, store: Store, site: str, taken: Taken, *, keys: Keys, line: requests.Session) -> None:
        """Serve a subscriber over ``line``, signing with central's key of the site."""
        self._store, self._site, self._line = store, site, line
        hook = self._hook = taken.hook
        self._secrets, self._asked = taken.secrets, frozenset(letters.numbers(hook.kinds))
        self._kinds = letters.looked_at(hook.kinds, purpose=hook.purpose)
        self._sign = Signer(replace(keys, audience=""), store.now_ms, dialled=hook.url, tag=HOOK_TAG)

    def run(self, *, origin: str, draw: Callable[[], float], rest: Callable[[float], bool]) -> None:
        """Send until nothing waits, the receiver refuses or the turn is over; ``rest`` says when to stop."""
        try:
            wait_ms = self._shake_hands(origin, draw) if self._hook.state is State.ASKED else 0
            if self._hook.state is State.LIVE and not wait_ms:
                wait_ms = self._send_all(draw, rest)
        except StoreError:
            raise  # whoever takes the claim over begins again where the cursor stands
        except Exception as error:  # supervisor: what breaks a letter breaks it each time, and is to be seen
            LOG.exception("webhook %s of %s", self._hook.id, self._site)
            wait_ms = self._failed(f"A letter could not be written ({type(error).__name__}).", draw)
        with self._store.transaction() as tx:
            subscriptions.keep(tx, self._site, self._hook, wait_ms=wait_ms)

    def _shake_hands(self, origin: str, draw: Callable[[], float]) -> int:
        """Ask whether the receiver agrees; return how long to wait before it is asked again, 0: it does."""
        asked = {"WebHook-Request-Origin": origin, "WebHook-Request-Rate": str(verdict.RATE_USUAL)}
        try:
            letter = Letter("OPTIONS", self._hook.url, asked | self._bearer())
            answer = outward.exchange(self._line, letter)
        except requests.RequestException as error:
            return self._failed(why_of(error), draw)
        agreed = verdict.allowed(dict(answer.headers), origin=origin)
        if agreed is None:
            return self._failed(f"It does not allow {origin} (WebHook-Allowed-Origin).", draw)
        self._hook = replace(
            self._hook, state=State.LIVE, why="", per_minute=agreed, failures=0, failing_ms=None
        )
        return 0

    def _send_all(self, draw: Callable[[], float], rest: Callable[[float], bool]) -> int:
        until = time.monotonic() + AT_ONCE_S
        for post in self._posts():
            if post.letters:
                wait_ms = self._send(post, draw)
                if wait_ms or self._hook.state is not State.LIVE:
                    return max(wait_ms, round(self._gap_s * 1_000))  # what is tried again is a request, too
            self._done(post)
            if rest(self._gap_s if post.letters else 0.0) or time.monotonic() > until:
                return 0
        return IDLE_MS

    @property
    def _gap_s(self) -> float:
        """The pause after a request that keeps within what the receiver agreed to; 0: it set no limit."""
        return MINUTE_S / self._hook.per_minute if self._hook.per_minute else 0.0

    def _posts(self) -> Iterator[Post]:
        """Yield what is to be sent, a page of each stream in turn; the next only once one was taken."""
        if self._hook.test_ms is not None:
            yield Post((letters.trial(self._site, self._hook.id, self._hook.test_ms),))
        while True:
            with self._store.reading() as tx:
                waiting = reach.pending(tx, self._site, self._hook.id)
            for one in waiting:
                with self._store.reading() as tx:
                    events, seq = reach.page(tx, one, self._kinds, limit=BATCH_MAX)
                    post = self._addressed(tx, one.stream, events, seq=seq)
                    named = reach.known(tx, self._site, self._hook.id, bands=post.bands)
                yield post if named.issuperset(post.bands) else self._known(one.stream, events, seq=seq)
            if not waiting:
                return

    def _known(self, stream: Stream, events: Sequence[Event], *, seq: int) -> Post:
        """Return the same letters once it is written down of whom they tell.

        It is before they leave, under the site's turn: who is erased while they are under way is told of
        after them.
        """
        with self._store.transaction() as tx:
            take_turn(tx, self._site)
            post = self._addressed(tx, stream, events, seq=seq)
            reach.know(tx, self._site, self._hook.id, bands=post.bands)
        return post

    def _addressed(self, tx: Connection, stream: Stream, events: Sequence[Event], *, seq: int) -> Post:
        """Return the letters of those events that may be told, as consents stand at this moment.

        Without a purpose they name no band. With one, a person's events need that consent; its withdrawal is
        told to whoever was told of that person before, and so is that they are erased.
        """
        purpose, seen = self._hook.purpose, {one.band for one in events if one.band is not None}
        if not purpose:
            return Post(tuple(letters.letter(stream, one, subject="") for one in events), stream, seq)
        told, worn = reach.known(tx, self._site, self._hook.id, bands=seen), dict[int, list[bytes]]()
        if stream.device == OWN:
            open_ = happened.open_now(tx, self._site, events, purpose=purpose, parts=self._hook.parts)
            worn = self._worn(tx, events)
            heard = {one.seq: happened.told_in(one).hook for one in events}
            may = [
                one
                for one in events
                if heard[one.seq] == self._hook.id
                or (one.kind in self._asked and one.seq in open_ and not heard[one.seq])
                or ((one.band in told or one.seq in worn) and happened.takes_back(one, purpose=purpose))
            ]
        else:
            given = self._consenting(tx, seen)
            may = [one for one in events if self._may(one, given=given, told=told)]
        made = tuple(
            letters.letter(
                stream,
                one,
                subject=self._subject(one),
                bands=[letters.pseudonym(self._secrets.key, band) for band in worn.get(one.seq, ())],
            )
            for one in may
        )
        return Post(made, stream, seq, tuple(one.band for one in may if one.band is not None))

    def _may(self, event: Event, *, given: set[bytes], told: set[bytes]) -> bool:
        if event.band is None or event.band in given:
            return True
        return event.band in told and event.kind == Kind.CONSENT_SET and self._withdraws(event)

    def _worn(self, tx: Connection, events: Sequence[Event]) -> dict[int, list[bytes]]:
        """Return, of those who say no to what is asked for, the bands that this subscriber was told of."""
        no = [one for one in events if happened.takes_back(one, purpose=self._hook.purpose)]
        guests = {one.seq: happened.told_in(one).guest for one in no}
        cards = bands.bands_of(tx, self._site, guests.values()) if guests else ()
        known = reach.known(tx, self._site, self._hook.id, bands=[card.band.id for card in cards])
        found = {
            seq: [card.band.id for card in cards if card.guest == guest and card.band.id in known]
            for seq, guest in guests.items()
        }
        return {seq: worn for seq, worn in found.items() if worn}

    def _withdraws(self, event: Event) -> bool:
        try:
            said = msgspec.msgpack.decode(event.body, type=Consented).consent
        except UNREADABLE:
            return False
        return said.purpose == self._hook.purpose and not said.given

    def _consenting(self, tx: Connection, seen: set[bytes]) -> set[bytes]:
        whose = {band: guest for band, guest in bands.owners(tx, self._site, sorted(seen)) if guest}
        said = consents.consents_of(tx, self._site, whose.values())
        allow = {guest for guest, all_ in said.items() if may(all_, Purpose(self._hook.purpose))}
        return {band for band, guest in whose.items() if guest in allow}

    def _subject(self, event: Event) -> str:
        """Return of whom an event is, by the name that this receiver alone has for them."""
        if event.kind == Own.GUEST_ERASED:
            return happened.told_in(event).subject
        return letters.pseudonym(self._secrets.key, event.band) if event.band is not None else ""

    def _send(self, post: Post, draw: Callable[[], float]) -> int:
        """Send letters; return how long to wait before more is sent, 0: they were taken."""
        first, last = post.letters[0], post.letters[-1]
        named = {"Content-Type": BATCH, IDEMPOTENCY: f"{first.source}/{first.id}-{last.id}"}
        body = msgspec.json.encode(post.letters)
        try:
            letter = Letter("POST", self._hook.url, named | self._bearer(), body)
            answer = outward.exchange(self._line, letter, sign=self._sign)
        except requests.RequestException as error:
            return self._failed(why_of(error), draw)
        if answer.status_code in verdict.OK:
            return 0
        asked_ms = verdict.asked_ms(answer.headers.get("Retry-After", ""), self._store.now_ms())
        why = f"It answered {answer.status_code}."
        return self._failed(why, draw, status=answer.status_code, asked_ms=asked_ms)

    def _done(self, post: Post) -> None:
        now = self._store.now_ms()
        if post.letters:
            self._hook = replace(self._hook, why="", failures=0, failing_ms=None, done_ms=now)
        if post.stream is None:
            self._hook = replace(self._hook, test_ms=None)
            return
        with self._store.transaction() as tx:
            reach.move(tx, self._hook.id, post.stream, seq=post.seq)

    def _failed(self, why: str, draw: Callable[[], float], *, status: int = 0, asked_ms: int = 0) -> int:
        """Note a failure; return how long to wait, at least a little."""
        hook, now = self._hook, self._store.now_ms()
        since = now if hook.failing_ms is None else hook.failing_ms
        said = verdict.judge(
            status,
            failing_ms=now - since,
            failures=hook.failures,
            draw=draw(),
            retry_after_ms=asked_ms,
        )
        state = hook.state if said.state is State.LIVE else said.state
        self._hook = replace(hook, state=state, why=why, failures=hook.failures + 1, failing_ms=since)
        if said.call:
            self._call(state)
        return max(1, said.wait_ms)

    def _call(self, state: State) -> None:
        LOG.warning("webhook %s of %s is %s: %s", self._hook.id, self._site, state, self._hook.why)
        with self._store.transaction() as tx:
            take_turn(tx, self._site)
            alarms.raise_alarm(
                tx,
                self._site,
                Alarm(
                    device=OF_CENTRAL,
                    id=f"hook-{self._hook.id}",
                    reason=f"hook_{state}",
                    point="",
                    at_ms=self._store.now_ms(),
                ),
            )

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._secrets.token}"} if self._secrets.token else {}


def why_of(error: requests.RequestException) -> str:
    """Return in a few words why there was no answer; never an address or a token."""
    if "private address" in str(error):
        return "Its name leads to a private address, to which nothing is sent."
    if isinstance(error, requests.exceptions.SSLError):
        return "Its certificate is not believed."
    return f"No answer ({type(error).__name__})."
