"""Every door of the house as data: each route of both apps, how to knock at it, and who may open it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge.staff import PERMISSIONS
from kiosk.app import ROOMS
from kiosk.guard import STAFF_COOKIE
from kiosk.routes import Audience, Rate
from kiosk.routes import Route as KioskRoute
from sync.central import doors as guest_doors
from sync.central import sites
from sync.central.channels.routes import DOCUMENT
from sync.central.channels.routes import ROUTES as CHANNELS
from sync.central.console import operators
from sync.central.console.guard import SESSION_COOKIE, form_token
from sync.central.console.routes import Audience as ConsoleAudience
from sync.central.console.table import ROUTES as CONSOLE
from sync.central.own.blueprint import PREFIX
from sync.central.own.blueprint import ROUTES as OWN
from sync.central.own.cookie import COOKIE
from sync.central.registry import guests
from sync.central.registry.guests import Guest
from sync.central.store import Store
from sync.routes import HOOKS, LOOKS, ROUTES
from tests.kiosk.desk_park import PIN, ROLES, Desk, a_desk, an_op
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import PASSWORD, a_browser, an_operator

OURS = {"Origin": "http://localhost"}
FILLED = {
    "screen": "gate-00000000",
    "gate": "north",
    "till": "north",
    "table": "taps.csv",
    "language": "it.json",
    "site": SITE,
}
HOME = ("GET", "/")


@dataclass(frozen=True, slots=True)
class Row:
    """One method at one address of one app."""

    app: str
    method: str
    rule: str
    route: Any = None

    @property
    def name(self) -> str:
        return f"{self.app} {self.method} {self.rule}"

    @property
    def address(self) -> str:
        return re.sub(r"[<{](?:path:)?(\w+)[>}]", lambda found: FILLED.get(found[1], "x"), self.rule)

    @property
    def unsafe(self) -> bool:
        return self.method not in ("GET", "HEAD")


def of_kiosk() -> tuple[Row, ...]:
    rows = [row for room in ROOMS for row in room.ROUTES if row.audience is not Audience.DEMO]
    return tuple(Row("kiosk", row.method, row.rule, row) for row in rows)


def of_console() -> tuple[Row, ...]:
    return tuple(Row("console", row.method, "/console" + row.rule, row) for row in CONSOLE)


def of_own() -> tuple[Row, ...]:
    return tuple(Row("own", row.method, PREFIX + row.rule, row) for row in OWN)


def of_api() -> tuple[Row, ...]:
    return tuple(Row("api", row.method, row.path, row) for row in ROUTES)


def of_looks() -> tuple[Row, ...]:
    return (Row("looks", *HOME), *(Row("looks", "GET", look.path) for look in LOOKS))


def of_hooks() -> tuple[Row, ...]:
    return tuple(Row("api", "POST", hook.path) for hook in HOOKS)


def of_channels() -> tuple[Row, ...]:
    """The rows of the API for channels, and its document."""
    return (*(Row("api", row.method, row.path) for row in CHANNELS), Row("looks", "GET", DOCUMENT))


CENTRALS = (*of_console(), *of_own(), *of_api(), *of_hooks(), *of_channels(), *of_looks())
ALL = (*of_kiosk(), *CENTRALS)


@dataclass
class Doors:
    """Both apps, and browsers before them."""

    desk: Desk
    store: Store
    central: Flask

    def app(self, row: Row) -> Flask:
        return self.desk.app if row.app == "kiosk" else self.central

    def stranger(self, row: Row) -> FlaskClient:
        """A browser without any credential."""
        return self.desk.client() if row.app == "kiosk" else self.central.test_client()

    def knock(self, row: Row, client: FlaskClient | None = None, **request: Any) -> TestResponse:
        """Ask for a row; what is not said is as our own page would send it."""
        request.setdefault("method", row.method)
        request.setdefault("headers", OURS if row.unsafe and row.app != "api" else {})
        if row.unsafe and not {"json", "data"} & set(request):
            request["json"] = {"op": an_op()}
        return (client or self.stranger(row)).open(row.address, **request)

    def insider(self, row: Row) -> tuple[FlaskClient, dict[str, str], str]:
        """A browser that the row lets in, what it sends, and the credential it holds."""
        if row.app == "console":
            return self._operator()
        if row.app == "own":
            return self._guest()
        client, route = self.desk.client(), row.route
        if route.audience is Audience.SCREEN:
            client, _ = self.desk.screen(route.kinds[0] if route.kinds else "kiosk", client=client)
            [credential] = [cookie.value for cookie in client._cookies.values()]
            FILLED["screen"] = next(iter(client._cookies.values())).key.removeprefix("polso-screen-")
            return client, dict(OURS), credential
        if route.audience is Audience.MACHINE:
            return client, {"Authorization": f"Bearer {self.desk.reader()}"}, ""
        person = person_for(route)
        client = self.desk.signed_in(person, "north")
        cookie = client.get_cookie(STAFF_COOKIE)
        return client, dict(OURS), cookie.value if cookie else ""

    def _guest(self) -> tuple[FlaskClient, dict[str, str], str]:
        with self.store.transaction() as tx:
            guests.put_guests(tx, SITE, [Guest(id="g-own", name="Giulia")])
            _, session = guest_doors.enter(tx, guest_doors.invite(tx, SITE, "g-own", by="olga"))
        client = self.central.test_client()
        client.set_cookie(COOKIE, session)
        return client, {**OURS, "X-Polso-Token": form_token(session)}, session

    def _operator(self) -> tuple[FlaskClient, dict[str, str], str]:
        session = operators.sign_in(self.store, "olga", PASSWORD)
        client = self.central.test_client()
        client.set_cookie(SESSION_COOKIE, session)
        return client, {**OURS, "X-Polso-Token": form_token(session)}, session


def person_for(route: KioskRoute) -> str:
    """Somebody of the desk who may do what the row is for."""
    wanted = set() if route.action is None else {role.value for role in PERMISSIONS[route.action].roles}
    return next((who for who, roles in ROLES.items() if not wanted or wanted & set(roles)), "anna")


def bound(row: Row) -> bool:
    """Whether a row is an act of a page with a credential: one that must carry the page's token."""
    if row.app in ("console", "own"):
        return row.unsafe and row.route.audience is not ConsoleAudience.ANYONE
    return row.app == "kiosk" and row.unsafe and row.route.audience in (Audience.SCREEN, Audience.STAFF)


@contextmanager
def all_doors(folder: Path) -> Iterator[Doors]:
    """A desk of the edge and a central with an operator and a site."""
    store = Store(str(folder / "central.db"), now_ms=Clockwork())
    an_operator(store)
    with store.transaction() as tx:
        sites.create_site(tx, SITE)
    (folder / "desk").mkdir()
    try:
        with pytest.MonkeyPatch.context() as patch, a_desk(folder / "desk") as desk:
            patch.setattr("kiosk.app.REFUSALS", Rate(10**6, 1e6))  # who knocks at every door is refused a lot
            yield Doors(desk, store, a_browser(store).client.application)
    finally:
        store.close()


__all__ = ["ALL", "CENTRALS", "OURS", "PIN", "Doors", "Row", "all_doors", "bound"]
