"""Answers on their way out: structs as JSON, pages as they are, and kept copies for repeated operations."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flask import Response

from kiosk.operations import Said
from kiosk.routes import Answer

JSON = "application/json"


def json_answer(body: msgspec.Struct | Sequence[msgspec.Struct]) -> Response:
    """Answer a struct as JSON that nobody may cache."""
    return Response(msgspec.json.encode(body), mimetype=JSON, headers={"Cache-Control": "no-store"})


def respond(answer: Answer) -> Response:
    """Turn what a view answers into what flask sends."""
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, str):
        return Response(answer, mimetype="text/html")
    return json_answer(answer)


def spoken(response: Response) -> Said:
    """Keep an answer so that it can be given again."""
    return Said(response.status_code, tuple(response.headers.items()), response.get_data())
