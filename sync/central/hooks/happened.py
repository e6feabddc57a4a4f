"""Happened: what central itself has to tell integrators: of guests as they let it, and of campaigns."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from edge.core.consent import Consent, Purpose, may, merged
from edge.core.events import Event, Kind
from edge.core.orders import Stock
from edge.core.segments import namespace_of as part_of
from edge.core.slots import SlotMoved
from edge.core.vouchers import base_of, campaign_of
from sync.central.channels import offering
from sync.central.channels.offering import Heard
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What, allowed, basis_of, namespace_of
from sync.central.machines.lanes import Stream
from sync.central.near import slots, stock
from sync.central.privacy import erasure, retention
from sync.central.registry import consents, segments
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.registry.turn import take_turn
from sync.central.settling import vouchers
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    metadata,
    now_of,
    select,
    update,
)

OWN = "central"
"""By which name central's own stream stands beside those of devices."""
PERSON_BYTES = 16


class Own(enum.IntEnum):
    """Kinds of central's own; no device writes numbers so high."""

    DIARY_ENTRY = 1_001
    CASE_OPENED = 1_002
    CASE_ANSWERED = 1_003
    CASE_CLOSED = 1_004
    SEGMENT_ENTERED = 1_005
    SEGMENT_LEFT = 1_006
    CONSENT_CHANGED = 1_007
    CAMPAIGN_LIVE = 1_008
    CAMPAIGN_ENDED = 1_009
    RESERVATION_MOVED = 1_010
    COUPON_ISSUED = 1_011
    STOCK_LOW = 1_012
    MANDATE_EXPIRING = 1_013
    GUEST_ERASED = 1_014


SHARED = (Kind.OFFER_SHOWN, Kind.OFFER_REDEEMED)
"""Kinds of devices that central tells as well, of channels: an app is no other matter than a kiosk."""
OF_NOBODY = frozenset({Own.CAMPAIGN_LIVE, Own.CAMPAIGN_ENDED, Own.STOCK_LOW})
"""Kinds that tell of no guest: it takes no consent to hear them."""

