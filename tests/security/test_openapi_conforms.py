"""Threat 14, hostile bytes: whatever fits or breaks the documents is answered as the documents say."""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from flask import Flask, Response

from edge.core.pins import PAUSE_S_MAX
from edge.errors import NotAllowed, Refused
from edge.keys.ring import new_ring
from edge.staff.sign_in import Paused
from edge.vault import Vault
from edge.views import StaffView
from hardware.port import ReadFault, Trust
from kiosk.guard import TOKEN_HEADER, form_token
from kiosk.limits import Limits
from kiosk.routes import Audience
from sync.central import feed
from sync.central.app import create_app
from sync.central.console.desks import open_desk
from sync.central.enrolment import Invitation, invite
from sync.central.settings import Settings
from sync.central.store import Store
from sync.claiming import ClaimAsk
from sync.desk import DeskStep
from sync.routes import BOX, BOXES, CLAIMS, DESK, ENROLMENTS, EVENTS, LOOKS, ROLL, ROUTES
from sync.signing import NEW_DEVICE, Keys, Signer, public_half
from sync.wire import MEDIA, BoxDeposit, BoxRequest, EnrolRequest, RollRequest
from tests.kiosk.desk_park import PIN, Desk, an_op
from tests.security.doors import FILLED, OURS, Doors, Row, all_doors, of_kiosk
from tests.service.house import OTHER_UID, UID, band_of
from tests.sync.builders import KEY, PRIVATE_KEY, SITE
from tests.sync.caller import URL, Caller
from tests.sync.console.desk import an_operator
from tests.sync.ends import a_report

if TYPE_CHECKING:
    from tests.security.conforming import Held, Known, Trial

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]
SEED = int(os.environ.get("POLSO_SCHEMA_SEED") or random.SystemRandom().randrange(2**32))
EDGE, CENTRAL, UNSIGNED = 12, 40, 6
"""Cases of each kind, well-formed and broken, an operation."""
ENDLESS = "/events"
"""A stream has no end to wait for: it is looked at by its own tests (tests/kiosk/test_stream.py)."""
ROWS = tuple(row for row in of_kiosk() if row.route.for_programs and row.rule != ENDLESS)
API = tuple((route.method, route.path) for route in ROUTES)
PLANTS = {
    "a server error": lambda: 1 / 0,
    "an unknown status": lambda: Response(b'{"ok":true}', 418, mimetype="application/json"),
    "another kind": lambda: Response("<p>well", mimetype="text/html"),
    "another shape": lambda: Response(b'{"ok":"yes"}', mimetype="application/json"),
}


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    from tests.security.conforming import leaping

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kiosk.door.Limits", lambda: Limits(leaping()))
        with all_doors(tmp_path_factory.mktemp("doors")) as opened:
            yield opened


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    """Imported here: the fast suite need not wait for it."""
    from tests.security.conforming import Trial

    made = Trial(SEED)
    print(f"replay with POLSO_SCHEMA_SEED={SEED}")
    yield made
    print(f"{made.counts.total()} cases")


def credentials(doors: Doors, row: Row) -> Held:
    """What a page, a screen or a reader that the row lets in sends along."""
    from tests.security.conforming import Held

    doors.desk.tokens.clear()  # what came before may have signed out, or typed a wrong PIN too often
    try:
        client, headers, credential = doors.insider(row)
    except Paused:
        doors.desk.edge.hands.forward(s=PAUSE_S_MAX)
        client, headers, credential = doors.insider(row)
    cookies = {cookie.key: cookie.value for cookie in (client._cookies or {}).values()}
    return Held({**headers, TOKEN_HEADER: form_token(credential)}, cookies)


def known_at(desk: Desk) -> Known:
    """What is there at a desk: taps passed and refused, a call, an alarm, a question, codes, screens."""
    from tests.security.conforming import always

    service, staff = desk.edge.service, desk.house.staff
    refused = a_refusal(desk)
    service.present(desk.edge.tap(trust=Trust.NONE, fault=ReadFault.NOT_AUTHENTIC, counter=None))
    return {
        "op": an_op,
        "tap_id": always(refused.tap_id),
        "band": always(band_of(desk.edge, UID).hex()),
        "source": always(band_of(desk.edge, OTHER_UID).hex()),
        "uid": always(UID.hex()),
        "point": always("north"),
        "zone": always("park"),
        "text": always("Giulia"),
        "who": always("anna"),
        "pin": always(PIN),
        "screen": always(FILLED["screen"]),
        "till": always(FILLED["till"]),
        "call": lambda: service.call_help("kiosk", an_op()).id,
        "alarm": lambda: next((one.id for one in service.alarms()), "none"),
        "request": lambda: a_question(desk),
        "code": lambda: staff.new_screen("gate", "north"),
    }


def a_refusal(desk: Desk) -> StaffView:
    """Giulia has passed; her second tap is refused."""
    desk.edge.service.present(desk.edge.tap())
    return desk.edge.service.present(desk.edge.tap())


