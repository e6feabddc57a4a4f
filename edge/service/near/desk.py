"""The desk of whoever stands near: one door to other times, orders, shelves and a question."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from edge.core.bands import Trust
from edge.core.claimed import Became
from edge.core.consent import Channel
from edge.core.feedback import UNHAPPY_MAX, Word
from edge.core.orders import Ordered
from edge.errors import Offline, Refused
from edge.nearviews import FeedbackTaken, LeftView, NearView, OrderList, OrderView, Shelves, Times
from edge.service.attempts import written_down
from edge.service.consents import Consents
from edge.service.help import Help
from edge.service.near.days import Days
from edge.service.near.feedback import Feedback
from edge.service.near.offers import NearOffers
from edge.service.near.pickups import Pickups, Said
from edge.service.near.shelves import has_shelves
from edge.service.near.spoken import is_heard
from edge.service.near.unfinished import in_stock, left_by
from edge.service.offering.desk import Offers
from edge.service.rooms import Rooms
from edge.service.standing import Guest, proves, who_stands
from edge.staff import Session


class Near:
    """What a guest at a kiosk can see and do, and what staff do for them."""

    def __init__(self, rooms: Rooms, offers: Offers, help_: Help, *, consents: Consents) -> None:
        """Act through these rooms; what is offered is chosen at its own desk."""
        self._rooms, self._help, self._consents = rooms, help_, consents
        self.offers = NearOffers(rooms, offers)
        self._days, self._feedback, self._pickups = Days(rooms), Feedback(rooms), Pickups(rooms)

    def view(self, tap_id: str, point: str) -> NearView:
        """Return what belongs to whoever tapped here; a band that proves little sees and cannot change."""
        guest = who_stands(self._rooms, tap_id, point, least=Trust.UID)
        return NearView(
            tap_id=tap_id,
            movable=self._days.movable(guest),
            orders=self._pickups.of(guest),
            ask=self._feedback.asked(guest),
            shelves=has_shelves(self._rooms),
            unfinished=self._unfinished(guest, tap_id, point),
            at_ms=self._rooms.clock.now_ms(),
        )

    def _unfinished(self, guest: Guest, tap_id: str, point: str) -> tuple[LeftView, ...]:
        """Return what the guest looked for elsewhere; a band that may be a copy is shown none of it."""
        left = left_by(self._rooms, self._consents, guest.profile, channel=Channel.KIOSK)
        if not left or not proves(self._rooms, tap_id, point):
            return ()
        return in_stock(self._rooms, left, self.shelves(point))

    def times(self, tap_id: str, point: str, right: str) -> Times:
        """Return other times of a booking."""
        return self._days.times(tap_id, point, right)

    def move(self, tap_id: str, point: str, right: str, *, start_ms: int) -> Times:
        """Take another time; it holds at the gate at once."""
        return self._days.move(tap_id, point, right, start_ms=start_ms)

    def claim(self, tap_id: str, point: str, code: str) -> Became:
        """Let the band that was just held here be claimed by whom a code was brought to; online alone.

        It gives a wallet and a diary to a person: the band must have proved that it knows its key now.
        """
        ask = self._rooms.claims
        if ask is None:
            raise Refused("This device stays alone: no band can be claimed.")
        guest = who_stands(self._rooms, tap_id, point, least=Trust.LIVE)
        if not self._rooms.health.reached():
            raise Offline("Central does not answer: a band is claimed online alone.")
        return ask(guest.profile.band.id, code, point)

    def give_feedback(
        self, tap_id: str, point: str, *, score: int, because: str = "", named: bool = False
    ) -> FeedbackTaken:
        """Take one word about the last purchase, or the visit."""
        word = Word(score=score, because=because, named=named)
        call = self._wanted(point, word)
        return self._sent(self._feedback.give(tap_id, point, word, call=call), point, call=call)

    def is_asked(self, op_id: str) -> bool:
        """Say whether a sale may still be asked about."""
        return self._feedback.is_asked(op_id)

    def takes_words(self) -> bool:
        """Say whether somebody could read what is typed here."""
        return is_heard(self._rooms)

    def give_feedback_about(self, op_id: str, point: str, word: Word) -> FeedbackTaken:
        """Take one word about a sale where it was made, or by the code of its receipt."""
        call = self._wanted(point, word)
        return self._sent(self._feedback.give_about(op_id, point, word, call=call), point, call=call)

    def _wanted(self, point: str, word: Word) -> str:
        """Return by which call somebody is sent to who is not content and wants it; empty: by none."""
        return self._help.next_call(point) if word.named and word.score <= UNHAPPY_MAX else ""

    def _sent(self, taken: FeedbackTaken, point: str, *, call: str) -> FeedbackTaken:
        if not taken.first or not call:
            return taken
        self._help.call(point, call, reason="feedback")
        return replace(taken, called=True)

    def shelves(self, point: str = "") -> Shelves:
        """Return where things can be had."""
        return self._pickups.shelves(point)

    def reserve(self, tap_id: str, point: str, *, article: str, store: str, op: str) -> OrderView:
        """Set one aside for who stands here."""
        return self._pickups.reserve(tap_id, point, article=article, store=store, op=op)

    def orders(self, session: Session, point: str) -> OrderList:
        """Return what a store has in hand."""
        with written_down(self._rooms, session, "see_orders", target=point):
            return OrderList(orders=self._pickups.at(session, point))

    def move_order(self, session: Session, order: str, state: str, *, counter: str = "") -> OrderView:
        """Bring an order further."""
        with written_down(self._rooms, session, "move_order", target=order):
            return self._pickups.move(session, order, state, counter=counter)

    def hand_over(
        self, session: Session, order: str, tap_id: str, *, lines: Sequence[Ordered] = ()
    ) -> OrderView:
        """Hand an order over to the band that was just held here, or some of it."""
        with written_down(self._rooms, session, "hand_over", target=order):
            return self._pickups.hand_over(session, order, tap_id, lines=lines)

    def hand_over_by_code(
        self, session: Session, order: str, said: Said, *, lines: Sequence[Ordered] = ()
    ) -> OrderView:
        """Hand an order over to who says its code and the guest's name, or some of it."""
        with written_down(self._rooms, session, "hand_over", target=order):
            return self._pickups.hand_over_by_code(session, order, said, lines=lines)
