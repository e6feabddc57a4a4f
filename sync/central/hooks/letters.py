"""Letters: what an integrator is told of an event, chosen field by field; nobody's name is among it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from edge.cloudevents import DOMAIN, CloudEvent, formed, rfc3339, source_of, type_of
from edge.core.consent import Consented
from edge.core.events import DECISIONS, Acted, Event, Kind, decided_in
from edge.core.feedback import FeedbackGiven
from edge.core.offers.said import KINDS as OFFERED
from edge.core.offers.said import Told
from edge.core.orders import OrderMoved
from edge.core.payment.bodies import HoldEnded, Payment, RefundAsked, ToppedUp, Voided
from sync.central.hooks.happened import OF_NOBODY, OWN, SHARED, Own, told_in
from sync.central.machines.lanes import Stream
from sync.packing import UNREADABLE

SUBJECT_CHARS = 32
"""128 bits of a keyed hash, in hex: two integrators cannot join what they hold of one band."""
DATA_BYTES_MAX = 60_000
"""What is said in a letter; the rest of its 64 KiB is for who says it."""
TEST = "org.polso.test.v1"

Tell = Callable[[bytes], dict[str, Any]]


def _of(form: type[msgspec.Struct], *names: str) -> Tell:
    """Return what tells these fields of a body, without those that are as always."""
    decode = msgspec.msgpack.Decoder(form).decode
    always = {field.name: field.default for field in msgspec.structs.fields(form)}

    def tell(body: bytes) -> dict[str, Any]:
        said = decode(body)
        found = {name: getattr(said, name) for name in names}
        return {name: value for name, value in found.items() if value != always[name]}

    return tell


def _decision(body: bytes) -> dict[str, Any]:
    made = decided_in(body, None).decision
    return {"point": made.point, "outcome": made.outcome, "reason": made.reason, "direction": made.direction}


def _consent(body: bytes) -> dict[str, Any]:
    said = msgspec.msgpack.decode(body, type=Consented).consent
    return {"purpose": said.purpose, "given": said.given, "text": said.text, "source": said.source}


_OFFER = _of(Told, "exposure", "offer", "campaign", "bundle", "point", "op_id", "minor", "units", "earned")
_CALL = _of(Acted, "point", "reason")
FORMS: Mapping[Kind, Tell] = {
    **dict.fromkeys(DECISIONS, _decision),
    Kind.CONSENT_SET: _consent,
    Kind.PAID: _of(
        Payment, "op_id", "state", "reason", "currency", "total_minor", "due_minor", "point", "device"
    ),
    Kind.PAYMENT_VOIDED: _of(Voided, "op_id", "void_id", "state", "undo", "currency", "point"),
    Kind.CAPTURED: _of(HoldEnded, "op_id", "state", "captured_minor", "currency", "point"),
    Kind.TOPPED_UP: _of(ToppedUp, "op_id", "amount_minor", "currency", "tender", "point"),
    Kind.REFUND_ASKED: _of(RefundAsked, "refund_id", "op_id", "amount_minor", "currency", "point"),
    **dict.fromkeys(OFFERED, _OFFER),
    Kind.ORDER_MOVED: _of(OrderMoved, "order", "state", "point", "counter"),
    Kind.FEEDBACK_GIVEN: _of(FeedbackGiven, "score", "point", "because", "articles"),
    Kind.HELP_CALLED: _CALL,
    Kind.HELP_ACKNOWLEDGED: _CALL,
    Kind.ALARM_RAISED: _CALL,
}
"""Kinds that can be subscribed to; what is not named here never leaves central by this way."""
NAMES: Mapping[str, int] = {one.name.lower(): int(one) for one in (*FORMS, *Own)}
OWN_NAMES = frozenset(one.name.lower() for one in Own)
"""Those that central itself tells of."""
PERSONAL_NAMES = OWN_NAMES - {one.name.lower() for one in OF_NOBODY}
"""Those of them that are of one guest each."""


def numbers(names: Iterable[str]) -> list[int]:
    """Return the kinds of these names; one that a newer version knew is left out.

    Whoever is told of guests by central is told of their consents, too, asked for or not.
    """
    wanted = [NAMES[name] for name in names if name in NAMES]
    also = [int(Own.CONSENT_CHANGED)] if PERSONAL_NAMES.intersection(names) else []
    return list(dict.fromkeys([*wanted, *also]))


def looked_at(names: Iterable[str], *, purpose: str) -> list[int]:
    """Return the kinds that are looked at for a subscriber.

    Where a purpose is asked for, these are each no and each erasure as well.
    """
    also = [int(Own.CONSENT_CHANGED), int(Own.GUEST_ERASED)] if purpose else []
    return list(dict.fromkeys([*numbers(names), *also]))


def pseudonym(key: bytes, band: bytes) -> str:
    """Return by what one integrator knows a band, and no other."""
    return hmac.digest(key, band, "sha256").hex()[:SUBJECT_CHARS]


def letter(stream: Stream, event: Event, *, subject: str, bands: Sequence[str] = ()) -> CloudEvent:
    """Return an event as it is sent; a body that cannot be read any more says nothing.

    ``bands`` are the pseudonyms of a guest's bands that this receiver was told of: where the guest says no,
    it finds by them what it has to forget.

    A letter has 64 KiB at most (CloudEvents 1.0): a body has 16, but a control character takes six in JSON.
    """
    if stream.device == OWN:
        return _of_central(stream, event, subject=subject, bands=bands)
    source = source_of(stream.site, stream.device, str(stream.incarnation), lane=stream.lane)
    try:
        said = FORMS[Kind(event.kind)](event.body)
    except UNREADABLE:
        said = {}
    made = formed(event, said, source=source, subject=subject)
    too_long = len(bytes(made.data)) > DATA_BYTES_MAX
    return formed(event, {}, source=source, subject=subject) if too_long else made


def _of_central(stream: Stream, event: Event, *, subject: str, bands: Sequence[str]) -> CloudEvent:
    shared = event.kind in SHARED
    name = (
        type_of(event.kind, event.schema)
        if shared
        else f"{DOMAIN}.{Own(event.kind).name.lower()}.v{event.schema}"
    )
    said = {**told_in(event).said, **({"bands": list(bands)} if bands else {})}
    made = formed(event, said, source=f"/sites/{stream.site}/{OWN}", subject=subject)
    return msgspec.structs.replace(made, type=name, dataschema=f"urn:polso:{name}")


def trial(site: str, hook: str, at_ms: int) -> CloudEvent:
    """Return an event that says nothing, by which an integrator sees that letters arrive."""
    return CloudEvent(
        specversion="1.0",
        id=f"test-{at_ms}",
        source=f"/sites/{site}/hooks/{hook}",
        type=TEST,
        time=rfc3339(at_ms),
        sequence=f"{at_ms:020d}",
        datacontenttype="application/json",
        dataschema=f"urn:polso:{TEST}",
        data=msgspec.Raw(b"{}"),
    )
