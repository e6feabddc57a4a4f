"""The past of the demo park: one seed is the same bytes, consents as given."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from functools import lru_cache

import msgspec
import pytest

from edge.core.calendar import DAY_MS
from edge.core.offers.control import BUCKETS, bucket_of
from edge.run.demo.history.almanac import DAYS, almanac
from edge.run.demo.history.campaigns import PLANNED, plans
from edge.run.demo.history.deeds import CAMPAIGNS, Past
from edge.run.demo.history.load import Whole, told
from edge.run.demo.history.people import Person
from edge.run.demo.history.trials import TRIALS, Trial, rows
from edge.run.demo.park import load
from sync.central.campaigns.evidence import Evidence, Moved
from sync.central.campaigns.lift import Arm, Verdict, lift
from sync.central.campaigns.results import read
from sync.central.journey.entry import What

LAST = dt.date(2026, 10, 31).toordinal()
WHOLE = Whole(2026, 5_000, LAST)


@lru_cache
def shelves() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for one in load().articles:
        found.setdefault(one.group, []).append(one.id)
    return {group: tuple(sorted(ids)) for group, ids in found.items()}


@pytest.fixture(scope="module")
def pasts() -> list[Past]:
    return list(told(WHOLE, shelves()))


def people(pasts: list[Past]) -> list[Person]:
    return [person for one in pasts for person in one.family.people]


def digest(whole: Whole) -> str:
    return hashlib.blake2b(msgspec.msgpack.encode(list(told(whole, shelves())))).hexdigest()


def test_one_seed_is_the_same_bytes_and_another_one_is_not() -> None:
    small = Whole(2026, 150, LAST)
    assert digest(small) == digest(small)
    assert digest(small) != digest(small._replace(seed=2027))


def test_few_guests_are_the_first_of_many(pasts: list[Past]) -> None:
    few = list(told(WHOLE._replace(guests=100), shelves()))
    assert few[:-1] == pasts[: len(few) - 1]


def test_five_thousand_guests_live_in_nineteen_hundred_families_by_first_names_alone(
    pasts: list[Past],
) -> None:
    found = people(pasts)
    assert len(found) == len({one.id for one in found}) == 5_000
    assert len({one.uid for one in found}) == 5_000
    assert 1_850 <= len(pasts) <= 1_950
    assert all(one.name.isalpha() for one in found), "a first name, never two words"
    assert all(one.email.endswith(".example") for one in found if one.email)
    assert {one.language for one in found} == {"it", "de", "fr", "en", "es"}


def test_consents_are_mixed_as_given_and_children_have_none(pasts: list[Past]) -> None:
    adults = [one for one in people(pasts) if not one.is_child]
    said = Counter(topic for one in adults for topic in {word.topic for word in one.words})
    silent = sum(not one.words for one in adults)
    assert abs(said["offers"] * 100 - 62 * len(adults)) < 3 * len(adults)
    assert abs(said["presence"] * 100 - 35 * len(adults)) < 3 * len(adults)
    assert abs(silent * 100 - 18 * len(adults)) < 3 * len(adults)
    assert not any(one.words for one in people(pasts) if one.is_child)


def test_eighteen_months_hold_every_kind_of_deed_on_open_days_alone(pasts: list[Past]) -> None:
    days = almanac(WHOLE.seed, LAST)
    came = [deed for one in pasts for deed in one.deeds if deed.what is What.ENTERED]
    assert all(days.is_open(deed.day) for deed in came)
    assert max(deed.day for deed in came) - min(deed.day for deed in came) > DAYS - 60
    assert {deed.what for one in pasts for deed in one.deeds} == {
        What.ENTERED, What.SEARCHED, What.ASKED, What.MAILED, What.OPENED, What.OFFERED,
        What.REDEEMED,
    }  # fmt: skip
    assert {deed.subject for one in pasts for deed in one.deeds if deed.what is What.MAILED} == set(CAMPAIGNS)
    assert any(sale.back for one in pasts for sale in one.sales)
    assert {one.fate for one in people(pasts)} == {"", "lost", "replaced", "cloned"}
    assert all(one.matters for one in pasts if any(person.fate for person in one.family.people))


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.campaign)
def test_an_experiment_reads_as_the_truth_that_it_was_made_of(pasts: list[Past], trial: Trial) -> None:
    bought = {
        sale.guest for one in pasts for sale in one.sales if sale.ref.startswith(f"t-{trial.campaign}-")
    }
    first = min(row.first for row in rows(LAST) if row.campaign == trial.campaign)
    stood = {one.guest for past in pasts for one in past.stands if one.day >= first}
    counts = Counter((bucket_of(trial.salt, who) >= BUCKETS // 2, who in bought) for who in stood)
    offered, withheld = (
        Arm(counts[arm, True] + counts[arm, False], counts[arm, True]) for arm in (True, False)
    )
    read = lift(offered, withheld, share=BUCKETS // 2, planned=PLANNED)
    assert read.verdict is (Verdict.MORE if trial.lift_of_100 else Verdict.NOTHING_SEEN)
    assert read.low <= trial.lift_of_100 / 100 <= read.high, "the interval holds what is true"


def test_the_resort_has_its_doors_rides_tills_and_a_hundred_and_forty_articles() -> None:
    park = load()
    kinds = Counter(point.kind.value for point in park.points)
    assert (kinds["door"], kinds["attraction"], kinds["kiosk"]) == (60, 6, 2)
    assert len(park.articles) == len({one.id for one in park.articles}) == 140
    assert {one.tax_permille for one in park.articles if one.price_minor > 100} == {40, 100, 220}
    assert all(set(one.names) == {"it", "en", "de", "fr", "es"} for one in park.articles)


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.campaign)
def test_its_nights_read_the_truth_at_the_end_and_nothing_else_before(
    pasts: list[Past], trial: Trial
) -> None:
    plan, evidence = dict(plans(LAST))[trial.campaign], evidence_of(pasts, trial)
    nights = [read(evidence, plan, until_ms=(LAST - back) * DAY_MS) for back in range(400, -1, -20)]
    ends = [one for one in nights if one.lift.verdict is not Verdict.NOT_YET]
    assert 0 < len(ends) < len(nights)
    assert {one.lift.verdict for one in ends} == {Verdict.MORE if trial.lift_of_100 else Verdict.NOTHING_SEEN}
    told = [one.so_far or one.lift for one in nights if one.so_far or one in ends]
    assert all(one.low <= trial.lift_of_100 / 100 <= one.high for one in told)


def evidence_of(pasts: list[Past], trial: Trial) -> Evidence:
    (row,) = (one for one in rows(LAST) if one.campaign == trial.campaign)
    first: dict[bool, dict[str, int]] = {True: {}, False: {}}
    moved: dict[str, tuple[Moved, ...]] = {}
    for past in pasts:
        for one in past.stands:
            arm = bucket_of(trial.salt, one.guest) >= BUCKETS // 2
            assert not one.took or set(dict(one.took)) <= set(one.shown)
            if one.day >= row.first:
                assert (trial.campaign in one.shown) is arm
                first[arm].setdefault(one.guest, one.day * DAY_MS)
        for sale in past.sales:
            if sale.guest in first[True] or sale.guest in first[False]:
                fits = trial.article in {article for article, _ in sale.lines}
                bought = Moved(sale.day * DAY_MS, sale.ref, 0 if sale.back else 1, fits)
                moved[sale.guest] = (*moved.get(sale.guest, ()), bought)
    return Evidence(first, moved, 7 * DAY_MS)
