"""The second factor: codes that open once, recovery codes, and who may take a lost one away."""

from __future__ import annotations

import threading

import pytest

from edge.errors import Unknown
from sync.central.console import factors, operators
from sync.central.console.factors import factor_table, recovery_table
from sync.central.console.operators import NotLetIn, Role
from sync.central.console.totp import STEP_MS
from sync.central.console.tries import Paused
from sync.central.settings import Settings
from sync.central.store import Store, select
from tests.sync.builders import Clockwork
from tests.sync.console.desk import PASSWORD, Browser, a_browser, an_admin, an_operator
from tests.sync.console.myself import ME, act, code_now, set_up


@pytest.fixture
def browser(small_store: Store) -> Browser:
    return an_admin(small_store)


def test_from_then_on_signing_in_asks_for_a_code_and_takes_each_once(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    set_up(browser, small_store, clock)
    code = code_now(small_store, clock)
    with pytest.raises(NotLetIn):
        operators.sign_in(small_store, "olga", PASSWORD)
    with pytest.raises(NotLetIn):
        operators.sign_in(small_store, "olga", "wrong password", code=code)
    assert operators.sign_in(small_store, "olga", PASSWORD, code=f"{code[:3]} {code[3:]}")
    with pytest.raises(NotLetIn):
        operators.sign_in(small_store, "olga", PASSWORD, code=code)
    clock.ms += STEP_MS
    with pytest.raises(NotLetIn):
        operators.sign_in(small_store, "olga", PASSWORD, code=code)
    assert operators.sign_in(small_store, "olga", PASSWORD, code=code_now(small_store, clock))


def test_the_page_signs_in_by_name_password_and_code(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    set_up(browser, small_store, clock)
    fresh = a_browser(small_store)
    form = {"name": "olga", "password": PASSWORD}
    assert fresh.post("/console/sign-in", **form).status_code == 422
    assert fresh.post("/console/sign-in", **form, code=code_now(small_store, clock)).status_code == 303
    assert fresh.get("/console/").status_code == 200


def test_of_two_who_send_the_same_code_at_once_one_is_let_in(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    set_up(browser, small_store, clock)
    code, told = code_now(small_store, clock), list[bool]()

    def spend() -> None:
        with small_store.transaction() as tx:
            told.append(factors.prove(tx, "olga", code))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [False] * 7 + [True]


def test_guessing_codes_is_paused_like_guessing_passwords(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    set_up(browser, small_store, clock)
    for _ in range(5):
        with pytest.raises(NotLetIn):
            operators.sign_in(small_store, "olga", PASSWORD, code="000000")
    with pytest.raises(Paused):
        operators.sign_in(small_store, "olga", PASSWORD, code=code_now(small_store, clock))


def test_a_recovery_code_opens_once_and_is_kept_as_a_hash(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    codes = set_up(browser, small_store, clock)
    assert len(set(codes)) == factors.CODES == 8
    assert factors.CODE_BYTES * 8 >= 112
    with small_store.reading() as tx:
        kept = b"".join(bytes(one) for one in tx.execute(select(recovery_table.c.code_hash)).scalars())
    assert codes[0].replace("-", "").encode() not in kept
    assert operators.sign_in(small_store, "olga", PASSWORD, code=codes[0].lower())
    with pytest.raises(NotLetIn):
        operators.sign_in(small_store, "olga", PASSWORD, code=codes[0])
    with small_store.reading() as tx:
        assert factors.factor(tx, "olga").codes_left == 7
    assert (
        act(browser, f"{ME}/codes", password_now=PASSWORD, code=code_now(small_store, clock)).status_code
        == 200
    )
    with pytest.raises(NotLetIn):
        operators.sign_in(small_store, "olga", PASSWORD, code=codes[1])


def test_a_wrong_first_code_sets_nothing_up(browser: Browser, small_store: Store) -> None:
    act(browser, f"{ME}/factor", password_now=PASSWORD)
    wrong = act(browser, f"{ME}/factor/confirm", code="000000")
    assert wrong.status_code == 422
    assert 'class="square"' in wrong.text, "shown again"
    assert operators.sign_in(small_store, "olga", PASSWORD)
    other = a_browser(small_store, "olga")
    with small_store.transaction() as tx:
        factors.forget_begun(tx, "olga")
    assert act(other, f"{ME}/factor/confirm", code="000000").status_code == 422
    assert other.get(f"{ME}/factor/confirm").headers["Location"] == f"{ME}/factor"


def test_a_factor_is_taken_away_by_password_and_code_alone(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    set_up(browser, small_store, clock)
    for code in ("", "000000"):
        assert act(browser, f"{ME}/factor/remove", password_now=PASSWORD, code=code).status_code == 422
    clock.ms += STEP_MS
    reply = act(browser, f"{ME}/factor/remove", password_now=PASSWORD, code=code_now(small_store, clock))
    assert reply.status_code == 303
    assert operators.sign_in(small_store, "olga", PASSWORD)


def test_where_a_factor_is_demanded_whoever_has_none_sees_nothing_else(
    small_store: Store, clock: Clockwork
) -> None:
    an_admin(small_store)
    strict = a_browser(small_store, "olga", settings=Settings(second_factor=True))
    assert strict.get("/console/").headers["Location"] == f"{ME}/factor"
    assert strict.get("/console/sites/park/guests").headers["Location"] == f"{ME}/factor"
    assert strict.post("/console/operators/new").status_code == 403
    set_up(strict, small_store, clock)
    assert strict.get("/console/").status_code == 200


def test_a_lost_factor_is_reset_by_another_admin_or_at_the_machine_and_never_by_oneself(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    set_up(browser, small_store, clock)
    code = code_now(small_store, clock)
    own = act(browser, "/console/operators/olga/factor", password_now=PASSWORD, code=code)
    assert own.status_code == 422
    assert "Nobody resets their own" in own.text
    an_operator(small_store, "ada", Role.ADMIN)
    ada = a_browser(small_store, "ada")
    assert act(ada, "/console/operators/olga/factor", password_now="wrong word").status_code == 422
    assert browser.get(ME).status_code == 200
    assert act(ada, "/console/operators/olga/factor", password_now=PASSWORD).status_code == 303
    assert browser.get(ME).status_code == 303, "their sessions have ended"
    assert operators.sign_in(small_store, "olga", PASSWORD)
    with small_store.transaction() as tx:
        assert operators.reset_factor(tx, "olga") is False
        with pytest.raises(Unknown):
            operators.reset_factor(tx, "nobody")
    assert ada.get("/console/operators/nobody/factor").status_code == 200
    assert act(ada, "/console/operators/nobody/factor", password_now=PASSWORD).status_code == 422


def test_a_removed_operator_leaves_no_factor_behind(
    browser: Browser, small_store: Store, clock: Clockwork
) -> None:
    set_up(browser, small_store, clock)
    an_operator(small_store, "ada", Role.ADMIN)
    with small_store.transaction() as tx:
        operators.remove(tx, "olga")
        assert tx.execute(select(factor_table)).all() == []
        assert tx.execute(select(recovery_table)).all() == []
