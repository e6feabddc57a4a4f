"""Entitlements: granted to guests, changed, cancelled, revoked."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

import msgspec

from edge.core.entitlements import Entitlement, Status, TimeSlot
from edge.errors import Refused
from sync.central.console import desk, listing
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Cell, Form, Moved, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped, moment, names_of
from sync.central.console.listing import Listing
from sync.central.console.routes import Audience, Route, act
from sync.central.registry import guests, profiles, rights
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import Connection

COLUMNS = ("entitlement", "product", "status", "valid_from", "valid_until", "guest")
ENDS = {"cancel": Status.CANCELLED, "revoke": Status.REVOKED}


def right_row(ask: Ask, guest: str, right: Entitlement) -> tuple[Cell | str, ...]:
    """Return one entitlement as a row."""
    product = ask.layout.products_by_id.get(right.product)
    name = names_of(product.names if product else {}, ask.words.language, right.product)
    return (
        Cell(right.id, f"{ask.home}/entitlements/{right.id}"),
        name,
        Cell(ask.words(f"status.{right.status}"), mark=right.status.value),
        ask.time(right.valid_from_ms),
        ask.time(right.valid_until_ms),
        Cell(guest, f"{ask.home}/guests/{guest}"),
    )


def _page(ask: Ask, after: str) -> Sheet:
    with ask.store.reading() as tx:
        found = rights.list_rights(tx, ask.site, after=after)
    full = len(found) == rights.PAGE_MAX
    rows = [right_row(ask, guest, right) for guest, right in found]
    return Sheet(name="entitlements", columns=COLUMNS, rows=rows, after=found[-1][1].id if full else "")


def _fields(ask: Ask, *, fixed: bool) -> tuple[Field, ...]:
    language = ask.words.language
    products = [(one.id, names_of(one.names, language, one.id)) for one in ask.layout.products]
    points = [("", ""), *((one.id, names_of(one.names, language, one.id)) for one in ask.layout.points)]
    statuses = [(status.value, f"status.{status}") for status in Status]
    return (
        Field(name="id", required=True, fixed=fixed, chars_max=ID_CHARS_MAX),
        Field(name="product", kind=Kind.CHOICE, choices=products, required=True),
        Field(name="status", kind=Kind.CHOICE, choices=statuses, required=True),
        Field(name="valid_from", kind=Kind.MOMENT),
        Field(name="valid_until", kind=Kind.MOMENT),
        Field(name="slot_start", kind=Kind.MOMENT),
        Field(name="slot_end", kind=Kind.MOMENT),
        Field(name="slot_point", kind=Kind.CHOICE, choices=points),
        Field(name="seat", chars_max=ID_CHARS_MAX),
    )


def _meant(id_: str, said: dict[str, Any], before: Entitlement | None) -> Entitlement:
    start, end = said["valid_from"], said["valid_until"]
    if start is not None and end is not None and end <= start:
        raise Mistyped("valid_until", "wrong.order")
    slot = None
    if said["slot_start"] is not None or said["slot_end"] is not None:
        if said["slot_start"] is None or said["slot_end"] is None or said["slot_end"] <= said["slot_start"]:
            raise Mistyped("slot_end", "wrong.order")
        point = said["slot_point"] or None
        slot = TimeSlot(start_ms=said["slot_start"], end_ms=said["slot_end"], point=point)
    changed = {
        "product": said["product"],
        "status": Status(said["status"]),
        "slot": slot,
        "seat": said["seat"],
    }
    base = before or Entitlement(id=id_, product=said["product"])
    return msgspec.structs.replace(base, **changed, valid_from_ms=start, valid_until_ms=end)


def _grant(ask: Ask) -> Form:
    guest = ask.path["guest"]
    # The id is made with the form, so that sending it twice grants once.
    values = {"id": f"{guest[:40]}.{secrets.token_hex(4)}", "status": Status.VALID.value}
    back = f"{ask.home}/guests/{guest}"
    return Form(
        name="right_grant",
        fields=_fields(ask, fixed=False),
        values=values,
        back=back,
        title=guest,
        act="grant",
    )


def _save_grant(ask: Ask, said: dict[str, Any]) -> Answer:
    if "/" in said["id"]:
        raise Refused("An entitlement's id holds no slash.")
    guest = ask.path["guest"]
    with ask.changing() as tx:
        guests.guest(tx, ask.site, guest)
        made = _meant(said["id"], said, None)
        _store(ask, tx, Step("right_granted", guest, None, made))
    return Moved(f"{ask.home}/guests/{guest}", "right_saved")


def _change(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        guest, right = rights.right(tx, ask.site, ask.path["right"])
    slot, zone = right.slot, ask.zone
    values = {
        "id": right.id,
        "product": right.product,
        "status": right.status.value,
        "valid_from": moment(right.valid_from_ms, zone),
        "valid_until": moment(right.valid_until_ms, zone),
        "slot_start": moment(slot.start_ms if slot else None, zone),
        "slot_end": moment(slot.end_ms if slot else None, zone),
        "slot_point": (slot.point if slot else "") or "",
        "seat": right.seat,
    }
    back = f"{ask.home}/guests/{guest}"
    return Form(
        name="right_change", fields=_fields(ask, fixed=True), values=values, back=back, title=right.id
    )


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        guest, before = rights.right(tx, ask.site, ask.path["right"])
        _store(ask, tx, Step("right_changed", guest, before, _meant(before.id, said, before)))
    return Moved(f"{ask.home}/guests/{guest}", "right_saved")


def _end(ask: Ask) -> Answer:
    wanted = ENDS.get(ask.typed("act"))
    if wanted is None:
        raise Mistyped("act", "wrong.choice")
    with ask.changing() as tx:
        guest, before = rights.right(tx, ask.site, ask.path["right"])
        after = msgspec.structs.replace(before, status=wanted)
        _store(ask, tx, Step(f"right_{wanted.value}", guest, before, after))
    return Moved(f"{ask.home}/guests/{guest}", "right_saved")


class Step(NamedTuple):
    """One change of one guest's entitlement."""

    what: str
    guest: str
    before: Entitlement | None
    after: Entitlement


def _store(ask: Ask, tx: Connection, step: Step) -> None:
    if step.after == step.before:
        return
    rights.put_rights(tx, ask.site, [step.after], guest=step.guest)
    profiles.publish_guests(tx, ask.site, [step.guest])
    ask.record(tx, step.what, step.after.id, before=short(step.before), after=short(step.after))


ENTITLEMENTS = Listing(name="entitlements", page=_page, personal=True)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/sites/<site>/entitlements", ENTITLEMENTS, shown_to=Audience.CARE),
    *desk.routes_of("/sites/<site>/guests/<guest>/grant", Desk(_grant, _save_grant), "grant an entitlement."),
    *desk.routes_of("/sites/<site>/entitlements/<right>", Desk(_change, _save), "change an entitlement."),
    act("/sites/<site>/entitlements/<right>/end", _end, "Cancel or revoke an entitlement."),
)
