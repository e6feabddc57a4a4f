"""The way to each room of a site: every room stands in one section, and no door on the way is locked."""

from __future__ import annotations

import re

import pytest

from sync.central.analysis.results import Result, keep
from sync.central.console.blueprint import ROUTES
from sync.central.console.operators import Role
from sync.central.console.sections import SECTIONS
from sync.central.store import Store
from tests.sync.console.desk import HOME, SITE, a_browser, an_admin, an_open_park, an_operator

REACHED_FROM_WITHIN = {"settings": "the site's first page", "limits": "the day's proof"}
"""Rooms whose door is in another room."""
A_REPORT = Result("funnel", 1, 20_000, 1, 1_000, "", ((SITE, 1, "entered", 30),))
LINK = re.compile(r'<a href="([^"]+)"( aria-current="(?:page|true)")?>')


def ways(page: str) -> list[tuple[str, bool]]:
    """Return where a page's navigation leads, and whether one is there already."""
    within = page.split('<nav class="rooms"')[1].split("</nav>")[0]
    return [(address, bool(here)) for address, here in LINK.findall(within)]


def test_every_room_of_the_table_stands_in_one_section() -> None:
    placed = [room for rooms in SECTIONS.values() for room in rooms]
    assert len(placed) == len(set(placed))
    found = (
        re.fullmatch(r"/sites/<[^>]+>(?:/([a-z-]+))?", one.rule) for one in ROUTES if one.method == "GET"
    )
    rooms = {one[1] or "" for one in found if one}
    assert rooms - REACHED_FROM_WITHIN.keys() == set(placed)


def test_whoever_is_in_a_room_sees_its_section_and_its_neighbours(store: Store) -> None:
    seen = dict(ways(an_admin(store).get(f"{HOME}/wallets").text))
    assert [to for to, here in seen.items() if here] == [f"{HOME}/wallets"]
    assert {f"{HOME}/{room}" for room in SECTIONS["money"]} <= seen.keys()
    assert f"{HOME}/bands" not in seen, "another section's rooms are a step away"


@pytest.mark.parametrize(
    ("page", "room"), [("limits", "day"), ("segments", "segments"), ("reports/funnel", "segments")]
)
def test_a_page_behind_a_room_keeps_its_way_and_its_neighbours(
    small_store: Store, page: str, room: str
) -> None:
    with small_store.transaction() as tx:
        keep(tx, SITE, [A_REPORT])
    seen = dict(ways(an_admin(small_store).get(f"{HOME}/{page}").text))
    assert [to for to, here in seen.items() if here] == [f"{HOME}/{room}"]


@pytest.mark.parametrize("role", list(Role))
def test_no_door_of_the_way_is_locked(store: Store, role: Role) -> None:
    an_open_park(store)
    an_operator(store, "who", role)
    browser = a_browser(store, "who")
    first = ways(browser.get(HOME).text)
    assert first
    for address, _ in first:
        for to, _ in ways(browser.get(address).text):
            assert browser.get(to).status_code == 200, (role, to)
