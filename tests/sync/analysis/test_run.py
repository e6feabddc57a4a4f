"""A site is analysed from its diaries: who moves, what is computed again, and what is not."""

from __future__ import annotations

import pytest

from edge.core.entitlements import Party
from sync.central.analysis import facts
from sync.central.analysis.nightly import Nightly
from sync.central.analysis.results import moves, results
from sync.central.export import told_of
from sync.central.journey import diary
from sync.central.journey.entry import What
from sync.central.people import merging
from sync.central.people.merging import Pair
from sync.central.privacy.erasure import erase
from sync.central.registry import consents, guests, segments
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.sync.analysis.site import DAY_MS, PEOPLE, Site, every_week
from tests.sync.builders import SITE, Clockwork

pytestmark = pytest.mark.real("ibis")


@pytest.fixture
def site(small_store: Store, clock: Clockwork) -> Site:
    return Site(small_store, clock)


def test_ten_who_come_every_week_are_a_segment_and_nine_are_none(site: Site) -> None:
    site.writes(*every_week(site, PEOPLE[:9]))
    site.runs()
    assert site.codes("g00") == ("demographic:age.middle", "demographic:household.pair")

    site.writes(*every_week(site, PEOPLE[9:10]))
    site.runs()

    assert "behaviour:weekly" in site.codes("g00")
    assert "behaviour:weekly" not in site.codes("g11"), "who was never here"
    with site.store.reading() as tx:
        assert results(tx, SITE)["behaviour:weekly"].size == 10


def test_who_comes_and_who_leaves_is_written_down_and_other_codes_stay(site: Site) -> None:
    with site.store.transaction() as tx:
        segments.put(tx, SITE, "g00", codes=("interest:coffee",))
    site.writes(*every_week(site, PEOPLE))
    site.runs()
    with site.store.transaction() as tx:
        take_turn(tx, SITE)
        consents.set_here(tx, SITE, "g00", purpose="offers:behaviour", given=False)

    ran = site.runs()

    assert site.codes("g00") == ("demographic:age.middle", "demographic:household.pair", "interest:coffee")
    with site.store.reading() as tx:
        mine = [(one.code, one.entered) for one in moves(tx, SITE) if one.guest == "g00"]
    assert sorted(mine) == [
        ("behaviour:weekly", False), ("behaviour:weekly", True),
        ("demographic:age.middle", True), ("demographic:household.pair", True),
    ]  # fmt: skip
    assert ran.moved == 1


def test_a_code_keeps_its_age_when_another_one_comes(site: Site, clock: Clockwork) -> None:
    with site.store.transaction() as tx:
        segments.put(tx, SITE, "g00", codes=("interest:coffee",))
    clock.ms += DAY_MS
    with site.store.transaction() as tx:
        segments.put(tx, SITE, "g00", codes=("interest:coffee", "interest:tea"))

    with site.store.reading() as tx:
        rows = list(facts.rows(tx, SITE, first=0, last=0)["declared"])

    assert [row[4] - site.today for row in rows if row[2] == "interest"] == [0, 1]


def test_only_what_changed_is_computed_again_and_that_is_what_a_whole_run_finds(site: Site) -> None:
    site.writes(*every_week(site, PEOPLE))
    first = site.runs()
    assert {"cohorts", "funnel", "behaviour:weekly", "affinity"} <= set(first.computed)
    assert site.runs().computed == ()

    site.writes(
        *(
            site.told(guest, 2, What.BOUGHT, ref=f"{guest}/1", subject="cake tea", amount_minor=700)
            for guest in PEOPLE
        )
    )
    again = site.runs()

    assert {"affinity", "funnel", "behaviour:best"} <= set(again.computed)
    assert {"cohorts", "offers", "zones", "behaviour:weekly"} & set(again.computed) == set()
    with site.store.reading() as tx:
        by_piece = {name: one._replace(made_ms=0) for name, one in results(tx, SITE).items()}
    held = {guest: site.codes(guest) for guest in PEOPLE}
    assert site.runs(anew=True).moved == 0
    with site.store.reading() as tx:
        assert {name: one._replace(made_ms=0) for name, one in results(tx, SITE).items()} == by_piece
    assert {guest: site.codes(guest) for guest in PEOPLE} == held
    assert by_piece["affinity"].rows == (
        (SITE, "cake", "tea", 12, 12, 1000, 1000),
        (SITE, "tea", "cake", 12, 12, 1000, 1000),
    )


def test_an_entry_that_comes_late_counts_on_its_own_day(site: Site) -> None:
    site.writes(*every_week(site, PEOPLE[:9]))
    site.runs()

    site.writes(*every_week(site, PEOPLE[9:10]))  # of days long before the last run

    assert "behaviour:weekly" in site.runs().computed
    assert "behaviour:weekly" in site.codes("g09")


def test_a_basket_that_came_back_was_not_bought(site: Site) -> None:
    told = [site.told(guest, 9, What.BOUGHT, ref=guest, amount_minor=500, subject="cake") for guest in PEOPLE]
    told += [site.told("g00", 8, What.BOUGHT, ref="g00", amount_minor=-500, weight=-1)]
    told += [site.told("g01", 8, What.REFUNDED, ref="g01", amount_minor=500)]
    site.writes(*told)
    site.runs()

    assert [guest for guest in PEOPLE if "behaviour:new-buyer" in site.codes(guest)] == PEOPLE[2:]