CASES: Mapping[What, Own] = {
    What.CASE_OPENED: Own.CASE_OPENED,
    What.CASE_ANSWERED: Own.CASE_ANSWERED,
    What.CASE_CLOSED: Own.CASE_CLOSED,
}
own_table = Table(
    "hook_own",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("hook_own_guest", "site_id", "guest_id"),
    Index("hook_own_at", "at_ms"),
)
"""Numbered under the site's turn, so that no commit comes before a lower number."""
end_table = Table(
    "hook_own_end",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
_own = own_table.c


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event: of whom, what it takes beside the receiver's own consent, and what is said of it."""

    guest: str
    """Empty: of nobody."""
    what: str = ""
    """Of a diary's entry."""
    via: str = ""
    namespace: str = ""
    topic: str = ""
    """Of a consent that changed."""
    given: bool = True
    said: dict[str, Any] = {}
    hook: str = ""
    """Of an erasure: the one subscription that hears it."""
    subject: str = ""
    """By which name that one knows who is gone: nobody else's name of them is left."""


_told = msgspec.msgpack.Decoder(Told).decode
LOOKED_AT: list[Callable[[Connection, str], Collection[int]]] = []
"""Who says which kinds somebody of a site wants to hear, as they stand now."""


def last(tx: Connection, site: str) -> int | None:
    """Return the number of the last event; None: nobody has wanted any yet."""
    return tx.execute(select(end_table.c.seq).where(end_table.c.site_id == site)).scalar()


def ends(tx: Connection, site: str) -> list[tuple[Stream, int]]:
    """Return central's own stream and where it ends, if there is one."""
    seq = last(tx, site)
    return [] if seq is None else [(Stream(site, OWN, 0, 0), seq)]


def say(tx: Connection, site: str, told: Sequence[tuple[Own | Kind, int, Told]]) -> None:
    """Write down what happened, as kind, moment and words, of the kinds that somebody is to be told."""
    take_turn(tx, site)
    wanted = {kind for ask in LOOKED_AT for kind in ask(tx, site)} if told else set[int]()
    kept = [one for one in told if one[0] in wanted]
    if not kept:
        return
    seq = last(tx, site)
    if seq is None:
        tx.execute(insert(end_table).values(site_id=site, seq=(seq := 0)))
    rows = [
        {"site_id": site, "seq": seq + at, "kind": int(kind), "at_ms": at_ms, "guest_id": one.guest,
         "body": msgspec.msgpack.encode(one)}
        for at, (kind, at_ms, one) in enumerate(kept, 1)
    ]  # fmt: skip
    tx.execute(insert(own_table), rows)
    tx.execute(update(end_table).where(end_table.c.site_id == site).values(seq=seq + len(rows)))


def page(
    tx: Connection, site: str, *, span: tuple[int, int], kinds: Sequence[int], limit: int
) -> list[Event]:
    """Return the next events of these kinds after one number and up to another."""
    after, upto = span
    there = and_(_own.site_id == site, _own.seq > after, _own.seq <= upto, _own.kind.in_(list(kinds)))
    rows = tx.execute(select(own_table).where(there).order_by(_own.seq).limit(limit))
    return [_event(row) for row in rows]


def before(tx: Connection, site: str, from_ms: int) -> int:
    """Return the number of the last event before a moment; 0: there is none."""
    query = select(func.max(_own.seq)).where(_own.site_id == site, _own.at_ms < from_ms)
    return tx.execute(query).scalar() or 0


def open_now(
    tx: Connection, site: str, events: Iterable[Event], *, purpose: str, parts: Collection[str] = ()
) -> set[int]:
    """Return which of these may be told by the consents of this moment, by number.

    ``parts`` are those of what is known of guests that a receiver wants to hear of; none: all.
    """
    all_ = {event.seq: told_in(event) for event in events}
    said = {seq: one for seq, one in all_.items() if not (parts and one.namespace) or one.namespace in parts}
    words = consents.consents_of(tx, site, [one.guest for one in said.values()])
    return {
        seq
        for seq, one in said.items()
        if not one.guest or _may(one, words.get(one.guest, ()), Purpose(purpose))
    }


def takes_back(event: Event, *, purpose: str) -> bool:
    """Say whether an event withdraws a purpose, or a part of it, by whatever way."""
    told = told_in(event)
    whole = told.topic.partition("@")[0].partition(":")[0]
    return event.kind == Own.CONSENT_CHANGED and not told.given and whole == purpose


def told_in(event: Event) -> Told:
    """Return what an event says."""
    return _told(event.body)


def person(guest: str) -> bytes:
    """Return by what it is remembered that a receiver was told of a guest; it is nobody's band."""
    return hashlib.blake2b(guest.encode(), digest_size=PERSON_BYTES, person=b"polso told").digest()


def forget(tx: Connection, site: str, guest: str) -> None:
    """Forget what was to be told of an erased guest."""
    tx.execute(delete(own_table).where(_own.site_id == site, _own.guest_id == guest))


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete what happened before a moment; returns how much."""
    return tx.execute(delete(own_table).where(_own.at_ms < at_ms)).rowcount


def _may(told: Told, said: Sequence[Consent], purpose: Purpose) -> bool:
    """Whether a guest lets this be told: what it was kept by still stands, and so does what is asked for."""
    kept = not told.what or allowed(said, What(told.what), Via(told.via))
    part = not told.namespace or may(said, Purpose.OFFERS, told.namespace)
    return kept and part and may(said, purpose)


def _event(row: Row[Any]) -> Event:
    return Event(
        lane=0,
        seq=row.seq,
        hlc=row.at_ms << 16,
        offset_ms=0,
        uncertainty_ms=0,
        kind=row.kind,
        schema=1,
        band=person(row.guest_id) if row.guest_id else None,
        body=bytes(row.body),
        h=b"",
    )


def _written(tx: Connection, site: str, entries: Sequence[Entry]) -> None:
    """Tell of what diaries have new; of consents ``_changed`` tells, also of those that nobody spoke."""
    found = [one for one in entries if one.owner.startswith("g:") and one.what is not What.CONSENT_CHANGED]
    say(tx, site, [told for one in found for told in _lines(one)])


def _lines(one: Entry) -> Iterable[tuple[Own, int, Told]]:
    guest, case = one.owner[2:], CASES.get(one.what)
    part = "" if basis_of(one.what) == "contract" else namespace_of(one.what).value
    names = ("what", "via", "point", "subject", "ref", "amount_minor", "currency", "weight")
    words = {name: value for name in names if (value := getattr(one, name)) not in ("", None)}
    told = Told(guest=guest, what=one.what.value, via=one.via.value, namespace=part, said=words)
    yield Own.DIARY_ENTRY, one.at_ms, told
    if one.what is What.CARD_EXPIRES:
        words = {"mandate": one.ref, "until": one.subject}
        yield Own.MANDATE_EXPIRING, one.at_ms, msgspec.structs.replace(told, said=words)
    if case is not None:
        words = {"case": one.ref, "subject": one.subject, "via": one.via.value}
        yield case, one.at_ms, msgspec.structs.replace(told, said=words)


def _moved(tx: Connection, site: str, guest: str, *, entered: Iterable[str], left: Iterable[str]) -> None:
    """Tell of a guest who came into segments or left them."""
    at_ms = now_of(tx)
    moves = [*((Own.SEGMENT_ENTERED, code) for code in entered), *((Own.SEGMENT_LEFT, code) for code in left)]
    told = [(kind, Told(guest=guest, namespace=part_of(code), said={"code": code})) for kind, code in moves]
    say(tx, site, [(kind, at_ms, one) for kind, one in told])


def _changed(
    tx: Connection, site: str, guest: str, *, before: Sequence[Consent], after: Sequence[Consent]
) -> None:
    """Tell of topics that a guest allows now, or no more."""
    at_ms, was = now_of(tx), {one.purpose: one.given for one in merged(before)}
    found = [one for one in merged(after) if one.given is not was.get(one.purpose, False)]
    told = [_consent(guest, one) for one in found]
    say(tx, site, [(Own.CONSENT_CHANGED, at_ms, one) for one in told])


def _consent(guest: str, one: Consent) -> Told:
    words = {"topic": one.purpose, "given": one.given, "text": one.text}
    return Told(guest=guest, topic=one.purpose, given=one.given, said=words)


def _became(tx: Connection, site: str, heard: Heard, *, kind: Kind) -> None:
    """Tell what became of an offer in a channel, in the words in which a kiosk's letter says it."""
    mark = heard.mark
    words = {"exposure": mark.exposure, "offer": mark.offer, "campaign": heard.campaign,
             "bundle": heard.bundle, "via": heard.via, "op_id": heard.ref}  # fmt: skip
    said = {name: value for name, value in words.items() if value}
    say(tx, site, [(kind, now_of(tx), Told(guest=mark.guest, said=said))])


def _rebooked(tx: Connection, site: str, move: SlotMoved, *, product: str) -> None:
    """Tell of a right that has another time, whoever gave it: the guest at a kiosk, a channel or care."""
    now = move.now
    words = {"reservation": move.entitlement, "product": product, "point": now.point or "",
             "start_ms": now.start_ms, "end_ms": now.end_ms, "was_ms": move.was.start_ms}  # fmt: skip
    say(tx, site, [(Own.RESERVATION_MOVED, now_of(tx), Told(guest=move.guest, said=words))])


def _issued(tx: Connection, site: str, guest: str, *, kind: str, units: int) -> None:
    """Tell of what a guest was given to use up."""
    words = {"sort": base_of(kind), "campaign": campaign_of(kind).partition(":")[2], "units": units}
    say(tx, site, [(Own.COUPON_ISSUED, now_of(tx), Told(guest=guest, said=words))])


def _ran_low(tx: Connection, site: str, left: Stock) -> None:
    """Tell of a shelf with little left on it; nobody is in it."""
    words = {"article": left.article, "store": left.store, "left": left.available}
    say(tx, site, [(Own.STOCK_LOW, now_of(tx), Told(guest="", said=words))])


offering.BECAME.append(_became)
slots.MOVED.append(_rebooked)
vouchers.GIVEN.append(_issued)
stock.LOW.append(_ran_low)
diary.WRITTEN.append(_written)
segments.MOVED.append(_moved)
consents.HEEDED.append(_changed)
consents.STOOD.append(_changed)
erasure.PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
retention.KEPT.append(delete_before)
