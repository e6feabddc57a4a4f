"""The console as a part of an app: every row of the table behind one guard."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from edge.errors import NotAllowed, PolsoError, Refused, StoreError, Unknown
from sync.central.console import guard, operators, render
from sync.central.console.ask import Ask, Rooms
from sync.central.console.fields import Mistyped
from sync.central.console.routes import Route
from sync.central.console.table import ROUTES
from sync.central.console.ways import Ways
from sync.central.console.words import choose, words
from sync.central.imports.desk import Imports
from sync.central.settings import Settings
from sync.central.store import Store

SIGN_IN = "/console/sign-in"
NOTHING = (404, 405)
"""At an address there is nothing to open, or only what a form sends to."""


class Console:
    """Serves every route of the table: guard first, then its view."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Serve the console of this store."""
        imports = Imports(store, settings.diversify)
        self._rooms = Rooms(store=store, settings=settings, imports=imports, may=Ways(ROUTES).may)

    def serve(self, route: Route, **path: str) -> Response:
        """Answer one request."""
        ask = self._ask(path)
        request.max_content_length = route.bytes_max
        try:
            self._let_in(route, ask)
        except guard.NotSignedIn as error:
            if route.unsafe:
                return _refusal(ask, error, status=401)
            return Response(status=303, headers={"Location": SIGN_IN})
        except guard.Owing as error:
            if not route.unsafe:
                return Response(status=303, headers={"Location": error.to})
            return _refusal(ask, error, status=403)
        except PolsoError as error:
            return _refusal(ask, error, status=_shut_out(error))
        except HTTPException as error:
            return render.refusal(
                ask, error=error.name, hint=error.description or "", status=error.code or 500
            )
        try:
            guard.refuse_cards(request, path.values())
        except Refused as error:
            return _refusal(ask, error, status=422)
        reply = _answer(route, ask)
        if ask.renewed:
            guard.set_session(reply, ask.session, self._rooms.settings)
        return reply

    def excuse(self, status: int) -> Response:
        """Say at an address of nothing, or where a fault of ours is, what to do; who asks is not asked."""
        ask, there = self._ask({}), status not in NOTHING
        what, hint = ("our_fault", "our_fault.hint") if there else ("nowhere", "nowhere.hint")
        return render.refusal(ask, error=ask.words(what), hint=ask.words(hint), status=status)

    def _ask(self, path: dict[str, str]) -> Ask:
        wanted = [request.cookies.get(guard.LANGUAGE_COOKIE, ""), *request.accept_languages.values()]
        own = request._get_current_object()  # type: ignore[attr-defined]  # the stand-in's documented way
        return Ask(rooms=self._rooms, request=own, path=path, words=words(choose(wanted)), who=None)

    def _let_in(self, route: Route, ask: Ask) -> None:
        settings = self._rooms.settings
        guard.refuse_foreign_host(request, settings)
        guard.refuse_cross_site(route, request, settings)
        ask.session = guard.session_of(request, settings)
        if ask.session:
            with self._rooms.store.reading() as tx:
                ask.who = operators.signed_in(tx, ask.session)
        guard.refuse_role(route, ask.who)
        guard.refuse_owing(route, ask.who, settings)
        guard.refuse_stale(route, request, ask.session)
        if ask.who is not None and guard.LIVE_HEADER not in request.headers:
            operators.seen(self._rooms.store, ask.session, ask.who)


def blueprint(console: Console) -> Blueprint:
    """Return the console, one rule per row of its table and none beside."""
    made = Blueprint("console", __name__, url_prefix="/console")
    for route in ROUTES:
        made.add_url_rule(
            route.rule,
            route.endpoint,
            partial(console.serve, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    return made


def _shut_out(error: PolsoError) -> int:
    """Whoever is not let in because the database sleeps may come again: that is no refusal."""
    if isinstance(error, StoreError):
        return 503
    return 400 if isinstance(error, guard.ForeignHost) else 403


def _answer(route: Route, ask: Ask) -> Response:
    try:
        return render.respond(ask, route.view(ask))
    except PolsoError as error:
        return _once_more(route, ask, error)
    except HTTPException as error:
        return render.refusal(ask, error=error.name, hint=error.description or "", status=error.code or 500)


def _once_more(route: Route, ask: Ask, error: PolsoError) -> Response:
    """Show the form again with what was typed, if there still is something to show it for."""
    if route.again is not None:
        try:
            form = route.again(ask)
        except PolsoError as gone:
            return _refusal(ask, gone, status=_status(gone))
        said, hint = _said(ask, error)
        return render.again(ask, form, error=said, hint=hint)
    return _refusal(ask, error, status=_status(error))


def _refusal(ask: Ask, error: PolsoError, *, status: int) -> Response:
    said, hint = _said(ask, error)
    return render.refusal(ask, error=said, hint=hint, status=status)


def _said(ask: Ask, error: PolsoError) -> tuple[str, str]:
    if isinstance(error, Mistyped):
        what = ask.words(error.why, **error.values)
        return f"{ask.words(f'field.{error.field}')}: {what}", ask.words("wrong.hint")
    return str(error), error.hint


def _status(error: PolsoError) -> int:
    if isinstance(error, Unknown):
        return 404
    return 403 if isinstance(error, NotAllowed) else 422
