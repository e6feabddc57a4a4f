"""Tiers at the console: a ladder is written whole, said again as a file, and refused where it is none."""

from __future__ import annotations

import pytest
from werkzeug.datastructures import MultiDict

from edge.core.tiers import Ladder, Step
from sync.central.console import acts
from sync.central.console.guard import form_token
from sync.central.registry import guests, ladders
from sync.central.registry.guests import Guest
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, an_admin

TIERS = f"{HOME}/tiers"


@pytest.fixture
def olga(small_store: Store) -> Browser:
    return an_admin(small_store)


def written(olga: Browser, *rows: tuple[str, str], notice_days: str = "30") -> int:
    cells = {f"steps.{at}.{name}": text for at, row in enumerate(rows)
             for name, text in zip(("tier", "from"), row, strict=True)}  # fmt: skip
    form = {"token": form_token(olga.session), "notice_days": notice_days, **cells}
    return olga.send(f"{TIERS}/change", MultiDict(form)).status_code


def ladder(store: Store) -> Ladder | None:
    with store.reading() as tx:
        return ladders.ladder(tx, SITE)


def test_a_ladder_is_written_read_again_and_a_file_with_how_many_stand_on_it(
    olga: Browser, small_store: Store
) -> None:
    assert "Here will be your tiers" in olga.says(TIERS)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g1", tier="silver"), Guest(id="g2", tier="press")])
    assert written(olga, ("basic", "0"), ("silver", "100,50"), notice_days="14") == 303
    steps = (Step("basic", 0), Step("silver", 10_050))
    assert ladder(small_store) == Ladder(steps=steps, currency="EUR", notice_days=14)
    assert olga.get(f"{TIERS}.csv").text.splitlines()[1:] == ["basic,0.00,EUR,14,0", "silver,100.50,EUR,14,1"]
    form = olga.get(f"{TIERS}/change").text
    assert 'value="100.50"' in form
    with small_store.reading() as tx:
        (act,) = [one for one in acts.acts(tx, SITE) if one.what == "tiers_changed"]
    assert (act.who, act.before) == ("olga", "")
    assert "10050" in act.after


def test_without_any_tier_there_is_no_ladder(olga: Browser, small_store: Store) -> None:
    written(olga, ("basic", "0"))
    assert written(olga) == 303
    assert ladder(small_store) is None


@pytest.mark.parametrize(
    "rows",
    [
        [("basic", "5")],
        [("basic", "0"), ("basic", "9")],
        [("basic", "0"), ("silver", "0")],
        [("basic", "0"), ("silver", "much")],
        [("basic", "0"), ("silver", "-1")],
        [("basic", "")],
        [("", "0")],
    ],
)
def test_what_is_no_ladder_is_refused_and_the_former_one_stays(
    olga: Browser, small_store: Store, rows: list[tuple[str, str]]
) -> None:
    written(olga, ("floor", "0"))
    assert written(olga, *rows) in (400, 409, 422)
    assert ladder(small_store) == Ladder(steps=(Step("floor", 0),), currency="EUR")


@pytest.mark.parametrize("days", ["", "0", "366", "soon"])
def test_a_notice_of_no_day_or_of_more_than_a_year_is_refused(
    olga: Browser, small_store: Store, days: str
) -> None:
    assert written(olga, ("basic", "0"), notice_days=days) in (400, 409, 422)
    assert ladder(small_store) is None
