"""Reserving: times that guests book by a channel outside, out of the places that were set aside for it."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from edge.core.entitlements import Entitlement
from edge.core.expectation import ENDED
from edge.core.slots import Slot, SlotMoved
from edge.errors import Refused, Unknown
from sync.central.near import slots
from sync.central.registry import guests, links, profiles, rights
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    String,
    Table,
    delete,
    func,
    insert,
    metadata,
    now_of,
    select,
    update,
)

booking_table = Table(
    "channel_booking",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("right_id", String(ID_CHARS_MAX), primary_key=True),
    Column("channel_id", String(32), nullable=False),
    Column("point", String(ID_CHARS_MAX), nullable=False),
    Column("start_ms", BigInteger, nullable=False),
)
"""What each channel has given of its places; whose it is stands at the right alone."""
_own = booking_table.c


class Full(Refused):
    """No place is left at this time."""

    hint = "Offer another time."


class Over(Refused):
    """A time has begun or is over, or a booking has ended."""

    hint = "Let the guest hold the band to the gate: it names the next time."


class Used(Refused):
    """A booking was used."""

    hint = "Book another time."


class OtherThing(Refused):
    """A booking is good for another thing than the time that is asked for."""

    hint = "Choose a time of the same."


class NotTheirs(Refused):
    """A booking is another guest's."""

    hint = "Ask by the guest for whom it was booked."


class Wanted(NamedTuple):
    """A time for a guest; ``id`` is the channel's own, by which it is booked once."""

    id: str
    guest: str
    point: str
    start_ms: int


class Booked(NamedTuple):
    """The right that a guest has now, and whether it was there before."""

    right: str
    slot: Slot
    again: bool


def left(tx: Connection, site: str, slot: Slot, *, channel: str) -> int:
    """Return how many places a channel can still give of a time."""
    there = (_own.site_id == site, _own.channel_id == channel, _own.point == slot.point)
    query = select(func.count()).select_from(booking_table).where(*there, _own.start_ms == slot.start_ms)
    return slot.outside.get(channel, 0) - int(tx.execute(query).scalar_one())


def offered(tx: Connection, site: str, right: Entitlement) -> tuple[Slot, ...]:
    """Return the times to which central can move a right: of its product, to come, with a place outside."""
    now_ms = now_of(tx)
    return tuple(
        slot
        for slot in slots.slots(tx, site)
        if slot.product == right.product
        and slot.time != right.slot
        and slot.end_ms > now_ms
        and _freest(tx, site, slot)
    )


def move(tx: Connection, site: str, right_id: str, *, to: tuple[str, int], channel: str = "") -> Slot:
    """Give a right another time, by its point and start, out of what is set aside for channels outside.

    ``channel`` names whose places they are; empty: of whichever has most left. What one of these had given
    of the former time is theirs again; a place that a kiosk gave stays taken. Moved twice it is moved once.
    Call it holding the site's turn.
    """
    guest, right = rights.right(tx, site, right_id)
    slot = slots.must_find(tx, site, to[0], start_ms=to[1])
    if right.slot == slot.time:
        return slot
    if right.slot is None or slot.product != right.product:
        raise OtherThing("This right is good for another thing.")
    if slot.end_ms <= now_of(tx):
        raise Over("This time is over.")
    channel = channel or _freest(tx, site, slot)
    if not channel or left(tx, site, slot, channel=channel) < 1:
        raise Full("No place is left at this time.")
    _let_go(tx, site, right)
    row = {"site_id": site, "right_id": right_id, "channel_id": channel,
           "point": slot.point, "start_ms": slot.start_ms}  # fmt: skip
    tx.execute(insert(booking_table).values(row))
    rights.put_rights(tx, site, [replace(right, slot=slot.time)], guest=guest)
    profiles.publish_guests(tx, site, [guest])
    slots.tell_moved(
        tx,
        site,
        SlotMoved(guest=guest, entitlement=right_id, was=right.slot, now=slot.time, point=""),
        product=right.product,
    )
    return slot


