"""Each figure against a small table worked out by hand."""

from __future__ import annotations

import ibis
import pytest

from sync.central.analysis.purchases import LINES_MIN
from tests.sync.analysis.park import DAY, SITE, bought, entry, everybody, figure, yes

pytestmark = pytest.mark.real("ibis")
TEN = [f"g{n:02}" for n in range(10)]


def test_fifths_of_ten_guests_are_pairs_and_equal_values_go_by_the_key(engine: ibis.BaseBackend) -> None:
    """Ten guests bought once on one day: frequency is equal for all, so their keys alone say who is where."""
    rows = [bought(guest, DAY - n, f"b{n}", 100 * (n + 1), guest_key=100 - n) for n, guest in enumerate(TEN)]

    found = figure(engine, "rfm", everybody({"entries": rows}))

    # guest n: n days ago, one basket, 100 * (n + 1) minor; key 100 - n, so that g09 comes first among equals
    assert found == [
        (guest, n, 1, 100 * (n + 1), 5 - n // 2, 5 - n // 2, 1 + n // 2) for n, guest in enumerate(TEN)
    ]


def test_what_came_back_is_no_purchase_and_what_came_back_in_part_is_less(engine: ibis.BaseBackend) -> None:
    rows = [
        bought("a", DAY - 9, "b1", 500), bought("a", DAY - 3, "b2", 700), bought("a", DAY - 1, "b2", -700),
        bought("b", DAY - 5, "b3", 900), bought("b", DAY - 2, "b3", -400),
        bought("c", DAY - 4, "b4", 300), bought("c", DAY - 4, "b4", -300),
    ]  # fmt: skip

    found = figure(engine, "rfm", everybody({"entries": rows}))

    assert [row[:4] for row in found] == [("a", 9, 1, 500), ("b", 5, 1, 500)]


def test_a_year_ends_with_its_365th_day_and_tomorrow_is_not_known_yet(engine: ibis.BaseBackend) -> None:
    rows = [bought("a", DAY - 364, "b1", 1), bought("b", DAY - 365, "b2", 1), bought("c", DAY + 1, "b3", 1)]

    assert [row[:2] for row in figure(engine, "rfm", everybody({"entries": rows}))] == [("a", 364)]


def test_each_site_has_fifths_of_its_own(engine: ibis.BaseBackend) -> None:
    rows = [bought(guest, DAY, f"{site}{guest}", 100, site=site) for site in ("x", "y") for guest in TEN[:5]]

    found = figure(engine, "rfm", everybody({"entries": rows}))

    assert sorted(row[6] for row in found) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_rhythm_is_the_days_between_the_days_of_visits(engine: ibis.BaseBackend) -> None:
    days = {"a": (300, 310, 321), "b": (390, 390), "c": (34, 36)}
    rows = [
        entry(guest, day, "entered", minute=n) for guest, all_ in days.items() for n, day in enumerate(all_)
    ]

    assert figure(engine, "rhythm", everybody({"entries": rows})) == [
        ("a", 3, 300, 321, 10, 79),  # 21 days in two gaps: 10 whole ones
        ("b", 1, 390, 390, 0, 10),  # twice on one day is one visit
        ("c", 1, 36, 36, 0, 364),  # day 34 is a year and a day ago
    ]


def test_lapsing_is_who_stays_away_for_twice_their_rhythm_and_a_month_at_least(
    engine: ibis.BaseBackend,
) -> None:
    days = {
        "due": (300, 320, 340),  # every 20 days, away for 60: 20 days late
        "weekly": (360, 367, 374),  # away for 26: no month yet
        "lost": (351, 358, 365),  # every 7 days, away for 35: 5 days over the month
        "twice": (100, 200),  # no rhythm yet
        "here": (200, 300, 390),
    }
    rows = [entry(guest, day, "entered") for guest, all_ in days.items() for day in all_]

    found = figure(engine, "lapsing", everybody({"entries": rows}))

    assert [(row[0], row[-1]) for row in found] == [("due", 20), ("lost", 5)]


def test_dwell_is_minutes_by_guest_and_zone_and_zones_are_shown_where_ten_were(
    engine: ibis.BaseBackend,
) -> None:
    rows = [entry(guest, DAY, "dwelt", subject="shop", quantity=1) for guest in TEN]
    rows += [
        entry("g00", DAY - 29, "dwelt", subject="shop", quantity=2),
        entry("g00", DAY - 30, "dwelt", subject="shop", quantity=999),
        entry("g01", DAY, "dwelt", subject="café", quantity=0),
    ]
    told = everybody({"entries": rows})

    assert figure(engine, "dwell", told)[:3] == [
        ("g00", "shop", 2, 3),
        ("g01", "café", 1, 0),
        ("g01", "shop", 1, 1),
    ]
    assert figure(engine, "zones", told) == [("shop", 10, 11, 12)], "three minutes and nine times one"


def test_affinity_is_how_often_two_things_are_together_beside_chance(engine: ibis.BaseBackend) -> None:
    rows = []
    for guest in TEN:
        rows += [bought(guest, DAY, f"b{guest}", 100, subject=one) for one in ("coffee", "cake")]
    rows += [bought(guest, DAY, f"c{guest}", 100, subject="coffee") for guest in TEN]
    rows += [bought(guest, DAY, f"d{guest}", 100, subject="hat") for guest in TEN[:9]]
    rows += [bought(guest, DAY, f"b{guest}", 100, subject="hat") for guest in TEN[:9]]
    rows += [bought("z", DAY, "z", 100, subject=one) for one in ("coffee", "cake")]
    rows += [bought("z", DAY, "z", -100, subject="cake")]

    # 30 baskets; coffee in 21, cake in 10, both in 10: 10 * 30 / (21 * 10). A hat is with nine guests.
    assert figure(engine, "affinity", everybody({"entries": rows})) == [
        ("cake", "coffee", 10, 10, 1000, 1428),
        ("coffee", "cake", 10, 10, 476, 1428),
    ]


def test_the_path_goes_from_one_channel_to_another_in_the_order_of_time(engine: ibis.BaseBackend) -> None:
    ways = ("app", "gate", "gate", "till")
    rows = [
        entry(guest, DAY, "asked", channel=way, minute=9 - n)  # told in the wrong order
        for guest in TEN
        for n, way in enumerate(reversed(ways))
    ]
    rows += [entry("g00", DAY, "asked", channel="app", minute=20)]

    assert figure(engine, "channels", everybody({"entries": rows})) == [
        ("app", "gate", 10, 10),
        ("gate", "till", 10, 10),
    ]


def test_the_funnel_counts_whoever_took_each_step_after_the_one_before(engine: ibis.BaseBackend) -> None:
    rows = []
    for n in range(40):
        steps = ("entered", "offered", "bought", "fed_back")[: 4 - n // 10]
        rows += [entry(f"g{n}", DAY, kind, minute=at) for at, kind in enumerate(steps)]
    rows += [
        entry(f"w{n}", DAY, kind, minute=at) for n in range(9) for at, kind in ((1, "bought"), (2, "entered"))
    ]

    assert figure(engine, "funnel", everybody({"entries": rows})) == [
        (1, "came", 49),
        (2, "offered", 30),
        (3, "bought", 20),
        (4, "spoke", 10),
    ]


def test_a_cohort_is_who_first_came_in_one_month_and_how_many_came_again(engine: ibis.BaseBackend) -> None:
    rows = [entry(guest, 200, "entered", month=6) for guest in TEN]
    rows += [entry(guest, 240, "entered", month=8) for guest in (*TEN, "new")]
    rows += [entry(guest, 270, "entered", month=9) for guest in TEN[:9]]

    assert figure(engine, "cohorts", everybody({"entries": rows})) == [(6, 0, 10), (6, 2, 10)]


def test_offers_are_shown_once_a_tile_and_collected_entries_are_counted_by_channel(
    engine: ibis.BaseBackend,
) -> None:
    rows = [entry(guest, DAY, "offered", subject="tea", ref=guest, channel="kiosk") for guest in TEN]
    rows += [entry("g00", DAY, "offered", subject="tea", ref="g00", channel="kiosk", minute=1)]
    rows += [entry("g00", DAY, "redeemed", subject="tea", ref="g00")]
    told = everybody({"entries": rows})

    assert figure(engine, "offers", told) == [("tea", 10, 1, 10)]
    assert figure(engine, "collected", told) == [("kiosk", "offered", 11, 10, 29)]


def test_what_was_heard_has_a_gap_of_each_day_on_which_nothing_came(engine: ibis.BaseBackend) -> None:
    rows = [entry(guest, DAY - n % 3, "asked", channel="app") for n, guest in enumerate(TEN)]
    rows += [entry("g00", DAY - 30, "asked", channel="app")]

    assert figure(engine, "collected", everybody({"entries": rows})) == [("app", "asked", 10, 10, 27)]


def test_a_store_has_its_hours_and_what_comes_back_leaves_the_one_in_which_it_was_bought(
    engine: ibis.BaseBackend,
) -> None:
    noon = {"place": "shop", "minute": 12 * 60}
    rows = [bought(guest, DAY - n, guest, 100, **noon) for n, guest in enumerate(TEN)]
    rows += [bought("g00", DAY, "g00", 50, place="shop", minute=13 * 60)]
    rows += [bought("g01", DAY, "g01", -40, place="town", minute=17 * 60)]
    rows += [bought("g02", DAY, "more", 500, **noon), bought("g02", DAY, "more", -500, **noon)]
    rows += [bought(guest, DAY, f"{guest}e", 10, place="shop", minute=20 * 60) for guest in TEN[:9]]
    rows += [bought("g00", DAY - 365, "old", 900, **noon)]

    # ten baskets of 100, one with 50 more an hour later, one with 40 less; nine guests at eight are not shown
    assert figure(engine, "hours", everybody({"entries": rows})) == [("shop", 12, 10, 1_010, 10, 365)]


@pytest.mark.parametrize(("ago", "days"), [(29, 30), (30, 90), (89, 90), (90, 365), (364, 365)])
def test_out_of_season_a_store_s_hours_look_back_until_ten_guests_bought_in_one(
    engine: ibis.BaseBackend, ago: int, days: int
) -> None:
    rows = []
    for hour in range(9, 9 + LINES_MIN):
        then = {"place": "shop", "minute": hour * 60}
        rows += [bought(guest, DAY - ago, f"{guest}{hour}", 100, **then) for guest in TEN]
        fewer = TEN if hour > 9 else TEN[:9]
        rows += [bought(guest, DAY, f"{guest}{hour}n", 10, **then) for guest in fewer]

    found = figure(engine, "hours", everybody({"entries": rows}))

    assert found[0] == ("shop", 9, 19, 1_090, 10, days), (
        "one line is too few: the least span with enough of them"
    )
    assert {row[-1] for row in found} == {days}
    assert len(found) == LINES_MIN


def test_interests_have_an_age_and_end_after_a_year_and_bands_are_as_declared(
    engine: ibis.BaseBackend,
) -> None:
    said = [(SITE, guest, "interest", "interest:coffee", DAY - 10 * n) for n, guest in enumerate(TEN)]
    said += [(SITE, "old", "interest", "interest:coffee", DAY - 365)]
    said += [(SITE, guest, "demographic", "demographic:household.pair", 0) for guest in TEN]
    told = {"declared": said, "consents": yes([*TEN, "old"])}

    assert figure(engine, "interests", told)[1] == ("g01", "interest:coffee", 10)
    assert figure(engine, "interest_ages", told) == [("interest:coffee", 10, 3)]
    assert figure(engine, "demographic_bands", told) == [("demographic:household.pair", 10)]
    assert len(figure(engine, "demography", told)) == 10
