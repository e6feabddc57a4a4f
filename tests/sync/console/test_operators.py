"""Who may open the console: passwords worth the name, sessions that end, roles, and what is written down."""

from __future__ import annotations

import pytest
import sqlalchemy

from edge.errors import Refused
from sync.central.console import acts, operators
from sync.central.console.guard import LIVE_HEADER
from sync.central.console.operators import SEEN_MS_MIN, Role
from sync.central.console.passwords import refuse_common
from sync.central.console.sessions import IDLE_MS_MAX, SESSION_MS_MAX
from sync.central.store import Store
from sync.central.store.migrations import STEPS
from tests.sync.builders import Clockwork
from tests.sync.console.desk import PASSWORD, Browser, a_browser, an_admin, an_operator

HERE = "/console/operators"


@pytest.fixture
def browser(small_store: Store) -> Browser:
    return an_admin(small_store)


@pytest.mark.parametrize(
    "password",
    [
        *("password", "Password1!", "P4ssw0rd", "passw0rd2026", "benvenuto1", "Sommer2026", "qwertzuiop"),
        *("12345678", "87654321", "qwertyui", "abcdefgh", "aaaaaaaa", "abababab", "abcabcabc", "11112222"),
        *("1q2w3e4r", "Polso2026!", "Marta2026", "rossi!!1984", "iloveyou"),
    ],
)
def test_a_password_that_is_tried_early_is_refused(password: str) -> None:
    with pytest.raises(Refused, match="first that anybody tries"):
        refuse_common(password, "Marta Rossi")


@pytest.mark.parametrize(
    "password", [PASSWORD, "corvo lampada viola", "xK7!pq2Lm", "martapescatrice", "Go-Kart 4711 b"]
)
def test_any_other_password_is_taken(password: str) -> None:
    refuse_common(password, "Marta Rossi")


def test_the_console_refuses_short_and_common_ones_and_says_so(browser: Browser) -> None:
    for password in ("short", "Password1!"):
        refused = browser.post(f"{HERE}/new", operator_name="otto", role="operator", first_password=password)
        assert refused.status_code == 422
    assert "otto" not in browser.says(HERE)


def test_another_password_ends_every_session_of_that_person(browser: Browser, small_store: Store) -> None:
    an_operator(small_store, "otto", Role.OPERATOR)
    two = [a_browser(small_store, "otto") for _ in range(2)]
    assert [one.get("/console/").status_code for one in two] == [200, 200]
    browser.post(f"{HERE}/otto", role="operator", first_password="corvo lampada viola")
    assert [one.get("/console/").status_code for one in two] == [303, 303]
    with small_store.reading() as tx:
        assert acts.acts(tx)[0].what == "operator_let_in"
        assert "corvo" not in str(acts.acts(tx))


def test_an_idle_session_is_over_and_a_page_that_looks_by_itself_keeps_none_awake(
    small_store: Store, clock: Clockwork
) -> None:
    an_operator(small_store)
    alive, idle = a_browser(small_store, "olga"), a_browser(small_store, "olga")
    for _ in range(4):
        clock.ms += IDLE_MS_MAX // 2
        assert alive.get("/console/").status_code == 200
        idle.get("/console/", **{LIVE_HEADER: "1"})
    assert idle.get("/console/").status_code == 303


def test_nobody_stays_signed_in_longer_than_twelve_hours(small_store: Store, clock: Clockwork) -> None:
    an_operator(small_store)
    busy = a_browser(small_store, "olga")
    for _ in range(SESSION_MS_MAX // (IDLE_MS_MAX // 2) - 1):
        clock.ms += IDLE_MS_MAX // 2
        assert busy.get("/console/").status_code == 200
    clock.ms += IDLE_MS_MAX // 2
    assert busy.get("/console/").status_code == 303


def test_being_there_costs_a_write_a_minute_at_most(small_store: Store, clock: Clockwork) -> None:
    an_operator(small_store)
    browser = a_browser(small_store, "olga")
    clock.ms += SEEN_MS_MIN - 1
    browser.get("/console/")
    with small_store.reading() as tx:
        assert operators.signed_in(tx, browser.session).seen_ms == clock.ms - SEEN_MS_MIN + 1  # type: ignore[union-attr]  # somebody is there


def test_sessions_of_an_older_central_are_idle_at_once() -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.begin() as tx:
        tx.execute(
            sqlalchemy.text("CREATE TABLE operator_session (token_hash BLOB, name TEXT, until_ms BIGINT)")
        )
        tx.execute(sqlalchemy.text("INSERT INTO operator_session VALUES (x'00', 'olga', 9)"))
        STEPS[3](tx)
        assert tx.execute(sqlalchemy.text("SELECT seen_ms FROM operator_session")).scalar() == 0
    engine.dispose()


def test_signing_in_is_written_down_with_the_name(small_store: Store, browser: Browser) -> None:
    out = a_browser(small_store)
    form = {"name": "olga", "password": PASSWORD}
    out.client.post("/console/sign-in", data=form, headers={"Origin": "http://localhost"})
    assert "olga" in browser.says("/console/acts")
