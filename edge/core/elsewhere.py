"""Elsewhere: what other devices of a site saw of what is limited per person or band, as totals by device."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping

import msgspec

from edge.core.approvals import SHIFT_MS
from edge.core.events import Acted, Decided, Kind
from edge.core.outliers import MISTYPED
from edge.core.payment.back import given_up_id
from edge.core.payment.bodies import PinTried, Voided
from edge.core.pins import Tried, one_wrong, proved

SPAN_MS = 900_000
"""Acts elsewhere are counted by quarters of an hour, which bind until all of one is twelve hours ago."""
DEVICES_MAX = 64
"""Devices whose totals are told of one person: those that counted last."""
CHECK = "check"
"""A look at one band that is no look-up by name, and is not limited."""
NOBODY = "?"
"""All names that nobody has share one count, which stays at its device."""
KEPT = "elsewhere"
"""Under which kind an edge keeps what it is told."""

Spans = dict[int, int]
"""How often within each quarter of an hour since 1970."""


class Limited(enum.StrEnum):
    """What is limited over all devices; also the kinds of the feed's items that tell of it."""

    LET_PASS = "let_pass"  # noqa: S105 - the name of a count, not a secret
    UNDO = "undo"
    LOOK_UP = "look_up"
    VOID = "void"
    STAFF_PIN = "staff_pin"
    GUEST_PIN = "guest_pin"


PINS = frozenset({Limited.STAFF_PIN, Limited.GUEST_PIN})


def kept_key(what: Limited, who: str) -> str:
    """Return under which key an edge keeps what it is told of somebody."""
    return f"{what}:{who}"


class Seen(msgspec.Struct, frozen=True):
    """One event as far as it counts: what, of whom (a staff id, or a band in hex), when, and of which PIN."""

    what: Limited
    who: str
    at_ms: int
    right: bool = False
    """A right PIN: what was wrong before it counts no more."""
    of: bytes = b""


def acted(kind: int, body: Acted, *, band: bytes | None, at_ms: int) -> Seen | None:
    """Return what an act of staff, or a PIN that was right after wrong ones, counts as."""
    who = body.staff or ""
    if kind == Kind.PIN_PROVED and band is not None:
        return Seen(Limited.GUEST_PIN, band.hex(), at_ms, right=True)
    if who in ("", NOBODY):
        return None
    if kind == Kind.PIN_PROVED:
        return Seen(Limited.STAFF_PIN, who, at_ms, right=True)
    if kind == Kind.SIGN_IN_REFUSED and body.reason == MISTYPED:
        return Seen(Limited.STAFF_PIN, who, at_ms)
    if kind == Kind.UNDONE:
        return Seen(Limited.UNDO, who, at_ms)
    if kind == Kind.LOOKED_UP and body.reason != CHECK:
        return Seen(Limited.LOOK_UP, who, at_ms)
    return None


def let_pass(body: Decided, *, at_ms: int) -> Seen | None:
    """Return what an override counts as: it is whose word let the guest pass."""
    return Seen(Limited.LET_PASS, body.approver, at_ms) if body.approver else None


def voided(body: Voided, *, at_ms: int) -> Seen | None:
    """Return what a void by staff counts as: a basket given up and a guest's undo are none."""
    by_staff = body.staff and not body.undo and body.void_id != given_up_id(body.op_id)
    return Seen(Limited.VOID, body.staff, at_ms) if by_staff else None


def mistyped(body: PinTried, *, band: bytes | None, at_ms: int) -> Seen | None:
    """Return what a guest's wrong PIN counts as."""
    return None if band is None else Seen(Limited.GUEST_PIN, band.hex(), at_ms, of=body.of)


def counted(spans: Mapping[int, int], at_ms: int) -> Spans:
    """Return one device's total with one act more, without what no shift reaches back to."""
    span = at_ms // SPAN_MS
    newest = max(span, *spans) if spans else span
    kept = {one: n for one, n in spans.items() if one > newest - SHIFT_MS // SPAN_MS - 1}
    return {**kept, span: kept.get(span, 0) + 1}


def tried(known: Tried, seen: Seen) -> Tried:
    """Return what one device saw of a PIN, with one try more."""
    if seen.right:
        return proved(known, seen.at_ms)
    here = known if known.of == seen.of else Tried(of=seen.of, right_ms=known.right_ms)
    return one_wrong(here, seen.at_ms)


def times_within(elsewhere: Iterable[Mapping[int, int]], now_ms: int) -> int:
    """Return how often it happened on other devices within the last twelve hours, rather once too many."""
    since = (now_ms - SHIFT_MS) // SPAN_MS
    return sum(n for spans in elsewhere for span, n in spans.items() if span >= since)
