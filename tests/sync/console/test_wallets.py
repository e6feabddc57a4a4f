"""Wallets and the day's proof at the console: two persons for money, every wrong line named."""

from __future__ import annotations

import re

import msgspec
import pytest

from sync.central.money import ledger, topups
from sync.central.registry import guests, members, wallets
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, a_browser, an_admin, an_operator, words_of
from tests.sync.money.tills import a_till, a_wallet


@pytest.fixture
def olga(small_store: Store) -> Browser:
    """An admin's browser before a park with two guests."""
    browser = an_admin(small_store)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="anna"), Guest(id="leo")])
    return browser


def held(store: Store, wallet: str) -> int:
    with store.reading() as tx:
        return ledger.balance(tx, SITE, f"wallet:{wallet}", currency="EUR")


def test_a_wallet_is_opened_linked_and_topped_up_by_two_persons(olga: Browser, small_store: Store) -> None:
    assert "No wallet" in olga.says(f"{HOME}/wallets")
    olga.post(f"{HOME}/wallets/new", id="w1", label="Rossi", currency="EUR", guest="anna")
    olga.post(f"{HOME}/wallets/w1/members", guest="leo", no_charge="yes", head="", tap_max="5", day_max="20")
    assert "leo" in olga.says(f"{HOME}/wallets/w1")
    olga.post(f"{HOME}/wallets/w1/topup", amount="50.00", source="bank", why="transfer 12")
    with small_store.reading() as tx:
        (asked,) = topups.topups(tx, SITE, waiting=True)
        assert members.links_of(tx, SITE, ["leo"])["leo"].limits.day_minor_max == 2_000
    alone = olga.post(f"{HOME}/topups/{asked.id}", ruling="give")
    assert alone.status_code == 403, "nobody lets their own through"
    assert held(small_store, "w1") == 0
    an_operator(small_store, "bruno")
    bruno = a_browser(small_store, "bruno")
    for _ in range(2):
        assert bruno.post(f"{HOME}/topups/{asked.id}", ruling="give").status_code == 303
    assert held(small_store, "w1") == 5_000, "done once, however often the button is pressed"


def test_a_refused_top_up_moves_nothing(olga: Browser, small_store: Store) -> None:
    olga.post(f"{HOME}/wallets/new", id="w1", label="", currency="EUR", guest="")
    olga.post(f"{HOME}/wallets/w1/topup", amount="50.00", source="goodwill", why="sorry")
    with small_store.reading() as tx:
        (asked,) = topups.topups(tx, SITE)
    olga.post(f"{HOME}/topups/{asked.id}", ruling="refuse")
    an_operator(small_store, "bruno")
    a_browser(small_store, "bruno").post(f"{HOME}/topups/{asked.id}", ruling="give")
    assert held(small_store, "w1") == 0


@pytest.mark.parametrize("amount", ["-5", "0", "5.001", "abc", "1e3"])
def test_an_amount_that_is_none_is_refused(olga: Browser, amount: str, small_store: Store) -> None:
    olga.post(f"{HOME}/wallets/new", id="w1", label="", currency="EUR", guest="")
    reply = olga.post(f"{HOME}/wallets/w1/topup", amount=amount, source="bank", why="x")
    assert reply.status_code == 422
    with small_store.reading() as tx:
        assert topups.topups(tx, SITE) == ()


def test_a_list_loads_its_good_lines_and_names_the_others(olga: Browser, small_store: Store) -> None:
    text = "\n".join(
        (
            "wallet,currency,guest,head,amount",
            "w1,EUR,anna,yes,20.00",
            "w1,EUR,nobody,,",
            "w2,EURO,leo,,",
            "w3,EUR,leo,,12.345",
            "w4,EUR,leo",
            "w5,EUR,anna,,",
        )
    )
    said = words_of(olga.post(f"{HOME}/wallets/list", list=text))
    assert "1 wallets opened, 1 guests let pay, 1 top-ups wait" in said
    assert "5 lines are wrong" in said
    assert "does not exist" in said
    assert held(small_store, "w1") == 0, "an amount waits for a second person"
    assert "1 top-ups" not in words_of(olga.post(f"{HOME}/wallets/list", list="wallet\nw9"))
    assert olga.post(f"{HOME}/wallets/list", list="purse\nw9").status_code == 422
    card = olga.post(f"{HOME}/wallets/list", list="wallet\n4111 1111 1111 1111")
    assert card.status_code == 422, "no file with a card's number is even looked at"


def test_a_list_says_whether_the_day_holds_everywhere_and_the_wallet_shows_it(
    olga: Browser, small_store: Store
) -> None:
    heading = "wallet,guest,day_max,day_leased"
    said = words_of(olga.post(f"{HOME}/wallets/list", list=f"{heading}\nw1,leo,20,yes\nw1,anna,,yes"))
    assert "1 guests let pay" in said
    assert "day_leased wants a day_max" in said
    olga.post(f"{HOME}/wallets/list", list="wallet,guest,tap_max\nw1,leo,8")
    with small_store.reading() as tx:
        (leo,) = members.members(tx, SITE, "w1")
    assert leo.day_leased, "a list leaves what it does not say"
    shown = words_of(olga.get(f"{HOME}/wallets/w1"))
    assert re.search(r"Also where tills are cut off.*20\.00\s+yes", shown, re.S)


