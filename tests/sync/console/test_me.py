"""An operator's own sign-in: the password they chose, and where they are signed in."""

from __future__ import annotations

import pytest

from edge.errors import Refused
from sync.central.console import acts, common, operators, sessions
from sync.central.console.guard import SESSION_COOKIE
from sync.central.console.operators import NotLetIn, Role
from sync.central.console.passwords import refuse_common
from sync.central.console.sessions import OPEN_MAX, session_table
from sync.central.store import Store, select
from sync.central.store.migrations import STEPS
from tests.sync.builders import Clockwork
from tests.sync.console.desk import PASSWORD, Browser, a_browser, an_admin, an_operator, words_of
from tests.sync.console.myself import ME, NEW, act


@pytest.fixture
def browser(small_store: Store) -> Browser:
    return an_admin(small_store)


def test_somebody_changes_their_own_password_by_the_old_one_and_other_sessions_end(
    browser: Browser, small_store: Store
) -> None:
    other = a_browser(small_store, "olga")
    wrong = act(browser, f"{ME}/password", password_now="not this one", password=NEW)
    assert wrong.status_code == 422
    assert "do not fit" in wrong.text
    assert act(browser, f"{ME}/password", password_now=PASSWORD, password=NEW).status_code == 303
    assert (browser.get(ME).status_code, other.get(ME).status_code) == (200, 303)
    with pytest.raises(NotLetIn):
        operators.sign_in(small_store, "olga", PASSWORD)
    assert operators.sign_in(small_store, "olga", NEW)
    with small_store.reading() as tx:
        assert acts.acts(tx)[0].what == "sign_in_refused"
        assert acts.acts(tx)[1].what == "password_changed"


@pytest.mark.parametrize("password", ["short", "trustno1", "aurora-parco", "olga2026", "baseball1"])
def test_the_new_password_is_held_against_the_list_and_the_words_of_the_place(
    browser: Browser, password: str
) -> None:
    refused = act(browser, f"{ME}/password", password_now=PASSWORD, password=password)
    assert refused.status_code == 422
    assert browser.get(ME).status_code == 200, "who proved who they are stays signed in"
    assert act(browser, f"{ME}/password", password_now=PASSWORD, password=NEW).status_code == 303


def test_the_list_holds_more_than_three_thousand_that_the_length_would_let_pass() -> None:
    assert common.count() >= 3_000
    known = ("trustno1", "1q2w3e4r", "whatever", "sunshine", "starwars", "computer", "midnight")
    assert [word for word in known if not common.is_listed(word)] == []
    assert common.is_listed("SunShine")
    assert not common.is_listed(PASSWORD)
    with pytest.raises(Refused, match="first that anybody tries"):
        refuse_common("midnight", "Marta")


def test_a_password_that_somebody_else_chose_opens_only_the_page_that_changes_it(
    browser: Browser, small_store: Store
) -> None:
    browser.post("/console/operators/new", operator_name="otto", role="operator", first_password=NEW)
    otto = a_browser(small_store)
    otto.session = operators.sign_in(small_store, "otto", NEW)
    otto.client.set_cookie(SESSION_COOKIE, otto.session)
    for path in ("/console/", "/console/sites/park", "/console/sites/park/guests"):
        assert otto.get(path).headers["Location"] == f"{ME}/password"
    assert otto.post("/console/sites/park/guests/new", id="g-1").status_code == 403
    assert act(otto, f"{ME}/password", password_now=NEW, password="vetro sasso luna").status_code == 303
    assert otto.get("/console/sites/park/guests").status_code == 200


def test_nobody_sets_their_own_password_without_the_old_one(browser: Browser, small_store: Store) -> None:
    assert "password" not in browser.get("/console/operators/olga").text
    browser.post("/console/operators/olga", role="admin", first_password=NEW)
    assert operators.sign_in(small_store, "olga", PASSWORD)


