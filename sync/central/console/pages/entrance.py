"""The entrance: signing in and out, the language, and the files of the pages."""

from __future__ import annotations

from flask import Response

from sync.central.console import guard, operators, render, sessions
from sync.central.console.acts import Act, record
from sync.central.console.answers import Answer, Moved, Page
from sync.central.console.ask import Ask
from sync.central.console.routes import Audience, Route, act, read
from sync.central.console.words import LANGUAGES

HOME = "/console/"


def sign_in_page(ask: Ask) -> Answer:
    """Show the way in; where nobody was ever let in, how to let somebody in."""
    if ask.who is not None:
        return Moved(HOME)
    with ask.store.reading() as tx:
        return Page("sign_in.html", {"nobody": operators.nobody_yet(tx), "name": ask.typed("name")})


def sign_in(ask: Ask) -> Answer:
    """Let a person in and remember it in the browser."""
    name = ask.typed("name")
    password, browser = ask.request.form.get("password", "")[:400], ask.request.user_agent.string
    session = operators.sign_in(ask.store, name, password, code=ask.typed("code"), browser=browser)
    with ask.store.transaction() as tx:
        sessions.end(tx, ask.session)  # whoever was signed in at this browser is no longer
        record(tx, Act(who=name, what="signed_in"))
    reply = render.respond(ask, Moved(HOME))
    guard.set_session(reply, session, ask.rooms.settings)
    return reply


def sign_out(ask: Ask) -> Answer:
    """End the session here and at central."""
    with ask.store.transaction() as tx:
        sessions.end(tx, ask.session)
        ask.record(tx, "signed_out", "")
    reply = render.respond(ask, Moved("/console/sign-in"))
    guard.set_session(reply, "", ask.rooms.settings)
    return reply


def speak(ask: Ask) -> Answer:
    """Remember the language that was asked for."""
    language = ask.typed("language")
    back = ask.typed("back")
    here = back if back.startswith("/console/") and "\\" not in back and "//" not in back else HOME
    reply: Response = render.respond(ask, Moved(here))
    if language in LANGUAGES:
        reply.set_cookie(
            guard.LANGUAGE_COOKIE,
            language,
            max_age=guard.LANGUAGE_AGE_S_MAX,
            httponly=True,
            samesite="Strict",
            secure=ask.rooms.settings.behind_tls,
            path="/",
        )
    return reply


def _again(ask: Ask) -> Answer:
    return sign_in_page(ask)


ROUTES: tuple[Route, ...] = (
    read("/sign-in", sign_in_page, "The way in.", audience=Audience.ANYONE),
    Route("POST", "/sign-in", sign_in, Audience.ANYONE, "Sign in.", again=_again),
    act("/sign-out", sign_out, "Sign out.", audience=Audience.SIGNED_IN),
    act("/language", speak, "Choose the language.", audience=Audience.ANYONE),
    read("/assets/<digest>/<path:name>", render.asset, "One static file.", audience=Audience.ANYONE),
)
