"""The matrix of rights: every route of both apps as a row of data, and how it is asked by everybody."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from edge.core.events import Acted, Kind
from edge.core.profiles import StaffMember
from edge.staff import Role
from edge.staff.pins import hash_pin
from edge.staff.session import IDLE_S_MAX, SESSION_S_MAX
from kiosk.app import ROOMS
from kiosk.guard import STAFF_COOKIE
from kiosk.limits import Limits
from sync.central import sites
from sync.central.console import operators
from sync.central.console.guard import SESSION_COOKIE, TOKEN_HEADER, form_token
from sync.central.console.operators import Role as ConsoleRole
from sync.central.console.sessions import IDLE_MS_MAX, SESSION_MS_MAX
from sync.central.console.table import ROUTES as CONSOLE
from sync.central.store import Store
from tests.kiosk.desk_park import PIN, Desk, a_desk, an_op
from tests.security.doors import OURS, Row
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import PASSWORD, a_browser, an_operator

HERE = Path(__file__).parent
EDGE_FILE, CONSOLE_FILE = HERE / "matrix_edge.csv", HERE / "matrix_console.csv"
OWN_FILE = HERE / "matrix_own.csv"
ROLES = tuple(role.value for role in Role)
NOBODY, EXPIRED = "nobody", "expired"
BANDS = {"lost": "report_lost", "found": "report_found", "replace": "replace", "revoke": "revoke"}
PAGES = {
    "/staff/<gate>": 'class="floor"',
    "/till/<till>": 'class="counter"',
    "/phone/<gate>": 'body class="phone"',
}
"""Addresses at which whoever may not is shown the way to sign in."""
REFUSALS = frozenset(
    {"NotAllowed", "RoleLacking", "AskAgain", "SignedOut", "NotSignedIn", "NotEnrolled", "NotFound", "Stale"}
)


@dataclass(frozen=True, slots=True)
class Right:
    """One row of the file: a route (and which of its acts), the action it asks for, and whom it lets in."""

    method: str
    route: str
    act: str
    action: str
    again: bool
    allowed: frozenset[str]

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.method, self.route, self.act) if part)


def rights(file: Path) -> tuple[Right, ...]:
    """The rows of a file; a cell that says neither yes nor no is a mistake."""
    with file.open(encoding="utf-8", newline="") as text:
        return tuple(_right(line) for line in csv.DictReader(text))


def _right(line: Mapping[str, str]) -> Right:
    people = {
        who: said for who, said in line.items() if who not in ("method", "route", "act", "action", "again")
    }
    wrong = {who: said for who, said in people.items() if said not in ("yes", "no")}
    assert not wrong, f"{line['method']} {line['route']}: {wrong} must be yes or no"
    allowed = frozenset(who for who, said in people.items() if said == "yes")
    again = line["again"] == "pin"
    return Right(line["method"], line["route"], line["act"], line["action"], again, allowed)


def kiosk_routes() -> dict[tuple[str, str], Any]:
    return {(row.method, row.rule): row for room in ROOMS for row in room.ROUTES}


@dataclass
class Crew:
    """One person of each role at one edge: fresh, idle for five minutes, and after the shift."""

    desk: Desk
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def ask(self, right: Right, who: str, *, state: str = "fresh") -> TestResponse:
        """Knock at a route as somebody."""
        self.desk.app.extensions["polso-refusals"] = (
            Limits()
        )  # whoever knocks so often waits, which is no answer
        client = self.desk.client()
        if who != NOBODY:
            client.set_cookie(STAFF_COOKIE, self.tokens[who, state])
        address, body = self._question(right)
        json = None if right.method == "GET" else body
        return client.open(address, method=right.method, json=json, headers=OURS)

    def lets_in(self, right: Right, who: str, *, state: str = "fresh") -> bool:
        """Whether the route lets them do it; what they sent may still be nonsense."""
        answer = self.ask(right, who, state=state)
        try:
            if right.route in PAGES:
                return PAGES[right.route] in answer.text
            if right.route.startswith("/demo"):
                return answer.status_code != 404
            if answer.status_code in (303, 401):
                return answer.headers.get("Location", "").split("?")[0] not in ("", "/sign-in", "/enrol")
            return kind_of(answer) not in REFUSALS
        finally:
            answer.close()

    def left(self, right: Right, who: str, *, state: str = "fresh") -> list[tuple[str | None, str]]:
        """Whose refusals a knock left in the journal, and why; whatever was refused before is long ago."""
        service, journal = self.desk.edge.service, self.desk.edge.journal
        for _ in range(2):  # the second time there is nothing left to count on
            service._rooms.repeats.due(0, last=True)
        before = journal.head(0).seq
        self.ask(right, who, state=state).close()
        events = [one for one in journal.range(0, before) if one.kind == Kind.ATTEMPT_REFUSED]
        told = [msgspec.msgpack.decode(one.body, type=Acted) for one in events]
        return [(one.staff, one.reason) for one in told]

    def _question(self, right: Right) -> tuple[str, dict[str, Any]]:
        path = Row("kiosk", right.method, right.route).address
        if right.route == "/api/v1/staff/band":
            return path, {"op": an_op(), "band": "0" * 32, "act": right.act, "reason": "said so"}
        if right.route == "/api/v1/web-nfc":
            return path, {"op": an_op(), "reading": {}}
        if right.act == "elsewhere":
            view = self.desk.edge.service.present(self.desk.edge.tap(reader="reader-out"))
            return path, {"op": an_op(), "tap_id": view.tap_id, "reason": "mistake"}
        return (f"{path}?{right.act}" if right.act else path), {}


def kind_of(answer: TestResponse) -> str:
    """The kind of a refusal; a page's refusal tells by its status."""
    body = answer.get_json(silent=True) if answer.mimetype != "text/event-stream" else None
    kind = body.get("kind", "") if isinstance(body, dict) else ""
    return kind or ("NotAllowed" if answer.status_code == 403 else "")


