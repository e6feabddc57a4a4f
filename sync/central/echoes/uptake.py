"""Uptake: what devices' events change in central's own registry, in the transaction that stores them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge.core.consent import Consented
from edge.core.events import Acted, Kind
from edge.core.feedback import FeedbackGiven
from edge.core.offers.anew import CouponAnswer
from edge.core.offers.said import Told
from edge.core.orders import OrderAsked, OrderMoved
from edge.core.payment.bodies import MandateStopped
from edge.core.slots import SlotMoved
from sync.central.care import answering, heard, held, spoken
from sync.central.care.heard import Spoken
from sync.central.near import bearable, feedback, orders, slots
from sync.central.offers import earned
from sync.central.psp import stopping
from sync.central.registry import consents, guests, profiles
from sync.central.registry.turn import take_turn
from sync.central.store import Connection

FORMS: dict[int, type[msgspec.Struct]] = {
    Kind.CONSENT_SET: Consented,
    Kind.SLOT_MOVED: SlotMoved,
    Kind.FEEDBACK_GIVEN: FeedbackGiven,
    Kind.ORDER_MOVED: OrderMoved,
    Kind.ORDER_ASKED: OrderAsked,
    Kind.OFFER_TAKEN: Told,
    Kind.OFFER_DECLINED: Told,
    Kind.OFFER_MADE_OVER: Told,
    Kind.OFFER_REDEEMED: Told,
    Kind.OFFER_RETURNED: Told,
    Kind.COUPON_ANSWERED: CouponAnswer,
    Kind.MANDATE_STOPPED: MandateStopped,
    Kind.HELP_CALLED: Acted,
    Kind.HELP_ACKNOWLEDGED: Acted,
}
"""Bodies of events that central acts upon; an erasure never is one: no device may delete a guest."""
TAKEN_UP = frozenset(map(int, FORMS))
_DECODERS = {int(kind): msgspec.msgpack.Decoder(form).decode for kind, form in FORMS.items()}


def read(kind: int, body: bytes) -> msgspec.Struct:
    """Return what an event that central acts upon says."""
    said: msgspec.Struct = _DECODERS[kind](body)
    return said


class Heeded(NamedTuple):
    """An event to act upon: its kind, its body, when it happened and about which band."""

    kind: int
    body: bytes
    at_ms: int
    band: bytes | None = None


def take_up(tx: Connection, site: str, told: Iterable[Heeded], *, device: str) -> None:
    """Act upon events that have just been stored, and publish what came of it.

    Call it before wallets are held: publishing takes the site's turn.
    """
    both = [(event, read(event.kind, event.body)) for event in told]
    said = [one for _, one in both]
    if said:
        take_turn(tx, site)
    _consent(tx, site, [one for one in said if isinstance(one, Consented)])
    for event, one in both:
        # In the order in which they were told: what is asked for can be handed over a moment later.
        if isinstance(one, SlotMoved) and bearable.slot(one):
            slots.take(tx, site, one, device=device)
        elif isinstance(one, FeedbackGiven) and bearable.word(one):
            feedback.take(tx, site, one, at_ms=event.at_ms)
            text = spoken.taken(tx, site, one, device=device, event=(event.at_ms, event.band))
            heard.unhappy(tx, site, Spoken(one, event.at_ms, text), device=device)
        elif isinstance(one, OrderAsked) and bearable.order(one.order):
            orders.place(tx, site, one.order)
        elif isinstance(one, OrderMoved) and bearable.move(one):
            orders.take(tx, site, one, device=device)
        elif isinstance(one, Told):
            _offered(tx, site, one, kind=event.kind, device=device)
        elif isinstance(one, CouponAnswer):
            answering.heard(tx, site, one, device=device)
        elif isinstance(one, MandateStopped):
            stopping.heard(tx, site, one)
        elif isinstance(one, Acted):
            take = heard.called if event.kind == Kind.HELP_CALLED else heard.acknowledged
            take(tx, site, one, device=device, at_ms=event.at_ms)


def _offered(tx: Connection, site: str, said: Told, *, kind: int, device: str) -> None:
    held.take(tx, site, said, kind=kind, device=device)
    if kind == Kind.OFFER_RETURNED:
        earned.come_back(tx, site, said)
    elif kind == Kind.OFFER_REDEEMED:
        earned.take(tx, site, said)
    elif kind == Kind.OFFER_DECLINED:
        answering.declined(tx, site, said.exposure, device=device)


def _consent(tx: Connection, site: str, told: Iterable[Consented]) -> None:
    changed = {}
    for said in told:
        # A guest who was erased meanwhile has nothing left to allow.
        known = guests.guests_of(tx, site, [said.guest])
        if known and consents.take(tx, site, said.guest, told=[said.consent]):
            changed[said.guest] = True
    if changed:
        profiles.publish_guests(tx, site, changed)
