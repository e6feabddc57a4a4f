"""The cookie that keeps a guest's own page open in their browser, for minutes."""

from __future__ import annotations

from flask import Request, Response

from sync.central.console.ask import Ask
from sync.central.console.guard import HOST_PREFIX
from sync.central.doors import SESSION_MS
from sync.central.settings import Settings

COOKIE = "polso-own"
CHARS_MAX = 100


def session_of(request: Request, settings: Settings) -> str:
    """Return the session that a browser holds, or nothing."""
    return request.cookies.get(_name(settings), "")[:CHARS_MAX]


def moved_with(ask: Ask, to: str, *, session: str) -> Response:
    """Send a browser on with this session; without one, with none any more."""
    reply = Response(status=303, headers={"Location": to})
    reply.set_cookie(
        _name(ask.rooms.settings),
        session,
        max_age=SESSION_MS // 1_000 if session else 0,
        httponly=True,
        samesite="Strict",
        secure=ask.rooms.settings.behind_tls,
        path="/",
    )
    return reply


def _name(settings: Settings) -> str:
    return HOST_PREFIX + COOKIE if settings.behind_tls else COOKIE
