"""What a till's pages send and are answered: each body is one act with its operation id."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.core.payment import reckoning
from edge.core.shift import CashMove
from edge.payviews import PaymentView
from edge.service.madeover import CODE_CHARS_MAX
from edge.service.receipts import Printed
from kiosk.operations import Op

Id = Annotated[str, Meta(min_length=1, max_length=80)]
OpId = Annotated[str, Meta(pattern="^[A-Za-z0-9_.:-]{8,64}$")]
Minor = Annotated[int, Meta(ge=1, le=10_000_000)]
Counted = Annotated[int, Meta(ge=0, le=100_000_000)]
Reasoned = Annotated[str, Meta(max_length=200)]
Pieces = Annotated[int, Meta(ge=-999, le=999)]
PIECES_MAX = 64
DAY_MINUTES = 1_440
"""So long a till sets aside by default; then all of it goes back by itself."""
KINDS_MAX = 32


class Piece(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of one article; fewer than none is a deposit that comes back."""

    id: Id
    n: Pieces


class RingBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that stands in the basket; prices are the catalogue's, never the page's."""

    NOT_TYPED = ("op_id",)
    op: Op
    op_id: OpId
    rev: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    pay: bool = False
    """The bill is new and whole: the next band at the till's reader pays it."""
    pieces: Annotated[tuple[Piece, ...], Meta(max_length=PIECES_MAX)]


class BasketBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act on the basket that stands at this till, or on a payment of before."""

    NOT_TYPED = ("op_id",)
    op: Op
    op_id: OpId


class VouchersBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which vouchers the guest keeps this time: all that are not named are used."""

    NOT_TYPED = ("op_id",)
    op: Op
    op_id: OpId
    kinds: Annotated[tuple[Id, ...], Meta(max_length=KINDS_MAX)]


class CouponBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coupon's code, as a scanner read it."""

    NOT_TYPED = ("op_id",)
    op: Op
    op_id: OpId
    code: Annotated[str, Meta(min_length=1, max_length=CODE_CHARS_MAX)]


class AmountBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An amount for a basket or a wallet."""

    NOT_TYPED = ("op_id",)
    op: Op
    op_id: OpId
    minor: Minor


class Some(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """So many of one line of a bill; the lines are counted from 0."""

    line: Annotated[int, Meta(ge=0, lt=PIECES_MAX)]
    n: Annotated[int, Meta(ge=1, le=9_999)]


Chosen = Annotated[tuple[Some, ...], Meta(min_length=1, max_length=PIECES_MAX)]


def pieces_of(chosen: tuple[Some, ...] | None) -> tuple[reckoning.Piece, ...] | None:
    """Return chosen lines as the service takes them; None: all."""
    return None if chosen is None else tuple(reckoning.Piece(one.line, one.n) for one in chosen)


class BackBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take a payment back; the second id makes pressing twice one void."""

    NOT_TYPED = ("op_id", "back_id")
    op: Op
    op_id: OpId
    back_id: OpId
    reason: Reasoned = ""
    pieces: Chosen | None = None
    """Single lines; without it all that is left."""


class HoldBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Set aside what stands on the bill, for so long: a deposit or an open tab."""

    NOT_TYPED = ("op_id",)
    op: Op
    op_id: OpId
    minutes: Annotated[int, Meta(ge=1, le=20_160)] = DAY_MINUTES


class CaptureBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take what was set aside: all, a bill rung up since, some of its lines, or less for its only piece."""

    NOT_TYPED = ("op_id", "bill")
    op: Op
    op_id: OpId
    pieces: Chosen | None = None
    minor: Minor | None = None
    bill: Annotated[str, Meta(pattern="^([A-Za-z0-9_.:-]{8,64})?$")] = ""


class PinBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The guest's PIN, typed on their own side; it is told to nobody and kept nowhere."""

    NOT_TYPED = ("op_id",)
    op: Op
    op_id: OpId
    pin: Annotated[str, Meta(pattern="^[0-9]{1,12}$")]


class CountBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was counted in a drawer, and why it differs if it does."""

    op: Op
    minor: Counted
    reason: Reasoned = ""


class MoveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cash that is brought or taken, which takes two persons."""

    op: Op
    move: CashMove
    minor: Minor
    reason: Reasoned = ""


class PlainBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing but the operation."""

    op: Op


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """A code that shows a receipt on one phone, once."""

    address: str
    svg: str


class Payments(msgspec.Struct, frozen=True, kw_only=True):
    """The last payments at a till, newest first."""

    payments: tuple[PaymentView, ...]


class ShiftEnd(msgspec.Struct, frozen=True, kw_only=True):
    """How a drawer was closed, and what became of its report."""

    shift: str
    number: int
    currency: str
    expected_minor: int
    counted_minor: int
    difference_minor: int
    reason: str
    paper: Printed


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a report came out of the printer; else why not."""

    fault: str = ""