def test_signing_in_and_proving_it_again_bring_a_new_token_each(browser: Browser, small_store: Store) -> None:
    first = browser.session
    again = browser.client.post(
        "/console/sign-in",
        data={"name": "olga", "password": PASSWORD},
        headers={"Origin": "http://localhost"},
    )
    assert again.status_code == 303
    second = browser.client.get_cookie(SESSION_COOKIE)
    assert second is not None
    browser.session = second.value
    assert act(browser, f"{ME}/sessions", password_now=PASSWORD).status_code == 303
    assert len({first, second.value, browser.session}) == 3
    for old in (first, second.value):
        with small_store.reading() as tx:
            assert operators.signed_in(tx, old) is None
    assert browser.get(ME).status_code == 200


def test_proving_it_again_prolongs_no_session(browser: Browser, small_store: Store, clock: Clockwork) -> None:
    with small_store.reading() as tx:
        until = tx.execute(select(session_table.c.until_ms)).scalar_one()
    clock.ms += 60_000
    act(browser, f"{ME}/sessions", password_now=PASSWORD)
    with small_store.reading() as tx:
        assert tx.execute(select(session_table.c.until_ms)).scalars().all() == [until]


def test_one_s_open_sessions_are_shown_and_ended_one_or_all(browser: Browser, small_store: Store) -> None:
    others = [a_browser(small_store, "olga") for _ in range(3)]
    with small_store.reading() as tx:
        found = sessions.open_sessions(tx, "olga", small_store.now_ms(), token=browser.session)
    assert [one.own for one in found].count(True) == 1
    assert browser.get(ME).text.count(f"{ME}/sessions?session=") == 3
    meant = sessions.hashed(others[0].session)
    one = next(one for one in found if one.id == sessions._id(meant))
    assert browser.session not in browser.get(ME).text
    assert act(browser, f"{ME}/sessions", session=one.id, password_now="wrong one").status_code == 422
    assert others[0].get(ME).status_code == 200
    act(browser, f"{ME}/sessions", session=one.id, password_now=PASSWORD)
    assert [each.get(ME).status_code for each in (*others, browser)] == [303, 200, 200, 200]
    act(browser, f"{ME}/sessions", session="", password_now=PASSWORD)
    assert [each.get(ME).status_code for each in (*others, browser)] == [303, 303, 303, 200]


def test_an_admin_ends_all_sessions_of_somebody(browser: Browser, small_store: Store) -> None:
    an_operator(small_store, "otto", Role.OPERATOR)
    two = [a_browser(small_store, "otto") for _ in range(2)]
    assert act(browser, "/console/operators/otto/sessions", password_now=PASSWORD).status_code == 303
    assert [one.get("/console/").status_code for one in two] == [303, 303]


def test_somebody_is_told_what_others_did_to_their_sign_in(browser: Browser, small_store: Store) -> None:
    an_operator(small_store, "otto", Role.OPERATOR)
    act(browser, "/console/operators/otto/sessions", password_now=PASSWORD)
    with pytest.raises(NotLetIn):
        operators.sign_in(small_store, "otto", "a guess of mine")
    told = words_of(a_browser(small_store, "otto").get(ME))
    assert "olga ended an operator&#39;s sessions" in told
    assert "otto was refused: wrong password" in told


def test_sessions_of_one_person_are_bounded(small_store: Store, clock: Clockwork) -> None:
    an_operator(small_store)
    tokens = []
    for _ in range(OPEN_MAX + 3):
        clock.ms += 1
        tokens.append(operators.sign_in(small_store, "olga", PASSWORD)) if len(tokens) < 2 else None
        with small_store.transaction() as tx:
            sessions.begin(tx, "olga")
    with small_store.reading() as tx:
        assert len(sessions.open_sessions(tx, "olga", clock.ms)) == OPEN_MAX
        assert operators.signed_in(tx, tokens[0]) is None, "the oldest has made place"


def test_a_database_of_before_gets_the_new_columns(small_store: Store) -> None:
    from sync.central.store import text

    with small_store.transaction() as tx:
        for column in ("begun_ms", "browser"):
            tx.execute(text(f"ALTER TABLE operator_session DROP COLUMN {column}"))
        tx.execute(text("ALTER TABLE operator DROP COLUMN must_change"))
        for number in (5, 6):
            STEPS[number](tx)
    an_operator(small_store)
    assert a_browser(small_store, "olga").get(ME).status_code == 200
