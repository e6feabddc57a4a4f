"""Answers: central's words to a device, typed so that no stranger on the line can speak for it."""

from __future__ import annotations

import msgspec
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from edge.errors import NotAllowed, PolsoError, Refused, StoreError, Unknown
from sync.central.enrolment import CodeRefused
from sync.central.machines.nonces import Replayed
from sync.central.machines.proof import NotKnown, Revoked
from sync.central.telling.pages import EpochOver
from sync.packing import PLAIN, Malformed, TooLarge, pack
from sync.signing import NotSigned, Stale
from sync.wire import MEDIA, MEDIA_PROBLEM, PROBLEM_PREFIX, STATUS, Problem, ProblemDocument

PROBLEMS: tuple[tuple[type[PolsoError], Problem], ...] = (
    (CodeRefused, Problem.CODE_REFUSED),
    (NotKnown, Problem.UNKNOWN_DEVICE),
    (NotSigned, Problem.NOT_SIGNED),
    (Stale, Problem.STALE),
    (Replayed, Problem.REPLAYED),
    (Revoked, Problem.REVOKED),
    (EpochOver, Problem.EPOCH),
    (TooLarge, Problem.TOO_LARGE),
    (Malformed, Problem.MALFORMED),
    (StoreError, Problem.LATER),
    (Unknown, Problem.NOT_FOUND),
    (NotAllowed, Problem.FORBIDDEN),
    (Refused, Problem.MALFORMED),
)
"""The first that fits; an error that fits none is a fault of ours and answered as 503."""


def answer(message: msgspec.Struct) -> Response:
    """Return a message as central says yes."""
    packed, encoding = pack(msgspec.msgpack.encode(message), request.headers.get("Accept-Encoding", ""))
    reply = Response(packed, content_type=MEDIA)
    reply.headers["Content-Encoding"] = encoding
    reply.headers["Cache-Control"] = "no-store"
    return reply


def problem(document: ProblemDocument, *, retry_after_s: int | None = None) -> Response:
    """Return a problem document as central says no (RFC 9457)."""
    reply = Response(msgspec.json.encode(document), status=document.status, content_type=MEDIA_PROBLEM)
    reply.headers["Content-Encoding"] = PLAIN  # said, because central's signature covers it
    reply.headers["Cache-Control"] = "no-store"
    if retry_after_s is not None:
        reply.headers["Retry-After"] = str(retry_after_s)
    return reply


def describe(what: Problem, *, time_ms: int, detail: str = "") -> ProblemDocument:
    """Return the document of a problem, for the device and lane that this request is about."""
    return ProblemDocument(
        type=f"{PROBLEM_PREFIX}{what}",
        title=what.value.replace("-", " ").capitalize(),
        status=STATUS[what],
        time_ms=time_ms,
        detail=detail,
        device=g.get("device_id", ""),
        lane=g.get("lane"),
    )


def problem_of(error: PolsoError) -> Problem:
    """Return the word of the closed list for an error."""
    return next((what for kind, what in PROBLEMS if isinstance(error, kind)), Problem.LATER)


def problem_of_http(error: HTTPException) -> Problem:
    """Return the word of the closed list for an error that the web framework raised."""
    by_status = {413: Problem.TOO_LARGE, 404: Problem.NOT_FOUND, 405: Problem.NOT_FOUND}
    code = error.code or 500
    return by_status.get(code, Problem.MALFORMED if code < 500 else Problem.LATER)
