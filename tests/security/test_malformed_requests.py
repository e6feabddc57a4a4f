"""Threat 5, a rogue device on the LAN: whatever a request holds, it is refused and nothing of ours breaks."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk import guard as kiosk_guard
from tests.security.doors import ALL, Doors, Row, all_doors

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]
ROWS = [
    row for row in ALL if row.app in ("kiosk", "api") and row.unsafe and not row.rule.endswith("sign-out")
]
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=40)
VALUES = st.recursive(
    LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=8), one)
)
NAMES = st.sampled_from(
    ["op", "tap_id", "reason", "who", "pin", "code", "band", "uid", "seq", "settings", "x"]
)
BODIES = st.binary(max_size=80) | st.dictionaries(NAMES, VALUES, max_size=5).map(
    lambda body: msgspec.json.encode(body)
)
LEAKS = ("Traceback", 'File "/', "site-packages", "sqlite3.", "werkzeug.")


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with all_doors(tmp_path_factory.mktemp("doors")) as opened:
        yield opened


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@given(body=BODIES)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_body_makes_a_fault_of_ours(doors: Doors, row: Row, body: bytes) -> None:
    kind = "application/json" if row.app == "kiosk" else "application/msgpack"
    if row.app == "kiosk":
        client, headers, credential = doors.insider(row)
        if credential:
            headers = {**headers, "X-Polso-Token": kiosk_guard.form_token(credential)}
        answer = doors.knock(row, client, headers=headers, data=body, content_type=kind)
    else:
        answer = doors.knock(row, data=body, content_type=kind)
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    assert not any(leak in answer.text for leak in LEAKS)
    if answer.status_code in (400, 422):
        told = answer.get_json(force=True)
        assert told["title"]
        assert told.get("hint") or told.get("detail") or len(told["title"]) > 10


@pytest.mark.parametrize("row", [row for row in ALL if not row.unsafe], ids=lambda row: row.name)
@given(query=st.dictionaries(st.text(max_size=10), st.text(max_size=30), max_size=4))
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_address_makes_a_fault_of_ours(doors: Doors, row: Row, query: dict[str, str]) -> None:
    answer = doors.knock(row, query_string=query)
    assert answer.status_code < 500
    assert not any(leak in answer.text for leak in LEAKS)
