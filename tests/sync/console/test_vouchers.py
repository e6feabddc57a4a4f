"""Vouchers at the console: given one by one or by a list, seen, and taken back."""

from __future__ import annotations

import pytest

from sync.central.registry import guests, wallets
from sync.central.registry.guests import Guest
from sync.central.settling import vouchers
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, an_admin, words_of

FORM = dict.fromkeys(
    ("guest", "band", "wallet", "units", "amount", "worth", "campaign", "categories", "articles"), ""
) | {"first_day": "", "last_day": ""}


@pytest.fixture
def olga(small_store: Store) -> Browser:
    """An admin's browser before a park with a wallet and a guest without one."""
    browser = an_admin(small_store)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="anna"), Guest(id="leo")])
    browser.post(f"{HOME}/wallets/new", id="w1", label="", currency="EUR", guest="anna")
    return browser


def left(store: Store) -> dict[str, int]:
    with store.reading() as tx:
        found = vouchers.left(tx, SITE, wallets.wallet(tx, SITE, "w1"))
    return {one.issued.voucher.kind: one.left for one in found}


def test_a_voucher_is_given_seen_and_taken_back(olga: Browser, small_store: Store) -> None:
    assert "No voucher" in olga.says(f"{HOME}/vouchers")
    drink = FORM | {"id": "v-1", "kind": "free_drink", "guest": "anna", "units": "2"}
    for _ in range(2):
        assert olga.post(f"{HOME}/vouchers/new", **drink).status_code == 303
    assert left(small_store) == {"free_drink": 2}, "sent twice, given once"
    assert "free_drink" in olga.says(f"{HOME}/wallets/w1")
    assert "free_drink" in olga.says(f"{HOME}/vouchers")
    assert olga.post(f"{HOME}/wallets/w1/withdraw", kind="free_drink").status_code == 303
    assert left(small_store) == {"free_drink": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "gift", "amount": "five"},
        {"kind": "free_drink", "last_day": "1.8.2026"},
        {"kind": "points", "units": "3", "worth": "0"},
        {"kind": "free_drink", "guest": "nobody"},
        {"kind": "free_drink", "guest": "", "band": "xyz"},
    ],
)
def test_what_is_no_voucher_is_refused(olga: Browser, small_store: Store, wrong: dict[str, str]) -> None:
    said = FORM | {"id": "v-1", "guest": "anna"} | wrong
    assert olga.post(f"{HOME}/vouchers/new", **said).status_code in (404, 409, 422)
    assert left(small_store) == {}


def test_a_list_is_given_line_by_line_and_once(olga: Browser, small_store: Store) -> None:
    text = (
        "id;kind;guest;wallet;campaign;units;amount;valid_until\n"
        "1;free_drink;anna;;;1;;2026-12-31\n"
        "2;gift;;w1;spring;;12.50;\n"
        "3;points;anna;;;40;;\n"
        "4;free_drink;nobody;;;1;;\n"
        "5;gift;anna;;;;;\n"
        "6;free_drink;anna\n"
    )
    said = words_of(olga.post(f"{HOME}/vouchers/list", list=text))
    assert "3 vouchers given, 0 were given before, 3 lines are wrong" in said
    assert all(f"{line}" in said for line in (5, 6, 7))
    assert left(small_store) == {"free_drink": 1, "gift:spring": 1_250, "points": 40}
    again = words_of(olga.post(f"{HOME}/vouchers/list", list=text))
    assert "0 vouchers given, 3 were given before" in again
    assert left(small_store)["gift:spring"] == 1_250
