"""Threat 5, a rogue device on the LAN: generated from the tables, every route refuses what is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kiosk import guard as kiosk_guard
from kiosk.house import BODY_BYTES_MAX
from sync.central.console import guard as console_guard
from tests.security.doors import ALL, CENTRALS, OURS, Doors, Row, all_doors, bound

PUBLIC = {
    "kiosk GET /", "kiosk GET /sign-in", "kiosk GET /enrol",
    "kiosk GET /staff/<gate>", "kiosk GET /phone/<gate>", "kiosk GET /till/<till>", "kiosk GET /q/<token>",
    "kiosk POST /q/<token>/feedback",
    "kiosk POST /api/v1/sign-in", "kiosk POST /api/v1/enrol", "kiosk GET /assets/<digest>/<path:name>",
    "kiosk GET /texts/<digest>/<audience>/<language>", "kiosk GET /sw.js", "kiosk GET /manifest.webmanifest",
    "kiosk GET /healthz", "kiosk GET /readyz", "kiosk GET /api/openapi.json",
    "console GET /console/sign-in", "console POST /console/sign-in", "console POST /console/language",
    "console GET /console/assets/<digest>/<path:name>", "own GET /own/", "own GET /own/back",
    "own GET /own/unsubscribe", "own POST /own/unsubscribe",
    "looks GET /", "looks GET /healthz", "looks GET /readyz", "looks GET /openapi.json",
    "looks GET /v1/channels/openapi.json",
    "looks GET /psp/back",
    "api POST /v1/enrolments", "api POST /v1/boxes",
    "kiosk POST /api/v1/csp-reports", "api POST /csp-reports",
}  # fmt: skip
"""All that answers a stranger. A row that is added here is added by somebody who thought about it."""
KEPT = ("/assets/", "/texts/", "/sw.js")
"""What a browser may keep: files that say nothing of anybody."""
UNSAFE = [row for row in ALL if row.unsafe]
BOUND = [row for row in ALL if bound(row)]
CLOSED = [row for row in ALL if row.name not in PUBLIC and not row.rule.endswith("/metrics")]
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND")
FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "https://localhost"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "none"},
)
HOSTS = ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "polso.local", "evil.example:8080")


def names(rows: list[Row]) -> list[str]:
    return [row.name for row in rows]


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with all_doors(tmp_path_factory.mktemp("doors")) as opened:
        yield opened


def test_every_address_that_central_serves_stands_in_a_table(doors: Doors) -> None:
    """A new route without a row fails here; the kiosk's own is in tests/kiosk/test_guard.py."""
    served = {
        (method, rule.rule.replace("<", "{").replace(">", "}"))
        for rule in doors.central.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD"}
    }
    rows = {(row.method, row.rule.replace("<", "{").replace(">", "}")) for row in CENTRALS}
    assert served == rows


def test_the_public_list_names_only_rows_that_exist() -> None:
    assert {row.name for row in ALL} >= PUBLIC
    assert len(ALL) >= 110


@pytest.mark.parametrize("row", ALL, ids=names(list(ALL)))
def test_no_row_answers_under_a_foreign_name(doors: Doors, row: Row) -> None:
    """DNS rebinding: a name that others own leads to this machine."""
    for host in HOSTS:
        headers = {**OURS, "Host": host, "Origin": f"http://{host}"} if row.unsafe else {"Host": host}
        answer = doors.knock(row, headers=headers)
        assert answer.status_code == 400, (host, answer.status_code)
        assert "polso" not in answer.headers.get("Set-Cookie", "")


@pytest.mark.parametrize("row", CLOSED, ids=names(CLOSED))
def test_a_stranger_gets_nothing_but_the_way_in(doors: Doors, row: Row) -> None:
    answer = doors.knock(row)
    if answer.status_code == 303:
        assert answer.headers["Location"].startswith(("/sign-in", "/enrol", "/console/sign-in"))
        assert not row.unsafe
    else:
        assert answer.status_code in (401, 403)


@pytest.mark.parametrize("row", [row for row in CLOSED if row.app == "kiosk"], ids=lambda row: row.name)
def test_invented_credentials_are_none(doors: Doors, row: Row) -> None:
    client = doors.stranger(row)
    client.set_cookie("polso-staff", "A" * 43)
    client.set_cookie("polso-screen-gate-00000000", "A" * 43)
    answer = doors.knock(row, client, headers={**OURS, "Authorization": "Bearer " + "A" * 43})
    assert answer.status_code in (303, 401, 403)


@pytest.mark.parametrize("row", UNSAFE, ids=names(UNSAFE))
def test_no_page_of_another_site_acts(doors: Doors, row: Row) -> None:
    for headers in FOREIGN:
        assert doors.knock(row, headers=headers).status_code == (400 if row.app == "api" else 403), headers


@pytest.mark.parametrize("row", BOUND, ids=names(BOUND))
def test_a_session_without_its_pages_token_acts_nowhere(doors: Doors, row: Row) -> None:
    client, _, _ = doors.insider(row)
    for token in ("", "0" * 48, kiosk_guard.form_token("another"), console_guard.form_token("another")):
        answer = doors.knock(row, client, headers={**OURS, "X-Polso-Token": token})
        assert answer.status_code == 403, token


