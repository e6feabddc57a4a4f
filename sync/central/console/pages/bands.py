"""Bands: entered, linked to guests, reported lost or found, replaced, revoked."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.bands import Band, BandAct, BandState
from edge.errors import Refused, Unknown
from sync.central.console import desk, listing, looks
from sync.central.console.acts import short
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.happenings import latest_of
from sync.central.console.listing import Listing
from sync.central.console.routes import Audience, Route, act, read
from sync.central.imports.cells import uid_of
from sync.central.imports.columns import CHIPS, KEYED_CHIPS, UID_LENGTHS
from sync.central.registry import bands, guests, profiles
from sync.central.registry.bands import BandCard
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX
from sync.central.sites import band_key
from sync.central.store import Connection

ACTS = frozenset(act.value for act in BandAct)
COLUMNS = ("band", "label", "chip", "state", "guest")
REASON_CHARS_MAX = 80
POSSIBLE = {
    BandState.ACTIVE: (BandAct.LOST, BandAct.REPLACE, BandAct.REVOKE),
    BandState.EXPIRED: (BandAct.LOST, BandAct.REPLACE, BandAct.REVOKE),
    BandState.LOST: (BandAct.FOUND, BandAct.REPLACE, BandAct.REVOKE),
    BandState.REPLACED: (BandAct.REVOKE,),
    BandState.REVOKED: (),
}
"""What the page offers; the rulebook's own table decides."""


def band_row(ask: Ask, card: BandCard) -> tuple[Cell | str, ...]:
    """Return one band as a row."""
    id_, state = card.band.id.hex(), card.band.state.name.lower()
    worn = Cell(card.guest, f"{ask.home}/guests/{card.guest}") if card.guest else ""
    link = Cell(id_[:12], f"{ask.home}/bands/{id_}")
    return (link, card.label, card.chip, Cell(ask.words(f"band.{state}"), mark=state), worn)


def _page(ask: Ask, after: str) -> Sheet:
    with ask.store.reading() as tx:
        found = bands.list_bands(tx, ask.site, after=after, text=ask.arg("q"))
    full = len(found) == bands.PAGE_MAX
    rows = [band_row(ask, card) for card in found]
    return Sheet(name="bands", columns=COLUMNS, rows=rows, after=found[-1].band.id.hex() if full else "")


def _id(ask: Ask) -> bytes:
    try:
        return bytes.fromhex(ask.path["band"])
    except ValueError:
        raise Unknown("There is no such band.") from None


