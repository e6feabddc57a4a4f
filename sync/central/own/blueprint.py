"""A guest's own page as a part of an app: every row of its table behind the console's guard."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from werkzeug.exceptions import HTTPException

from edge.errors import NotAllowed, PolsoError, Refused, Unknown
from sync.central import doors
from sync.central.console import guard, render
from sync.central.console.answers import Answer, Moved, Page
from sync.central.console.ask import Ask, Rooms
from sync.central.console.fields import Mistyped
from sync.central.console.routes import Audience, Route
from sync.central.doors import NoDoor, TooFast
from sync.central.imports.desk import Imports
from sync.central.own import allowing, birthday, coupons, diary, family, pages, unsubscribe
from sync.central.own.cookie import session_of
from sync.central.own.deciding import NoPin, NotTheHead, PinSpent
from sync.central.own.words import choose, words
from sync.central.pace import Pace
from sync.central.people.unsubscribing import NoMail
from sync.central.registry import guests
from sync.central.settings import Settings
from sync.central.store import Store

PREFIX = "/own"
FORM_BYTES_MAX = 16 * 1024
NOTHING = (404, 405)
"""At an address there is nothing to open, or only what a form sends to."""
ASKED_PER_S_MAX = 50
"""What one worker answers in a second of people whom it does not know."""
REFUSED = {
    NoDoor: "wrong.no_door",
    NoMail: "wrong.no_mail",
    TooFast: "wrong.too_fast",
    NotTheHead: "wrong.not_the_head",
    NoPin: "wrong.no_pin",
    PinSpent: "wrong.pin_spent",
}
ROUTES = (
    *pages.ROUTES,
    *family.ROUTES,
    *diary.ROUTES,
    *coupons.ROUTES,
    *allowing.ROUTES,
    *birthday.ROUTES,
    *unsubscribe.ROUTES,
)

_environment = Environment(
    loader=PackageLoader("sync.central.own"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Own:
    """Serves every row of the table: guard first, then its view."""

    def __init__(self, store: Store, settings: Settings) -> None:
        """Serve the guests of this store; nothing of the console is offered here."""
        imports = Imports(store, settings.diversify)
        self._rooms = Rooms(store=store, settings=settings, imports=imports, may=lambda *_: False)
        self._pace = Pace(ASKED_PER_S_MAX)

    def serve(self, route: Route) -> Response:
        """Answer one request."""
        ask, session = self._ask(), session_of(request, self._rooms.settings)
        request.max_content_length = FORM_BYTES_MAX
        try:
            ask = self._let_in(route, ask, session)
            return _respond(ask, route.view(ask))
        except PolsoError as error:
            return _refusal(ask, error)
        except HTTPException as error:
            return _page(ask, Page("refused.html", {"why": "wrong.other"}, status=error.code or 500))

    def _ask(self, site: str = "", guest: str = "", *, session: str = "", language: str = "") -> Ask:
        wanted = [language, *request.accept_languages.values()]
        own = request._get_current_object()  # type: ignore[attr-defined]  # the stand-in's documented way
        path = {"site": site, "guest": guest}
        said = words(choose(wanted))
        return Ask(rooms=self._rooms, request=own, path=path, words=said, who=None, session=session)

    def _let_in(self, route: Route, ask: Ask, session: str) -> Ask:
        """Return the request of a guest who is inside, or of anybody where the row lets anybody in."""
        settings = self._rooms.settings
        guard.refuse_foreign_host(request, settings)
        guard.refuse_cross_site(route, request, settings)
        if route.audience is Audience.ANYONE:
            if not self._pace.passes():
                raise TooFast
            guard.refuse_cards(request, ())
            return ask
        with self._rooms.store.reading() as tx:
            visitor = doors.inside(tx, session) if session else None
            if visitor is None:
                raise NoDoor
            known = guests.guest(tx, visitor.site, visitor.guest)
        inside = self._ask(visitor.site, visitor.guest, session=session, language=known.language)
        guard.refuse_stale(route, request, session)
        guard.refuse_cards(request, ())
        return inside


def blueprint(store: Store, settings: Settings) -> Blueprint:
    """Return the page's routes, one rule per row of the table and none beside."""
    own, made = Own(store, settings), Blueprint("own", __name__, url_prefix=PREFIX)
    for route in ROUTES:
        made.add_url_rule(
            route.rule,
            route.endpoint,
            partial(own.serve, route),
            methods=[route.method],
            provide_automatic_options=False,
        )
    return made


def excuse(status: int) -> Response:
    """Say at an address of nothing, or where a fault of ours is, what to do, in the browser's language."""
    said = words(choose(request.accept_languages.values()))
    shown = {
        "t": said,
        "asset": render.address,
        "said": "",
        "why": "wrong.nowhere" if status in NOTHING else "wrong.other",
    }
    body = _environment.get_template("refused.html").render(shown)
    return Response(body, status=status, mimetype="text/html", headers={"Cache-Control": "no-store"})


def _respond(ask: Ask, answer: Answer) -> Response:
    match answer:
        case Page():
            return _page(ask, answer)
        case Moved():
            return render.respond(ask, answer)
        case Response():
            return answer
        case _:
            raise Refused("This page shows no tables.")


def _page(ask: Ask, shown: Page) -> Response:
    said = ask.arg("said")
    body = _environment.get_template(shown.template).render(
        ask=ask,
        t=ask.words,
        asset=render.address,
        token=guard.form_token(ask.session),
        said=f"said.{said}" if ask.words.has(f"said.{said}") else "",
        **shown.values,
    )
    reply = Response(body, status=shown.status, mimetype="text/html")
    reply.headers["Cache-Control"] = "no-store"
    return reply


def _refusal(ask: Ask, error: PolsoError) -> Response:
    """Say in the guest's language what to do; what went wrong inside is not theirs to read."""
    why = error.why if isinstance(error, Mistyped) else REFUSED.get(type(error), "wrong.other")
    return _page(ask, Page("refused.html", {"why": why}, status=_status(error)))


def _status(error: PolsoError) -> int:
    if isinstance(error, TooFast):
        return 429
    if isinstance(error, guard.ForeignHost):
        return 400
    if isinstance(error, Unknown):
        return 404
    return 403 if isinstance(error, NotAllowed) else 422