def test_a_list_says_limits_and_leaves_what_it_does_not_say(olga: Browser, small_store: Store) -> None:
    heading = "wallet,guest,pin_above,taps_before_pin,fill_below,fill_to,no_charge,day_max,categories"
    olga.post(f"{HOME}/wallets/list", list=f"{heading}\nw1,leo,30,5,10,50,yes,20,tobacco=0 sweets=5.00")
    with small_store.transaction() as tx:
        (leo,) = members.members(tx, SITE, "w1")
        members.join(tx, SITE, msgspec.structs.replace(leo, blocked=True))
    said = words_of(olga.post(f"{HOME}/wallets/list", list="wallet,guest,head,tap_max\nw1,leo,yes,8"))
    assert "0 wallets opened, 1 guests let pay" in said
    with small_store.reading() as tx:
        (leo,) = members.members(tx, SITE, "w1")
        one = wallets.wallet(tx, SITE, "w1")
    assert (leo.head, leo.no_charge, leo.blocked) == (True, True, True), "a list opens no closed band"
    assert (leo.limits.tap_minor_max, leo.limits.day_minor_max) == (800, 2_000)
    assert [tuple(msgspec.structs.astuple(each)) for each in leo.categories] == [
        ("tobacco", 0),
        ("sweets", 500),
    ]
    assert (one.limits.pin_above_minor, one.limits.taps_before_pin) == (3_000, 5)
    assert (one.low_minor, one.fill_minor) == (1_000, 5_000)


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ("taps_before_pin", "often"), ("taps_before_pin", "1001"), ("fill_below", "5.00"),
        ("fill_below,fill_to", "50,10"), ("categories", "tobacco"), ("categories", "=5"),
        ("categories", "a=1 a=2"), ("pin", "7193"),
    ],
)  # fmt: skip
def test_a_line_with_a_choice_that_is_none_is_named_and_nothing_of_it_taken(
    olga: Browser, small_store: Store, columns: str, line: str
) -> None:
    olga.post(f"{HOME}/wallets/list", list=f"wallet,guest,{columns}\nw1,anna,{line}")
    with small_store.reading() as tx:
        assert wallets.wallets_of(tx, SITE, ["w1"]) == {}


def test_what_lies_at_a_device_is_told_in_money_and_not_in_cents(small_store: Store) -> None:
    an_operator(small_store)
    a_wallet(small_store)
    till = a_till(small_store)
    till.want(4_000)
    till.sell("sale-a-1", 1_050)
    till.send()
    said = a_browser(small_store, "olga").says(f"{HOME}/wallets/w1")
    assert (
        "till-1 money open 40.00 EUR 10.50 EUR 0.00 EUR 0.00 EUR 0.00 EUR 29.50 EUR 0.00 EUR 0 s ago" in said
    )


def test_a_day_without_sales_is_proven_and_shows_what_may_be_lost(olga: Browser) -> None:
    said = olga.says(f"{HOME}/day")
    assert "Proven: 0 ops" in said
    assert 'class="said proven"' in olga.get(f"{HOME}/day").text, "good news in the colour of good news"
    assert "if the internet went now" in said
    file = olga.get(f"{HOME}/day?file=tills")
    assert file.text.splitlines() == ["\ufeffDevice,Point,Currency,Ops,On sale,Taken back,Held"], (
        "no till sold"
    )
    assert olga.get(f"{HOME}/day?day=yesterday").status_code == 422


def test_a_wallet_is_paid_out_to_a_bank_by_file(olga: Browser, small_store: Store) -> None:
    olga.post(f"{HOME}/wallets/new", id="w1", label="", currency="EUR", guest="anna")
    with small_store.transaction() as tx:
        from sync.central.money import pots

        pots.top_up(tx, SITE, "charge:1", wallet="w1", paid=("bank", 1_234, "EUR"))
    wrong = olga.post(f"{HOME}/wallets/w1/payout", owner="Anna Rossi", iban="IT60", bic="")
    assert wrong.status_code == 422
    iban = "IT60 X054 2811 1010 0000 0123 456"
    olga.post(f"{HOME}/wallets/w1/payout", owner="Anna Rossi", iban=iban, bic="")
    olga.post(f"{HOME}/payouts")
    said = olga.says(f"{HOME}/payouts")
    assert "12.34" in said
    batch = next(word for word in said.split() if word.startswith("b") and len(word) == 13)
    assert "IT60X0542811101000000123456" in olga.get(f"{HOME}/payouts/{batch}.csv").text
    made = olga.post(f"{HOME}/payouts/{batch}/file", owner="Park", iban="DE89370400440532013000", bic="")
    assert made.status_code == 200
    assert "<CtrlSum>12.34</CtrlSum>" in made.text
