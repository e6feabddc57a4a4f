"""What machines ask: taps of remote readers, phones, health, figures, and the document of it all."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from edge.core.known import ANSWERS
from edge.errors import NotAllowed, Offline, PolsoError, Refused, StoreError, Unknown
from kiosk.app import serve_options
from kiosk.limits import BUCKETS_MAX, Limits, TooOften
from kiosk.operations import OPERATION_AGE_S_MAX, OPERATIONS_MAX, Operations, Said
from kiosk.refusals import as_json, problem_of
from kiosk.routes import Rate
from tests.kiosk.desk_park import PIN, Desk, a_desk, an_op, post
from tests.service.house import UID, worn


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path) as made:
        yield made


def tap(client: FlaskClient, token: str, **changes: Any) -> Any:
    body = {"tap_id": "0000beef:1", "seq": 1, "uid": UID.hex(), "trust": 3, "counter": 7, **changes}
    return client.post("/api/v1/taps", json=body, headers={"Authorization": f"Bearer {token}"})


def test_a_remote_readers_tap_is_decided_and_journaled_once(desk: Desk) -> None:
    token = desk.reader()
    first, again = tap(desk.client(), token), tap(desk.client(), token)
    assert first.status_code == 200
    assert (first.json["outcome"], first.json["reason"]) == ("granted", "entered")
    assert (again.json["seq"], again.json["outcome"]) == (first.json["seq"], "granted")
    assert len(desk.edge.decided()) == 1
    other = tap(desk.client(), token, tap_id="0000beef:2", counter=8)
    assert other.json["reason"] == "already_used_here"


def test_only_readers_may_present_bands(desk: Desk) -> None:
    screen, _ = desk.screen("gate")
    for token in ("", "nonsense", next(iter(screen._cookies.values())).value):
        assert tap(desk.client(), token).status_code == 403
    assert desk.edge.decided() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"uid": "xyz"},
        {"uid": "0411"},
        {"trust": 4},
        {"trust": 0},
        {"seq": -1},
        {"seq": "1"},
        {"more": 1},
        {"tap_id": ""},
    ],
)
def test_a_tap_that_is_no_tap_is_refused_with_the_place_where_it_is_wrong(
    desk: Desk, wrong: dict[str, Any]
) -> None:
    answer = tap(desk.client(), desk.reader(), **wrong)
    assert answer.status_code == 422
    assert next(iter(wrong)) in answer.json["title"]


def test_a_store_that_cannot_write_is_said_and_never_green(desk: Desk) -> None:
    token, client = desk.reader(), desk.client()
    assert client.get("/readyz").status_code == 200
    assert tap(client, token, tap_id="0000beef:0", counter=6).json["outcome"] == "granted"
    desk.edge.sequencer.stop()
    answer = tap(client, token)
    assert answer.json["outcome"] != "granted"
    assert answer.json["reason"] == "store_unavailable"
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json is not None
    assert ready.json["cause"]
    assert client.get("/healthz").status_code == 200


def test_device_says_how_it_decides_known_cases_and_is_not_well_when_that_is_wrong(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    well = desk.client().get("/healthz")
    assert (well.status_code, well.json) == (200, {"ok": True, "cause": "", "decides": dict(ANSWERS)})
    monkeypatch.setattr("edge.core.entry.identity.failures", lambda facts: ())
    wrong = desk.client().get("/healthz")
    assert (wrong.status_code, wrong.json and wrong.json["ok"]) == (503, False)


def test_what_a_phone_read_goes_to_its_driver(desk: Desk) -> None:
    client, screen = desk.screen("gate")
    reading = {"url": "https://example/?p=1", "serial": "04:11"}
    assert post(client, f"/api/v1/web-nfc?screen={screen}", reading=reading).status_code == 200
    [(point, octets)] = desk.heard
    assert (point, json.loads(octets)) == ("north", reading)


def test_a_pages_fault_is_logged_on_one_line_and_not_forever(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    client, screen = desk.screen("gate")
    with caplog.at_level(logging.WARNING, "polso.kiosk"):
        codes = [
            post(client, "/api/v1/screen-faults", page="gate", fault="a\nb\x00c").status_code
            for _ in range(9)
        ]
    assert codes[0] == 200
    assert codes[-1] == 429
    assert caplog.messages[0] == f"screen fault screen={screen} page=gate fault=a b c"


def test_figures_are_for_this_machine_and_for_machines(desk: Desk) -> None:
    client = desk.client()
    assert b"polso_" in client.get("/metrics").data
    afar = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/metrics", environ_base=afar).status_code == 403
    token = {"Authorization": f"Bearer {desk.reader()}"}
    assert client.get("/metrics", environ_base=afar, headers=token).status_code == 200


@pytest.mark.slow
@pytest.mark.timeout(30)
def test_the_document_is_valid_and_names_every_address_for_programs(desk: Desk) -> None:
    from openapi_spec_validator import validate  # builds grammars for seconds

    document = desk.client().get("/api/openapi.json").get_json()
    validate(document)
    table = desk.app.extensions["polso-routes"].values()
    spoken = {row.rule.replace("<", "{").replace(">", "}") for row in table if row.rule.startswith("/api/")}
    assert spoken <= set(document["paths"])
    assert "TapBody" in document["components"]["schemas"]
    assert not {path for path in document["paths"] if path.startswith(("/staff", "/ops", "/k/{screen}/x"))}


def test_the_same_operation_is_done_once_even_when_pressed_twice_at_the_same_moment(desk: Desk) -> None:
    client = desk.signed_in()
    op = an_op()
    answers: list[int] = []

    def press() -> None:
        answers.append(
            post(client, "/api/v1/staff/count", op=op, zone="park", delta=3, reason="counted").status_code
        )

    presses = [threading.Thread(target=press) for _ in range(4)]
    for one in presses:
        one.start()
    for one in presses:
        one.join()
    assert answers == [200] * 4
    assert desk.edge.service.counters().inside["park"] == 3
    assert post(client, "/api/v1/staff/count", zone="park", delta=3, reason="counted").status_code == 200
    assert desk.edge.service.counters().inside["park"] == 6


def test_an_operation_belongs_to_who_began_it(desk: Desk) -> None:
    op = an_op()
    for who in ("anna", "bruno"):
        answer = post(desk.signed_in(who), "/api/v1/staff/look-up", op=op, text="Giulia")
        assert answer.status_code == 200
    assert len(desk.edge.events(*[kind for kind in _kinds() if kind.name == "LOOKED_UP"])) == 2


def test_somebody_else_at_one_address_is_refused_under_the_same_id_and_gets_nobodys_session(
    desk: Desk,
) -> None:
    body = {"op": an_op(), "who": "anna", "pin": PIN, "point": "north"}
    first, second = desk.client(), desk.client()
    assert post(first, "/api/v1/sign-in", **body).status_code == 200
    assert post(first, "/api/v1/sign-in", **body).status_code == 200, "the same words are the same act"
    other = post(second, "/api/v1/sign-in", **(body | {"who": "bruno"}))
    assert (other.status_code, other.get_json()["kind"]) == (422, "OtherAct")
    assert "new id" in other.get_json()["hint"]
    assert "Set-Cookie" not in other.headers
    wrong = post(second, "/api/v1/sign-in", **(body | {"pin": "0000"}))
    assert (wrong.status_code, "Set-Cookie" in wrong.headers) == (422, False), "nor by the id and no PIN"
    assert post(second, "/api/v1/sign-in", **(body | {"who": "bruno", "op": an_op()})).status_code == 200


def _kinds() -> list[Any]:
    from edge.core.events import Kind

    return list(Kind)


def test_an_act_that_failed_may_be_tried_again_under_its_id() -> None:
    operations, tries = Operations(), []

    def act() -> Said:
        tries.append(1)
        if len(tries) == 1:
            raise StoreError
        return Said(200, (), b"done")

    with pytest.raises(StoreError):
        operations.once("anna", "op", act)
    assert operations.once("anna", "op", act).body == b"done"
    assert operations.once("anna", "op", act).body == b"done"
    assert len(tries) == 2


def test_operations_are_forgotten_by_age_and_by_number() -> None:
    now = [0.0]
    operations = Operations(lambda: now[0])
    said = [Said(200, (), b"%d" % n) for n in range(OPERATIONS_MAX + 2)]
    for n in range(OPERATIONS_MAX + 1):
        operations.once("a", str(n), lambda n=n: said[n])  # type: ignore[misc]  # bound per turn
    assert operations.once("a", "0", lambda: said[-1]) is said[-1]
    assert operations.once("a", "5", lambda: said[-1]) is said[5]
    now[0] = OPERATION_AGE_S_MAX + 1
    assert operations.once("a", "5", lambda: said[-1]) is said[-1]


def test_a_bucket_fills_again_with_time_and_never_over_its_burst() -> None:
    now = [0.0]
    limits, rate = Limits(lambda: now[0]), Rate(3, 0.5)

    def taken() -> int:
        for n in range(100):
            try:
                limits.take("anna", "act", rate)
            except TooOften:
                return n
        return 100

    assert taken() == 3
    now[0] = 2.0
    assert taken() == 1
    now[0] = 1000.0
    assert taken() == 3
    limits.take("bruno", "act", rate)


def test_callers_beyond_the_limit_push_out_the_quietest() -> None:
    limits, rate = Limits(lambda: 0.0), Rate(1, 0.0)
    for n in range(BUCKETS_MAX + 1):
        limits.take(str(n), "act", rate)
    limits.take("0", "act", rate)
    with pytest.raises(TooOften):
        limits.take(str(BUCKETS_MAX), "act", rate)


@pytest.mark.parametrize(
    ("error", "status", "again"),
    [
        (NotAllowed(), 403, False),
        (Unknown(), 404, False),
        (Refused("no", hint="so"), 422, False),
        (TooOften(), 429, True),
        (StoreError(), 503, True),
        (Offline(), 503, True),
        (PolsoError("odd"), 500, False),
    ],
)
def test_every_error_says_what_to_do_and_whether_to_try_again(
    error: PolsoError, status: int, again: bool
) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.hint, problem.retryable) == (status, error.hint, again)
    assert ("Retry-After" in as_json(problem).headers) is again


def test_there_are_always_more_threads_than_streams() -> None:
    options = serve_options(50)
    assert options["threads"] == 80
    assert options["channel_request_lookahead"] == 1
    assert options["outbuf_high_watermark"] == 64 * 1024


def test_exports_are_tables_and_never_formulas(desk: Desk) -> None:
    desk.edge.tell(worn(desk.edge, UID, name="=cmd()"))
    desk.edge.service.present(desk.edge.tap())
    client = desk.signed_in("carla", "")
    taps = client.get("/ops/export/taps.csv")
    assert taps.mimetype == "text/csv"
    lines = taps.text.splitlines()
    assert lines[0].startswith("seq,at_ms,point")
    assert "entered" in lines[1]
    assert "cmd" not in taps.text
    for table in ("minutes", "reasons", "points", "zones", "devices", "screens"):
        answer = client.get(f"/ops/export/{table}.csv")
        assert answer.status_code == 200
        assert len({line.count(",") for line in answer.text.splitlines()}) == 1
    assert client.get("/ops/export/secrets.csv").status_code == 404


def test_figures_are_refused_to_a_program_and_in_its_words(tmp_path: Path) -> None:
    with a_desk(tmp_path / "e") as desk:
        told = desk.client().get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.9"})
    assert (told.status_code, told.mimetype) == (403, "application/problem+json")
    assert told.get_json(force=True)["kind"] == "NotALocalAddress"
