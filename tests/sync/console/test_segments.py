"""The page of segments: each with its size and why it is there, and reports with a chart and their table."""

from __future__ import annotations

import pytest

from edge.core.catalogue import Article
from edge.core.places import Layout, Zone
from sync.central.analysis.listed import CODES, REPORTS
from sync.central.analysis.results import Result, keep
from sync.central.registry import catalogue, consents, guests, layout
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.console.desk import HOME, Browser, an_admin
from tests.sync.console.test_words import SAID

DAY = 20_369
"""2025-10-08."""


@pytest.fixture
def browser(small_store: Store) -> Browser:
    return an_admin(small_store)


@pytest.fixture
def night(small_store: Store, browser: Browser) -> Browser:
    """A night after which one segment has members, and two reports have rows."""
    made = [
        Result(code, one.version, DAY, 120 if code == "behaviour:weekly" else 0, 750, "", ())
        for code, one in CODES.items()
    ]
    steps = ((SITE, 1, "came", 200), (SITE, 2, "offered", 50))
    made += [Result("funnel", 1, DAY, 2, 750, "", steps)]
    came = ((SITE, 2025 * 12, 0, 40), (SITE, 2025 * 12, 2, 12), (SITE, 2025 * 12 + 1, 0, 30))
    made += [Result("cohorts", 1, DAY, 1, 750, "", came)]
    made += [Result("affinity", 1, DAY, 1, 750, "", ((SITE, "cone", "gone", 10, 10, 476, 19_186),))]
    made += [Result("zones", 1, DAY, 1, 750, "", ((SITE, "park", 30, 40, 90),))]
    with small_store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.put_thing(tx, SITE, Zone(id="park", names={"en": "The park"}))
        catalogue.put(tx, SITE, [Article(id="cone", price_minor=250, names={"en": "A cone"})])
        keep(tx, SITE, made)
    return browser


def test_before_the_first_night_the_page_says_what_will_be_here(browser: Browser) -> None:
    assert "after the first night" in browser.says(f"{HOME}/segments")
    assert browser.get(f"{HOME}/reports/funnel").status_code == 404


def test_a_report_of_a_former_release_with_other_columns_waits_for_the_night(
    small_store: Store, browser: Browser
) -> None:
    former = Result("collected", 1, DAY, 1, 750, "", ((SITE, "gate", "entered", 30, 20),))
    with small_store.transaction() as tx:
        keep(tx, SITE, [former])
    assert browser.get(f"{HOME}/reports/collected").status_code == 404
    assert "/reports/collected" not in browser.get(f"{HOME}/segments").text


def test_each_segment_has_size_version_owner_cut_off_share_heard_and_reason(night: Browser) -> None:
    page = night.says(f"{HOME}/segments")

    assert "Up to and including 2025-10-08; 75 % of the devices were heard since." in page
    assert "behaviour:weekly 120 100 % 1 Marketing 2025-10-08 75 % Comes every week" in " ".join(page.split())


def test_a_report_has_a_bar_as_long_as_its_figure_and_the_same_table_as_its_file(night: Browser) -> None:
    page = night.get(f"{HOME}/reports/funnel").text
    assert 'width="1000"' in page
    assert 'width="250"' in page

    told = night.get(f"{HOME}/reports/funnel.csv").text.splitlines()
    assert [line.split(",")[-2:] for line in told[1:]] == [["Came", "200"], ["Was offered something", "50"]]
    assert "2025-01" in night.says(f"{HOME}/reports/cohorts")
    assert len(night.get(f"{HOME}/segments.csv").text.splitlines()) == 1 + len(CODES)


def test_who_comes_again_is_shown_month_by_month_and_what_is_not_said_is_no_nought(night: Browser) -> None:
    page = night.says(f"{HOME}/reports/cohorts")

    assert "First month Guests +1 +2 2025-01 40 30 % 2025-02 30" in page
    assert 'class="tint-3"' in night.get(f"{HOME}/reports/cohorts").text
    assert "2025-01,2,12" in night.get(f"{HOME}/reports/cohorts.csv").text


def test_a_report_calls_things_by_their_names_and_says_of_what_its_figures_are(night: Browser) -> None:
    page = night.says(f"{HOME}/reports/affinity")
    assert "A cone · gone 10" in page, "what is gone keeps its id"
    assert "A cone gone 10 10 47.6 % 19.1 \u00d7" in page
    assert "The park 30" in night.says(f"{HOME}/reports/zones")


def test_every_segment_and_report_has_its_words() -> None:
    wanted = [f"segment.{code}" for code in CODES] + [f"owner.{one.owner}" for one in CODES.values()]
    wanted += [f"{kind}.report_{name}" for name in REPORTS for kind in ("title", "about")]
    wanted += [f"column.{column}" for columns in REPORTS.values() for column in columns]
    assert [key for key in wanted if key not in SAID["en"]] == []


def test_consents_are_counted_by_topic_and_way_and_of_nine_nothing_is_said(
    night: Browser, small_store: Store
) -> None:
    people = [f"p{n:02}" for n in range(20)]
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=one) for one in people])
        take_turn(tx, SITE)
        known = guests.count_guests(tx, SITE)
        for one in people:
            consents.set_here(tx, SITE, one, purpose="offers", given=True)
        for one in people[:10]:
            consents.set_here(tx, SITE, one, purpose="offers@email", given=True)
            consents.set_here(tx, SITE, one, purpose="offers:interest", given=True)
        for one in people[:9]:
            consents.set_here(tx, SITE, one, purpose="research", given=True)
        consents.set_here(tx, SITE, people[0], purpose="offers:interest", given=False)
    page = " ".join(night.says(f"{HOME}/segments").split())
    assert f"Offers chosen for them kiosk and till 20 {2_000 // known} %" in page
    assert f"Offers chosen for them e-mail 10 {1_000 // known} %" in page
    assert "Use what they are looking for" not in page, "nine are left"
    assert "Learn from their visit" not in page
    told = night.get(f"{HOME}/segments?file=coverage").text
    assert "e-mail" in told


def test_where_fewer_than_ten_do_not_allow_it_no_figure_tells_of_them(
    night: Browser, small_store: Store
) -> None:
    people = [f"p{n:02}" for n in range(30)]
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=one) for one in people])
        take_turn(tx, SITE)
        strangers = guests.count_guests(tx, SITE) - len(people)
        for one in people[: 27 - strangers]:
            consents.set_here(tx, SITE, one, purpose="research", given=True)
        for one in people[: 20 - strangers]:
            consents.set_here(tx, SITE, one, purpose="offers", given=True)
    page = " ".join(night.says(f"{HOME}/segments").split())
    assert "Learn from their visit kiosk and till 10 or more -" in page, page
    assert f"Offers chosen for them kiosk and till {20 - strangers} " in page
