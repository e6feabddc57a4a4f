"""Desks: the token by which an operator writes bands with a reader beside them, good for half an hour."""

from __future__ import annotations

from typing import Any

from sync.central.console import desk, desks
from sync.central.console.answers import Answer, Form, Page
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.pages import me
from sync.central.console.routes import Route


def _form(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # an unknown site has no desk
    return Form(name="desk_open", fields=me.again_fields_of(ask), back=f"{ask.home}/bands", act="open_desk")


def _open(ask: Ask, said: dict[str, Any]) -> Answer:
    who = me.prove(ask, said)
    with ask.changing() as tx:
        token = desks.open_desk(tx, ask.site, who.name)
        ask.record(tx, "desk_opened", who.name)
    central = ask.rooms.settings.public_url
    return Page("desk.html", {"code": token, "central": central, "minutes": desks.SITTING_MS // 60_000})


ROUTES: tuple[Route, ...] = desk.routes_of("/sites/<site>/desk", Desk(_form, _open), "open a desk for bands.")