@pytest.mark.parametrize(
    "child",
    [Guest(id="g00", age_band="8-11"), Guest(id="g00", party=Party(id="p", size=2, role="child"))],
    ids=["young", "came as one"],
)
def test_of_a_child_nothing_is_made_and_no_band_without_a_guest_is_looked_at(
    site: Site, child: Guest
) -> None:
    with site.store.transaction() as tx:
        guests.put_guests(tx, SITE, [child])
    site.writes(*every_week(site, PEOPLE))
    site.runs()

    assert site.codes("g00") == ()
    with site.store.reading() as tx:
        said = [row[2] for row in facts.rows(tx, SITE, first=0, last=0)["consents"] if row[1] == "g00"]
    assert said == ["research"]


def test_an_erased_guest_is_in_no_segment_and_no_move_tells_of_them(site: Site) -> None:
    site.writes(*every_week(site, PEOPLE))
    site.runs()
    with site.store.transaction() as tx:
        assert "behaviour:weekly" in told_of(tx, SITE, "g00").segments
        erase(tx, SITE, "g00")

    site.runs()

    assert site.codes("g00") == ()
    with site.store.reading() as tx:
        assert [one for one in moves(tx, SITE) if one.guest == "g00"] == []


def test_a_site_whose_first_day_it_is_starts_no_engine(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.store.transaction() as tx:
        for one in PEOPLE:  # what they said two days ago is in their diaries, too
            diary.forget(tx, SITE, [f"g:{one}"])
    site.writes(*(site.told(guest, 0, What.ENTERED) for guest in PEOPLE))
    monkeypatch.setattr("sync.central.analysis.run.duckdb", pytest.fail)

    assert Nightly(site.store).look() == 0


def test_a_site_is_analysed_once_a_night_up_to_the_day_that_is_over(site: Site, clock: Clockwork) -> None:
    site.writes(*every_week(site, PEOPLE))
    nightly = Nightly(site.store)

    assert nightly.look() > 0
    assert nightly.look() == 0
    clock.ms += DAY_MS
    assert nightly.look() > 0
    with site.store.reading() as tx:
        found = results(tx, SITE)["behaviour:weekly"]
    assert found.day == site.today
    assert found.heard_permille == 0, "its only edge was not heard since"


def one_person(site: Site, guest: str, head: str) -> None:
    """Two people let two guests be one."""
    with site.store.transaction() as tx:
        asked = merging.ask(tx, SITE, Pair(guest, head), by="olga", why="both passports seen")
        merging.rule(tx, SITE, asked.id, by="otto", given=True)


def test_two_guests_who_are_one_person_count_once_and_both_are_told_until_they_part(
    site: Site, clock: Clockwork
) -> None:
    """Every week is what the person came, half of it under each name; ten guests who are nine are too few."""
    weeks = every_week(site, PEOPLE[:8])
    weeks += [site.told(PEOPLE[8 + week % 2], 1 + 7 * week, What.ENTERED) for week in range(5)]
    site.writes(*weeks, *every_week(site, PEOPLE[10:11]))
    site.runs()
    assert "behaviour:weekly" not in site.codes("g00"), "nine guests came every week, each by themselves"
    clock.ms += 1
    one_person(site, "g09", "g08")

    site.runs()

    assert all("behaviour:weekly" in site.codes(guest) for guest in ("g00", "g08", "g09", "g10"))
    with site.store.reading() as tx:
        assert results(tx, SITE)["behaviour:weekly"].size == 10, "persons, and not bands"
    with site.store.transaction() as tx:
        merging.part(tx, SITE, "g09", by="olga", why="two sisters")
    site.runs()
    assert not any("behaviour:weekly" in site.codes(guest) for guest in PEOPLE)


def test_a_person_is_of_one_age_and_likes_all_that_they_said_they_like(site: Site, clock: Clockwork) -> None:
    with site.store.transaction() as tx:
        segments.put(tx, SITE, "g00", codes=("interest:coffee",))
        segments.put(tx, SITE, "g01", codes=("interest:coffee", "interest:tea"))
    clock.ms += 1
    with site.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g01", age_band="60+")])
    one_person(site, "g01", "g00")

    with site.store.reading() as tx:
        declared = facts.rows(tx, SITE, first=0, last=0)["declared"]

    said = sorted(row[3] for row in declared if row[1] in ("g00", "g01"))
    assert said == ["demographic:age.senior", "demographic:household.pair", "interest:coffee", "interest:tea"]


def test_what_one_of_a_person_does_not_allow_is_not_the_persons(site: Site, clock: Clockwork) -> None:
    clock.ms += 1
    with site.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g00", age_band="8-11")])
    one_person(site, "g01", "g00")

    with site.store.reading() as tx:
        rows = facts.rows(tx, SITE, first=0, last=0)["consents"]

    assert {row[2] for row in rows if row[1] in ("g00", "g01")} == {"research"}, "one of them is a child"
