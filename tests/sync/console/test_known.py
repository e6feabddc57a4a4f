"""Who a guest is, at the console: two people find that two guests are one, and somebody can part them."""

from __future__ import annotations

import pytest

from sync.central.console.operators import Role
from sync.central.registry import guests, links
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, a_browser, an_admin, an_operator

ANNA, LEO = f"{HOME}/guests/anna", f"{HOME}/guests/leo"


@pytest.fixture
def olga(small_store: Store) -> Browser:
    browser = an_admin(small_store)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="anna", name="Anna"), Guest(id="leo", name="Leo")])
    return browser


@pytest.fixture
def carla(small_store: Store, olga: Browser) -> Browser:
    an_operator(small_store, "carla", Role.CARE)
    return a_browser(small_store, "carla")


def one(store: Store) -> tuple[str, ...]:
    with store.reading() as tx:
        return links.together(tx, SITE, ["anna"])


def test_two_people_merge_two_guests_and_one_parts_them(
    olga: Browser, carla: Browser, small_store: Store
) -> None:
    asked = carla.post(f"{LEO}/merge", one_with="anna", reason="documents")
    assert asked.status_code == 303
    page = carla.says(f"{ANNA}/known")
    assert "A merge waits for a second person" in page
    assert "documents were seen" in page
    ruling = carla.get(f"{ANNA}/known").text.split("/merges/")[1].split('"')[0]
    assert carla.post(f"{HOME}/merges/{ruling}", ruling="give").status_code == 403, "not by who asked"
    assert one(small_store) == ("anna",)
    assert olga.post(f"{HOME}/merges/{ruling}", ruling="give").status_code == 303
    assert one(small_store) == ("anna", "leo")
    assert "Part leo" in olga.says(f"{ANNA}/known")
    assert olga.post(f"{LEO}/part", reason="mistake").status_code == 303
    assert one(small_store) == ("anna",)
    told = olga.says(f"{ANNA}/known")
    assert all(word in told for word in ("asked", "merged", "parted", "It was a mistake", "carla", "olga"))


def test_who_is_nobody_else_is_not_parted_or_merged_with_nobody(olga: Browser) -> None:
    assert "nobody else here" in olga.says(f"{ANNA}/known")
    assert olga.get(f"{ANNA}/part").status_code == 422
    assert olga.post(f"{ANNA}/merge", one_with="nobody", reason="documents").status_code == 422
    assert olga.post(f"{ANNA}/merge", one_with="leo", reason="because").status_code == 422
