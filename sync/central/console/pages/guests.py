"""Guests: looked up, entered, changed, and shown with all that is theirs."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.entitlements import Party
from edge.errors import Refused
from sync.central.console import desk, listing, looks
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import LANGUAGES, Field, Kind
from sync.central.console.happenings import latest_of
from sync.central.console.listing import Listing
from sync.central.console.pages.bands import band_row
from sync.central.console.pages.privacy import standing
from sync.central.console.pages.rights import right_row
from sync.central.console.routes import Audience, Route, read
from sync.central.registry import bands, guests, members, profiles, rights
from sync.central.registry.guests import Guest
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX

AGE_MAX = 120
GUEST_COLUMNS = ("guest", "name", "language", "tier", "age_band", "party")
BAND_COLUMNS = ("band", "label", "chip", "state")
RIGHT_COLUMNS = ("entitlement", "product", "status", "valid_from", "valid_until")


def _page(ask: Ask, after: str) -> Sheet:
    with ask.store.reading() as tx:
        found = guests.search_guests(tx, ask.site, ask.arg("q"), after=after)
    rows = [_row(ask, guest) for guest in found]
    full = len(found) == guests.PAGE_MAX
    return Sheet(name="guests", columns=GUEST_COLUMNS, rows=rows, after=found[-1].id if full else "")


def _row(ask: Ask, guest: Guest) -> tuple[Cell | str, ...]:
    party = f"{guest.party.id} ({guest.party.size})" if guest.party else ""
    link = Cell(guest.id, f"{ask.home}/guests/{guest.id}")
    return (link, guest.name, guest.language, guest.tier, guest.age_band, party)


def _fields(*, fixed: bool) -> tuple[Field, ...]:
    languages = [("", ""), *((code, code) for code in LANGUAGES)]
    return (
        Field(name="id", required=True, fixed=fixed, chars_max=ID_CHARS_MAX),
        Field(name="name", chars_max=NAME_CHARS_MAX),
        Field(name="language", kind=Kind.CHOICE, choices=languages),
        Field(name="tier", chars_max=ID_CHARS_MAX),
        Field(name="tags", kind=Kind.TAGS),
        Field(name="age_from", kind=Kind.NUMBER, high=AGE_MAX),
        Field(name="age_to", kind=Kind.NUMBER, high=AGE_MAX),
        Field(name="height_cm", kind=Kind.NUMBER, low=30, high=260),
        Field(name="party", chars_max=ID_CHARS_MAX),
        Field(name="party_size", kind=Kind.NUMBER, low=1, high=99),
        Field(name="party_role", kind=Kind.CHOICE, choices=_roles()),
    )


def _roles() -> list[tuple[str, str]]:
    return [("", ""), ("adult", "role.adult"), ("child", "role.child")]


def _shown(guest: Guest) -> dict[str, object]:
    low, _, high = guest.age_band.partition("-")
    party = guest.party or Party(id="", size=0, role="")
    return {
        "id": guest.id,
        "name": guest.name,
        "language": guest.language,
        "tier": guest.tier,
        "tags": " ".join(guest.tags),
        "age_from": low,
        "age_to": high,
        "height_cm": guest.height_cm or "",
        "party": party.id,
        "party_size": party.size or "",
        "party_role": party.role,
    }


def _meant(id_: str, said: dict[str, Any], before: Guest | None) -> Guest:
    low, high = said["age_from"], said["age_to"]
    if (low is None) != (high is None) or (low is not None and low > high):
        raise Refused("The age goes from the youngest to the oldest it can be.", hint="Give both, or none.")
    party = None
    if said["party"]:
        size, role = said["party_size"] or 1, said["party_role"] or "adult"
        party = Party(id=said["party"], size=size, role=role)
    return Guest(
        id=id_,
        name=said["name"],
        language=said["language"],
        tier=said["tier"],
        tags=said["tags"],
        age_band="" if low is None else f"{low}-{high}",
        height_cm=said["height_cm"],
        party=party,
        payments=before.payments if before else False,
    )


def _new(ask: Ask) -> Form:
    return Form(name="guest_new", fields=_fields(fixed=False), back=f"{ask.home}/guests", act="create")


def _create(ask: Ask, said: dict[str, Any]) -> Answer:
    made = _meant(said["id"], said, None)
    if "/" in made.id:
        raise Refused("A guest's id holds no slash.")
    with ask.changing() as tx:
        there = guests.guests_of(tx, ask.site, [made.id]).get(made.id)
        if there is not None and there != made:
            raise Refused(f"There is a guest {made.id} already.", hint="Open that guest and change it.")
        if there is None:
            guests.put_guests(tx, ask.site, [made])
            ask.record(tx, "guest_created", made.id, after=short(made))
    return Moved(f"{ask.home}/guests/{made.id}", "guest_saved")


def _change(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        guest = guests.guest(tx, ask.site, ask.path["guest"])
    if not ask.acts:
        looks.look(ask, "guest_seen", guest.id)
    back = f"{ask.home}/guests/{guest.id}"
    return Form(
        name="guest_change", fields=_fields(fixed=True), values=_shown(guest), back=back, title=guest.id
    )


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        before = guests.guest(tx, ask.site, ask.path["guest"])
        after = _meant(before.id, said, before)
        if after != before:
            guests.put_guests(tx, ask.site, [after])
            profiles.publish_guests(tx, ask.site, [after.id])
            ask.record(tx, "guest_changed", after.id, before=short(before), after=short(after))
    return Moved(f"{ask.home}/guests/{after.id}", "guest_saved")


def _one(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        guest = guests.guest(tx, ask.site, ask.path["guest"])
        worn = bands.bands_of(tx, ask.site, [guest.id])
        held = rights.rights_of(tx, ask.site, [guest.id]).get(guest.id, ())
        latest = latest_of(tx, ask.site, [card.band.id for card in worn])
        allowed = standing(tx, ask.site, guest.id)
        payer = members.members_by_guest(tx, ask.site, [guest.id]).get(guest.id)
    looks.look(ask, "guest_seen", guest.id)
    return Page(
        "guest.html",
        {
            "guest": guest,
            "told": msgspec.to_builtins(guest),
            "bands": Sheet(
                name="bands", columns=BAND_COLUMNS, rows=[band_row(ask, card)[:4] for card in worn]
            ),
            "rights": Sheet(
                name="rights", columns=RIGHT_COLUMNS, rows=[right_row(ask, guest.id, one)[:5] for one in held]
            ),
            "latest": latest,
            "allowed": allowed,
            "wallet": payer.wallet if payer is not None else "",
        },
    )


GUESTS = Listing(name="guests", page=_page, add="new", searched=True, personal=True)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/sites/<site>/guests", GUESTS, shown_to=Audience.CARE),
    *desk.routes_of("/sites/<site>/guests/new", Desk(_new, _create), "enter a guest."),
    read("/sites/<site>/guests/<guest>", _one, "One guest.", audience=Audience.CARE),
    *desk.routes_of("/sites/<site>/guests/<guest>/change", Desk(_change, _save), "change a guest."),
)
