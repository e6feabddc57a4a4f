"""Staff: who works at the site's gates, with which roles, badge and PIN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from edge.core.bands import BAND_ID_BYTES
from edge.core.pins import is_guessed_first
from edge.core.profiles import StaffMember
from edge.errors import Refused, Unknown
from sync.central.console import desk, listing
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Cell, Form, Moved, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.listing import Listing
from sync.central.console.routes import Route, act
from sync.central.registry import bands, profiles, staff
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX
from sync.central.sites import band_key
from sync.central.store import Connection

COLUMNS = ("staff", "name", "roles", "badge", "pin")
ROLES = ("gate", "till", "supervisor", "operator", "care", "marketer")
"""The same words as ``edge.staff.Role``; central knows nothing of what they may do at a gate."""
PIN_DIGITS_MIN = 4
PIN_DIGITS_MAX = 12


def _page(ask: Ask, after: str) -> Sheet:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        found = staff.staff(tx, ask.site)
    yes, no = ask.words("yes"), ask.words("no")
    rows = [
        (
            Cell(one.id, f"{ask.home}/staff/{one.id}"),
            one.name,
            ", ".join(ask.words(f"staff_role.{role}") for role in one.roles),
            one.badge[:12],
            yes if one.pin_hash else no,
        )
        for one in found
    ]
    return Sheet(name="staff", columns=COLUMNS, rows=rows)


def _member(ask: Ask, tx: Connection) -> StaffMember | None:
    if "member" not in ask.path:
        return None
    found = next((one for one in staff.staff(tx, ask.site) if one.id == ask.path["member"]), None)
    if found is None:
        raise Unknown(f"Nobody here is called {ask.path['member']}.")
    return found


def _form(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        member = _member(ask, tx)
    fields = (
        Field(name="id", required=True, fixed=member is not None, chars_max=ID_CHARS_MAX),
        Field(name="name", required=True, chars_max=NAME_CHARS_MAX),
        Field(name="roles", kind=Kind.MANY, choices=[(role, f"staff_role.{role}") for role in ROLES]),
        Field(name="badge", chars_max=2 * BAND_ID_BYTES),
        Field(name="pin", kind=Kind.SECRET, chars_max=PIN_DIGITS_MAX),
    )
    shown = member or StaffMember(id="", name="")
    values = {"id": shown.id, "name": shown.name, "roles": list(shown.roles), "badge": shown.badge}
    name = "staff_change" if member else "staff_new"
    return Form(name=name, fields=fields, values=values, back=f"{ask.home}/staff", title=shown.id)


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.store.reading() as tx:
        before = _member(ask, tx)
        secret = band_key(tx, ask.site)
        others = staff.staff(tx, ask.site)
        if said["badge"]:
            bands.band(tx, ask.site, _badge(said["badge"]))
    _refuse_shared(said["badge"], before, others)
    taken = {one.id for one in others}
    id_ = before.id if before else said["id"]
    if before is None and (id_ in taken or "/" in id_ or id_ == "new"):
        raise Refused(f"{id_} cannot be the id of somebody new.", hint="Take another id, without a slash.")
    hashed = _hashed(ask, secret, id_, pin=said["pin"]) if said["pin"] else before.pin_hash if before else ""
    after = StaffMember(
        id=id_, name=said["name"], roles=said["roles"], badge=said["badge"].lower(), pin_hash=hashed
    )
    if after != before:
        with ask.changing() as tx:
            staff.put_staff(tx, ask.site, after)
            _tell_badges(tx, ask.site, before, after)
            ask.record(tx, "staff_saved", id_, before=short(before), after=short(after))
    return Moved(f"{ask.home}/staff", "staff_saved")


def _tell_badges(tx: Connection, site: str, *people: StaffMember | None) -> None:
    """Tell the gates whose badge a band is or is no more: by it they know the person's own band."""
    worn = {one.badge if one else "" for one in people}
    if len(worn) > 1:
        profiles.publish_again(tx, site, sorted(bytes.fromhex(badge) for badge in worn if badge))


def _badge(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Mistyped("badge", "wrong.badge") from None


def _refuse_shared(badge: str, own: StaffMember | None, others: Sequence[StaffMember]) -> None:
    """One badge names one person: two of one badge could not be told apart in the journal."""
    for other in others:
        if badge and other.badge == badge.lower() and (own is None or other.id != own.id):
            raise Mistyped("badge", "wrong.badge_taken", name=other.name)


def _hashed(ask: Ask, secret: bytes, id_: str, *, pin: str) -> str:
    if not pin.isdecimal() or not PIN_DIGITS_MIN <= len(pin) <= PIN_DIGITS_MAX:
        raise Mistyped("pin", "wrong.pin", least=PIN_DIGITS_MIN, most=PIN_DIGITS_MAX)
    if is_guessed_first(pin):
        raise Mistyped("pin", "wrong.pin_common")
    make = ask.rooms.settings.pin_hash
    if make is None:
        raise Refused("This central hashes no PINs.", hint="Start it by `polso central`.")
    return make(secret, id_, pin)


def _remove(ask: Ask) -> Answer:
    with ask.changing() as tx:
        before = _member(ask, tx)
        staff.remove_staff(tx, ask.site, ask.path["member"])
        _tell_badges(tx, ask.site, before, None)
        ask.record(tx, "staff_removed", ask.path["member"], before=short(before))
    return Moved(f"{ask.home}/staff", "staff_saved")


STAFF = Listing(name="staff", page=_page, add="new")
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/sites/<site>/staff", STAFF),
    *desk.routes_of("/sites/<site>/staff/new", Desk(_form, _save), "enter somebody who works here."),
    *desk.routes_of("/sites/<site>/staff/<member>", Desk(_form, _save), "change somebody who works here."),
    act("/sites/<site>/staff/<member>/remove", _remove, "Remove somebody from every gate."),
)
