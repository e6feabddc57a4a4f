"""Admission: turns a request into a question by finding out who asks, one way per audience."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask import Request

from edge.errors import Unknown
from edge.staff import Screen
from kiosk import guard
from kiosk.ask import Ask
from kiosk.house import House
from kiosk.routes import Audience, Route
from kiosk.texts import choose

LOOPBACK = ("127.0.0.1", "::1")
GUEST_KINDS = ("kiosk", "gate", "till")
BY_PAGES = (Audience.SCREEN, Audience.STAFF, Audience.EITHER)
"""Audiences whose acts come from pages of ours: machines and the demo's scripts load no page first."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """The question, and credentials that the answer must carry home (a demo's screen at first sight)."""

    ask: Ask
    fresh: tuple[tuple[Screen, str], ...] = ()


def admit(house: House, route: Route, request: Request, *, path: Mapping[str, str]) -> Admitted:
    """Let a request in as what it proves to be, or raise what it lacks."""
    ask = Ask(
        house=house,
        path=path,
        query=request.args,
        caller=f"address:{request.remote_addr}",
        after=request.headers.get("Last-Event-ID") or request.args.get("after") or None,
        secure=guard.is_secure(house, request),
        origin=request.host_url.rstrip("/"),
    )
    admitted = WAYS[route.audience](ask, route, request)
    found = admitted.ask
    credential = found.token or (found.session.token if found.session is not None else "")
    if route.unsafe and route.audience in BY_PAGES:
        if not credential:
            raise guard.NotSignedIn
        guard.refuse_stale(request, credential)
    ask = replace(
        found,
        language=language_of(found, request),
        form_tokens=_tokens(house, route, request, admitted=admitted),
    )
    return replace(admitted, ask=ask)


def _anyone(ask: Ask, route: Route, request: Request) -> Admitted:
    return Admitted(ask)


def _either(ask: Ask, route: Route, request: Request) -> Admitted:
    pairs = guard.screens_of(ask.house, request, only=ask.query.get("screen"))
    session = guard.session_of(ask.house, request)
    named = bool(ask.path or ask.query.get("screen"))
    screen, token = (guard.matching(route, pairs, ask.path) if named else None) or (None, "")
    caller = f"staff:{session.staff}" if session is not None else ask.caller
    screens = tuple(found for found, _ in pairs)
    return Admitted(replace(ask, screens=screens, screen=screen, token=token, session=session, caller=caller))


def _screen(ask: Ask, route: Route, request: Request) -> Admitted:
    pairs = guard.screens_of(ask.house, request, only=ask.query.get("screen"))
    found = guard.matching(route, pairs, ask.path)
    fresh: tuple[tuple[Screen, str], ...] = ()
    if found is None:
        if ask.house.demo is None or not route.page:
            raise guard.NotEnrolled
        found = enrol_at_sight(ask, route)
        fresh = (found,)
    screen, token = found
    return Admitted(replace(ask, screen=screen, token=token, caller=f"screen:{screen.id}"), fresh)


def _staff(ask: Ask, route: Route, request: Request) -> Admitted:
    session = guard.session_of(ask.house, request, active=route.unsafe)
    who = session or guard.late_session_of(ask.house, request)
    with ask.house.service.attempt(who, route.act):
        session = guard.permitted(ask.house, route, session)
    return Admitted(replace(ask, session=session, caller=f"staff:{session.staff}"))


def _machine(ask: Ask, route: Route, request: Request) -> Admitted:
    machine = guard.machine_of(ask.house, request)
    if machine is None:
        raise guard.NotEnrolled("No machine has this token.")
    return Admitted(replace(ask, screen=machine, caller=f"screen:{machine.id}"))


def _local(ask: Ask, route: Route, request: Request) -> Admitted:
    if request.remote_addr in LOOPBACK:
        return Admitted(ask)
    try:
        return _machine(ask, route, request)
    except guard.NotEnrolled as error:
        raise guard.NotALocalAddress from error


def _demo(ask: Ask, route: Route, request: Request) -> Admitted:
    if ask.house.demo is None:
        raise Unknown("There is no such page.")
    return Admitted(ask)


def _tokens(house: House, route: Route, request: Request, *, admitted: Admitted) -> str:
    fresh = [token for _, token in admitted.fresh]
    return guard.form_tokens(house, request, fresh) if route.page else ""


WAYS: dict[Audience, Callable[[Ask, Route, Request], Admitted]] = {
    Audience.ANYONE: _anyone,
    Audience.EITHER: _either,
    Audience.SCREEN: _screen,
    Audience.STAFF: _staff,
    Audience.MACHINE: _machine,
    Audience.LOCAL: _local,
    Audience.DEMO: _demo,
}


def enrol_at_sight(ask: Ask, route: Route) -> tuple[Screen, str]:
    """Enrol the screen of a demo's page: there, and only there, whoever opens a page may have it."""
    point = ask.path.get("screen") or ask.path.get("gate") or ask.path.get("till") or ""
    layout = ask.house.service.layout()
    if layout is None or point not in {found.id for found in layout.points}:
        raise Unknown("There is no such point.")
    code = ask.house.staff.new_screen(route.kinds[0], point, language=choose([]))
    return ask.house.staff.enrol_screen(code)


def language_of(ask: Ask, request: Request) -> str:
    """Choose the language: a guest's screen speaks its own; staff choose, and their browser remembers."""
    own = ask.screen.language if ask.screen is not None else None
    if ask.screen is not None and ask.screen.kind in GUEST_KINDS:
        return choose([ask.query.get("lang"), own])
    kept = request.cookies.get(guard.LANGUAGE_COOKIE)
    accepted = [language for language, _ in request.accept_languages]
    return choose([ask.query.get("lang"), kept, own, *accepted])