def a_question(desk: Desk) -> str:
    """What Bruno asked; only so many may wait at once."""
    for waiting in desk.edge.service.approvals():
        return waiting.id
    bruno = desk.edge.session("gate", staff="bruno")
    try:
        return desk.edge.service.ask_override(bruno, a_refusal(desk).tap_id, reason="ticket_seen").id
    except (NotAllowed, Refused):  # a case before this one has revoked her band, which nobody may override
        return "none"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_edge_answers_as_its_document_says(doors: Doors, trial: Trial, row: Row) -> None:
    operation = edge_operation(doors, trial, row)
    held = credentials(doors, row)

    told = trial.run(operation, examples=EDGE, held=held, known=known_at(doors.desk))

    assert told.total()
    assert row.route.audience is Audience.ANYONE or set(told) - {401, 403}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_edge_answers_strangers_as_its_document_says(doors: Doors, trial: Trial, row: Row) -> None:
    from tests.security.conforming import Held

    told = trial.run(edge_operation(doors, trial, row), examples=UNSIGNED, held=Held(OURS, {}))

    open_to_all = row.route.audience in (Audience.ANYONE, Audience.LOCAL)
    assert open_to_all or set(told) <= {401, 403, 404, 422}


def edge_operation(doors: Doors, trial: Trial, row: Row) -> Any:
    schema = document_of(trial, "/api/openapi.json", doors.desk.app)
    return schema[row.rule.replace("<", "{").replace(">", "}")][row.method]


@functools.cache
def read_document(trial_seed: int, path: str, app: Flask) -> Any:
    from tests.security.conforming import Trial

    return Trial(trial_seed).document(path, app)


def document_of(trial: Trial, path: str, app: Flask) -> Any:
    return read_document(trial.seed, path, app)


def known_to(caller: Caller, path: str) -> Known:
    """What is true of a device, and its whole message for a route as often."""
    from tests.security.conforming import always

    with caller.store.transaction() as tx:
        code, epoch = invite(tx, Invitation(site=SITE)), feed.head(tx, SITE).epoch
        token = open_desk(tx, SITE, "olga")
    caller.journal.write(1)
    messages: dict[str, msgspec.Struct] = {
        ENROLMENTS: EnrolRequest(code=code, public_key=KEY),
        EVENTS: caller.journal.batch(1, 1),
        ROLL: RollRequest(public_key=public_half(b"n" * 32)),
        CLAIMS: ClaimAsk(band=b"b" * 16, code="12345678", point="kiosk"),
        BOX: BoxDeposit(public_key=KEY, sealed=b"x" * 40),
        DESK: DeskStep(token=token, act="newest"),
    }
    message = messages.get(path) or (
        BoxRequest(public_key=KEY) if path == BOXES else a_report(caller.device.id)
    )
    return {
        "": always(msgspec.msgpack.encode(message)),
        "epoch": always(epoch),
        "cursor": always(0),
        "device": always(caller.device.id),
        "site": always(SITE),
        "code": always(code),
        "token": always(token),
    }


@pytest.fixture
def central(tmp_path: Path) -> Iterator[Caller]:
    """A central that holds no request open, and a device that has left a box there."""
    from tests.sync.builders import Clockwork

    seals = Vault(bytes(32), new_ring())
    store = Store(str(tmp_path / "central.db"), now_ms=Clockwork(), seals=seals)
    try:
        settings = Settings(polls_max=0, desk_keys=lambda *_: {})
        caller = Caller(create_app(store, settings).test_client(), store)
        an_operator(store)
        assert (
            caller.status(f"/v1/devices/{caller.device.id}/box", BoxDeposit(public_key=KEY, sealed=b"x"))
            == 200
        )
        yield caller
    finally:
        store.close()


@pytest.mark.parametrize(("method", "path"), API, ids=lambda part: part)
def test_central_answers_a_device_as_its_document_says(
    central: Caller, trial: Trial, method: str, path: str
) -> None:
    from tests.security.conforming import Signing

    key_id = NEW_DEVICE if path == ENROLMENTS else central.key_id
    signer = Signer(Keys(key_id=key_id, private_key=PRIVATE_KEY), central.store.now_ms, dialled=URL)
    app = Signing(central.http.application, signer)

    operation = trial.document("/openapi.json", app)[path][method]
    told = trial.run(operation, examples=CENTRAL, known=known_to(central, path))

    assert told[200] or told[410]  # of a page's numbers all must fit at once
    assert 401 not in told or path in (ENROLMENTS, BOXES, ROLL)  # where the body says whose key it is


@pytest.mark.parametrize(
    ("method", "path"), [*API, *(("GET", look.path) for look in LOOKS)], ids=lambda part: part
)
def test_central_answers_strangers_as_its_document_says(
    central: Caller, trial: Trial, method: str, path: str
) -> None:
    operation = trial.document("/openapi.json", central.http.application)[path][method]

    told = trial.run(operation, examples=UNSIGNED)

    refused = {400, 403} if path == DESK else {400, 401}  # a desk has a token and signs nothing
    assert set(told) <= (refused if (method, path) in API else {200, 400})


@pytest.mark.parametrize("plant", PLANTS)
def test_a_planted_fault_is_found(tmp_path: Path, trial: Trial, plant: str) -> None:
    from schemathesis.core.failures import FailureGroup

    with all_doors(tmp_path) as opened:
        app = opened.desk.app
        app.view_functions["GET /healthz"] = PLANTS[plant]
        operation = trial.document("/api/openapi.json", app)["/healthz"]["GET"]
        with pytest.raises((FailureGroup, ZeroDivisionError)):  # what a view raises comes through as it is
            trial.run(operation, examples=1)


def test_a_planted_fault_in_messagepack_is_found(
    central: Caller, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    from schemathesis.core.failures import FailureGroup

    app = central.http.application
    wrong = msgspec.msgpack.encode({"device": 7, "key_id": "a", "time_ms": 1})
    monkeypatch.setitem(
        app.view_functions, "api.roll_key", lambda device: Response(wrong, content_type=MEDIA)
    )
    with pytest.raises(FailureGroup):
        trial.run(trial.document("/openapi.json", app)[ROLL]["POST"], examples=2)