def change(
    tx: Connection, site: str, wanted: Wanted, *, channel: str, used: Callable[[str, str], bool]
) -> Booked:
    """Give a booking of a channel another time, out of this channel's places, by the channel's own id.

    Wherever its time was changed before, it is the same booking; asked twice it is changed once. ``used``
    says whether a guest was let in by a right. Call it holding the site's turn.
    """
    name = _name(channel, wanted.id)
    whose = rights.holders(tx, site, [name]).get(name)
    if whose is None:
        raise Unknown("This channel has no booking of this id.", hint="Book a time for the guest.")
    if whose not in links.together(tx, site, [wanted.guest]):
        raise NotTheirs("This booking is another guest's.")
    slot = slots.must_find(tx, site, wanted.point, start_ms=wanted.start_ms)
    _, right = rights.right(tx, site, name)
    if right.slot == slot.time:
        return Booked(name, slot, True)
    if used(whose, name):
        raise Used("This booking was used.")
    if right.status in ENDED or (right.slot is not None and right.slot.start_ms <= now_of(tx)):
        raise Over("This booking has ended, or its time has begun.")
    return Booked(name, move(tx, site, name, to=(wanted.point, wanted.start_ms), channel=channel), False)


def _let_go(tx: Connection, site: str, right: Entitlement) -> None:
    """Free the place of a right's time, where a channel had given it.

    Where the guest changed that time at a kiosk, its place is the kiosk's since: it stays counted as given,
    under a name of its own, or it would be given twice.
    """
    mine = (_own.site_id == site, _own.right_id == right.id)
    known = tx.execute(select(booking_table).where(*mine)).first()
    if known is None:
        return
    if right.slot is not None and (known.point, known.start_ms) == (right.slot.point, right.slot.start_ms):
        tx.execute(delete(booking_table).where(*mine))
    else:
        tx.execute(update(booking_table).where(*mine).values(right_id=secrets.token_hex(16)))


def _freest(tx: Connection, site: str, slot: Slot) -> str:
    """Return which channel has most places left of a time; empty: none has any."""
    free = {name: left(tx, site, slot, channel=name) for name in sorted(slot.outside)}
    most = max(free, key=lambda name: free[name], default="")
    return most if free.get(most, 0) > 0 else ""


def reserve(tx: Connection, site: str, wanted: Wanted, *, channel: str) -> Booked:
    """Give a guest a time, once for each id; call it holding the site's turn.

    The places are counted here alone: what a guest changes at a kiosk later goes to the kiosk's share, so
    no order of messages gives one place twice. Devices hear of it by the guest's profile, also much later.
    """
    guests.guest(tx, site, wanted.guest)
    slot = slots.must_find(tx, site, wanted.point, start_ms=wanted.start_ms)
    name = _name(channel, wanted.id)
    known = tx.execute(select(booking_table).where(_own.site_id == site, _own.right_id == name)).first()
    if known is not None:
        whose = rights.holders(tx, site, [name]).get(name, wanted.guest)
        if (known.point, known.start_ms, whose) != (wanted.point, wanted.start_ms, wanted.guest):
            raise Refused("Another booking had this id.", hint="Give each booking an id of its own.")
        return Booked(name, slot, True)
    if slot.end_ms <= now_of(tx):
        raise Over("This time is over.")
    if left(tx, site, slot, channel=channel) < 1:
        raise Full("No place is left at this time.")
    right = Entitlement(id=name, product=slot.product, slot=slot.time)
    rights.put_rights(tx, site, [right], guest=wanted.guest)
    row = {"site_id": site, "right_id": name, "channel_id": channel,
           "point": slot.point, "start_ms": slot.start_ms}  # fmt: skip
    tx.execute(insert(booking_table).values(row))
    profiles.publish_guests(tx, site, [wanted.guest])
    return Booked(name, slot, False)


def delete_before(tx: Connection, at_ms: int) -> int:
    """Forget what was given of times that began before a moment, used or not; returns how much.

    Nobody can book, change or use such a time any more.
    """
    return tx.execute(delete(booking_table).where(_own.start_ms < at_ms)).rowcount


def _name(first: str, second: str) -> str:
    return hashlib.blake2b(f"{first} {second}".encode(), digest_size=16).hexdigest()
