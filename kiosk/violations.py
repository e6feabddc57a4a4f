"""Violations: where a browser reports that a page of ours broke our own policy."""

from __future__ import annotations

from flask import Response, request

from edge.violations import BODY_BYTES_MAX, NEW, OLD, Body
from kiosk.ask import Ask
from kiosk.guard import REPORTS
from kiosk.routes import Audience, Rate, Route

RATE = Rate(20, 0.5)


def take(ask: Ask) -> Response:
    """Count what a browser reports; a report is believed for nothing else."""
    request.max_content_length = BODY_BYTES_MAX
    ask.house.health.violations.take(request.get_data(cache=False), request.mimetype)
    return Response(status=204)


ROUTES = (
    Route(
        "POST",
        REPORTS,
        take,
        Audience.ANYONE,
        "A page of ours broke our policy for pages, says the browser.",
        body=Body,
        media=(OLD, NEW),
        rate=RATE,
    ),
)
