"""Reading: what one event of a device's journal says for somebody's diary."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

import msgspec

from edge.core.decision import Outcome, Reason
from edge.core.events import DECISIONS, Acted, Decided, Kind
from edge.core.feedback import FeedbackGiven
from edge.core.offers.said import Told
from edge.core.orders import OrderAsked, OrderMoved, OrderState
from edge.core.payment.bodies import HoldEnded, Payment, RefundAsked, Voided
from edge.core.payment.legs import Leg, paid_by
from edge.core.payment.sale import Authorisation
from edge.core.slots import SlotMoved
from sync.central.journey.entry import CURRENCY_CHARS_MAX, WORDS_CHARS_MAX, What
from sync.central.near.bearable import INT64_MAX
from sync.central.privacy.remarks import NOTICED
from sync.central.registry.tables import ID_CHARS_MAX
from sync.packing import UNREADABLE

LOG = logging.getLogger(__name__)
MINUTE_MS = 60_000
TIME_MS_MAX = 2**47 - 1
"""The last moment that a hybrid time can say in 64 bits."""
BY_ORDER = MappingProxyType({OrderState.RESERVED: What.RESERVED, OrderState.HANDED_OVER: What.PICKED_UP})
BACK = (Kind.UNDONE, Kind.ANNULLED)
OFFERS = (Kind.OFFER_SHOWN, Kind.OFFER_REDEEMED, Kind.OFFER_RETURNED)
Form = TypeVar("Form", bound=msgspec.Struct)


class Happened(NamedTuple):
    """An event as central keeps it, as far as a diary goes."""

    kind: int
    seq: int
    hlc: int
    uncertainty_ms: int
    band: bytes | None
    body: bytes
    noticed: str = ""
    """Whose band it was, in hex, that a device noticed and sealed."""


class Draft(NamedTuple):
    """An entry before it is known whose it is; nobody's where neither guest, band nor order says so."""

    what: What
    guest: str = ""
    band: bytes | None = None
    order: str = ""
    """Whose order."""
    point: str = ""
    subject: str = ""
    ref: str = ""
    amount_minor: int | None = None
    currency: str = ""
    weight: int = 1
    undoes: str = ""
    """It counts only where an entry of its kind leads there."""
    minute_ms: int | None = None
    """When it happened, where that is not when it was written."""


def drafts(event: Happened) -> tuple[Draft, ...]:
    """Return what an event says; one that cannot be read says nothing, and is in the log."""
    try:
        return tuple(one for one in _READ[event.kind](event) if _fits(one))
    except (*UNREADABLE, ValueError) as error:
        LOG.warning("diary.unread kind=%d seq=%d: %s", event.kind, event.seq, error)
        return ()


def _fits(one: Draft) -> bool:
    """Whether a draft can be kept: a database refuses what is no text, and a figure that is too long."""
    long = (one.subject, one.ref, one.undoes)
    short = (one.guest, one.order, one.point, one.currency)
    counted = abs(one.amount_minor or 0) <= INT64_MAX and 0 <= (one.minute_ms or 0) <= TIME_MS_MAX
    printable = all(word.isprintable() for word in (*long, *short))
    return (
        printable
        and counted
        and len(one.currency) <= CURRENCY_CHARS_MAX
        and all(len(word) <= ID_CHARS_MAX for word in short)
        and all(len(word) <= WORDS_CHARS_MAX for word in long)
    )


def _decided(event: Happened, told: Decided) -> Iterable[Draft]:
    said = told.decision
    if said.outcome is Outcome.GRANTED and said.reason is Reason.ENTERED:
        yield Draft(
            What.ENTERED,
            guest=said.guest or "",
            band=event.band,
            point=said.point,
            ref=said.entitlement or "",
        )


def _taken_back(event: Happened, told: Acted) -> Iterable[Draft]:
    yield Draft(What.ENTERED, band=event.band, point=told.point or "", ref=told.target or "", weight=-1)


def _near(event: Happened, told: Acted) -> Iterable[Draft]:
    if event.noticed:
        yield Draft(
            What.ARRIVED if event.kind == Kind.ZONE_ENTERED else What.DWELT,
            band=bytes.fromhex(event.noticed),
            point=told.point or "",
            subject=told.reason,
            minute_ms=(told.amount or 0) * MINUTE_MS,
        )


def _offered(event: Happened, told: Told) -> Iterable[Draft]:
    what = What.OFFERED if event.kind == Kind.OFFER_SHOWN else What.REDEEMED
    yield Draft(
        what,
        guest=told.guest or "",
        point=told.point,
        subject=told.offer,
        ref=told.exposure,
        weight=-1 if event.kind == Kind.OFFER_RETURNED else 1,
    )


