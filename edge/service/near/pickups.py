"""Pickups: orders on their way to a guest's hands, and the shelves that they come from."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from edge.core.bands import Trust
from edge.core.calendar import day_of
from edge.core.catalogue import Catalogue
from edge.core.delivery import said as delivery_said
from edge.core.events import Kind
from edge.core.orders import (
    KEEP_MS,
    OPEN_MAX,
    OVER,
    Order,
    OrderAsked,
    Ordered,
    OrderMoved,
    OrderState,
    Shelf,
    Stock,
    handed,
    moved,
    same_name,
    shelf,
)
from edge.core.pins import Tried, one_wrong, paused_until_ms
from edge.errors import NotAllowed, Refused, Unknown
from edge.nearviews import OrderLine, OrderView, Shelves
from edge.service.facts import NOWHERE, zone_of
from edge.service.near.shelves import shelves_of
from edge.service.rooms import Rooms
from edge.service.standing import Guest, HoldAgain, stands_in
from edge.service.standing_orders import ORDERS, Orders, order_here, standing_orders, taken_here
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction

EVENT = "order"
TRIED = "order_code"
"""How often the code of an order was wrong in a row, by the order."""
_TRIED = msgspec.msgpack.Decoder(Tried).decode


class NoneLeft(Refused):
    """There is none left to set aside."""

    hint = "Ask our staff, or choose another store."


class HandedOver(Refused):
    """This order was handed over already."""

    hint = "The journal says when, where and by whom."


class WrongCode(NotAllowed):
    """This is not the code of this order, or not the name of who ordered."""

    hint = "Ask for both again, or have the band held to the reader."
    why = "wrong_code"


class TooOften(NotAllowed):
    """The code of this order was wrong too often."""

    hint = "Have the band held to the reader, or try again in some minutes."
    why = "code_paused"


class Said(NamedTuple):
    """What somebody without a band says at the counter."""

    code: str
    name: str


class Pickups:
    """What guests pick up here, and what of the stores' stock may be promised."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms = rooms

    def of(self, guest: Guest) -> tuple[OrderView, ...]:
        """Return a guest's own orders that are not over, those that are ready first."""
        mine = [order for order in self._standing() if order.guest == guest.id and order.state not in OVER]
        mine.sort(key=lambda order: (order.state is not OrderState.READY, order.id))
        return tuple(self._view(order, self._rooms.profiles.catalogue()) for order in mine)

    def at(self, session: Session, point: str) -> tuple[OrderView, ...]:
        """Return what staff of a store have in hand, with whose it is."""
        permit(session, Action.SELL, self._rooms.clock.now_ms())
        sold = self._rooms.profiles.catalogue()
        found = [one for one in self._standing() if one.store == point and one.state not in OVER]
        return tuple(self._view(one, sold, staff=True) for one in sorted(found, key=lambda one: one.id))

    def shelves(self, point: str = "") -> Shelves:
        """Return where everything can be had, as seen from a point, less what was set aside here."""
        taken = self._rooms.sequencer.submit(partial(taken_here, self._rooms))
        return shelves_of(self._rooms, taken, point, today=self._today())

    def _today(self) -> dt.date:
        layout = self._rooms.profiles.layout()
        zone = zone_of(NOWHERE if layout is None else layout.timezone)
        return dt.date.fromordinal(day_of(zone, 0, self._rooms.clock.now_ms()))

    def reserve(self, tap_id: str, point: str, *, article: str, store: str, op: str) -> OrderView:
        """Set one aside: here at once, elsewhere as soon as that store says yes; asked twice it is one."""
        stock = next(
            (
                one
                for one in self._rooms.profiles.goods.stock()
                if (one.article, one.store) == (article, store)
            ),
            None,
        )
        if stock is None:
            raise Unknown("This store says nothing of this article.")
        id_ = hashlib.blake2b(f"{tap_id} {op}".encode(), digest_size=8).hexdigest()

        def act(tx: Transaction) -> Order:
            guest = stands_in(tx, self._rooms, tap_id, point=point)
            if guest is None:
                raise HoldAgain
            return self._reserve(tx, guest, stock, id_=id_, point=point)

        order = self._rooms.sequencer.submit(act)
        self._tell(order)
        return self._view(order, self._rooms.profiles.catalogue())

    def move(self, session: Session, id_: str, state: str, *, counter: str = "") -> OrderView:
        """Bring an order further: staff pick it, say that it is ready and where, or give it up."""
        permit(session, Action.SELL, self._rooms.clock.now_ms())
        to = OrderState(state) if state in frozenset(OrderState) else None
        if to is None or to is OrderState.HANDED_OVER:
            raise Refused("An order is handed over to a band.", hint="Have the guest hold it to the reader.")
        return self._moved(session, id_, to, counter=counter)

    def hand_over(
        self, session: Session, id_: str, tap_id: str, *, lines: Sequence[Ordered] = ()
    ) -> OrderView:
        """Hand an order, or some of it, to the guest whose band was just held here.

        Each thing goes once, however many tills try: of what is not left nothing is handed over.
        """
        permit(session, Action.SELL, self._rooms.clock.now_ms())

        def act(tx: Transaction) -> Order:
            order = self._mine(tx, id_)
            self._demand_owner(tx, order, tap_id)
            return self._handed(tx, order, replace(_told_of(order, session), tap_id=tap_id), lines=lines)

        return self._told(self._rooms.sequencer.submit(act))

    def _handed(self, tx: Transaction, order: Order, told: OrderMoved, *, lines: Sequence[Ordered]) -> Order:
        after = handed(order, lines)
        if after is None and (order.state is OrderState.HANDED_OVER or lines):
            raise HandedOver
        if after is None:
            raise Refused(f"No way leads from {order.state} to {OrderState.HANDED_OVER}.")
        given = after.given[len(order.given) :]
        return self._written(tx, after, replace(told, state=after.state, lines=given))

    def hand_over_by_code(
        self, session: Session, id_: str, said: Said, *, lines: Sequence[Ordered] = ()
    ) -> OrderView:
        """Hand an order, or some of it, to whoever says its code and the guest's name.

        Five wrong ones in a row bring a pause, which doubles with each further round.
        """
        permit(session, Action.SELL, self._rooms.clock.now_ms())

        def act(tx: Transaction) -> Order | None:
            order = self._mine(tx, id_)
            tried = _tried(tx, id_)
            if tx.now.now_ms < paused_until_ms(tried.wrong_ms):
                raise TooOften
            if not self._is_right(order, said):
                tx.put(TRIED, id_, msgspec.msgpack.encode(one_wrong(tried, tx.now.now_ms)))
                return None
            tx.delete(TRIED, id_)
            return self._handed(tx, order, replace(_told_of(order, session), by_code=True), lines=lines)

        order = self._rooms.sequencer.submit(act)
        if order is None:
            raise WrongCode
        return self._told(order)

    def _is_right(self, order: Order, said: Said) -> bool:
        code = self._rooms.vault.pickup_code(order.id)
        right = hmac.compare_digest(code.encode(), said.code.encode())
        return same_name(said.name, self._name(order.guest)) and right

    def _moved(self, session: Session, id_: str, to: OrderState, *, counter: str) -> OrderView:
        def act(tx: Transaction) -> Order:
            order = self._mine(tx, id_)
            after = moved(order, to, counter=counter)
            if after is None:
                raise Refused(f"No way leads from {order.state} to {to}.")
            told = OrderMoved(order=id_, state=to, point=order.store, staff=session.staff, counter=counter)
            return self._written(tx, after, told)

        return self._told(self._rooms.sequencer.submit(act))

    def _mine(self, tx: Transaction, id_: str) -> Order:
        order = self._known(tx, id_)
        if order.device != self._rooms.device:
            raise Refused("Another device hands this over.", hint="Go to the store that it is for.")
        return order

    def _written(self, tx: Transaction, after: Order, told: OrderMoved) -> Order:
        tx.append(Kind.ORDER_MOVED, told)
        tx.put(ORDERS, after.id, msgspec.msgpack.encode(after))
        return after

    def _told(self, after: Order) -> OrderView:
        self._tell(after)
        return self._view(after, self._rooms.profiles.catalogue(), staff=True)

    def _demand_owner(self, tx: Transaction, order: Order, tap_id: str) -> None:
        """Refuse whoever's band is not the one of the guest who ordered; any proof will do, staff look on."""
        guest = stands_in(tx, self._rooms, tap_id, point=order.store, least=Trust.UID)
        if guest is None or guest.id != order.guest:
            raise HoldAgain("This order is another guest's.", hint="Hold the band of who ordered.")

    def _reserve(self, tx: Transaction, guest: Guest, stock: Stock, *, id_: str, point: str) -> Order:
        known = order_here(tx, id_)
        if known is not None:
            return known
        orders = Orders(self._rooms, tx)
        mine = [one for one in orders.standing() if one.guest == guest.id and one.state not in OVER]
        if len(mine) >= OPEN_MAX:
            raise Refused(f"{OPEN_MAX} orders wait for you already.", hint="Pick one up first.")
        here = stock.device == self._rooms.device
        taken = orders.taken().get((stock.article, stock.store), 0)
        if shelf(stock, tx.now.now_ms, taken=taken) is Shelf.NONE:
            raise NoneLeft
        order = Order(
            id=id_,
            guest=guest.id,
            store=stock.store,
            device=stock.device,
            lines=(Ordered(article=stock.article),),
            state=OrderState.RESERVED if here else OrderState.PLACED,
            until_ms=tx.now.now_ms + KEEP_MS,
        )
        tx.append(Kind.ORDER_ASKED, OrderAsked(order=order, point=point), band=guest.profile.band.id)
        tx.put(ORDERS, id_, msgspec.msgpack.encode(order))
        return order

    def _standing(self) -> list[Order]:
        return self._rooms.sequencer.submit(partial(standing_orders, self._rooms))

    def _known(self, tx: Transaction, id_: str) -> Order:
        found = [order for order in standing_orders(self._rooms, tx) if order.id == id_]
        if not found:
            raise Unknown("There is no such order here.")
        return found[0]

    def _view(self, order: Order, sold: Catalogue, *, staff: bool = False) -> OrderView:
        return OrderView(
            id=order.id,
            state=order.state.value,
            store=order.store,
            counter=order.counter,
            lines=tuple(_lines(order.lines if order.state in OVER else order.left, sold, self._today())),
            until_ms=order.until_ms,
            guest=order.guest if staff else "",
            name=self._name(order.guest) if staff else "",
            here=order.device == self._rooms.device,
            code="" if staff or order.state in OVER else self._rooms.vault.pickup_code(order.id),
        )

    def _name(self, guest: str) -> str:
        return next((profile.name for profile in self._rooms.profiles.of_guest(guest)), "")

    def _tell(self, order: Order) -> None:
        """Tell the store's own staff; a guest's screen asks when they stand there."""
        told = self._view(order, self._rooms.profiles.catalogue(), staff=True)
        self._rooms.feed.publish(f"staff-{order.store}", EVENT, told)


def _tried(tx: Transaction, id_: str) -> Tried:
    body = tx.get(TRIED, id_)
    return Tried() if body is None else _TRIED(body)


def _told_of(order: Order, session: Session) -> OrderMoved:
    return OrderMoved(order=order.id, state=order.state, point=order.store, staff=session.staff)


def _lines(lines: Iterable[Ordered], sold: Catalogue, today: dt.date) -> Iterable[OrderLine]:
    for line in lines:
        article = sold.by_id.get(line.article)
        names = article.names if article is not None else {}
        sent = delivery_said(article.delivery, today) if article is not None else {}
        yield OrderLine(article=line.article, names=names, quantity=line.quantity, delivery=sent)
