"""The guard: every row of the route table, and what no request may carry."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.cards import holds_card_number, luhn
from edge.staff import PERMISSIONS
from kiosk import guard
from kiosk.app import ROOMS, create_app
from kiosk.house import BODY_BYTES_MAX
from kiosk.routes import Audience, Route
from kiosk.sign_in import own_path
from tests.kiosk.desk_park import Desk, a_desk, an_op, post

TABLE = [row for room in ROOMS for row in room.ROUTES]
SHOWN = [row for row in TABLE if row.audience is not Audience.DEMO]
UNSAFE = [row for row in SHOWN if row.unsafe]
CLOSED = [row for row in SHOWN if row.audience in (Audience.SCREEN, Audience.STAFF, Audience.MACHINE)]
FILLED = {
    "screen": "gate-00000000",
    "gate": "north",
    "call": "help-1",
    "request": "request-1",
    "table": "taps.csv",
    "language": "it.json",
}


def name_of(row: Route) -> str:
    return row.endpoint


def address(row: Route) -> str:
    path = row.rule.replace("path:", "")
    for part in ("screen", "gate", "call", "request", "table", "language", "digest", "name", "audience"):
        path = path.replace(f"<{part}>", FILLED.get(part, "x"))
    return path


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with a_desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


def test_every_address_of_the_app_stands_in_the_table(desk: Desk) -> None:
    served = {(method, rule.rule) for rule in desk.app.url_map.iter_rules() for method in rule.methods or ()}
    automatic = {(method, rule) for method, rule in served if method in ("HEAD", "OPTIONS")}
    assert served - automatic == {(row.method, row.rule) for row in SHOWN}


def test_the_demo_has_its_addresses_only_under_the_demo(desk: Desk) -> None:
    demo = [row for row in TABLE if row.audience is Audience.DEMO]
    assert demo
    assert desk.client().get("/demo").status_code == 404
    park: Any = object()
    app = create_app(dataclasses.replace(desk.house, demo=park))
    assert {row.rule for row in demo} <= {rule.rule for rule in app.url_map.iter_rules()}


@pytest.mark.parametrize("row", CLOSED, ids=name_of)
def test_nobody_without_a_credential_gets_in(desk: Desk, row: Route) -> None:
    answer = desk.client().open(
        address(row),
        method=row.method,
        json={} if row.unsafe else None,
        headers={"Origin": "http://localhost"},
    )
    assert answer.status_code in (303, 401, 403)
    if answer.status_code == 303:
        assert answer.headers["Location"].startswith(("/sign-in?", "/enrol?"))


@pytest.mark.parametrize("row", [row for row in SHOWN if row.audience is Audience.STAFF], ids=name_of)
def test_staff_get_only_what_their_role_may(desk: Desk, row: Route) -> None:
    person, allowed = "bruno", {"gate"}
    permission = None if row.action is None else {role.value for role in PERMISSIONS[row.action].roles}
    answer = desk.signed_in(person).open(
        address(row),
        method=row.method,
        json={} if row.unsafe else None,
        headers={"Origin": "http://localhost"},
    )
    refused = answer.status_code == 403
    assert refused is (permission is not None and not permission & allowed)


@pytest.mark.parametrize("row", UNSAFE, ids=name_of)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=["foreign", "null", "metadata", "same-site", "typed"],
)
def test_no_other_site_can_act(desk: Desk, row: Route, headers: dict[str, str]) -> None:
    client = desk.signed_in("anna")
    answer = client.open(address(row), method=row.method, json={"op": an_op()}, headers=headers)
    assert answer.status_code == 403
    assert answer.json is not None
    assert answer.json["kind"] == "CrossSite"


@pytest.mark.parametrize("row", [row for row in UNSAFE if row.audience is not Audience.MACHINE], ids=name_of)
def test_a_request_with_neither_header_is_no_page_of_ours(desk: Desk, row: Route) -> None:
    answer = desk.signed_in("anna").open(address(row), method=row.method, json={"op": an_op()})
    assert answer.status_code == 403


def test_without_the_guard_flask_would_take_a_foreign_post(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: it is the guard that refuses, not flask."""
    monkeypatch.setattr(guard, "refuse_cross_site", lambda *_: None)
    answer = desk.client().post(
        "/api/v1/sign-in",
        json={"op": an_op(), "who": "anna", "pin": "2468"},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("row", UNSAFE, ids=name_of)
def test_every_act_carries_an_operation_id_or_is_a_tap(row: Route) -> None:
    assert row.body is not None
    fields = row.body.__struct_fields__
    assert "op" in fields or "tap_id" in fields or row.rule == guard.REPORTS


@pytest.mark.parametrize("row", SHOWN, ids=name_of)
def test_every_row_is_whole(row: Route) -> None:
    assert row.summary.endswith(".") or row.summary.endswith("?")
    assert row.rate.burst > 0
    assert row.unsafe == (row.body is not None)
    assert row.action is None or row.audience is Audience.STAFF
    assert row.page or row.for_programs


def test_foreign_host_is_refused(desk: Desk) -> None:
    assert desk.client().get("/healthz", headers={"Host": "evil.example"}).status_code == 400
    assert desk.client().get("/healthz", headers={"Host": "localhost:8080"}).status_code == 200


def test_a_body_over_the_limit_is_refused(desk: Desk) -> None:
    answer = desk.client().post(
        "/api/v1/sign-in",
        data=b"x" * (BODY_BYTES_MAX + 1),
        content_type="application/json",
        headers={"Origin": "http://localhost"},
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_of_another_site_could_send_only_what_is_refused(desk: Desk, kind: str) -> None:
    answer = desk.client().post(
        "/api/v1/sign-in", data=b"{}", content_type=kind, headers={"Origin": "http://localhost"}
    )
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/", "/healthz", "/staff/north", "/nowhere", "/assets/x/base.css"])
def test_every_answer_carries_the_headers_of_the_guard(desk: Desk, path: str) -> None:
    answer = desk.client().get(path)
    for name, value in guard.HEADERS.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize("path", ["/", "/sign-in", "/enrol", "/staff/north", "/ops", "/ops/screens"])
def test_no_page_has_an_inline_script_or_style(desk: Desk, path: str) -> None:
    text = desk.signed_in("carla", "").get(path).text
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick=" not in text
    assert all("src=" in part.split(">", 1)[0] for part in text.split("<script")[1:])


def test_credentials_are_for_the_browser_alone(desk: Desk) -> None:
    plain = post(desk.client(), "/api/v1/sign-in", who="anna", pin="2468", point="north")
    assert plain.status_code == 200
    assert "HttpOnly; Path=/; SameSite=Strict" in plain.headers["Set-Cookie"]
    secure = desk.client().post(
        "https://localhost/api/v1/sign-in",
        json={"op": an_op(), "who": "anna", "pin": "2468"},
        headers={"Origin": "https://localhost"},
    )
    assert secure.headers["Set-Cookie"].startswith("__Host-polso-staff=")
    assert "Secure; HttpOnly; Path=/; SameSite=Strict" in secure.headers["Set-Cookie"]


def test_guessing_pins_is_slowed_down_by_address(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        client = desk.client()
        codes = [post(client, "/api/v1/sign-in", who=f"who{n}", pin="0").status_code for n in range(20)]
    assert codes[0] == 403
    assert codes[-1] == 429
    assert 429 not in codes[:10]


def test_a_payment_card_number_is_refused_wherever_it_is_typed(desk: Desk) -> None:
    answer = post(desk.signed_in(), "/api/v1/staff/look-up", text="4111 1111 1111 1111")
    assert answer.status_code == 422
    assert "card" in answer.json["title"]  # type: ignore[index]  # a problem is an object


@given(st.integers(0, 10**14 - 1).map(lambda n: f"4{n:014d}"))
def test_every_number_with_its_check_digit_is_known_as_a_card(digits: str) -> None:
    valid = [f"{digits}{check}" for check in range(10) if luhn(f"{digits}{check}")]
    assert len(valid) == 1
    assert holds_card_number(f"take {valid[0]} please")
    assert holds_card_number(" ".join(valid[0][i : i + 4] for i in range(0, 16, 4)))


@pytest.mark.parametrize(
    "text", ["", "Giulia", "4111 1111", "9f2c41d0a7be55334111111111111111", "041122334456"]
)
def test_names_bands_and_short_numbers_are_no_cards(text: str) -> None:
    assert not holds_card_number(text)


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"],
)
def test_signing_in_never_leads_to_another_site(address: str) -> None:
    assert own_path(address) == "/"
    assert own_path("/staff/north?lang=de") == "/staff/north?lang=de"
