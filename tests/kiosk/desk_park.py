"""A desk over a real edge: store, sequencer, service and staff are the product's own; only time is ours."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from edge.core.places import Layout
from edge.core.profiles import StaffMember
from edge.run.web import Web
from hardware.port import Tap, Trust
from kiosk.app import House, Settings, create_app, serve_options, streams_of
from kiosk.guard import TOKEN_HEADER, form_token
from kiosk.house import RemoteTap
from kiosk.listening import listening_socket
from tests.builders import a_layout
from tests.service.house import READERS, a_member, an_edge
from tests.service.house import House as Edge

PIN = "2468"
ROLES = {"anna": ("gate", "supervisor"), "bruno": ("gate",), "carla": ("operator",)}
MEMBERS: dict[str, StaffMember] = {}
OPS = itertools.count(1)
NORTH = {"it": "Ingresso Nord", "en": "North Gate", "fr": "Porte Nord", "de": "Nordtor", "es": "Puerta Norte"}
PARK = {"it": "Il parco", "en": "The park", "fr": "Le parc", "de": "Der Park", "es": "El parque"}


def an_op() -> str:
    return f"operation-{next(OPS):08d}"


def a_named_layout() -> Layout:
    layout = a_layout()
    names = {"north": NORTH, "kiosk": {"it": "Piazza"}, "castle": {"it": "Il castello"}}
    points = tuple(msgspec.structs.replace(p, names=names.get(p.id, p.names)) for p in layout.points)
    zones = tuple(msgspec.structs.replace(z, names=PARK if z.id == "park" else z.names) for z in layout.zones)
    return msgspec.structs.replace(layout, points=points, zones=zones)


class PageClient(FlaskClient):
    """A browser in which our own page is open: what it sends carries that page's token."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        headers = Headers(kwargs.pop("headers", None))
        held = [cookie.value for cookie in (self._cookies or {}).values()]
        if held and TOKEN_HEADER not in headers:
            headers[TOKEN_HEADER] = " ".join(map(form_token, held))
        return super().open(*args, headers=headers, **kwargs)


@dataclass
class Desk:
    """The app over the edge, and what a test does with it in one line."""

    edge: Edge
    house: House
    app: Flask
    heard: list[tuple[str, bytes]] = field(default_factory=list)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    """Sessions by person and point: signing in takes a tenth of a second, by intention."""

    def client(self) -> FlaskClient:
        self.app.test_client_class = PageClient
        return self.app.test_client()

    def signed_in(self, who: str = "anna", point: str = "north") -> FlaskClient:
        """A browser at which somebody works; the session is the real one, without the page."""
        client = self.client()
        known = self.tokens.get((who, point))
        if known is None or self.house.staff.session(known) is None:  # the PIN again ends a token
            self.tokens[who, point] = self.house.staff.sign_in(who, PIN, point).token
        client.set_cookie("polso-staff", self.tokens[who, point])
        return client

    def screen(
        self, kind: str, point: str = "north", client: FlaskClient | None = None
    ) -> tuple[FlaskClient, str]:
        """A browser that is an enrolled screen, and the screen's id."""
        client = client or self.client()
        screen, token = self.house.staff.enrol_screen(self.house.staff.new_screen(kind, point, language="it"))
        client.set_cookie(f"polso-screen-{screen.id}", token)
        return client, screen.id

    def reader(self, point: str = "north") -> str:
        """The token of a remote reader at a point."""
        _, token = self.house.staff.enrol_screen(self.house.staff.new_screen("reader", point))
        return token


def post(client: FlaskClient, path: str, **body: Any) -> TestResponse:
    """A POST as our own page sends it."""
    return client.post(path, json={"op": an_op(), **body}, headers={"Origin": "http://localhost"})


def employed(edge: Edge, who: str) -> StaffMember:
    """A member of staff; every edge of the tests has the same keys, so one slow hash serves them all."""
    if who not in MEMBERS:
        MEMBERS[who] = a_member(who, *ROLES[who], house=edge)
    return MEMBERS[who]


@contextmanager
def a_desk(folder: Path, **settings: Any) -> Iterator[Desk]:
    """A desk with Anna (supervisor), Bruno (gate) and Carla (operator), all with the PIN 2468."""
    with an_edge(folder, layout=a_named_layout()) as edge:
        edge.employ(*(employed(edge, who) for who in ROLES))
        heard: list[tuple[str, bytes]] = []
        house = House(
            service=edge.service,
            staff=edge.staff,
            feed=edge.feed,
            health=edge.health,
            clock=edge.clock,
            settings=Settings(**settings),
            remote=lambda tap: edge.service.present(presented(tap)),
            webnfc=lambda point, read: (heard.append((point, read)), f"phone-{point}")[1],
        )
        yield Desk(edge, house, create_app(house), heard)


def presented(tap: RemoteTap) -> Tap:
    """What `edge.run` makes of a remote reader's tap."""
    reader = next(name for name, point in sorted(READERS.items()) if point == tap.point)
    return Tap(
        reader=reader,
        seq=tap.seq,
        tap_id=tap.tap_id,
        uid=tap.uid,
        trust=Trust(tap.trust),
        at_ns=0,
        counter=tap.counter,
    )


@contextmanager
def serving(desk: Desk, *, threads: int | None = None) -> Iterator[str]:
    """The desk behind the real server on a free port; yields its address."""
    listener = listening_socket("127.0.0.1", 0)
    options: dict[str, Any] = serve_options(desk.house.settings.screens_max)
    if threads is not None:
        options["threads"] = threads
    web = Web(desk.app, listener, options)
    web.start()
    try:
        yield web.url
    finally:
        streams_of(desk.app).end()
        web.stop()
