"""The door: takes each request past the guard to its view, and the answer back out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
from flask import Request, Response, request

from edge.errors import Refused
from kiosk import guard
from kiosk.admission import admit
from kiosk.answers import JSON, respond, spoken
from kiosk.ask import Ask
from kiosk.house import House
from kiosk.limits import Limits
from kiosk.operations import Operations
from kiosk.routes import Route

Decoder = msgspec.json.Decoder[Any]  # one per route, each of the route's own struct


class Door:
    """One per app: holds the rate limits and the answers to repeated operations, and nothing else."""

    def __init__(self, house: House) -> None:
        """Stand before ``house``."""
        self.house = house
        self.limits = Limits()
        self.operations = Operations()

    def view_of(self, route: Route) -> Callable[..., Response]:
        """Return what flask calls for ``route``."""
        decoder = msgspec.json.Decoder(route.body) if route.body is not None and not route.media else None

        def view(**path: str) -> Response:
            guard.refuse_cross_site(route, request, self.house.settings.origins)
            guard.refuse_cards_asked(path, request.args.to_dict())
            admitted = admit(self.house, route, request, path=path)
            ask = admitted.ask
            self.limits.take(ask.caller, route.endpoint, route.rate)
            if decoder is not None:
                ask = replace(ask, body=body_of(request, decoder))
                guard.refuse_card_numbers(ask.body)
            with self.house.service.attempt(ask.session, route.act):
                response = self._answer(route, ask)
            for screen, token in admitted.fresh:
                guard.set_cookie(response, guard.SCREEN_COOKIE + screen.id, token, secure=ask.secure)
            return response

        return view

    def _answer(self, route: Route, ask: Ask) -> Response:
        op = getattr(ask.body, "op", None)
        if op is None:
            return respond(route.view(ask))
        what = f"{ask.caller} {route.endpoint} {sorted(ask.path.items())}"
        asked = msgspec.json.encode(ask.body)
        said = self.operations.once(what, op, lambda: spoken(respond(route.view(ask))), asked=asked)
        return Response(said.body, status=said.status, headers=list(said.headers))


def body_of(request: Request, decoder: Decoder) -> msgspec.Struct:
    """Read the body as the route's struct; anything else is refused with the place where it is wrong.

    Only ``application/json`` is read: a foreign page can send that only after asking first (CORS preflight).
    """
    if request.mimetype != JSON:
        raise Refused("A JSON body is needed.", hint=f"Send it with Content-Type {JSON}.")
    try:
        body = decoder.decode(request.get_data(cache=False))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(f"The body cannot be read: {error}") from error
    if not isinstance(body, msgspec.Struct):
        raise Refused("A JSON object is needed.")
    return body
