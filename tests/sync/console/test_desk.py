"""The console's page that opens a desk: a token for one site, one operator and half an hour, said once."""

from __future__ import annotations

import re

import pytest

from sync.central.console import acts, desks
from sync.central.console.desks import NoDesk, desk_table, sit
from sync.central.store import Store, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import HOME, PASSWORD, an_admin
from tests.sync.console.myself import act


def test_an_operator_proves_who_they_are_and_is_given_a_token_once(
    small_store: Store, clock: Clockwork
) -> None:
    browser = an_admin(small_store)
    assert act(browser, f"{HOME}/desk", password_now="wrong words").status_code == 422
    page = act(browser, f"{HOME}/desk", password_now=PASSWORD)
    found = re.search(r"POLSO_DESK_TOKEN=([\w-]{43})", page.text)
    assert found is not None
    with small_store.transaction() as tx:
        assert sit(tx, found[1]) == (SITE, "olga")
        kept = tx.execute(select(desk_table)).one()
        assert found[1].encode() not in bytes(kept.token_hash)
        assert acts.acts(tx)[0].what == "desk_opened"
    clock.ms += desks.SITTING_MS
    with small_store.transaction() as tx, pytest.raises(NoDesk):
        sit(tx, found[1])


def test_one_operator_s_desks_are_bounded_and_can_be_ended(small_store: Store, clock: Clockwork) -> None:
    an_admin(small_store)
    tokens = []
    for _ in range(desks.OPEN_MAX + 2):
        clock.ms += 1
        with small_store.transaction() as tx:
            tokens.append(desks.open_desk(tx, SITE, "olga"))
    with small_store.transaction() as tx, pytest.raises(NoDesk):
        sit(tx, tokens[0])
    with small_store.transaction() as tx:
        assert sit(tx, tokens[-1]).name == "olga"
        assert desks.close_desks(tx, "olga") == desks.OPEN_MAX
    with small_store.transaction() as tx, pytest.raises(NoDesk):
        sit(tx, tokens[-1])


@pytest.mark.parametrize(
    ("path", "form"),
    [("/console/me/password", {"password": "corvo lampada viola"}), ("/console/me/sessions", {})],
)
def test_a_desk_ends_with_the_password_and_with_the_other_sessions(
    small_store: Store, path: str, form: dict[str, str]
) -> None:
    browser = an_admin(small_store)
    with small_store.transaction() as tx:
        token = desks.open_desk(tx, SITE, "olga")
    assert act(browser, path, password_now=PASSWORD, **form).status_code == 303
    with small_store.transaction() as tx, pytest.raises(NoDesk):
        sit(tx, token)
