"""OpenAPI: the document of an API, made from its table of routes and the messages' own types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from sync.routes import HOOKS, LOOKS, Hook, Look, Route
from sync.signing import CENTRAL_TAG, COVERED, DEVICE_TAG, MAX_AGE
from sync.wire import MEDIA_PROBLEM, PROBLEM_PREFIX, STATUS, Problem, ProblemDocument

Part = dict[str, Any]
NUMBER = {"type": "integer", "minimum": 0, "maximum": 10**18 - 1}
KINDS: dict[type, Part] = {str: {"type": "string"}, int: NUMBER}
REF = "#/components/schemas/{name}"
ABOUT = {
    Problem.GAP: "Central stands lower: send again from `ack` + 1.",
    Problem.FORK: "Central holds another history of this lane: stop, enrol anew.",
    Problem.CHAIN: "The hashes do not fit the rows: read them from disk once more.",
    Problem.UNKNOWN_DEVICE: "No device has this key: try later, wipe nothing.",
    Problem.NOT_SIGNED: "The signature does not hold: nothing was done.",
    Problem.STALE: "Signed at another time than now: take `time_ms` and sign anew, once.",
    Problem.REPLAYED: "This very request was here before: sign anew.",
    Problem.FORBIDDEN: "A device of this kind may not do that.",
    Problem.REVOKED: "The operator revoked this device.",
    Problem.NOT_FOUND: "There is no such thing here, or it is not yours.",
    Problem.TOO_LARGE: "Send less at once.",
    Problem.SCHEMA: "This version is not understood any more: go on deciding, ask for an update.",
    Problem.EPOCH: "The cursor is of another life of the feed, or too old: take a snapshot.",
    Problem.MALFORMED: "This message is not what it says it is.",
    Problem.INVALID: "This is not what the document says; `detail` names the place.",
    Problem.FULL: "No place is left at this time: offer another one.",
    Problem.OVER: "The time has begun or is over: at the gate the guest hears of the next one.",
    Problem.USED: "This booking was used: book another time.",
    Problem.NOT_THEIRS: "This booking is another guest's: it stays as it is.",
    Problem.CODE_REFUSED: "The enrolment code is wrong, used or too old.",
    Problem.TOO_OFTEN: "Ask less often: `RateLimit` says what is left, `Retry-After` until when.",
    Problem.LATER: "Try again after `Retry-After`.",
}
NAMELESS = (Problem.UNKNOWN_DEVICE, Problem.NOT_SIGNED, Problem.CODE_REFUSED)
SIGNATURE = (
    f"RFC 9421 with Ed25519, tag `{DEVICE_TAG}`, over {', '.join(f'`{one}`' for one in COVERED)},"
    f" with a nonce of 128 bits, not older than {MAX_AGE.seconds} s; `@target-uri` is central's own address."
    f" Central signs each answer, tag `{CENTRAL_TAG}`, over the signature of the request among others."
)
EXAMPLE_MS = 1_760_000_000_000


def document(
    title: str,
    version: str,
    routes: Sequence[Route],
    *,
    looks: Sequence[Look] = LOOKS,
    hooks: Sequence[Hook] = HOOKS,
) -> Part:
    """Return the OpenAPI 3.1 document of these routes."""
    refs, schemas = _schemas(routes)
    paths: dict[str, Part] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, refs)
    paths.update({look.path: {"get": _look(look, refs)} for look in looks})
    paths.update({hook.path: {"post": _hook(hook, refs)} for hook in hooks})
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
            "securitySchemes": {
                "device": {"type": "apiKey", "in": "header", "name": "Signature", "description": SIGNATURE}
            },
        },
    }


def _schemas(routes: Iterable[Route]) -> tuple[dict[type, Part], Part]:
    kinds: list[type] = [ProblemDocument]
    for route in routes:
        all_ = (route.body, route.or_body, route.answer)
        kinds += [kind for kind in all_ if kind and kind not in kinds]
    made, components = msgspec.json.schema_components(kinds, ref_template=REF)
    return dict(zip(kinds, made, strict=True)), components


def _operation(route: Route, refs: dict[type, Part]) -> Part:
    operation: Part = {
        "operationId": route.name,
        "summary": route.about,
        "parameters": [*_path_parts(route), *_query_parts(route)],
        "responses": {
            "200": _content("It is so.", route.media, refs[route.answer]),
            **_problems(route.problems, refs),
        },
    }
    if route.or_media:
        operation["responses"]["200"]["content"][route.or_media] = {"schema": {}}
    if route.body:
        operation["requestBody"] = {
            "required": True,
            "content": {route.sent or route.media: {"schema": refs[route.body]}},
        }
    if route.or_body:
        operation["requestBody"]["content"][route.or_sent] = {"schema": refs[route.or_body]}
    if route.by_device:
        operation["security"] = [{"device": []}]
    return operation


def _path_parts(route: Route) -> list[Part]:
    names = re.findall(r"{(\w+)}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parts(route: Route) -> list[Part]:
    return [
        {"name": query.name, "in": "query", "description": query.about, "schema": KINDS[query.kind]}
        for query in route.queries
    ]


def _look(look: Look, refs: dict[type, Part]) -> Part:
    answers = {"200": _content(look.about, look.media, {}), **_problems(look.problems, refs)}
    if look.asks_store:
        answers["503"] = _content("The database does not answer, and why.", "text/plain", {})
    return {
        "operationId": look.path.strip("/").partition(".")[0].replace("/", "_"),
        "summary": look.about,
        "responses": answers,
    }


def _hook(hook: Hook, refs: dict[type, Part]) -> Part:
    names = re.findall(r"{(\w+)}", hook.path)
    return {
        "operationId": hook.name,
        "summary": hook.about,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ],
        "requestBody": {"required": True, "content": {hook.media: {"schema": {"type": "object"}}}},
        "responses": {
            **_taken(hook.says),
            **_problems(hook.problems, refs),
        },
    }


def _taken(says: str) -> Part:
    return {"200": _content("It was taken.", says, {})} if says else {"204": {"description": "It was taken."}}


def _problems(refused: Iterable[Problem], refs: dict[type, Part]) -> Part:
    by_status: dict[str, list[Problem]] = {}
    for problem in refused:
        by_status.setdefault(str(STATUS[problem]), []).append(problem)
    found: Part = {}
    for status, problems in by_status.items():
        about = " ".join(f"`{problem}`: {ABOUT[problem]}" for problem in problems)
        found[status] = _content(about, MEDIA_PROBLEM, refs[ProblemDocument])
        found[status]["content"][MEDIA_PROBLEM]["examples"] = {
            p.value: {"value": example(p)} for p in problems
        }
    return found


def example(problem: Problem) -> Part:
    """Return a refusal as central says it."""
    of_lane = problem in (Problem.GAP, Problem.FORK)
    document = ProblemDocument(
        type=f"{PROBLEM_PREFIX}{problem}",
        title=problem.value.replace("-", " ").capitalize(),
        status=STATUS[problem],
        time_ms=EXAMPLE_MS,
        detail=ABOUT[problem],
        device="" if problem in NAMELESS else "edge-1f0c9a2b",
        lane=0 if of_lane else None,
        ack=1_041 if of_lane else None,
    )
    made: Part = msgspec.to_builtins(document)
    return made


def _content(about: str, media: str, schema: Part) -> Part:
    return {"description": about, "content": {media: {"schema": schema}}}