@pytest.mark.parametrize("row", BOUND, ids=names(BOUND))
def test_with_its_token_a_session_is_let_through_to_the_act(doors: Doors, row: Row) -> None:
    """The control of the test above: nothing else refuses these requests."""
    client, headers, credential = doors.insider(row)
    token = {"X-Polso-Token": kiosk_guard.form_token(credential)} if row.app == "kiosk" else {}
    if row.rule.endswith("/sign-out"):
        return
    answer = doors.knock(row, client, headers={**headers, **token})
    assert answer.status_code not in (401, 403), answer.text


@pytest.mark.parametrize("row", ALL, ids=names(list(ALL)))
def test_a_row_answers_to_its_own_method_alone(doors: Doors, row: Row) -> None:
    """Also where a header, a field or the address claims another method."""
    own = {other.method for other in ALL if other.address == row.address and other.app == row.app}
    override = {
        "X-HTTP-Method-Override": row.method,
        "X-Method-Override": row.method,
        "X-HTTP-Method": row.method,
    }
    for method in set(METHODS) - own:
        answer = doors.knock(
            row, method=method, headers={**OURS, **override}, query_string={"_method": row.method}
        )
        refused = (400, 404, 405) if row.app in ("api", "looks") else (404, 405)
        assert answer.status_code in refused, (method, answer.status_code)


@pytest.mark.parametrize("row", [row for row in UNSAFE if row.app == "kiosk"], ids=lambda row: row.name)
def test_a_body_too_large_or_of_another_kind_is_refused(doors: Doors, row: Row) -> None:
    public = row.name in PUBLIC
    client, headers, credential = doors.insider(row)
    if not public and credential:
        headers = {**headers, "X-Polso-Token": kiosk_guard.form_token(credential)}
    large: dict[str, Any] = {"data": b'"' + b"x" * BODY_BYTES_MAX + b'"', "content_type": "application/json"}
    assert doors.knock(row, client, headers=headers, **large).status_code == 413
    if row.rule.endswith("/sign-out"):
        return
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""):
        answer = doors.knock(row, client, headers=headers, data=b"{}", content_type=kind)
        assert answer.status_code == 422, kind


@pytest.mark.parametrize("row", ALL, ids=names(list(ALL)))
def test_every_answer_carries_the_guards_headers_and_is_kept_by_nobody(doors: Doors, row: Row) -> None:
    wanted = kiosk_guard.HEADERS if row.app == "kiosk" else console_guard.HEADERS
    for answer in (
        doors.knock(row),
        doors.knock(row, method="PATCH"),
        doors.knock(row, headers={"Host": "evil"}),
    ):
        assert {name: answer.headers.get(name) for name in wanted} == wanted
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        kept = answer.headers["Cache-Control"]
        assert (
            kept == "no-store"
            or (answer.status_code == 200 and row.rule.startswith(KEPT))
            or ("/assets/" in row.rule)
        ), kept
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.headers.get("Server", "") in ("", "waitress")


def test_a_page_answers_no_referrer_and_no_foreign_address() -> None:
    assert kiosk_guard.HEADERS["Referrer-Policy"] == "no-referrer"
    for headers in (kiosk_guard.HEADERS, console_guard.HEADERS):
        assert "http" not in headers["Content-Security-Policy"]
        assert "*" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("scheme", ["http", "https", "proxy"])
def test_cookies_are_for_this_browser_and_this_host(doors: Doors, scheme: str) -> None:
    """By https, to us or to the proxy that the configuration names, they are Secure and bound to the host."""
    import dataclasses

    from kiosk.app import create_app

    settings = dataclasses.replace(
        doors.desk.house.settings, hosts=("localhost", "gate.example"), origins=("https://gate.example",)
    )
    app = create_app(dataclasses.replace(doors.desk.house, settings=settings))
    base = {"http": "http://localhost", "https": "https://localhost", "proxy": "http://gate.example"}[scheme]
    origin = "https://gate.example" if scheme == "proxy" else base
    code = doors.desk.house.staff.new_screen("kiosk", "kiosk")
    asked = (
        ("/api/v1/sign-in", {"who": "anna", "pin": "2468", "point": "north"}),
        ("/api/v1/enrol", {"code": code}),
    )  # fmt: skip
    cookies = [
        app.test_client().post(
            path, base_url=base, json={"op": "o" * 16, **body}, headers={"Origin": origin}
        ).headers["Set-Cookie"]
        for path, body in asked
    ]  # fmt: skip
    cookies.append(app.test_client().get("/sign-in?lang=de", base_url=base).headers["Set-Cookie"])
    for cookie in cookies:
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "Domain" not in cookie
        assert ("Secure" in cookie) is (scheme != "http")
    assert all(cookie.startswith("__Host-") is (scheme != "http") for cookie in cookies[:2])


def test_without_the_guards_a_stranger_would_be_answered(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: it is our guards that refuse, neither flask nor the views."""
    override = next(row for row in BOUND if row.rule == "/api/v1/refresh")
    client, _, _ = doors.insider(override)
    foreign = {"Origin": "https://evil.example", "X-Polso-Token": ""}
    monkeypatch.setattr(kiosk_guard, "refuse_cross_site", lambda *_: None)
    monkeypatch.setattr(kiosk_guard, "refuse_stale", lambda *_: None)
    body = {"op": "operation-control-1", "pin": "2468"}
    assert doors.knock(override, client, headers=foreign, json=body).status_code == 200
    health = next(row for row in ALL if row.name == "looks GET /healthz")
    monkeypatch.setattr(console_guard, "refuse_foreign_host", lambda *_: None)
    assert doors.knock(health, headers={"Host": "evil.example"}).status_code == 200