@contextmanager
def a_crew(folder: Path) -> Iterator[Crew]:
    """Everybody signed in three times: long ago, a while ago, just now."""
    with a_desk(folder) as desk:
        crew = Crew(desk)
        edge = desk.edge
        hashes = {role: hash_pin(edge.vault.keyed_pin(role, PIN)) for role in ROLES}
        edge.employ(*(StaffMember(id=r, name=r, roles=(r,), pin_hash=hashes[r]) for r in ROLES), version=5)
        for state, wait_s in ((EXPIRED, SESSION_S_MAX), ("idle", IDLE_S_MAX), ("fresh", 0)):
            for role in ROLES:
                crew.tokens[role, state] = desk.house.staff.sign_in(role, PIN, "north").token
            edge.hands.forward(s=wait_s)
        yield crew


CONSOLE_ROLES = tuple(role.value for role in ConsoleRole)


def console_routes() -> dict[tuple[str, str], Any]:
    return {(row.method, row.rule): row for row in CONSOLE}


@dataclass
class Office:
    """One person of each role at central's console: at work, idle for half an hour, after twelve hours."""

    store: Store
    client: FlaskClient
    sessions: dict[tuple[str, str], str] = field(default_factory=dict)

    def lets_in(self, right: Right, who: str, *, state: str = "fresh") -> bool:
        """Whether the route lets them do it; what they sent may still be nonsense."""
        session = self.sessions.get((who, state), "")
        self.client.set_cookie(SESSION_COOKIE, session)
        headers = OURS | ({TOKEN_HEADER: form_token(session)} if session else {})
        address = "/console" + Row("console", right.method, right.route).address
        answer = self.client.open(address, method=right.method, headers=headers)
        if right.route == "/sign-out" and answer.status_code == 303:
            self.sessions[who, state] = operators.sign_in(self.store, who, PASSWORD)
            return True
        if answer.status_code == 303:
            return answer.headers["Location"] != "/console/sign-in"
        return answer.status_code not in (400, 401, 403)


@contextmanager
def an_office(folder: Path) -> Iterator[Office]:
    """Everybody signed in three times: long ago, a while ago, just now."""
    clock = Clockwork()
    store = Store(str(folder / "central.db"), now_ms=clock)
    office = Office(store, a_browser(store).client)
    for role in ConsoleRole:
        an_operator(store, role.value, role)
    with store.transaction() as tx:
        sites.create_site(tx, SITE)
    try:
        for state, wait_ms in ((EXPIRED, SESSION_MS_MAX), ("idle", IDLE_MS_MAX), ("fresh", 0)):
            for role in CONSOLE_ROLES:
                office.sessions[role, state] = operators.sign_in(store, role, PASSWORD)
            clock.ms += wait_ms
        yield office
    finally:
        store.close()
