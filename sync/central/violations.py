"""Violations: where browsers report that a page of the console, or a guest's own, broke our policy."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from edge.errors import PolsoError
from edge.violations import BODY_BYTES_MAX, Violations
from sync.central.answers import describe, problem
from sync.central.console import guard
from sync.central.metrics import Meters
from sync.central.pace import Pace
from sync.central.settings import Settings
from sync.central.store import Store
from sync.routes import VIOLATIONS
from sync.wire import Problem

REPORTS_PER_S_MAX = 20
"""What one worker reads in a second; a report that is put off is lost, and others like it are not."""


class Door:
    """Takes what browsers report; it is counted, and believed for nothing else."""

    def __init__(self, store: Store, settings: Settings, meters: Meters) -> None:
        """Count with these meters."""
        self._store, self._settings, self._meters = store, settings, meters
        self._pace = Pace(REPORTS_PER_S_MAX)
        self._violations = Violations(lambda directive: meters.violations.labels(directive).inc())

    def take(self) -> Response:
        """Count what a browser reports, if it comes from a page of ours."""
        request.max_content_length = BODY_BYTES_MAX
        try:
            guard.refuse_foreign_host(request, self._settings)
            guard.refuse_foreign_page(request, self._settings)
            if not self._pace.passes():
                return self._refused(Problem.LATER, "Too many reports at once.")
            self._violations.take(request.get_data(cache=False), request.mimetype)
        except RequestEntityTooLarge:
            return self._refused(Problem.TOO_LARGE, "A report is short.")
        except PolsoError as error:
            return self._refused(Problem.MALFORMED, f"{error} {error.hint}")
        return Response(status=204)

    def _refused(self, what: Problem, why: str) -> Response:
        self._meters.refused(what)
        later = self._settings.retry_after_s if what is Problem.LATER else None
        return problem(describe(what, time_ms=self._store.now_ms(), detail=why), retry_after_s=later)


def blueprint(store: Store, settings: Settings, meters: Meters) -> Blueprint:
    """Return the route as a part of an app."""
    door, made = Door(store, settings, meters), Blueprint("violations", __name__)
    made.add_url_rule(VIOLATIONS, "take", door.take, methods=["POST"], provide_automatic_options=False)
    return made
