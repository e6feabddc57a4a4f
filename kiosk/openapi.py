"""The OpenAPI document: written by the route table itself, so that it cannot be out of date."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from kiosk.refusals import Problem
from kiosk.routes import Audience, Route

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
PLACE = re.compile(r"<(?:\w+:)?(\w+)>")
TEMPLATE = "#/components/schemas/{name}"
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
    rows = [row for row in table if spoken_by_machines(row)]
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


def spoken_by_machines(row: Route) -> bool:
    """Whether an address is for programs: pages and files are not in the document."""
    return row.answer is not None or row.rule in ("/events", "/metrics") or row.rule.startswith("/api/")


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
        "responses": {"200": good(row, named), "default": refused(named)},
    }
    if row.body is not None:
        found["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": named[row.body]}},
        }
    if row.audience in SECURITY:
        found["security"] = msgspec.to_builtins(SECURITY[row.audience])
    return found


def good(row: Route, named: Mapping[type, Json]) -> Json:
    """Return what a successful answer looks like."""
    if row.answer is not None:
        return {"description": row.summary, "content": {"application/json": {"schema": named[row.answer]}}}
    kind = {"/events": "text/event-stream", "/metrics": "text/plain"}.get(row.rule, "application/json")
    return {"description": row.summary, "content": {kind: {"schema": {}}}}


def refused(named: Mapping[type, Json]) -> Json:
    """Return what every refusal looks like."""
    content: Json = {"application/problem+json": {"schema": named[Problem]}}
    return {"description": "What cannot be done, and what to do about it.", "content": content}
