"""Export: everything that central holds of one guest, for that guest, as one document."""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

import msgspec

from edge.core.consent import Consent
from edge.core.entitlements import Entitlement
from edge.core.events import Acted, Decided, Kind
from edge.core.offers.said import KINDS as OFFERED
from edge.core.orders import Order
from edge.core.profiles import Profile, remark_owner
from sync.central.care import cases, spoken
from sync.central.care.cases import Wanted
from sync.central.care.spoken import Heard
from sync.central.channels import handed
from sync.central.channels.handed import HandedOut
from sync.central.journey import diary
from sync.central.journey.entry import Basis, Entry, Via, What
from sync.central.machines.lanes import event_table
from sync.central.near import orders
from sync.central.offers import earned
from sync.central.offers.earned import Earned
from sync.central.people import aliases
from sync.central.people.aliases import Alias
from sync.central.privacy import named
from sync.central.privacy.remarks import REMARKED
from sync.central.psp import mandates
from sync.central.psp.mandates import Mandate
from sync.central.registry import bands, birthdays, consents, guests, links, members, rights, segments
from sync.central.registry.guests import Guest
from sync.central.registry.members import links_of
from sync.central.registry.profiles import at_edges, compose, linked
from sync.central.seals import Written, opened
from sync.central.settling import payouts
from sync.central.settling.payouts import Payout
from sync.central.store import Connection, or_, select
from sync.packing import UNREADABLE

EVENTS_MAX = 100_000
SHORT_HEX = 8
"""As much of a BandId as a look-up's event names it by."""
DECISIONS = (Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN)
SUBJECTS: dict[int, str] = {**dict.fromkeys(map(int, OFFERED), "offer"), int(Kind.ORDER_MOVED): "order"}
"""In which field an event names what it is about."""
KINDS = {int(kind): kind.name.lower() for kind in Kind}
_decided = msgspec.msgpack.Decoder(Decided)
_acted = msgspec.msgpack.Decoder(Acted)


class Worn(msgspec.Struct, frozen=True, kw_only=True):
    """One band of the guest, without its keys."""

    band: str
    label: str
    chip: str
    state: str
    at_edges: Profile
    """What every edge of the site is told."""


class Happened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event about the guest or one of their bands; who of the staff did it is not the guest's to have."""

    at_ms: int
    device: str
    kind: str
    band: str
    point: str = ""
    outcome: str = ""
    reason: str = ""
    subject: str = ""
    """The offer or the order that it is about."""
    remark: str = ""
    """What staff wrote of it."""


class Noted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry of the guest's diary, and what lets us keep it."""

    at_ms: int
    uncertainty_ms: int
    via: Via
    what: What
    point: str = ""
    subject: str = ""
    ref: str = ""
    amount_minor: int | None = None
    currency: str = ""
    weight: int = 1
    basis: Basis


class About(NamedTuple):
    """By what an event can tell of a guest."""

    guest: str
    bands: tuple[bytes, ...]
    orders: frozenset[str]


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """Points that an offer brought, and what of them lies in the wallet."""

    offer: str
    points: int
    state: str
    given: int


