"""A guest without money buys by a stored card: filled by itself, on risk, declined, owed, paid, gone."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from edge.clock import wall_ms
from edge.run.demo.cards import BOOK_FILE
from edge.run.demo.park import load
from kiosk.guard import STAFF_COOKIE, form_token
from sync.central.money import ledger
from sync.central.psp.sandbox.shelf import Shelf
from sync.central.store import Store
from tests.journeys.park import Park, a_park, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(150)]
TILL, SITE = "bar-1", "aurora"
GONE_S_MAX = 2.0
NUMBERS = itertools.count(1)


class Carla:
    """Who sells at the bar, as her own page does."""

    def __init__(self, park: Park) -> None:
        self.park, self.browser = park, requests.Session()
        self.browser.headers["Origin"] = park.edge
        carla = next(one for one in load().staff if one.id == "carla")
        self.act("/api/v1/sign-in", who=carla.id, pin=carla.pin, point=TILL)
        self.act(f"/api/v1/till/{TILL}/shift/open", minor=10_000)

    def act(self, path: str, **body: object) -> dict[str, Any]:
        """Send one act, as a page does."""
        session = self.browser.cookies.get(STAFF_COOKIE, "")
        headers = {"X-Polso-Token": form_token(session)} if session else {}
        sent = {"op": f"journey-operation-{next(NUMBERS)}", **body}
        answer = self.browser.post(self.park.edge + path, json=sent, headers=headers, timeout=15)
        assert answer.status_code == 200, (path, answer.text)
        told: dict[str, Any] = answer.json()
        return told

    def sells(self, article: str, count: int = 1, *, risk: bool = False) -> str:
        """Ring up and let Matteo's band pay; where it is short, on the house's risk if asked.

        Returns the reason of the last word; what is unpaid is given up.
        """
        room, basket = f"/api/v1/till/{TILL}", {"op_id": f"op-journey-{next(NUMBERS):06}"}
        bill = self.act(f"{room}/ring", **basket, pay=True, pieces=[{"id": article, "n": count}])
        assert bill["state"] == "await_tap"
        reason = str(self.park.tap("matteo", TILL)["reason"])
        if reason != "paid" and risk:
            reason = str(self.act(f"{room}/risk", **basket).get("reason"))
        if reason != "paid":
            self.act(f"{room}/give-up", **basket)
        return reason


@pytest.fixture
def park(tmp_path: Path) -> Iterator[Park]:
    with a_park(tmp_path / "park") as opened:
        yield opened


def card(park: Park) -> dict[str, Any]:
    told: dict[str, Any] = park.state()["card"]
    return told


def taken(folder: Path) -> int:
    """What the provider's own book says that it took."""
    return Shelf(folder / "central" / BOOK_FILE).book().taken().get("eur", 0)


def books_agree(folder: Path) -> bool:
    """Whether the provider's own book and central's ledger say the same of the closed park."""
    store = Store(str(folder / "central" / "central.db"), now_ms=wall_ms)
    try:
        with store.reading() as tx:
            sums = ledger.trial_balance(tx, SITE)
            posted = -ledger.balance(tx, SITE, "psp:sandbox", currency="EUR")
    finally:
        store.close()
    return 0 < posted == taken(folder) and set(sums.values()) <= {0}


def on_risk(carla: Carla) -> None:
    """Sell offline until what is ready here is gone, and once more on the house's risk."""
    for _ in range(8):
        if carla.sells("pizza") != "paid":
            break
    assert carla.sells("pizza", 5, risk=True) == "paid"


def welcome_again(park: Park, carla: Carla) -> float:
    """Pay the debt; return after how long the sale began that the guest was welcome to.

    How long a sale takes is no part of it: on a busy machine that alone may be seconds.
    """
    began = time.monotonic()
    park.post("debt")
    tries = list[float]()

    def welcome() -> bool:
        tries.append(time.monotonic())
        return carla.sells("espresso") != "mandate_declined"

    until(welcome, 20)
    return tries[-1] - began


def test_a_guest_without_money_buys_and_what_the_card_refuses_is_owed_until_it_is_paid(park: Park) -> None:
    until(lambda: card(park).get("charge") == "paid", 20)
    assert card(park)["charge_minor"] == 2_000, "filled by itself"
    carla = Carla(park)
    until(lambda: carla.sells("espresso") == "paid", 20)
    until(lambda: park.state()["outbox"] == 0, 15)
    park.post("internet", up=False)
    on_risk(carla)
    park.post("card", next="declined")
    park.post("internet", up=True)
    until(lambda: card(park).get("denied"), 20)
    owes = card(park)["owes_minor"]
    assert owes > 0
    assert card(park)["charge"] == "due", "a soft no is tried again later"
    until(lambda: carla.sells("espresso") == "mandate_declined", 20)
    took_s = welcome_again(park, carla)
    print(f"welcome again after {took_s * 1000:.0f} ms")
    assert took_s <= GONE_S_MAX
    assert card(park).get("owes_minor", 0) == 0
    until(lambda: park.state()["outbox"] == 0, 15)
    park.stop()
    assert books_agree(park.data_dir)


def test_a_charge_whose_answer_never_came_is_booked_once(park: Park) -> None:
    until(lambda: card(park).get("charge") == "paid", 20)
    carla = Carla(park)
    park.post("card", next="no_answer")
    until(lambda: carla.sells("pizza") != "paid" or card(park)["charge"] != "paid", 20)
    until(lambda: card(park).get("charge") == "unknown", 40)
    until(lambda: card(park).get("charge") == "paid", 40)
    park.stop()
    assert books_agree(park.data_dir)


def test_a_park_that_is_opened_again_still_knows_its_card(tmp_path: Path) -> None:
    with a_park(tmp_path / "park") as first:
        until(lambda: card(first).get("charge") == "paid", 20)
    before = taken(tmp_path / "park")
    assert before > 0, "charged in the first life"
    with a_park(tmp_path / "park") as again:
        assert card(again)["state"] == "active"
        carla = Carla(again)
        until(lambda: carla.sells("pizza") == "paid", 20)
        # How long a charge is under way is nothing to wait for: it may be over between two looks.
        until(lambda: carla.sells("pizza") and taken(tmp_path / "park") > before, 40)
        until(lambda: card(again)["charge"] == "paid", 20)
    assert books_agree(tmp_path / "park")
    assert taken(tmp_path / "park") > before, "charged in both lives"


def test_the_crowd_buys_at_the_shop_now_and_then(park: Park) -> None:
    park.post("crowd", rate=600)

    def sold() -> bool:
        lines = requests.get(f"{park.edge}/metrics", timeout=5).text.splitlines()
        return any('reason="paid"' in line and not line.endswith(" 0.0") for line in lines)

    until(sold, 60)


def test_a_new_day_gives_the_guest_a_card_again_that_its_bank_wanted_to_see_them_for(park: Park) -> None:
    until(lambda: card(park).get("charge") == "paid", 20)
    carla = Carla(park)
    park.post("card", next="guest_needed")
    until(lambda: carla.sells("pizza") != "paid" or card(park)["state"] != "active", 20)
    until(lambda: card(park)["state"] == "needs_guest", 20)
    park.post("reset")
    assert (card(park)["state"], card(park)["next"]) == ("active", "paid")
