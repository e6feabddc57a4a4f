"""Anew: a coupon is made again once the only device that knows the old one has voided it."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from edge.core.offers import Offer
from edge.core.offers.anew import COUPON_ASK, CouponAsk
from edge.core.places import PointKind
from edge.core.profiles import remark_owner
from edge.errors import Refused, Unknown
from sync.central.care import cases, goodwill, held, made
from sync.central.care.case import Case, Step, Told
from sync.central.care.held import Held
from sync.central.care.made import Old
from sync.central.feed import Change, publish
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.machines.devices import ACTIVE, devices
from sync.central.money import topups
from sync.central.offers import bundles
from sync.central.privacy import erasure, retention
from sync.central.registry import guests, layout, links
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.registry.turn import take_turn
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)

BY_COUPON = "/central/care/coupon"
"""Source of the entries that they leave in diaries."""
LISTED_MAX = 20


class State(enum.StrEnum):
    """How far an ask has come: the closed list."""

    WAITING = "waiting"
    """Its home has not answered; it may be away."""
    ISSUED = "issued"
    """The old one is void, and the guest has another one."""
    USED = "used"
    """The old one was used before its home was asked."""
    OVER = "over"
    """The old one had ended."""
    TAKEN_BACK = "taken_back"
    """Care wants none any more; if its home had voided it by then, the guest gets another one."""
    MADE_GOOD = "made_good"
    """The guest got goodwill in its place; the old one is voided as soon as its home hears of it."""
    ENDED = "ended"
    """The purchase that brought it was taken back after another one had been made: that one goes, too."""


GIVEN = (State.ISSUED, State.MADE_GOOD, State.ENDED)
"""Of these nothing more is given for the same coupon."""


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One ask, whole."""

    id: str
    """Names the act for ever: sent again it changes nothing."""
    case: str
    exposure: str
    home: str
    to: str
    """The device at which the new one is to be good."""
    offer: str
    bundle: int
    guest: str = ""
    by: str = ""
    handed: bool = False
    state: State = State.WAITING
    asked_ms: int = 0
    answered_ms: int = 0
    """When its home's word came; 0: not yet."""
    until: str = ""
    point: str = ""
    used_ms: int = 0
    """Where and when the old one was used."""
    topup: str = ""
    """The goodwill that a second person has to let through; empty: it was within the limit."""
    fresh: str = ""
    """The new one's own id; the same for ever for one old one."""
    code: str = ""


class Wanted(NamedTuple):
    """What somebody of care asks for."""

    op: str
    exposure: str
    to: str
    by: str


class Till(NamedTuple):
    """Where a coupon can be good."""

    device: str
    point: str


