"""Notices: the one route by which a provider speaks to central by itself, believed by its signature alone."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from edge.errors import PolsoError, StoreError, Unknown
from sync.central.answers import describe, problem, problem_of
from sync.central.metrics import Meters
from sync.central.pace import Pace
from sync.central.psp.port import NotSent, Unreachable
from sync.central.psp.saga import Saga
from sync.central.store import Store
from sync.routes import NOTICES
from sync.wire import Problem

NOTICE_BYTES_MAX = 256 * 1024
"""The longest notice that is read at all."""
NOTICES_PER_S_MAX = 50
"""What one worker checks in a second; a provider sends again what is put off."""
TAKEN = "taken\n"
BACK = "/psp/back"
"""Where a guest comes back to from the provider's page; it is told nothing and tells nothing."""
BYE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Polso</title>
<p lang="it">Grazie. Può chiudere questa pagina.</p><p>Thank you. You can close this page.</p>
<p lang="de">Danke. Sie können diese Seite schließen.</p>
<p lang="fr">Merci. Vous pouvez fermer cette page.</p>
<p lang="es">Gracias. Puede cerrar esta página.</p></html>
"""


class Door:
    """Takes notices for the providers that this central works with."""

    def __init__(
        self, store: Store, sagas: Mapping[str, Saga], meters: Meters, *, retry_after_s: int
    ) -> None:
        """Hand each notice to the saga of the provider that the address names."""
        self._store, self._sagas = store, sagas
        self._meters, self._retry_after_s = meters, retry_after_s
        self._pace = Pace(NOTICES_PER_S_MAX)

    def take(self, name: str) -> Response:
        """Check a notice over its raw octets, then do what it says; said again it changes nothing."""
        request.max_content_length = NOTICE_BYTES_MAX
        try:
            return self._taken(name)
        except RequestEntityTooLarge:
            return self._refused(Problem.TOO_LARGE, "A notice is short.")
        except NotSent as error:
            return self._refused(Problem.NOT_SIGNED, str(error))
        except Unreachable as error:
            return self._refused(Problem.LATER, str(error))
        except StoreError as error:
            return self._refused(Problem.LATER, str(error))
        except PolsoError as error:
            return self._refused(problem_of(error), str(error))

    def _taken(self, name: str) -> Response:
        saga = self._sagas.get(name)
        if saga is None:
            raise NotSent("No provider of that name signs anything here.")
        if not self._pace.passes():
            return self._refused(Problem.LATER, "Too many notices at once.")
        body = request.get_data(cache=False)
        notice = saga.psp.read_notice(dict(request.headers), body)
        if notice is not None:
            try:
                saga.notice(notice)
            except Unknown:
                # Signed, but of another central with the same account: not ours, and never will be.
                self._meters.refused(Problem.NOT_FOUND)
        return Response(TAKEN, mimetype="text/plain")

    def _refused(self, what: Problem, why: str) -> Response:
        self._meters.refused(what)
        later = self._retry_after_s if what is Problem.LATER else None
        return problem(describe(what, time_ms=self._store.now_ms(), detail=why), retry_after_s=later)


def blueprint(store: Store, sagas: Mapping[str, Saga], meters: Meters, *, retry_after_s: int) -> Blueprint:
    """Return the route as a part of an app."""
    door, made = Door(store, sagas, meters, retry_after_s=retry_after_s), Blueprint("psp", __name__)
    made.add_url_rule(
        NOTICES.replace("{name}", "<name>"),
        "notices",
        door.take,
        methods=["POST"],
        provide_automatic_options=False,
    )
    made.add_url_rule(BACK, "back", lambda: Response(BYE, mimetype="text/html"))
    return made
