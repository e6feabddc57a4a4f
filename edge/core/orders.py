"""Orders to pick up, and the stock that they come from: states, ways between them, and words for a shelf."""

from __future__ import annotations

import enum
import hmac
import unicodedata
from collections.abc import Iterable

import msgspec

ORDER, STOCK = "order", "stock"
"""Kinds of the feed's items, keyed by the order's id, and by article and store."""
FEW_MAX = 3
OLD_MS = 30 * 60_000
"""A figure older than this promises nothing."""
CODE_DIGITS = 6
OPEN_MAX = 5
"""Orders that a guest has in hand at once."""
KEEP_MS = 2 * 3_600_000
"""So long a thing is kept that was set aside, unless somebody says until when."""


class OrderState(enum.StrEnum):
    """How far an order has come."""

    PLACED = "placed"
    """Asked for; the store has not set it aside yet."""
    RESERVED = "reserved"
    PICKING = "picking"
    READY = "ready"
    HANDED_OVER = "handed_over"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


OVER = frozenset({OrderState.HANDED_OVER, OrderState.EXPIRED, OrderState.CANCELLED})
"""States that nothing leads out of."""
STEPS = tuple(OrderState)[: tuple(OrderState).index(OrderState.HANDED_OVER) + 1]
"""The straight way; a step may be left out, none is taken back."""


class Ordered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article of an order."""

    article: str
    quantity: int = 1


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a guest picks up at one store; the one device whose shelf it is on hands it over, and no other."""

    id: str
    guest: str
    store: str
    """The point at which it is handed over."""
    device: str
    lines: tuple[Ordered, ...]
    state: OrderState = OrderState.PLACED
    counter: str = ""
    """What stands above the counter, once it is ready."""
    until_ms: int | None = None
    """So long it is kept."""
    given: tuple[Ordered, ...] = ()
    """What of it was handed over already."""

    @property
    def left(self) -> tuple[Ordered, ...]:
        """What of it was not handed over yet, each article once."""
        sums = _sums(self.lines)
        for article, quantity in _sums(self.given).items():
            sums[article] = sums.get(article, 0) - quantity
        return tuple(Ordered(article=name, quantity=left) for name, left in sums.items() if left > 0)


class OrderMoved(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of ORDER_MOVED: an order's next state, and who brought it there."""

    order: str
    state: OrderState
    point: str
    staff: str = ""
    counter: str = ""
    tap_id: str = ""
    """The tap that it was handed over to."""
    lines: tuple[Ordered, ...] = ()
    """What was handed over; empty where it was all that was left, or nothing."""
    by_code: bool = False
    """It was handed to somebody without a band, who said its code and the guest's name."""


class OrderAsked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Body of ORDER_ASKED: a guest wants something set aside, here or at another store."""

    order: Order
    point: str
    """Where the guest asked."""


class Stock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a store has of one article, as last counted."""

    article: str
    store: str
    device: str
    """Whose shelf it is; empty: no device of this site."""
    on_hand: int
    reserved: int = 0
    safety: int = 0
    """Never promised: a count is wrong now and then."""
    at_ms: int
    lot: str = ""
    """Which lot of the article is open on this shelf; empty: nobody said."""
    lot_ms: int = 0
    """Since when it is."""

    def lot_at(self, sold_ms: int) -> str:
        """Return which lot was sold at a moment; empty where it was before the lot that is open now."""
        return self.lot if self.lot_ms <= sold_ms else ""

    @property
    def available(self) -> int:
        """How many can be promised."""
        return max(0, self.on_hand - self.reserved - self.safety)


class Shelf(enum.StrEnum):
    """What a guest is told of a shelf: as sure as the figure is."""

    IN_STOCK = "in_stock"
    LAST = "last"
    ASK = "ask"
    """The figure is old: somebody must look."""
    NONE = "none"


def shelf(stock: Stock, now_ms: int, *, taken: int = 0) -> Shelf:
    """Return how a shelf is spoken of, less what was set aside here since it was counted."""
    left = stock.available - taken
    if left <= 0:
        return Shelf.NONE
    if now_ms - stock.at_ms > OLD_MS:
        return Shelf.ASK
    return Shelf.LAST if left <= FEW_MAX else Shelf.IN_STOCK


def pickup_code(site_key: bytes, order: str) -> str:
    """Return by which digits an order is fetched without a band: reckoned wherever it is asked for."""
    digest = hmac.digest(site_key, b"polso pickup 1" + order.encode(), "sha256")
    return f"{int.from_bytes(digest[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def same_name(said: str, known: str) -> bool:
    """Say whether a name that somebody says is the known one, however it is written; none is nobody's."""
    return bool(_plain(known)) and _plain(said) == _plain(known)


def moved(order: Order, to: OrderState, *, counter: str = "") -> Order | None:
    """Return an order one or more steps further; None where no way leads there."""
    if order.state in OVER or to is order.state:
        return None
    if to in STEPS and STEPS.index(to) < STEPS.index(order.state):
        return None
    if to is OrderState.HANDED_OVER and order.state is not OrderState.READY:
        return None
    return msgspec.structs.replace(order, state=to, counter=counter or order.counter)


def handed(order: Order, lines: Iterable[Ordered] = ()) -> Order | None:
    """Return an order after these of it were handed over, or all that was left; None where that cannot be.

    It is handed over when nothing is left; until then it stays ready.
    """
    left, wanted = _sums(order.left), _sums(lines or order.left)
    fits = all(0 < quantity <= left.get(article, 0) for article, quantity in wanted.items())
    if order.state is not OrderState.READY or not wanted or not fits:
        return None
    now = tuple(Ordered(article=article, quantity=quantity) for article, quantity in wanted.items())
    after = msgspec.structs.replace(order, given=(*order.given, *now))
    return after if after.left else msgspec.structs.replace(after, state=OrderState.HANDED_OVER)


def newer(told: Order, here: Order | None) -> Order:
    """Return how an order stands: as central told it, or further on where this device brought it.

    Until when it is kept is central's word.
    """
    if here is None or told.state in OVER:
        return told
    if here.state in OVER or _way(here) > _way(told):
        return msgspec.structs.replace(here, until_ms=told.until_ms)
    return told


def _plain(name: str) -> str:
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(one for one in parts if one.isalnum())


def _way(order: Order) -> tuple[int, int]:
    return STEPS.index(order.state), sum(line.quantity for line in order.given)


def _sums(lines: Iterable[Ordered]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.article] = sums.get(line.article, 0) + line.quantity
    return sums
