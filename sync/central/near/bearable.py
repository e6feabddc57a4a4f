"""Bearable: what a device's event may say for central to act upon it; else it is stored, and no more."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.entitlements import TimeSlot
from edge.core.feedback import FACES, FeedbackGiven
from edge.core.orders import Order, OrderMoved
from edge.core.slots import SlotMoved
from sync.central.registry.tables import ID_CHARS_MAX

MS_MAX = 2**53
LINES_MAX = 20
QUANTITY_MAX = 99
INT64_MAX = 2**63 - 1


def storable(body: msgspec.Struct) -> bool:
    """Say whether each database can look for all that a body says: no NUL in a text, no number too long."""
    waiting: list[Any] = [msgspec.to_builtins(body, builtin_types=(bytes,))]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple)):
            waiting += one
        elif (isinstance(one, str) and "\0" in one) or (isinstance(one, int) and one > INT64_MAX):
            return False
    return True


def names(*texts: str) -> bool:
    """Say whether these are names: printable, and no longer than a key."""
    return all(text.isprintable() and len(text) <= ID_CHARS_MAX for text in texts)


def order(one: Order) -> bool:
    """Say whether an order can be kept."""
    lines = 1 <= len(one.lines) <= LINES_MAX and all(1 <= line.quantity <= QUANTITY_MAX for line in one.lines)
    told = names(one.id, one.guest, one.store, one.device, one.counter, *(line.article for line in one.lines))
    return (
        bool(one.id)
        and lines
        and told
        and not one.given
        and (one.until_ms is None or 0 <= one.until_ms < MS_MAX)
    )


def move(one: OrderMoved) -> bool:
    """Say whether an order's next state can be kept."""
    counted = all(1 <= line.quantity <= QUANTITY_MAX for line in one.lines)
    told = names(one.order, one.counter, *(line.article for line in one.lines))
    return told and counted and len(one.lines) <= LINES_MAX


def slot(one: SlotMoved) -> bool:
    """Say whether a change of a time can be looked up."""
    return names(one.guest, one.entitlement) and _time(one.was) and _time(one.now)


def word(one: FeedbackGiven) -> bool:
    """Say whether a word can be counted."""
    told = names(one.because, *one.articles, *one.lots)
    return (
        one.score in FACES and len(one.articles) <= LINES_MAX and told and len(one.lots) <= len(one.articles)
    )


def _time(one: TimeSlot) -> bool:
    return names(one.point or "") and 0 <= one.start_ms < one.end_ms < MS_MAX