class PaidOut(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way to an account, or gone there; the account is empty once it was forgotten."""

    name: str
    iban: str
    bic: str
    minor: int
    state: str
    asked_ms: int


class KnownBy(msgspec.Struct, frozen=True, kw_only=True):
    """A name that the guest was proven to go by, and why we believe it."""

    kind: aliases.Kind
    value: str
    proof: aliases.Proof
    at_ms: int


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """One case: what it was about, how it stands, and what we wrote in it."""

    case: str
    subject: str
    state: str
    result: str
    opened_ms: int
    notes: tuple[str, ...]


class Typed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the guest said of a purchase and let us know as theirs."""

    at_ms: int
    score: int
    because: str = ""
    articles: tuple[str, ...] = ()
    text: str = ""


class GuestRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    site: str
    guest: Guest
    bands: tuple[Worn, ...]
    entitlements: tuple[Entitlement, ...]
    consents: tuple[Consent, ...]
    segments: tuple[str, ...]
    """All codes, also those that no edge is told."""
    events: tuple[Happened, ...]
    birthday: str = ""
    """As declared, month before day (``02-29``)."""
    diary: tuple[Noted, ...] = ()
    orders: tuple[Order, ...] = ()
    points: tuple[Brought, ...] = ()
    mandates: tuple[Mandate, ...] = ()
    """Stored cards and accounts, without what could be charged by."""
    cases: tuple[Matter, ...] = ()
    words: tuple[Typed, ...] = ()
    known_by: tuple[KnownBy, ...] = ()
    payouts: tuple[PaidOut, ...] = ()
    """Of the wallet that is their own."""
    handed: tuple[HandedOut, ...] = ()
    """Who was handed them in a segment."""
    also: tuple[GuestRecord, ...] = ()
    """The same of whoever was found to be one with them; the diary of all of them is the one above."""


def told_of(tx: Connection, site: str, guest: str) -> GuestRecord:
    """Return what is held of a guest and of who is one with them, or raise ``Unknown``."""
    people = guests.guests_of(tx, site, links.together(tx, site, [guest]))
    others = [one for one in people if one != guest]
    also = tuple(msgspec.structs.replace(_told_of(tx, site, one), diary=()) for one in others)
    return msgspec.structs.replace(_told_of(tx, site, guest), also=also)


def _told_of(tx: Connection, site: str, guest: str) -> GuestRecord:
    known = guests.guest(tx, site, guest)
    cards = bands.bands_of(tx, site, [guest])
    held = rights.rights_of(tx, site, [guest]).get(guest, ())
    said = consents.consents_of(tx, site, [guest]).get(guest, ())
    link = links_of(tx, site, [guest]).get(guest)
    codes = segments.segments_of(tx, site, [guest])
    worn = tuple(
        Worn(
            band=card.band.id.hex(),
            label=card.label,
            chip=card.chip,
            state=card.band.state.name.lower(),
            at_edges=at_edges(
                tx, site, segments.told(linked(compose(card, known, held, consents=said), link), codes)
            ),
        )
        for card in cards
    )
    own = members.owned(tx, site, guest)
    placed = orders.of_guest(tx, site, guest)
    about = About(guest, tuple(card.band.id for card in cards), frozenset(one.id for one in placed))
    return GuestRecord(
        site=site,
        guest=known,
        bands=worn,
        entitlements=held,
        consents=said,
        segments=codes.get(guest, ()),
        events=_events(tx, site, about),
        birthday=_birthday(tx, site, guest),
        diary=tuple(map(_noted, diary.held_of(tx, site, remark_owner(guest, b""), limit=EVENTS_MAX))),
        orders=placed,
        points=tuple(map(_brought, earned.of_guest(tx, site, guest))),
        mandates=mandates.of_guest(tx, site, guest),
        cases=_cases(tx, site, guest),
        words=tuple(map(_typed, spoken.of_guest(tx, site, guest))),
        known_by=tuple(map(_known_by, aliases.of_guest(tx, site, guest))),
        payouts=tuple(map(_paid_out, payouts.payouts(tx, site, wallet=own))) if own else (),
        handed=handed.of_guest(tx, site, guest),
    )


def _birthday(tx: Connection, site: str, guest: str) -> str:
    born = birthdays.declared(tx, site, [guest]).get(guest)
    return "" if born is None else f"{born.month:02}-{born.day:02}"


def _typed(one: Heard) -> Typed:
    said = one.typed
    return Typed(
        at_ms=one.at_ms, score=said.score, because=said.because, articles=said.articles, text=one.text
    )


def _brought(one: Earned) -> Brought:
    return Brought(offer=one.offer, points=one.points, state=one.state, given=one.given)


def _paid_out(one: Payout) -> PaidOut:
    return PaidOut(**one.to._asdict(), minor=one.minor, state=one.state, asked_ms=one.asked_ms)


def _known_by(one: Alias) -> KnownBy:
    return KnownBy(kind=one.name.kind, value=one.name.value, proof=one.proof, at_ms=one.at_ms)


def _cases(tx: Connection, site: str, guest: str) -> tuple[Matter, ...]:
    return tuple(
        Matter(
            case=one.id,
            subject=one.subject,
            state=one.state,
            result=one.result,
            opened_ms=one.opened_ms,
            notes=tuple(line.note for line in cases.steps(tx, site, one.id) if line.note),
        )
        for one in cases.listed(tx, site, Wanted(guest=guest))
    )


def _noted(one: Entry) -> Noted:
    same = {name: getattr(one, name) for name in Noted.__struct_fields__}
    return Noted(**same)


def _events(tx: Connection, site: str, about: About) -> tuple[Happened, ...]:
    own = event_table.c
    columns = (own.device_id, own.hlc, own.kind, own.band, own.body)
    by_word = own.kind.in_((int(Kind.LOOKED_UP), int(Kind.ORDER_MOVED)))
    mine = or_(own.band.in_(about.bands), by_word, named.of_guest(tx, about.guest))
    found = select(*columns).where(own.site_id == site, mine).order_by(own.hlc)
    rows = list(islice((row for row in tx.execute(found) if _is_about(row, about)), EVENTS_MAX))
    told = [
        _happened(row.device_id, row.hlc >> 16, row.kind, band=bytes(row.band or b""), body=bytes(row.body))
        for row in rows
    ]
    sealed = {place: _written(row) for place, row in enumerate(rows) if row.kind in REMARKED}
    written = {place: one for place, one in sealed.items() if one is not None}
    for place, remark in zip(written, opened(tx, site, list(written.values())), strict=True):
        told[place] = msgspec.structs.replace(told[place], remark=remark)
    return tuple(told)


def _is_about(row: Any, about: About) -> bool:  # noqa: ANN401  # a row of the columns above
    """Say whether an event that may tell of a guest does."""
    body = bytes(row.body)
    if row.band is not None and bytes(row.band) in about.bands:
        return True
    if row.kind == Kind.LOOKED_UP:
        shorts = {id_.hex()[:SHORT_HEX] for id_ in about.bands}
        return row.band is None and bool(shorts & set((_read(body).target or "").split()))
    if row.kind == Kind.ORDER_MOVED:
        return _subject(row.kind, body) in about.orders
    return about.guest in named.guests_in(body)


def _written(row: Any) -> Written | None:  # noqa: ANN401  # a row of the columns above
    """Return the sealed remark of an event, if it bears one."""
    sealed = _read(bytes(row.body)).sealed if row.kind not in DECISIONS else None
    return Written(sealed, row.kind, bytes(row.band) if row.band else None) if sealed is not None else None


def _read(body: bytes) -> Acted:
    """Return what somebody did; a body of another shape says nothing of it."""
    try:
        return _acted.decode(body)
    except UNREADABLE:
        return Acted()


def _happened(device: str, at_ms: int, kind: int, *, band: bytes, body: bytes) -> Happened:
    bare = Happened(at_ms=at_ms, device=device, kind=KINDS.get(kind, str(kind)), band=band.hex())
    if kind in DECISIONS:
        decision = _decided.decode(body).decision
        return msgspec.structs.replace(
            bare, point=decision.point, outcome=decision.outcome.value, reason=decision.reason.value
        )
    acted = _read(body)
    remark = acted.note if kind in REMARKED else ""
    return msgspec.structs.replace(bare, point=acted.point or "", subject=_subject(kind, body), remark=remark)


def _subject(kind: int, body: bytes) -> str:
    """Return what an event is about that names a guest and no band."""
    if kind not in SUBJECTS:
        return ""
    try:
        return str(msgspec.msgpack.decode(body).get(SUBJECTS[kind], ""))
    except (*UNREADABLE, AttributeError):
        return ""
