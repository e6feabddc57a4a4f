"""Every guided story in one running park, and what central's books and diaries say of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.run.demo.park import load
from kiosk.tales import Tale
from tests.journeys.park import Park, a_park

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]

PLAY_S_MAX = 90
SCENES = {
    Tale.PARK_DAY: "booked held held held held paid diary",
    Tale.WATER_BED: (
        "looked_for late asked answered set_aside charged held paid held ready held handed diary"
        " held rated asked given closed held offered held paid"
    ),
    Tale.FEEDBACK: "held paid held rated asked changed given closed held offered held paid",
    Tale.CONSENT: "held allowed diary held withdrew diary",
    Tale.OFFLINE: "cut held offered held paid waiting restored diary diary",
    Tale.WRONG_PRICE: "published priced published priced",
    Tale.HELP: "called asked came closed",
}
"""What a guest, staff and central see, in order; a band that had to be held twice stands once."""
CUT = {
    Tale.PARK_DAY: "booked cut held held held held paid restored diary",
    Tale.WATER_BED: (
        "looked_for late asked answered set_aside charged cut held paid held ready held handed"
        " held rated restored diary asked given closed held offered held paid"
    ),
    Tale.FEEDBACK: ("cut held paid held rated restored asked changed given closed held offered held paid"),
    Tale.CONSENT: "cut held allowed held withdrew restored diary diary",
    Tale.WRONG_PRICE: "published priced cut published stale restored priced",
    Tale.HELP: "cut called came restored asked closed",
}
"""Those that need no internet, or a part of which does, without it: central hears of it afterwards."""
ONCE = {
    Tale.COFFEE: (
        "cut held taken taken held paid restored diary",
        "cut held had held paid restored diary",
        "held had held paid diary",
    ),
    Tale.LOST_BAND: (
        "cut lost held held linked held held restored diary",
        "cut wears held held restored",
        "wears held held",
    ),
}
"""What is had once a day, without the internet; then again, without and with it."""


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    with a_park(Path(tmp_path_factory.mktemp("tales")) / "park", guests=25) as opened:
        yield opened


def played(park: Park, tale: Tale, *, cut: bool = False) -> dict[str, Any]:
    told = park.answer(park.post("tales", within_s=PLAY_S_MAX, tale=tale.value, cut=cut))
    assert told["over"]
    assert not told.get("failed"), (told["failed"], told["scenes"])
    return told


def scenes(told: dict[str, Any]) -> list[str]:
    """The steps by name; a till at which too little lay ready asks for the band again."""
    asked_again = ("insufficient_here", "insufficient_funds")
    return [one["scene"] for one in told["scenes"] if one.get("reason") not in asked_again]


def rows(park: Park, question: str, *given: object) -> list[tuple[Any, ...]]:
    """What central's database says, read beside it."""
    path = f"file:{park.data_dir / 'central' / 'central.db'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as beside:
        return beside.execute(question, given).fetchall()


def diary(park: Park, band: str) -> list[str]:
    owner = next(f"g:{one.pseudonym}" for one in load().guests if one.id == band)
    return [what for (what,) in rows(park, "SELECT what FROM diary WHERE owner = ? ORDER BY hlc", owner)]


@pytest.mark.parametrize("tale", SCENES, ids=lambda tale: tale.value)
def test_story_goes_as_it_is_told(park: Park, tale: Tale) -> None:
    assert scenes(played(park, tale)) == SCENES[tale].split()


@pytest.mark.parametrize("tale", ONCE, ids=lambda tale: tale.value)
def test_what_is_had_once_a_day_is_had_without_the_internet_and_said_when_it_is_told_again(
    park: Park, tale: Tale
) -> None:
    told = [scenes(played(park, tale, cut=cut)) for cut in (True, True, False)]
    assert told == [one.split() for one in ONCE[tale]]
    assert park.state()["internet"], "it is back"


@pytest.mark.parametrize("tale", CUT, ids=lambda tale: tale.value)
def test_story_goes_without_the_internet_and_central_hears_of_it_afterwards(park: Park, tale: Tale) -> None:
    assert scenes(played(park, tale, cut=True)) == CUT[tale].split()
    assert park.state()["internet"], "it is back"


@pytest.mark.real("dbus-daemon")
@pytest.mark.parametrize("cut", [False, True], ids=["with", "without"])
def test_who_comes_near_is_noticed_and_forgotten_with_and_without_the_internet(park: Park, cut: bool) -> None:
    there, back = (["cut"], ["restored"]) if cut else ([], [])
    assert scenes(played(park, Tale.NEAR, cut=cut)) == [*there, "noticed", "held", "offered", "gone", *back]


def test_the_bed_was_searched_ordered_paid_by_the_card_and_picked_up_in_one_diary(park: Park) -> None:
    told = played(park, Tale.WATER_BED)
    late = next(one for one in told["scenes"] if one["scene"] == "late")
    assert set(late["names"]) == {"it", "en", "de", "fr", "es"}, "one sentence in every language"
    assert next(one["what"] for one in told["scenes"] if one["scene"] == "ready") == "2"
    mine = diary(park, "matteo")
    for what in ("searched", "case_opened", "case_answered", "bought", "picked_up", "case_closed"):
        assert what in mine
    charged = rows(park, "SELECT state FROM charge ORDER BY 1")
    assert {state for (state,) in charged} == {"paid"}


def test_after_all_stories_every_account_of_the_ledger_sums_to_nothing(park: Park) -> None:
    played(park, Tale.PARK_DAY)
    sums = rows(park, "SELECT currency, sum(minor) FROM ledger_entry GROUP BY currency")
    assert {currency for currency, minor in sums if minor} == set(), sums
    assert "EUR" in {currency for currency, _ in sums}
    assert not rows(park, "SELECT * FROM money_note WHERE what = 'aside'")


def test_no_story_that_is_not_there_is_told(park: Park) -> None:
    assert park.post("tales", tale="cinderella").status_code == 422
