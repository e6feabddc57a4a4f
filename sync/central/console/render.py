"""Rendering: what views answered, as pages and files for a browser."""

from __future__ import annotations

import hashlib
import itertools
import mimetypes
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from edge.errors import Unknown
from sync.central import csv_lines
from sync.central.console.answers import Answer, Cell, Export, Form, Moved, Page, Row, Sheet
from sync.central.console.ask import Ask
from sync.central.console.fields import LANGUAGES, ROWS_MAX, Kind, typed
from sync.central.console.guard import form_token
from sync.central.console.sections import sections

FOLDER = Path(str(resources.files("sync.central.console"))) / "static"
FOR_EVER = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
EXPORT_PAGES_MAX = 20_000

_environment = Environment(
    loader=PackageLoader("sync.central.console"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def respond(ask: Ask, answer: Answer) -> Response:
    """Return a view's answer as a response."""
    match answer:
        case Response():
            return answer
        case Moved():
            there = ask.back_to(answer.to)
            mark = "&" if "?" in there else "?"
            to = f"{there}{mark}said={answer.said}" if answer.said else there
            return Response(status=303, headers={"Location": to})
        case Export():
            return _file(ask, answer)
        case Form():
            return respond(ask, Page("form.html", {"form": answer}))
        case Page():
            return _file(ask, _saved(ask, answer)) if ask.file else page(ask, answer)


def _saved(ask: Ask, shown: Page) -> Export:
    """Return one table of a page as a file: what whoever asks may see, they may keep."""
    values = itertools.chain.from_iterable(
        one if isinstance(one, tuple) else (one,) for one in shown.values.values()
    )
    for one in values:
        if isinstance(one, Sheet) and one.name == ask.file and not one.whole:
            return Export(one.name, iter([one]))
    raise Unknown(f"There is no table {ask.file[:40]!r} here.", hint="Save it from its own page.")


def page(ask: Ask, shown: Page) -> Response:
    """Return a page; nothing of it is kept by browsers or proxies."""
    said = ask.arg("said")
    body = _environment.get_template(shown.template).render(
        ask=ask,
        t=ask.words,
        asset=address,
        token=form_token(ask.session),
        said=f"said.{said}" if ask.words.has(f"said.{said}") else "",
        languages=LANGUAGES,
        rows_max=ROWS_MAX,
        kinds=Kind,
        sections=sections,
        **{"error": None, "hint": "", **shown.values},
    )
    reply = Response(body, status=shown.status, mimetype="text/html")
    reply.headers["Cache-Control"] = "no-store"
    return reply


def again(ask: Ask, form: Answer, *, error: str, hint: str) -> Response:
    """Return a form once more with what was typed, and what is wrong with it."""
    if isinstance(form, Page):
        told = {**form.values, "error": error, "hint": hint}
        return page(ask, Page(form.template, told, status=422))
    if not isinstance(form, Form):
        return refusal(ask, error=error, hint=hint)
    kept = {
        field.name: form.values.get(field.name, "") if field.fixed else typed(field, ask.request.form)
        for field in form.fields
        if field.kind is not Kind.SECRET
    }
    shown = Form(
        name=form.name, fields=form.fields, values=kept, back=form.back, title=form.title, act=form.act
    )
    return page(ask, Page("form.html", {"form": shown, "error": error, "hint": hint}, status=422))


def refusal(ask: Ask, *, error: str, hint: str, status: int = 422) -> Response:
    """Return the page that says why something was not done."""
    return page(ask, Page("refused.html", {"error": error, "hint": hint}, status=status))


def _file(ask: Ask, export: Export) -> Response:
    sheets = iter(export.sheets)
    # The first page is asked for before anything is sent: what is refused is refused as a page.
    first = next(sheets)
    units = [""] * len(first.columns) if export.bare else _units(first)
    headings = [
        f"{ask.words(f'column.{column}')} ({unit})" if unit else ask.words(f"column.{column}")
        for column, unit in zip(first.columns, units, strict=True)
    ]

    def lines() -> Iterator[str]:
        yield "\ufeff" + csv_lines.line(list(first.columns if export.bare else headings))
        for sheet in itertools.islice(itertools.chain([first], sheets), EXPORT_PAGES_MAX):
            yield "".join(_line(row, units) for row in sheet.rows)

    reply = Response(lines(), mimetype="text/csv")
    reply.headers["Content-Disposition"] = f'attachment; filename="{ask.site or "polso"}-{export.name}.csv"'
    reply.headers["Cache-Control"] = "no-store"
    return reply


def _units(sheet: Sheet) -> list[str]:
    """Return the unit of each column: nothing where its figures do not agree on one."""
    columns = zip(*sheet.rows, strict=True)
    found = [{one.unit for one in column if isinstance(one, Cell) and one.unit} for column in columns]
    return [one.pop() if len(one) == 1 else "" for one in found] or [""] * len(sheet.columns)


def _line(row: Row, units: Sequence[str]) -> str:
    """Return a row as it is saved: figures bare below their unit, another one beside its figure."""
    return csv_lines.line(
        [
            _saved_as(cell, unit) if isinstance(cell, Cell) else cell
            for cell, unit in zip(row, units, strict=True)
        ]
    )


def _saved_as(cell: Cell, above: str) -> str:
    return cell.saved if cell.saved and cell.unit == above else cell.text


@cache
def digest() -> str:
    """Return 12 hex digits over all static files: a new one means that kept files are old."""
    state = hashlib.blake2b(digest_size=6)
    for path in sorted(path for path in FOLDER.rglob("*") if path.is_file()):
        state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def address(name: str) -> str:
    """Return the address of a static file."""
    return f"/console/assets/{digest()}/{name}"


def asset(ask: Ask) -> Response:
    """Answer one static file; nothing outside the folder can be named."""
    path = (FOLDER / ask.path["name"]).resolve()
    if not path.is_relative_to(FOLDER.resolve()) or not path.is_file():
        raise Unknown("There is no such file.")
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    reply = Response(path.read_bytes(), mimetype=kind)
    reply.headers["Cache-Control"] = FOR_EVER if ask.path["digest"] == digest() else "no-cache"
    return reply
