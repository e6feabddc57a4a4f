"""OpenAPI: the document of an API, made from its table of routes and the messages' own types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from sync.routes import Route
from sync.wire import MEDIA_PROBLEM, STATUS, ProblemDocument

Part = dict[str, Any]
NAMES = {str: "string", int: "integer"}
REF = "#/components/schemas/{name}"


def document(title: str, version: str, routes: Sequence[Route]) -> Part:
    """Return the OpenAPI 3.1 document of these routes."""
    refs, schemas = _schemas(routes)
    paths: dict[str, Part] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"device": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(routes: Iterable[Route]) -> tuple[dict[type, Part], Part]:
    kinds: list[type] = [ProblemDocument]
    for route in routes:
        kinds += [kind for kind in (route.body, route.answer) if kind and kind not in kinds]
    made, components = msgspec.json.schema_components(kinds, ref_template=REF)
    return dict(zip(kinds, made, strict=True)), components


def _operation(route: Route, refs: dict[type, Part]) -> Part:
    operation: Part = {
        "operationId": route.name,
        "summary": route.about,
        "parameters": [*_path_parts(route), *_query_parts(route)],
        "responses": {
            "200": _content("It is so.", route.media, refs[route.answer]),
            **_problems(route, refs),
        },
    }
    if route.body:
        operation["requestBody"] = {"required": True, "content": {route.media: {"schema": refs[route.body]}}}
    if route.by_device:
        operation["security"] = [{"device": []}]
    return operation


def _path_parts(route: Route) -> list[Part]:
    names = re.findall(r"{(\w+)}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parts(route: Route) -> list[Part]:
    return [
        {"name": query.name, "in": "query", "description": query.about, "schema": {"type": NAMES[query.kind]}}
        for query in route.queries
    ]


def _problems(route: Route, refs: dict[type, Part]) -> Part:
    by_status: dict[str, list[str]] = {}
    for problem in route.problems:
        by_status.setdefault(str(STATUS[problem]), []).append(problem.value)
    return {
        status: _content(f"Refused: {', '.join(names)}.", MEDIA_PROBLEM, refs[ProblemDocument])
        for status, names in by_status.items()
    }


def _content(about: str, media: str, schema: Part) -> Part:
    return {"description": about, "content": {media: {"schema": schema}}}
