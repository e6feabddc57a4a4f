"""Points that offers bring, at the console: what waits, what was given, what came back, offer by offer."""

from __future__ import annotations

import pytest

from edge.core.offers import Bundle
from sync.central.offers import bundles, earned
from sync.central.offers.bundles import Draft
from sync.central.offers.earned import State, earned_table
from sync.central.registry import guests
from sync.central.registry.guests import Guest
from sync.central.store import Store, insert
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, an_admin

ROW = {"site_id": SITE, "guest_id": "g-1", "point_minor": 5, "moves": 0, "wallet": "w", "counted": "",
       "look_ms": None, "changed_ms": 1}  # fmt: skip


@pytest.fixture
def olga(small_store: Store) -> Browser:
    browser = an_admin(small_store)
    rows = (
        ("e1.0", "pots", State.PENDING, 10, 0, 0), ("e2.0", "pots", State.PENDING, 5, 0, 0),
        ("e3.0", "pots", State.CREDITED, 20, 20, 4), ("e4.0", "soup", State.RETURNED, 7, 0, 0),
    )  # fmt: skip
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g-1", name="Giulia")])
        bundles.make(tx, SITE, Draft(bundle=Bundle(version=0)), by="olga")
        for exposure, offer, state, points, given, back in rows:
            one = {"exposure": exposure, "op_id": f"b-{exposure}", "offer": offer, "state": state.value,
                   "points": points, "given": given, "back": back}  # fmt: skip
            tx.execute(insert(earned_table).values(ROW | one))
    return browser


def test_the_page_of_offers_adds_up_what_each_has_brought_and_names_nobody(
    olga: Browser, small_store: Store
) -> None:
    page = olga.says(f"{HOME}/offers")
    assert "Offer Pending Credited Taken back pots 15 20 4 soup 0 0 0" in page
    assert "Giulia" not in page
    assert "g-1" not in page
    with small_store.transaction() as tx:
        earned.forget(tx, SITE, "g-1")
    assert "pots" not in olga.says(f"{HOME}/offers")
