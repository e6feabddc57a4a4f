"""Imports: files of guests sent in parts, and how far each is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flask import Response

from edge.errors import Refused
from sync.central.console.answers import Answer, Cell, Export, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.routes import Audience, Route, act, read
from sync.central.imports import jobs
from sync.central.imports.columns import COLUMNS
from sync.central.imports.desk import FILE_BYTES_MAX, PART_BYTES_MAX
from sync.central.imports.jobs import Job, State
from sync.central.imports.lines import Wrong
from sync.central.registry import layout

JOB_COLUMNS = ("file", "state", "lines", "done", "wrong", "who", "time")
WRONG_COLUMNS = ("line", "why")
SHOWN_MAX = 50
UPLOAD_BYTES_MAX = PART_BYTES_MAX + 64 * 1024
"""A whole request: a part, and what surrounds it in a form without scripts."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """How far an import is, for pages and scripts."""

    id: str
    state: State
    lines: int
    done: int
    wrong: int
    why: str


def _all(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        found = jobs.jobs(tx, ask.site)
        ready = layout.has_settings(tx, ask.site)
    rows = [
        (
            Cell(one.name, f"{ask.home}/imports/{one.id}"),
            Cell(ask.words(f"import.{one.state}"), mark=one.state.value),
            one.lines,
            one.done,
            one.wrong,
            one.who,
            ask.time(one.made_ms),
        )
        for one in found
    ]
    sheet = Sheet(name="imports", columns=JOB_COLUMNS, rows=rows)
    limits = {"part_bytes": PART_BYTES_MAX, "file_mib": FILE_BYTES_MAX >> 20}
    products = [product.id for product in ask.layout.products]
    return Page(
        "imports.html", {"sheet": sheet, "columns": COLUMNS, "ready": ready, "products": products, **limits}
    )


def _begin(ask: Ask) -> Answer:
    """Take the file's name, and the file too if the browser sends it at once (without scripts)."""
    ask.layout  # noqa: B018  # an unknown site is refused before anything is kept
    file = ask.request.files.get("file")
    name = (file.filename if file else ask.typed("name")) or "?"
    if file is not None and not file.filename:
        raise Refused(ask.words("wrong.no_file"))
    id_ = ask.rooms.imports.begin(ask.site, name=name, who=ask.who.name if ask.who else "")
    with ask.changing() as tx:
        ask.record(tx, "imported", id_, after=name)
    if file is None:
        return Response(msgspec.json.encode({"job": id_}), mimetype="application/json")
    ask.rooms.imports.part(ask.site, id_, 0, body=file.read())
    ask.rooms.imports.start(ask.site, id_)
    return Moved(f"{ask.home}/imports/{id_}")


def _part(ask: Ask) -> Answer:
    at = ask.path["at"]
    if not at.isdecimal():
        raise Refused("A part begins at a number of octets.")
    ask.rooms.imports.part(ask.site, ask.path["job"], int(at), body=ask.request.get_data())
    return Response(status=204)


def _start(ask: Ask) -> Answer:
    ask.rooms.imports.start(ask.site, ask.path["job"])
    return Response(status=204)


def _one(ask: Ask) -> Answer:
    job = _job(ask)
    over = max(0, job.wrong - SHOWN_MAX)
    seconds = max(0, (job.beat_ms - job.began_ms) // 1000)
    sheet = _sheet(job.first_wrong[:SHOWN_MAX])
    return Page(
        "import.html", {"job": job, "sheet": sheet, "over": over, "seconds": seconds, "states": State}
    )


def _state(ask: Ask) -> Answer:
    job = _job(ask)
    told = Told(id=job.id, state=job.state, lines=job.lines, done=job.done, wrong=job.wrong, why=job.why)
    reply = Response(msgspec.json.encode(told), mimetype="application/json")
    reply.headers["Cache-Control"] = "no-store"
    return reply


def _wrong(ask: Ask) -> Answer:
    return Export(f"wrong-{ask.path['job']}", [_sheet(_job(ask).first_wrong)])


def _sheet(wrong: Sequence[Wrong]) -> Sheet:
    return Sheet(
        name="wrong", columns=WRONG_COLUMNS, rows=[(one.number, one.why) for one in wrong], whole=True
    )


def _job(ask: Ask) -> Job:
    with ask.store.reading() as tx:
        return jobs.job(tx, ask.site, ask.path["job"])


_HERE = "/sites/<site>/imports"
ROUTES: tuple[Route, ...] = (
    read(_HERE, _all, "Imports, and the way to begin one."),
    Route("POST", _HERE, _begin, Audience.OPERATOR, "Begin an import.", bytes_max=UPLOAD_BYTES_MAX),
    Route(
        "PUT",
        f"{_HERE}/<job>/parts/<at>",
        _part,
        Audience.OPERATOR,
        "Send a part.",
        bytes_max=UPLOAD_BYTES_MAX,
    ),
    act(f"{_HERE}/<job>/start", _start, "Load a file that is here whole."),
    read(f"{_HERE}/<job>", _one, "One import."),
    read(f"{_HERE}/<job>/state", _state, "How far an import is, as JSON."),
    read(f"{_HERE}/<job>/wrong.csv", _wrong, "The wrong lines of an import."),
)
