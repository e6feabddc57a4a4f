"""What a person or a machine is told when something cannot be done."""

from __future__ import annotations

import msgspec
from flask import Response

from edge.errors import NotAllowed, Offline, PolsoError, Refused, StoreError, Unknown
from kiosk.guard import NotSignedIn
from kiosk.limits import TooOften

STATUS: tuple[tuple[type[PolsoError], int], ...] = (
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (Unknown, 404),
    (Refused, 422),
    (TooOften, 429),
    (StoreError, 503),
    (Offline, 503),
    (PolsoError, 500),
)
RETRY_AFTER_S = 2


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Problem details (RFC 9457), with what a person can do and whether a machine may try again."""

    status: int
    title: str
    kind: str
    hint: str = ""
    retryable: bool = False


def problem_of(error: PolsoError) -> Problem:
    """Turn an error of ours into words."""
    status = next(code for kind, code in STATUS if isinstance(error, kind))
    return Problem(
        status=status,
        title=str(error),
        kind=type(error).__name__,
        hint=error.hint,
        retryable=error.retryable,
    )


def after_s(error: PolsoError) -> int:
    """Return after how many seconds a refusal that passes may have passed."""
    return error.after_s if isinstance(error, TooOften) else RETRY_AFTER_S


def as_json(problem: Problem, *, after_s: int = RETRY_AFTER_S) -> Response:
    """Tell a machine."""
    response = Response(
        msgspec.json.encode(problem), status=problem.status, mimetype="application/problem+json"
    )
    if problem.retryable:
        response.headers["Retry-After"] = str(after_s)
    return response
