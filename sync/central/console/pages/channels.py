"""Channels at the console: which systems outside may tell and ask, by which key, and no more."""

from __future__ import annotations

from typing import Any

from edge.core.consent import Channel, Namespace
from sync.central.channels import book
from sync.central.channels.book import May, Member
from sync.central.console import desk, listing
from sync.central.console.answers import Answer, Cell, Form, Moved, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.listing import Listing
from sync.central.console.routes import Audience, Route
from sync.signing import KEY_BYTES

HERE = "/sites/<site>/channels"
COLUMNS = ("channel", "via", "routes", "namespaces", "signs_as", "state")
CHARS_MAX = 32


def _page(ask: Ask, after: str) -> Sheet:
    with ask.store.reading() as tx:
        found = book.channels(tx, ask.site)
    rows = [
        (
            one.id if one.closed else Cell(one.id, f"{ask.home}/channels/{one.id}/close"),
            ask.words(f"via.{one.via}"),
            ", ".join(sorted(one.routes)),
            ", ".join(sorted(one.namespaces)),
            one.key_id,
            ask.words("channel.closed" if one.closed else "channel.open"),
        )
        for one in found
    ]
    return Sheet(name="channels", columns=COLUMNS, rows=rows)


def _form(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # an unknown site has no channels
    fields = (
        Field(name="id", required=True, chars_max=CHARS_MAX),
        Field(name="via", kind=Kind.CHOICE, choices=[(one.value, f"via.{one}") for one in Channel]),
        Field(name="routes", kind=Kind.MANY, choices=[(one.value, f"may.{one}") for one in May]),
        Field(name="namespaces", kind=Kind.MANY, choices=[(n.value, f"namespace.{n}") for n in Namespace]),
        Field(name="public_key", required=True, chars_max=2 * KEY_BYTES),
    )
    return Form(name="channel_new", fields=fields, back=f"{ask.home}/channels", act="create")


def _add(ask: Ask, said: dict[str, Any]) -> Answer:
    try:
        key = bytes.fromhex(said["public_key"])
    except ValueError:
        raise Mistyped("public_key", "wrong.public_key") from None
    made = Member(
        site=ask.site,
        id=said["id"],
        via=Channel(said["via"]),
        routes=frozenset(map(May, said["routes"])),
        namespaces=frozenset(map(Namespace, said["namespaces"])),
        public_key=key,
    )
    with ask.changing() as tx:
        book.add(tx, made)
        told = f"{made.via}: {', '.join(sorted(made.routes))}; {', '.join(sorted(made.namespaces))}"
        ask.record(tx, "channel_added", made.id, after=told)
    return Moved(f"{ask.home}/channels", "channel_saved")


def _ask_to_close(ask: Ask) -> Form:
    channel = ask.path["channel"]
    return Form(name="channel_close", fields=(), back=f"{ask.home}/channels", title=channel, act="end")


def _close(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        book.close(tx, ask.site, ask.path["channel"])
        ask.record(tx, "channel_closed", ask.path["channel"])
    return Moved(f"{ask.home}/channels", "channel_saved")


CHANNELS = Listing(name="channels", page=_page, add="new")
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, CHANNELS, audience=Audience.ADMIN),
    *desk.routes_of(f"{HERE}/new", Desk(_form, _add), "let a channel in.", audience=Audience.ADMIN),
    *desk.routes_of(
        f"{HERE}/<channel>/close", Desk(_ask_to_close, _close), "close a channel.", audience=Audience.ADMIN
    ),
)
