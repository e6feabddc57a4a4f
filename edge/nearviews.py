"""What a kiosk shows a guest beside their plan: other times, orders, stock, a question; and staff of it."""

from __future__ import annotations

import msgspec


class SlotChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A time that a guest can take; UTC milliseconds."""

    start_ms: int
    end_ms: int


class Times(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Other times of one booking; ``done``: the one that is left has been taken."""

    tap_id: str
    entitlement: str
    choices: tuple[SlotChoice, ...] = ()
    done: bool = False


class OrderLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article of an order, by name."""

    article: str
    names: dict[str, str] = {}
    quantity: int = 1
    delivery: dict[str, str] = {}
    """When it comes to whom it is sent, a sentence for each language; empty: it is not sent."""


class OrderView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order as its guest and the staff who hand it over see it."""

    id: str
    state: str
    store: str
    """The point at which it is handed over."""
    counter: str = ""
    lines: tuple[OrderLine, ...] = ()
    until_ms: int | None = None
    guest: str = ""
    """For staff alone."""
    name: str = ""
    here: bool = False
    """Whether this device hands it over."""
    code: str = ""
    """By which it is fetched without a band; for its guest alone."""


class ShelfView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one store has of an article, in words as sure as the figure is old."""

    store: str
    word: str
    at_ms: int
    here: bool = False
    """Whether it can be set aside at once; elsewhere the store is asked."""


class ArticleView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An article and where it can be had."""

    article: str
    names: dict[str, str]
    price_minor: int
    currency: str
    shelves: tuple[ShelfView, ...] = ()
    delivery: dict[str, str] = {}
    """When it comes to whoever has it sent, a sentence for each language; empty: it is not sent."""


class Shelves(msgspec.Struct, frozen=True, kw_only=True):
    """All articles whose stock is known."""

    articles: tuple[ArticleView, ...]
    at_ms: int


class LookedKnown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An article that a guest looked for elsewhere or left in a basket, and when."""

    article: str
    names: dict[str, str]
    at_ms: int


class LeftView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An article that a guest looked for elsewhere: what it costs here, and where it can be had."""

    article: ArticleView
    at_ms: int
    """When they looked for it."""
    basket: bool = False
    """It lies in their open basket."""


class NearView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What belongs to who stands here: it leaves the screen with them."""

    tap_id: str
    movable: tuple[str, ...] = ()
    """Bookings whose time can be changed."""
    orders: tuple[OrderView, ...] = ()
    ask: str = ""
    """A purchase that nobody was asked about yet; empty: nothing is asked."""
    shelves: bool = False
    """Whether the stock of anything is known."""
    unfinished: tuple[LeftView, ...] = ()
    """What they looked for and did not buy, as far as they let a kiosk show it."""
    at_ms: int = 0
    """When this was read, in UTC milliseconds."""


class FeedbackTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this was the first word about a purchase; a second one changes nothing."""

    first: bool
    called: bool = False
    """Whether somebody was sent to the guest, who wanted it."""


class OrderList(msgspec.Struct, frozen=True, kw_only=True):
    """The orders that a store has in hand, those that wait for somebody first."""

    orders: tuple[OrderView, ...]
