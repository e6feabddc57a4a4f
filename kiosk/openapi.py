"""The OpenAPI document: written by the route table itself, so that it cannot be out of date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from kiosk.answers import JSON
from kiosk.refusals import Problem
from kiosk.routes import Audience, Route

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
TEMPLATE = "#/components/schemas/{name}"
READY = "/readyz"
"""Where a device that does not serve is asked, its answer says so in its own words."""
REFUSALS = {
    "400": "This is no request to this device.",
    "401": "Nobody is signed in.",
    "403": "Whoever asks may not.",
    "404": "There is no such thing.",
    "413": "The body is too large.",
    "422": "It cannot be done as it is asked.",
    "429": "Too often: again after `Retry-After`.",
    "503": "Not now: again after `Retry-After`.",
}
SECURITY: dict[Audience, list[dict[str, list[str]]]] = {
    Audience.SCREEN: [{"screen": []}],
    Audience.STAFF: [{"staff": []}],
    Audience.MACHINE: [{"machine": []}],
    Audience.LOCAL: [{}, {"machine": []}],
    Audience.EITHER: [{}, {"screen": []}, {"staff": []}],
}
SCHEMES: Json = {
    "screen": {"type": "apiKey", "in": "cookie", "name": "polso-screen-{id}"},
    "staff": {"type": "apiKey", "in": "cookie", "name": "polso-staff"},
    "machine": {"type": "http", "scheme": "bearer"},
}


def document(table: Iterable[Route]) -> dict[str, Json]:
    """Return the OpenAPI 3.1 document of every address that speaks JSON or streams."""
    rows = [row for row in table if row.for_programs]
    kinds = list(dict.fromkeys([Problem, *(kind for row in rows for kind in (row.body, row.answer) if kind)]))
    schemas, components = msgspec.json.schema_components(kinds, ref_template=TEMPLATE)
    named: Mapping[type, Json] = dict(zip(kinds, schemas, strict=True))
    paths: dict[str, Json] = {}
    for row in rows:
        at = paths.setdefault(PLACE.sub(r"{\1}", row.rule), {})
        if isinstance(at, dict):
            at[row.method.lower()] = operation(row, named)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Polso edge", "version": "1", "summary": "One device's screens and readers."},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": SCHEMES},
    }


def operation(row: Route, named: Mapping[type, Json]) -> dict[str, Json]:
    """Return one operation."""
    found: dict[str, Json] = {
        "operationId": f"{row.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', row.rule.lower()).strip('_')}",
        "summary": row.summary,
        "tags": [row.audience.value],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in PLACE.findall(row.rule)
        ],
        "responses": {**good(row, named), **refused(row, named)},
    }
    if row.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": named[row.body]} for kind in row.media[:1] or (JSON,)},
        }
    if row.audience in SECURITY:
        found["security"] = msgspec.to_builtins(SECURITY[row.audience])
    return found


def good(row: Route, named: Mapping[type, Json]) -> dict[str, Json]:
    """Return what a successful answer looks like; an act without an answer is a 204."""
    if row.answer is None and row.unsafe:
        return {"204": {"description": row.summary}}
    kind = {"/events": "text/event-stream", "/metrics": "text/plain"}.get(row.rule, "application/json")
    schema: Json = named[row.answer] if row.answer is not None else {}
    return {"200": {"description": row.summary, "content": {kind: {"schema": schema}}}}


def refused(row: Route, named: Mapping[type, Json]) -> dict[str, Json]:
    """Return what every refusal looks like, by its status; a status that is not here is a fault of ours."""
    content: Json = {"application/problem+json": {"schema": named[Problem]}}
    found: dict[str, Json] = {
        status: {"description": words, "content": content} for status, words in REFUSALS.items()
    }
    if row.rule == READY and row.answer is not None:
        body: Json = {"application/json": {"schema": named[row.answer]}}
        found["503"] = {"description": "It does not serve, and why.", "content": body}
    return found
