"""Privacy: what a guest allows, everything that is held of them, and that nothing of it stays."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Response

from edge.core.consent import TOPICS, merged
from edge.errors import Refused
from sync.central.console import desk, looks
from sync.central.console.answers import Answer, Form, Moved
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Mistyped
from sync.central.console.routes import Audience, Route, act, read
from sync.central.export import told_of
from sync.central.privacy import erasure
from sync.central.registry import consents, guests, profiles
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.store import Connection

HERE = "/sites/<site>/guests/<guest>"
SAY = {"yes": True, "no": False}


def standing(tx: Connection, site: str, guest: str) -> dict[str, bool]:
    """Return what a guest allows, by topic, for the guest's page."""
    said = consents.consents_of(tx, site, [guest]).get(guest, ())
    given = {one.purpose for one in merged(said) if one.given}
    return {topic: topic in given for topic in TOPICS}


def _set_consent(ask: Ask) -> Answer:
    guest, purpose, said = ask.path["guest"], ask.path["purpose"], ask.typed("say")
    if said not in SAY:
        raise Mistyped("act", "wrong.choice")
    with ask.changing() as tx:
        guests.guest(tx, ask.site, guest)
        if consents.set_here(tx, ask.site, guest, purpose=purpose, given=SAY[said]):
            ask.record(tx, "consent_set", guest, after=f"{purpose}: {said}")
            profiles.publish_guests(tx, ask.site, [guest])
    return Moved(f"{ask.home}/guests/{guest}", "consent_saved")


def _export(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        told = told_of(tx, ask.site, ask.path["guest"])
    looks.look(ask, "guest_exported", ask.path["guest"])
    body = msgspec.json.format(msgspec.json.encode(told), indent=2)
    reply = Response(body, mimetype="application/json")
    reply.headers["Content-Disposition"] = 'attachment; filename="guest.json"'
    reply.headers["Cache-Control"] = "no-store"
    return reply


def _ask_to_erase(ask: Ask) -> Form:
    guest = ask.path["guest"]
    fields = (Field(name="repeated", required=True, chars_max=ID_CHARS_MAX),)
    return Form(
        name="guest_erase", fields=fields, back=f"{ask.home}/guests/{guest}", title=guest, act="erase"
    )


def _erase(ask: Ask, said: dict[str, Any]) -> Answer:
    guest = ask.path["guest"]
    if said["repeated"] != guest:
        raise Refused(
            "That is not this guest's id.", hint="Type the id as it stands above; nothing was erased."
        )
    with ask.changing() as tx:
        erasure.erase(tx, ask.site, guest)
        ask.record(tx, "guest_erased", guest)
    erasure.clear(ask.store)
    return Moved(f"{ask.home}/guests", "guest_erased")


ROUTES: tuple[Route, ...] = (
    act(f"{HERE}/consents/<purpose>", _set_consent, "Note what a guest allows, or no longer."),
    read(f"{HERE}/export", _export, "Everything that is held of one guest, as JSON."),
    *desk.routes_of(
        f"{HERE}/erase", Desk(_ask_to_erase, _erase), "erase a guest for ever.", audience=Audience.ADMIN
    ),
)