def _one(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        card = bands.band(tx, ask.site, _id(ask))
        latest = latest_of(tx, ask.site, [card.band.id])
    looks.look(ask, "band_seen", card.band.id.hex(), shown=looks.guests_shown([card.guest]))
    possible = POSSIBLE[card.band.state]
    return Page("band.html", {"card": card, "possible": possible, "latest": latest})


def _set_state(ask: Ask) -> Answer:
    here = f"{ask.home}/bands/{ask.path['band']}"
    wanted, reason = ask.typed("act"), ask.typed("reason")[:REASON_CHARS_MAX]
    if wanted not in ACTS:
        raise Mistyped("act", "wrong.choice")
    with ask.changing() as tx:
        changed = do(ask, tx, _id(ask), wanted=BandAct(wanted), reason=reason)
    return Moved(here, "band_told" if changed else "")


def do(ask: Ask, tx: Connection, id_: bytes, *, wanted: BandAct, reason: str) -> bool:
    """Do something to a band, and say whether it changed anything; every gate hears of it first of all."""
    card = bands.band(tx, ask.site, id_)
    after = bands.acted(card, wanted)
    if after.band == card.band:
        return False
    profiles.publish_state(tx, ask.site, after)
    states = (card.band.state.name.lower(), f"{after.band.state.name.lower()}: {reason}")
    ask.record(tx, f"band_{wanted}", card.band.id.hex(), before=states[0], after=states[1])
    return True


def _new_form(ask: Ask) -> Form:
    chips = [(chip, f"chip.{chip}") for chip in CHIPS if chip]
    fields = (
        Field(name="uid", required=True, chars_max=32),
        Field(name="chip", kind=Kind.CHOICE, choices=chips, required=True),
        Field(name="label", chars_max=NAME_CHARS_MAX),
        Field(name="guest", chars_max=ID_CHARS_MAX),
    )
    given = {"guest": ask.arg("guest"), "chip": "ntag424"}
    return Form(name="band_new", fields=fields, values=given, back=f"{ask.home}/bands", act="create")


def _create(ask: Ask, said: dict[str, Any]) -> Answer:
    uid = _uid(said["uid"])
    with ask.changing() as tx:
        card = _card(ask, tx, uid, said=said)
        there = dict(bands.owners(tx, ask.site, [card.band.id]))
        if card.band.id not in there:
            bands.add_bands(tx, ask.site, [card])
            profiles.publish_bands(tx, ask.site, [card])
            ask.record(tx, "band_created", card.band.id.hex(), after=short(card.band))
        elif card.guest and there[card.band.id] != card.guest:
            link(ask, tx, card)
    return Moved(f"{ask.home}/bands/{card.band.id.hex()}", "band_saved")


def _uid(text: str) -> bytes:
    uid = uid_of(text)
    if uid is None:
        raise Mistyped("uid", "wrong.uid", lengths=", ".join(map(str, UID_LENGTHS)))
    return uid


def _card(ask: Ask, tx: Connection, uid: bytes, *, said: dict[str, Any]) -> BandCard:
    if said["guest"]:
        guests.guest(tx, ask.site, said["guest"])
    keys: dict[int, bytes] = {}
    if said["chip"] in KEYED_CHIPS:
        make = ask.rooms.settings.diversify
        if make is None:
            raise Refused("This central makes no keys for bands.", hint="Start it by `polso central`.")
        (keys,) = make(bands.master(tx, ask.site), [uid])
    id_ = bands.band_id(band_key(tx, ask.site), uid)
    return BandCard(
        band=Band(id=id_, trust_min=CHIPS[said["chip"]]),
        guest=said["guest"] or None,
        label=said["label"],
        chip=said["chip"],
        keys=keys,
    )


def link(ask: Ask, tx: Connection, wanted: BandCard) -> None:
    """Give a band of the stock to a guest, and have every device know."""
    before = bands.band(tx, ask.site, wanted.band.id)
    after = bands.linked(before, wanted)
    bands.put_band(tx, ask.site, after)
    profiles.publish_bands(tx, ask.site, [bands.band(tx, ask.site, wanted.band.id)])
    ask.record(tx, "band_linked", wanted.band.id.hex(), before=before.guest or "", after=after.guest or "")


def _link_form(ask: Ask) -> Form:
    fields = (Field(name="guest", required=True, chars_max=ID_CHARS_MAX),)
    here = f"{ask.home}/bands/{ask.path['band']}"
    return Form(name="band_link", fields=fields, back=here, title=ask.path["band"][:12], act="link")


def _save_link(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        guests.guest(tx, ask.site, said["guest"])
        card = bands.band(tx, ask.site, _id(ask))
        wanted = msgspec.structs.replace(card, guest=said["guest"])
        if card.guest != wanted.guest:
            link(ask, tx, wanted)
    return Moved(f"{ask.home}/bands/{ask.path['band']}", "band_saved")


BANDS = Listing(name="bands", page=_page, add="new", searched=True, personal=True)
CARE = Audience.CARE
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/sites/<site>/bands", BANDS, shown_to=Audience.CARE),
    *desk.routes_of("/sites/<site>/bands/new", Desk(_new_form, _create), "enter a band."),
    read("/sites/<site>/bands/<band>", _one, "One band.", audience=CARE),
    act("/sites/<site>/bands/<band>/state", _set_state, "Change a band's state at once.", audience=CARE),
    *desk.routes_of(
        "/sites/<site>/bands/<band>/link",
        Desk(_link_form, _save_link),
        "give a band to a guest.",
        audience=CARE,
    ),
)
