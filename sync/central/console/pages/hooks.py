"""Webhooks: which systems of others are told what happens here, and how it stands with each."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from edge.core.consent import Namespace, Purpose
from sync.central.console import cells, desk, listing
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.listing import Listing
from sync.central.console.routes import Route, act, read
from sync.central.hooks import letters, reach, subscriptions
from sync.central.hooks.subscriptions import TOKEN_CHARS_MAX, URL_CHARS_MAX, Hook, Wanted
from sync.central.hooks.verdict import State
from sync.central.machines.voice import voice
from sync.central.store import Connection
from sync.signing import public_half

HERE = "/sites/<site>/webhooks"
ONE = f"{HERE}/<hook>"
COLUMNS = ("receiver", "needs", "state", "last_taken", "oldest_waiting", "failures", "why")
MARKS = {State.ASKED: "waiting", State.LIVE: "active", State.PAUSED: "waiting", State.STOPPED: "ill"}


def _page(ask: Ask, _after: str) -> Sheet:
    with ask.store.reading() as tx:
        rows = [_row(ask, tx, one) for one in subscriptions.hooks(tx, ask.site)]
    return Sheet(name="webhooks", columns=COLUMNS, rows=rows)


def _row(ask: Ask, tx: Connection, hook: Hook) -> tuple[Cell | str, ...]:
    oldest = reach.oldest_ms(tx, ask.site, hook.id, kinds=letters.numbers(hook.kinds))
    return (
        Cell(urlsplit(hook.url).netloc, f"{ask.home}/webhooks/{hook.id}"),
        ask.words(f"needs.{hook.purpose}") if hook.purpose else "",
        Cell(ask.words(f"hook.{hook.state}"), mark=MARKS[hook.state]),
        ask.time(hook.done_ms),
        cells.age(ask, oldest),
        str(hook.failures),
        hook.why,
    )


def _one(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:  # the first look at a site's key makes it
        hook = subscriptions.hook(tx, ask.site, ask.path["hook"])
        key = public_half(voice(tx, ask.site).private_key)
        cells = dict(zip(COLUMNS, _row(ask, tx, hook), strict=True))
    told_of = [ask.words(f"event.{name}") for name in hook.kinds]
    parts = [ask.words(f"namespace.{one}") for one in hook.parts]
    values = {"hook": hook, "cells": cells, "told_of": told_of, "parts": parts, "key": key.hex()}
    return Page("webhook.html", values)


def _new(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    purposes = [("", "needs.nothing"), *((one.value, f"needs.{one}") for one in Purpose)]
    fields = (
        Field(name="receiver", required=True, chars_max=URL_CHARS_MAX),
        Field(name="bearer", kind=Kind.SECRET, chars_max=TOKEN_CHARS_MAX),
        Field(name="needs", kind=Kind.CHOICE, choices=purposes),
        Field(name="kinds", kind=Kind.MANY, choices=[(name, f"event.{name}") for name in letters.NAMES]),
        Field(name="hears_of", kind=Kind.MANY, choices=[(n.value, f"namespace.{n}") for n in Namespace]),
    )
    values = {"receiver": "https://"}
    return Form(
        name="webhook_new", fields=fields, values=values, back=f"{ask.home}/webhooks", act="subscribe"
    )


def _subscribe(ask: Ask, said: dict[str, Any]) -> Answer:
    wanted = Wanted(
        url=said["receiver"],
        kinds=tuple(said["kinds"]),
        purpose=said["needs"] or "",
        parts=tuple(said["hears_of"]),
        token=said["bearer"],
    )
    with ask.changing() as tx:
        made = subscriptions.add(tx, ask.site, wanted)
        ask.record(tx, "webhook_added", made.id, after=f"{urlsplit(made.url).netloc} {made.purpose}")
    return Moved(f"{ask.home}/webhooks/{made.id}", "webhook_added")


def _pause(ask: Ask) -> Answer:
    with ask.changing() as tx:
        subscriptions.pause(tx, ask.site, ask.path["hook"])
        ask.record(tx, "webhook_paused", ask.path["hook"])
    return _back(ask, "webhook_paused")


def _resume(ask: Ask) -> Answer:
    with ask.changing() as tx:
        subscriptions.resume(tx, ask.site, ask.path["hook"])
        ask.record(tx, "webhook_resumed", ask.path["hook"])
    return _back(ask, "webhook_resumed")


def _test(ask: Ask) -> Answer:
    with ask.changing() as tx:
        subscriptions.test(tx, ask.site, ask.path["hook"])
        ask.record(tx, "webhook_tested", ask.path["hook"])
    return _back(ask, "webhook_tested")


def _remove(ask: Ask) -> Answer:
    with ask.changing() as tx:
        subscriptions.remove(tx, ask.site, ask.path["hook"])
        ask.record(tx, "webhook_removed", ask.path["hook"])
    return Moved(f"{ask.home}/webhooks", "webhook_removed")


def _again(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        hook = subscriptions.hook(tx, ask.site, ask.path["hook"])
    field = Field(name="again_from", kind=Kind.MOMENT, required=True)
    back = f"{ask.home}/webhooks/{hook.id}"
    return Form(
        name="webhook_again", fields=(field,), title=urlsplit(hook.url).netloc, back=back, act="tell_again"
    )


def _replay(ask: Ask, said: dict[str, Any]) -> Answer:
    if said["again_from"] is None:
        raise Mistyped("again_from", "wrong.empty")
    with ask.changing() as tx:
        subscriptions.replay(tx, ask.site, ask.path["hook"], from_ms=said["again_from"])
        ask.record(tx, "webhook_replayed", ask.path["hook"], after=ask.time(said["again_from"]))
    return _back(ask, "webhook_replayed")


def _back(ask: Ask, said: str) -> Moved:
    return Moved(f"{ask.home}/webhooks/{ask.path['hook']}", said)


WEBHOOKS = Listing(name="webhooks", page=_page, add="new", live_s=5)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, WEBHOOKS),
    *desk.routes_of(f"{HERE}/new", Desk(_new, _subscribe), "tell another system what happens here."),
    read(ONE, _one, "One webhook: how it stands, and the key that its letters are signed by."),
    act(f"{ONE}/pause", _pause, "Tell a system nothing for now; its place is kept."),
    act(f"{ONE}/resume", _resume, "Ask a system again whether it agrees, and go on."),
    act(f"{ONE}/test", _test, "Send a system an event that says nothing."),
    act(f"{ONE}/remove", _remove, "Tell a system nothing any more."),
    *desk.routes_of(f"{ONE}/again", Desk(_again, _replay), "tell a system again what happened."),
)
