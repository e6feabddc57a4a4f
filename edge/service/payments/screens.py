"""Screens of the tills: what each was told last, and which point's reader waits for a band."""

from __future__ import annotations

import logging
import threading

import msgspec
from msgspec.structs import replace

from edge.core.decision import Reason
from edge.core.events import Event, Kind, Lane
from edge.core.payment import Authorisation, HoldEnded, Payment
from edge.core.profiles import Profile
from edge.errors import StoreError
from edge.payviews import BasketState, BasketView, PaymentView, guest_side
from edge.service.payments import rung
from edge.service.payments.climbing import Climbing
from edge.service.payments.rung import Last, Rung
from edge.service.payments.show import basket_view, held_left_ms, payment_view, undo_left_ms
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction

LOG = logging.getLogger("polso.payments")
BASKET = "basket"
AWAIT_MS_MAX = 180_000
"""So long a till waits for a band; then the basket stands there as it was."""
RECENT_MAX = 100
REFILL_MAX = 2_000
"""Events of money that are read again at start; older ones are in the journal only."""
_PAID = msgspec.msgpack.Decoder(Payment).decode
_ENDED = msgspec.msgpack.Decoder(HoldEnded).decode


class TillScreens:
    """Tells tills and guests' displays; the store is the truth, memory only knows who waits."""

    def __init__(self, rooms: Rooms, climbing: Climbing) -> None:
        """Act through these rooms; by ``climbing`` a payer is told which tier they have reached."""
        self._rooms, self._climbing = rooms, climbing
        self._lock = threading.Lock()
        self._since_ms: dict[str, int] = {}
        """Since when each point's reader waits for a band, by the clock that only rises."""
        self._shown: dict[str, Rung] = {}
        self._recent: dict[str, dict[str, None]] = {}
        """The last op_ids of each point that somebody paid, oldest first."""

    def tell(self, known: Rung, *, payer: Profile | None = None, repeated: bool = False) -> BasketView:
        """Tell how a basket stands: never before it is durable, never an older state after a newer.

        ``payer`` is who has just tapped, so that nobody looks them up again.
        """
        view = self.shown(known, payer=payer, repeated=repeated)
        if self._note(known):
            self._publish(view)
        return view

    def shown(self, known: Rung, *, payer: Profile | None = None, repeated: bool = False) -> BasketView:
        """Return a basket as its till shows it, with the tier that its payer has reached by it."""
        view = self.view(known, payer=payer, repeated=repeated)
        band = known.last.band if known.last is not None else None
        if known.stage is not BasketState.APPROVED or band is None:
            return view
        mine = payer if payer is not None and payer.band.id == band else self._rooms.profiles.get(band)
        try:
            return replace(view, tier_soon=self._climbing.soon(mine))
        except StoreError as error:  # the sale is durable: its answer waits for no word beside it
            LOG.warning("which tier a guest has reached cannot be read: %s", error)
            return view

    def note(self, known: Rung) -> BasketView:
        """Take in a change of a basket that no till shows any more, as a void of an earlier sale."""
        with self._lock:
            self._list(known)
        return self.view(known)

    def view(
        self, known: Rung, *, payer: Profile | None = None, repeated: bool = False, cause: str = ""
    ) -> BasketView:
        """Return a basket as its till shows it."""
        seen = {} if payer is None else {payer.band.id: payer}
        view = basket_view(
            known,
            lambda band: seen.get(band) or self._rooms.profiles.get(band),
            repeated=repeated,
            cause=cause,
        )
        now, monotonic = self._rooms.clock.now_ms(), self._rooms.clock.monotonic_ms()
        held_ms = held_left_ms(known.sale, monotonic)
        if held_ms is not None:
            return replace(view, until_ms=now + held_ms)
        left_ms = undo_left_ms(known.sale, monotonic)
        if not left_ms or known.boot != self._rooms.boot:
            return view
        return replace(view, undo_until_ms=now + left_ms)

    def idle(self, point: str) -> BasketView:
        """Return a till at which nothing was ever rung up."""
        return BasketView(point=point, at_ms=self._rooms.clock.now_ms(), words="pay.idle")

    def recall(self) -> None:
        """Show after a start what stands at each till; an answer is shown again, and nobody pays twice."""
        after = max(0, self._rooms.journal.head(Lane.PRIORITY).seq - REFILL_MAX)
        for event in self._rooms.journal.range(Lane.PRIORITY, after):
            sold = _sold(event)
            if sold is not None:
                self._remember(sold.point, sold.op_id)
        for known in self._rooms.sequencer.submit(rung.all_standing):
            self.tell(known, repeated=known.stage is BasketState.APPROVED)

    def recent(self, point: str, limit: int) -> tuple[PaymentView, ...]:
        """Return the last payments at a point as they stand now, newest first."""
        with self._lock:
            op_ids = list(reversed(self._recent.get(point, {})))[: max(0, limit)]

        def act(tx: Transaction) -> list[Rung]:
            return [found for op_id in op_ids if (found := rung.rung_by(tx, op_id)) is not None]

        return tuple(payment_view(known, self.view(known)) for known in self._rooms.sequencer.submit(act))

    def unrecorded(self, point: str, cause: str) -> None:
        """Show a till that waits why nothing could be recorded; its basket keeps its op_id."""
        with self._lock:
            shown = self._shown.get(point) if point in self._since_ms else None
        if shown is not None:
            last = Last(reason=Reason.STORE_UNAVAILABLE, at_ms=self._rooms.clock.now_ms())
            self._publish(self.view(replace(shown, stage=BasketState.DECLINED, last=last), cause=cause))

    def waits(self, point: str) -> bool:
        """Say whether a basket at this point waits for a band."""
        with self._lock:
            return point in self._since_ms

    def late(self) -> tuple[str, ...]:
        """Return the points that have waited long enough, once."""
        now = self._rooms.clock.monotonic_ms()
        with self._lock:
            over = [point for point, since_ms in self._since_ms.items() if now - since_ms >= AWAIT_MS_MAX]
            for point in over:
                del self._since_ms[point]
        return tuple(over)

    def _list(self, known: Rung) -> None:
        """List what is sold, once; a later change of it keeps its place."""
        point, op_id = known.basket.point, known.basket.op_id
        if known.stage is BasketState.APPROVED and op_id not in self._recent.get(point, {}):
            self._remember(point, op_id)

    def _remember(self, point: str, op_id: str) -> None:
        listed = self._recent.setdefault(point, {})
        listed[op_id] = None
        while len(listed) > RECENT_MAX:
            del listed[next(iter(listed))]

    def _note(self, known: Rung) -> bool:
        """Remember what a point shows now; False: a newer state of the same basket was told already."""
        point = known.basket.point
        with self._lock:
            before = self._shown.get(point)
            if before is not None and before.basket.op_id == known.basket.op_id and before.rev > known.rev:
                return False
            self._shown[point] = known
            self._list(known)
            if known.stage in rung.ARMED:
                self._since_ms[point] = self._rooms.clock.monotonic_ms()
            else:
                self._since_ms.pop(point, None)
        return True

    def _publish(self, view: BasketView) -> None:
        self._rooms.feed.publish(f"till-{view.point}", BASKET, view)
        self._rooms.feed.publish(f"guest-{view.point}", BASKET, guest_side(view))


def _sold(event: Event) -> Payment | HoldEnded | None:
    """Return what made a basket a sale: its last payment, or the capture of its hold."""
    if event.kind not in (Kind.PAID, Kind.CAPTURED):
        return None
    told = _PAID(event.body) if event.kind == Kind.PAID else _ENDED(event.body)
    return told if told.state is Authorisation.CAPTURED else None
