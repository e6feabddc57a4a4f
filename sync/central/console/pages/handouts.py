"""Hand-outs: segments that left as files, what was taken back of them, and one more by a marketer's word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response

from edge.core.consent import Purpose
from edge.core.segments import namespace_of
from edge.errors import Unknown
from sync.central.analysis.listed import CODES, GUESTS_MIN
from sync.central.analysis.results import results
from sync.central.analysis.wanted import installed
from sync.central.channels import book, handed, handing
from sync.central.channels.book import May, Member
from sync.central.channels.handing import Form as Written
from sync.central.console import desk, listing
from sync.central.console.answers import Answer, Cell, Export, Form, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.listing import Listing
from sync.central.console.routes import Audience, Route, read
from sync.central.store import Connection

HERE = "/sites/<site>/handouts"
COLUMNS = (
    "time",
    "code",
    "channel",
    "purpose",
    "file_form",
    "people",
    "asked_by",
    "used_until",
    "taken_back",
)
OUT = ("receivers_name", "code", "purpose", "time")
_SEEN_BY = Audience.FIGURES


def _page(ask: Ask, _after: str) -> Sheet:
    ask.layout  # noqa: B018  # an unknown site has handed out nothing
    with ask.store.reading() as tx:
        found = handed.standing(tx, ask.site)
    return Sheet(name="handouts", columns=COLUMNS, rows=[_row(ask, one) for one in found])


def _row(ask: Ask, one: handed.Standing) -> tuple[Cell | str | int, ...]:
    made, out = one.handout, f"{ask.home}/handouts/{one.handout.channel}/withdrawn.csv"
    return (
        ask.time(made.at_ms),
        made.code,
        made.channel,
        ask.words(f"needs.{made.purpose}"),
        made.form,
        made.people,
        made.who or ask.words("handout.by_channel"),
        ask.words("handout.replaced") if one.until_ms is None else ask.time(one.until_ms),
        Cell(ask.words("handout.to_take_out", count=one.withdrawn), out),
    )


def _form(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # an unknown site has nobody to hand out
    with ask.store.reading() as tx:
        sizes = {name: one.size for name, one in results(tx, ask.site).items() if name in CODES}
        receivers = _receivers(tx, ask.site)
    parts = {part.value for one in receivers for part in one.namespaces}
    # What is no segment of ours yet, or is too small to be one, is not offered.
    codes = [(code, f"{code} \u00b7 {size}") for code, size in sizes.items()
             if size >= GUESTS_MIN and namespace_of(code) in parts]  # fmt: skip
    forms = [one for one in Written if one is not Written.PARQUET or installed()]
    fields = (
        Field(name="segment", kind=Kind.CHOICE, choices=codes, required=True),
        Field(name="receiver_channel", kind=Kind.CHOICE, choices=_named(ask, receivers), required=True),
        Field(
            name="use_for",
            kind=Kind.CHOICE,
            choices=[(one.value, f"needs.{one}") for one in handing.PURPOSES],
        ),
        Field(name="file_form", kind=Kind.CHOICE, choices=[(one.value, one.value) for one in forms]),
    )
    return Form(name="handout_new", fields=fields, back=f"{ask.home}/handouts", act="hand_out")


def _named(ask: Ask, receivers: tuple[Member, ...]) -> list[tuple[str, str]]:
    return [(one.id, f"{one.id} \u00b7 {ask.words(f'via.{one.via}')}") for one in receivers]


def _hand_out(ask: Ask, said: dict[str, Any]) -> Answer:
    """Answer with the file itself: nothing of it is kept here, and whom it named is remembered."""
    asked = handing.named(said["file_form"] or "", said["use_for"] or Purpose.OFFERS)
    with ask.changing() as tx:
        channel = _channel(tx, ask.site, said["receiver_channel"])
        made = handing.export(tx, channel, said["segment"], asked=asked, who=ask.name)
        told = f"{channel.id} {asked[1]} {asked[0]} {made.people}"
        ask.record(tx, "segment_handed_out", said["segment"], after=told)
    name = f"{ask.site}-{said['segment'].replace(':', '-')}-{channel.id}.{asked[0]}"
    reply = Response(made.body, mimetype=made.media)
    reply.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    reply.headers["Cache-Control"] = "no-store"
    return reply


def _withdrawn(ask: Ask) -> Answer:
    """Return as a file whom a receiver has to take out, by the names that it was told."""
    with ask.changing() as tx:
        channel = _channel(tx, ask.site, ask.path["channel"])
        ask.record(tx, "withdrawals_saved", channel.id)
    return Export(f"{channel.id}-withdrawn", _pages(ask, channel))


def _pages(ask: Ask, channel: Member) -> Iterator[Sheet]:
    after_ms, full = 0, True
    while full:
        with ask.store.reading() as tx:
            found = handed.withdrawn(tx, ask.site, channel.id, after_ms=after_ms)
        rows = [(one.subject, one.segment, one.purpose, ask.time(one.at_ms)) for one in found]
        yield Sheet(name="withdrawn", columns=OUT, rows=rows)
        full = len(found) == handed.PAGE_MAX
        after_ms = found[-1].at_ms if full else after_ms


def _receivers(tx: Connection, site: str) -> tuple[Member, ...]:
    """Return the channels that may be handed segments."""
    known = book.channels(tx, site)
    return tuple(one for one in known if May.SEGMENTS in one.routes and not one.closed)


def _channel(tx: Connection, site: str, id_: str) -> Member:
    """Return a channel, also one that was closed: what it holds is to be taken back still."""
    found = next((one for one in book.channels(tx, site) if one.id == id_), None)
    if found is None:
        raise Unknown(f"There is no channel {id_[:40]!r}.")
    return found


HANDOUTS = Listing(name="handouts", page=_page, add="new")
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, HANDOUTS, audience=_SEEN_BY),
    *desk.routes_of(
        f"{HERE}/new", Desk(_form, _hand_out), "hand a segment out as a file.", audience=_SEEN_BY
    ),
    read(
        f"{HERE}/<channel>/withdrawn.csv",
        _withdrawn,
        "Whom a receiver has to take out, as CSV.",
        audience=_SEEN_BY,
    ),
)