anew_table = Table(
    "coupon_anew",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("ask_id", String(ID_CHARS_MAX), primary_key=True),
    Column("case_id", String(ID_CHARS_MAX), nullable=False),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("exposure", String(ID_CHARS_MAX), nullable=False),
    Column("fresh", String(ID_CHARS_MAX), nullable=False),
    Column("changed_ms", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("coupon_anew_case", "site_id", "case_id"),
    Index("coupon_anew_guest", "site_id", "guest_id"),
    Index("coupon_anew_exposure", "site_id", "exposure"),
    Index("coupon_anew_fresh", "site_id", "fresh"),
    Index("coupon_anew_changed", "changed_ms"),
)
_own = anew_table.c
_ask = msgspec.msgpack.Decoder(Ask).decode


def ask(tx: Connection, site: str, id_: str, *, wanted: Wanted) -> Ask:
    """Have a coupon's home void it, so that another one can be made; told to that device by the feed."""
    take_turn(tx, site)
    case = cases.must_find(tx, site, id_)
    sent = find(tx, site, wanted.op)
    if sent is not None:
        if (sent.case, sent.exposure, sent.to) != (id_, wanted.exposure, wanted.to):
            raise goodwill.other()
        return sent
    one = next((one for one in open_of(tx, site, case) if one.exposure == wanted.exposure), None)
    if one is None:
        raise Unknown("This is no open coupon of this guest.", hint="Open the case again.")
    offer = _offer_of(tx, site, one)
    _demand_alone(tx, site, one)
    if offer is None or offer.points_earned or offer.points_spent:
        raise Refused("This offer goes with the band alone.", hint="It is there where it was taken up.")
    if wanted.to not in {till.device for till in tills(tx, site)}:
        raise Unknown("There is no such till.", hint="Choose one of those in the list.")
    until = _last_day(tx, site, one, offer=offer)
    promise = made.promise(tx, site, offer, old=Old(one.exposure, one.bundle, until))
    made.demand_readable(made.code(tx, site, promise, to=wanted.to))  # before the old one is void
    new = Ask(id=wanted.op, case=id_, exposure=one.exposure, home=one.home, to=wanted.to, offer=one.offer,
               bundle=one.bundle, guest=one.guest or case.links.guest, by=wanted.by, handed=one.handed,
               asked_ms=now_of(tx), until=until)  # fmt: skip
    put(tx, site, new, new=True)
    tell(tx, site, new, word="coupon_asked", who=wanted.by)
    say(tx, site, new)
    return new


def take_back(tx: Connection, site: str, id_: str, *, by: str) -> Ask:
    """Withdraw an ask that waits; once more it changes nothing."""
    take_turn(tx, site)
    before = must_find(tx, site, id_)
    if before.state is not State.WAITING:
        return before
    now = replace(before, state=State.TAKEN_BACK)
    put(tx, site, now)
    tell(tx, site, now, word="coupon_ask_taken_back", who=by)
    unsay(tx, site, now)
    return now


def open_of(tx: Connection, site: str, case: Case) -> tuple[Held, ...]:
    """Return the coupons that a case can be about: its guest's, or those of the receipt that it names."""
    people = links.together(tx, site, [case.links.guest]) if case.links.guest else ()
    return held.open_ones(tx, site, people, op_id=case.links.ref)


def tills(tx: Connection, site: str) -> tuple[Till, ...]:
    """Return where a coupon can be good: at each device in force that keeps a till."""
    known = layout.published(tx, site)
    points = known.points_by_id if known is not None else {}
    there = [
        Till(one.id, name)
        for one in devices(tx, site)
        if one.state == ACTIVE
        for name in one.points
        if name in points and points[name].kind is PointKind.TILL
    ]
    return tuple(sorted(there, key=lambda one: (one.point, one.device)))


def is_gone(tx: Connection, site: str, home: str) -> bool:
    """Whether a device is revoked: it decides nothing any more, and nobody can say what it did last."""
    return home not in {one.id for one in devices(tx, site) if one.state == ACTIVE}


def is_refused(tx: Connection, site: str, one: Ask) -> bool:
    """Whether a second person refused the goodwill in a coupon's place: nothing has taken that."""
    refused = one.topup and topups.state_of(tx, site, one.topup) == topups.REFUSED
    return one.state is State.MADE_GOOD and bool(refused)


def of_case(tx: Connection, site: str, case: str) -> tuple[Ask, ...]:
    """Return what was asked for in a case, the newest first."""
    return _read(tx, and_(_own.site_id == site, _own.case_id == case))


def of_guests(tx: Connection, site: str, people: Sequence[str]) -> tuple[Ask, ...]:
    """Return what was asked for of a guest and whoever is one with them, the newest first."""
    theirs = [_own.guest_id.in_(part) for part in parts(people)]
    return _read(tx, and_(_own.site_id == site, or_(*theirs))) if theirs else ()


def of_coupon(tx: Connection, site: str, exposure: str) -> tuple[Ask, ...]:
    """Return every ask for one coupon, the newest first."""
    return _read(tx, and_(_own.site_id == site, _own.exposure == exposure), most=None)


def by_fresh(tx: Connection, site: str, exposure: str) -> Ask | None:
    """Return the ask by which a coupon was made."""
    return next(iter(_read(tx, and_(_own.site_id == site, _own.fresh == exposure))), None)


def find(tx: Connection, site: str, id_: str) -> Ask | None:
    """Return an ask, or None."""
    return next(iter(_read(tx, _this(site, id_))), None)


def must_find(tx: Connection, site: str, id_: str) -> Ask:
    """Return an ask, or raise ``Unknown``."""
    known = find(tx, site, id_)
    if known is None:
        raise Unknown("Nobody asked for this coupon.", hint="Open the case again.")
    return known


def put(tx: Connection, site: str, one: Ask, *, new: bool = False) -> None:
    """Keep how an ask stands."""
    row = {"case_id": one.case, "guest_id": one.guest, "exposure": one.exposure, "fresh": one.fresh,
           "changed_ms": now_of(tx), "body": msgspec.msgpack.encode(one)}  # fmt: skip
    if new:
        tx.execute(insert(anew_table).values(site_id=site, ask_id=one.id, **row))
    else:
        tx.execute(update(anew_table).where(_this(site, one.id)).values(row))


def tell(tx: Connection, site: str, one: Ask, *, word: str, who: str = "") -> None:
    """Write into the case, while it is open, and into the guest's diary how an ask stands."""
    case = cases.find(tx, site, one.case)
    if case is not None and case.closed_ms is None and case.steps < cases.STEPS_MAX:
        told = Told(op=f"coupon/{one.id}/{word}", step=Step.ACTED, at_ms=now_of(tx), who=who, word=word,
                    ref=one.exposure)  # fmt: skip
        cases.tell(tx, site, one.case, told=told)
    if one.guest and guests.guests_of(tx, site, [one.guest]):
        entry = Entry(
            source=BY_COUPON,
            id=f"{one.id}/{one.state}",
            owner=remark_owner(one.guest, b""),
            hlc=now_of(tx) << 16,
            uncertainty_ms=0,
            via=Via.DESK,
            what=What.COUPON,
            point=one.point,
            subject=one.state.value,
            ref=one.case,
        )
        diary.put(tx, site, [entry])


def say(tx: Connection, site: str, one: Ask) -> None:
    """Tell a coupon's home what is asked of it; last in its transaction."""
    told = CouponAsk(id=one.id, exposure=one.exposure, home=one.home, to=one.to, case=one.case,
                     guest=one.guest, offer=one.offer, bundle=one.bundle, until=one.until,
                     handed=one.handed)  # fmt: skip
    publish(tx, site, [Change(COUPON_ASK, one.id, msgspec.msgpack.encode(told))])


def unsay(tx: Connection, site: str, *gone: Ask) -> None:
    """Let devices forget an ask that none has to answer any more; last in its transaction."""
    publish(tx, site, [Change(COUPON_ASK, one.id, None) for one in gone])


def forget(tx: Connection, site: str, guest: str) -> None:
    """Delete what was asked for of an erased guest, and take it out of the feed."""
    gone = _read(tx, and_(_own.site_id == site, _own.guest_id == guest), most=None)
    tx.execute(delete(anew_table).where(and_(_own.site_id == site, _own.guest_id == guest)))
    if gone:
        unsay(tx, site, *gone)


def delete_before(tx: Connection, at_ms: int) -> int:
    """Delete what nothing happened to since a moment; returns how much."""
    return tx.execute(delete(anew_table).where(_own.changed_ms < at_ms)).rowcount


def _demand_alone(tx: Connection, site: str, one: Held) -> None:
    """Refuse what cannot end well: a home that is gone, a second ask."""
    if is_gone(tx, site, one.home):
        raise Refused(
            "The only device that knows whether it was used is gone.", hint="Give goodwill in its place."
        )
    for before in of_coupon(tx, site, one.exposure):
        if before.state is State.WAITING:
            raise Refused("Its device was asked already.", hint="Wait for its answer, or take that back.")
        if before.state in GIVEN and not is_refused(tx, site, before):
            raise Refused("Another one, or goodwill, was given for it.", hint="Open the case again.")


def _offer_of(tx: Connection, site: str, one: Held) -> Offer | None:
    return bundles.version_of(tx, site, one.bundle).draft.bundle.offers_by_id.get(one.offer)


def _last_day(tx: Connection, site: str, one: Held, *, offer: Offer) -> str:
    """Return the last day that central itself knows of, for a home that was only handed the coupon."""
    before = by_fresh(tx, site, one.exposure)
    return offer.period.last if before is None else before.until


def _read(tx: Connection, where: ColumnElement[bool], *, most: int | None = LISTED_MAX) -> tuple[Ask, ...]:
    query = select(_own.body).where(where).order_by(_own.changed_ms.desc(), _own.ask_id)
    return tuple(_ask(bytes(body)) for body in tx.execute(query.limit(most)).scalars())


def _this(site: str, id_: str) -> ColumnElement[bool]:
    return and_(_own.site_id == site, _own.ask_id == id_)


erasure.PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
retention.SPOKEN.append(delete_before)