def _asked(event: Happened, told: OrderAsked) -> Iterable[Draft]:
    order = told.order
    yield Draft(
        What.ORDERED,
        guest=order.guest,
        point=told.point,
        subject=_listed(line.article for line in order.lines),
        ref=order.id,
    )


def _moved(event: Happened, told: OrderMoved) -> Iterable[Draft]:
    what = BY_ORDER.get(told.state)
    if what is not None:
        yield Draft(what, order=told.order, point=told.point, subject=told.counter, ref=told.order)


def _slot(event: Happened, told: SlotMoved) -> Iterable[Draft]:
    yield Draft(
        What.RESERVED, guest=told.guest, point=told.point, subject=told.now.point or "", ref=told.entitlement
    )


def _word(event: Happened, told: FeedbackGiven) -> Iterable[Draft]:
    if told.guest:
        yield Draft(
            What.FED_BACK, guest=told.guest, point=told.point, subject=str(told.score), ref=told.about
        )


def _paid(event: Happened, told: Payment) -> Iterable[Draft]:
    if told.state is Authorisation.CAPTURED:
        lines = _listed(line.item for line in told.lines)
        yield from _sums(
            Draft(What.BOUGHT, point=told.point, subject=lines, ref=told.op_id, currency=told.currency),
            (*told.earlier, *told.legs),
        )


def _captured(event: Happened, told: HoldEnded) -> Iterable[Draft]:
    if told.state is Authorisation.CAPTURED:
        lines = _listed(line.item for line in told.lines)
        yield from _sums(
            Draft(What.BOUGHT, point=told.point, subject=lines, ref=told.op_id, currency=told.currency),
            told.legs,
        )


def _voided(event: Happened, told: Voided) -> Iterable[Draft]:
    plain = Draft(
        What.BOUGHT, point=told.point, ref=told.op_id, currency=told.currency, weight=-1, undoes=told.op_id
    )
    yield from _sums(plain, told.legs, sign=-1)


def _refunded(event: Happened, told: RefundAsked) -> Iterable[Draft]:
    yield from _sums(
        Draft(What.REFUNDED, point=told.point, ref=told.op_id, currency=told.currency), told.legs
    )


def _sums(plain: Draft, legs: Iterable[Leg], *, sign: int = 1) -> Iterable[Draft]:
    """Yield one entry for each band that pays, or gets back, something."""
    for band, minor in paid_by(legs).items():
        yield plain._replace(band=band, amount_minor=sign * minor)


def _listed(articles: Iterable[str]) -> str:
    """Return as many articles as fit, each once."""
    listed = ""
    for one in dict.fromkeys(articles):
        longer = f"{listed} {one}".strip()
        if len(longer) > WORDS_CHARS_MAX:
            break
        listed = longer
    return listed


def _reader(
    form: type[Form], read: Callable[[Happened, Form], Iterable[Draft]]
) -> Callable[[Happened], Iterable[Draft]]:
    decode = msgspec.msgpack.Decoder(form).decode
    return lambda event: read(event, decode(event.body))


_ENTERED, _BACK, _NEAR = _reader(Decided, _decided), _reader(Acted, _taken_back), _reader(Acted, _near)
_OFFERED = _reader(Told, _offered)
_READ: Mapping[int, Callable[[Happened], Iterable[Draft]]] = MappingProxyType(
    {
        **dict.fromkeys(map(int, DECISIONS), _ENTERED),
        **dict.fromkeys(map(int, BACK), _BACK),
        **dict.fromkeys(map(int, NOTICED), _NEAR),
        **dict.fromkeys(map(int, OFFERS), _OFFERED),
        int(Kind.ORDER_ASKED): _reader(OrderAsked, _asked),
        int(Kind.ORDER_MOVED): _reader(OrderMoved, _moved),
        int(Kind.SLOT_MOVED): _reader(SlotMoved, _slot),
        int(Kind.FEEDBACK_GIVEN): _reader(FeedbackGiven, _word),
        int(Kind.PAID): _reader(Payment, _paid),
        int(Kind.CAPTURED): _reader(HoldEnded, _captured),
        int(Kind.PAYMENT_VOIDED): _reader(Voided, _voided),
        int(Kind.REFUND_ASKED): _reader(RefundAsked, _refunded),
    }
)
KINDS = frozenset(_READ)
"""Kinds that a diary is filled from; consents come by the registry, whichever way they were said."""
