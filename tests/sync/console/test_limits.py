"""Limits of money at the console: one operator lowers what may be lost, two raise it."""

from __future__ import annotations

import pytest

from sync.central.money import caps, choosing
from sync.central.money import policy as policies
from sync.central.money.policy import Charging, Policy
from sync.central.planning import ahead
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, a_browser, an_admin, an_operator
from tests.sync.money.test_ahead import a_seller

NOW = {
    "floor_minor": "20.00", "lease_minor_max": "500.00", "device_minor_max": "50000.00",
    "mint_minor_max": "10000.00", "risk_minor": "0.00", "risk_slice_minor": "200.00",
    "risk_tap_minor_max": "25.00", "risk_wallet_minor": "50.00", "risk_taps": "5",
    "reserve_permille": "250", "refill_permille": "400",
    "goodwill_minor": "10.00",
}  # fmt: skip


@pytest.fixture
def olga(small_store: Store) -> Browser:
    return an_admin(small_store)


def chosen(store: Store) -> Policy:
    with store.reading() as tx:
        return policies.policy(tx, SITE)


def test_more_may_be_lost_only_once_a_second_operator_agrees(olga: Browser, small_store: Store) -> None:
    olga.post(f"{HOME}/limits/change", **{**NOW, "risk_minor": "300.00"})
    assert chosen(small_store).risk_minor == 0
    said = olga.says(f"{HOME}/limits")
    assert "Waits for a second person" in said
    assert "300.00" in said
    assert olga.post(f"{HOME}/limits/agree").status_code == 403, "nobody lets their own through"
    assert chosen(small_store).risk_minor == 0
    an_operator(small_store, "piero")
    piero = a_browser(small_store, "piero")
    assert piero.post(f"{HOME}/limits/agree").status_code == 303
    assert chosen(small_store).risk_minor == 30_000
    assert "Waits for a second person" not in piero.says(f"{HOME}/limits")


def test_more_goodwill_takes_a_second_operator_and_less_does_not(olga: Browser, small_store: Store) -> None:
    for amount, minor in (("10.01", 1_000), ("9.00", 900)):
        olga.post(f"{HOME}/limits/change", **{**NOW, "goodwill_minor": amount})
        assert chosen(small_store).goodwill_minor == minor


def test_what_lets_no_more_be_lost_holds_at_once(olga: Browser, small_store: Store) -> None:
    olga.post(f"{HOME}/limits/change", **{**NOW, "device_minor_max": "120000", "reserve_permille": "100"})
    assert chosen(small_store) == Policy(device_minor_max=12_000_000, reserve_permille=100)


def test_a_wish_is_turned_down_or_replaced_by_the_next(olga: Browser, small_store: Store) -> None:
    olga.post(f"{HOME}/limits/change", **{**NOW, "risk_taps": "9"})
    olga.post(f"{HOME}/limits/turn-down")
    assert "Waits for a second person" not in olga.says(f"{HOME}/limits")
    assert chosen(small_store) == Policy()


@pytest.mark.parametrize(
    ("field", "typed"), [("risk_minor", "-1"), ("floor_minor", "x"), ("reserve_permille", "1001")]
)
def test_what_is_no_limit_is_said_at_its_field(
    olga: Browser, small_store: Store, field: str, typed: str
) -> None:
    reply = olga.post(f"{HOME}/limits/change", **{**NOW, field: typed})
    assert reply.status_code in (400, 422)
    assert chosen(small_store) == Policy()


def test_how_sales_at_risk_are_charged_is_chosen_there(olga: Browser, small_store: Store) -> None:
    olga.post(f"{HOME}/limits/change", **NOW, charging="day")
    assert chosen(small_store).charging is Charging.DAY
    assert "All of a guest&#39;s day" in olga.get(f"{HOME}/limits").text
    olga.post(f"{HOME}/limits/change", **NOW)
    assert chosen(small_store).charging is Charging.DAY, "what nobody says stays"
    assert olga.post(f"{HOME}/limits/change", **NOW, charging="never").status_code in (400, 422)


def test_what_one_device_may_hold_follows_the_plan_until_an_operator_says_a_number(
    olga: Browser, small_store: Store
) -> None:
    with small_store.transaction() as tx:
        caps.keep(tx, SITE, 1_450_000)
    assert "14500.00 EUR, by who is expected" in olga.says(f"{HOME}/limits")
    olga.post(f"{HOME}/limits/change", **{**NOW, "device_minor_max": "300.00"})
    assert chosen(small_store).device_minor_max == 30_000
    assert "by who is expected" not in olga.says(f"{HOME}/limits")
    olga.post(f"{HOME}/limits/change", **{**NOW, "device_minor_max": ""})
    assert chosen(small_store).device_minor_max is None


def test_the_slices_of_the_loss_budget_are_shown_where_they_lie(olga: Browser, small_store: Store) -> None:
    till = a_seller(small_store)
    with small_store.transaction() as tx:
        choosing.choose(tx, SITE, Policy(risk_minor=30_000))
    ahead.look(small_store, SITE)
    said = olga.says(f"{HOME}/limits")
    assert f"{till.device.name} open 200.00 EUR 0.00 EUR 200.00 EUR" in said
    assert "Part of it at one device 200.00 EUR" in said, "a limit is told with its unit"
    assert "The loss budget 300.00 EUR" in said
    assert "if the internet went now 200.00 EUR" in said
