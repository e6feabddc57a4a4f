"""Live segments: who is about today is in them at once, and at no edge without a consent that covers it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.held import Location
from edge.core.passages import Whereabouts
from edge.core.profiles import Cursor, Item
from edge.core.segments import is_code, namespace_of
from sync.central.analysis.lately import Lately
from sync.central.analysis.listed import LIVE
from sync.central.analysis.nightly import Nightly
from sync.central.analysis.results import moves, results
from sync.central.feed import Change, item_table, publish
from sync.central.journey.entry import What
from sync.central.people import merging
from sync.central.people.merging import Pair
from sync.central.registry import bands, consents, profiles, segments
from sync.central.registry.bands import BandCard
from sync.central.registry.turn import take_turn
from sync.central.store import ENTRIES, Store, select
from sync.wire import WHEREABOUTS
from tests.portions import sample_and_whole
from tests.security.remarked import SITE as THERE
from tests.security.remarked import Park
from tests.service.house import an_edge
from tests.sync.analysis.site import DAY_MS, PEOPLE, TOPICS, Site, every_week
from tests.sync.builders import NOW_MS, SITE, Clockwork

pytestmark = pytest.mark.real("ibis")
NIGHTLY = "demographic:household.pair"
"""A code of another namespace, which no live look touches."""
TURNS = 3
SELDOM, OFTEN = 0.15, 0.6


@pytest.fixture
def site(small_store: Store, clock: Clockwork) -> Site:
    return Site(small_store, clock)


def live(site: Site, guest: str) -> set[str]:
    return set(site.codes(guest)) & set(LIVE)


def test_who_comes_in_and_who_buys_is_in_its_segment_without_a_night(site: Site) -> None:
    site.writes(site.told("g00", 30, What.ENTERED), *(site.told(one, 0, What.ENTERED) for one in PEOPLE))
    site.writes(*(site.told(one, 0, What.BOUGHT, amount_minor=500, subject="tea") for one in PEOPLE[:10]))

    assert Lately(site.store).look() == 12 + 11 + 10

    assert live(site, "g00") == {"behaviour:here-today", "behaviour:bought-today"}, "here before"
    assert live(site, "g01") == set(LIVE) - {"behaviour:inside"}
    assert live(site, "g11") == {"behaviour:here-today", "behaviour:first-today"}


@pytest.mark.journey
def test_with_the_day_everybody_leaves_and_that_is_written_down(site: Site, clock: Clockwork) -> None:
    site.writes(*(site.told(one, 0, What.ENTERED) for one in PEOPLE))
    lately = Lately(site.store)
    lately.look()
    clock.ms += DAY_MS

    assert lately.look() == 24

    assert live(site, "g00") == set()
    with site.store.reading() as tx:
        mine = [(one.code, one.entered) for one in moves(tx, SITE) if one.guest == "g00"]
        assert results(tx, SITE)["behaviour:here-today"].size == 0
    assert mine == [
        ("behaviour:first-today", True), ("behaviour:here-today", True),
        ("behaviour:first-today", False), ("behaviour:here-today", False),
    ]  # fmt: skip


def test_of_nine_who_are_about_nobody_is_in_any_and_no_engine_is_started(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.writes(*(site.told(one, 0, What.ENTERED) for one in PEOPLE[:9]))
    monkeypatch.setattr("sync.central.analysis.run.duckdb", pytest.fail)

    assert Lately(site.store).look() == 0
    with site.store.reading() as tx:
        assert results(tx, SITE) == {}, "nothing is written where nothing is to be said"


@pytest.mark.journey
def test_who_is_one_with_somebody_is_here_under_every_name(site: Site, clock: Clockwork) -> None:
    site.writes(*(site.told(one, 0, What.ENTERED) for one in PEOPLE[:11]))
    lately = Lately(site.store)
    assert lately.look() == 22
    clock.ms += 1
    with site.store.transaction() as tx:
        asked = merging.ask(tx, SITE, Pair("g11", "g00"), by="olga", why="both passports seen")
        merging.rule(tx, SITE, asked.id, by="otto", given=True)

    assert lately.look() == 2

    assert live(site, "g11") == {"behaviour:here-today", "behaviour:first-today"}


def test_nothing_is_looked_at_again_before_a_diary_has_news_which_wakes_the_look(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.writes(*(site.told(one, 0, What.ENTERED) for one in PEOPLE[:11]))
    lately, woken = Lately(site.store), site.store.wakes.seen(ENTRIES)
    assert lately.look() == 22
    with monkeypatch.context() as patch:
        patch.setattr("sync.central.analysis.run.duckdb", pytest.fail)
        assert lately.look() == 0

    site.writes(site.told("g11", 0, What.ENTERED))

    assert site.store.wakes.seen(ENTRIES) == woken + 1
    assert lately.woken_by == ENTRIES
    assert lately.look() == 2


@pytest.mark.journey
def test_inside_is_whom_the_devices_tell_each_other_to_be_in_a_zone_until_they_pass_out(site: Site) -> None:
    def are(zone: str | None, people: list[str]) -> None:
        with site.store.transaction() as tx:
            told = [
                (one, Whereabouts(Location(zone=zone, since_ms=NOW_MS, point="gate", device="d")))
                for one in people
            ]
            changes = [Change(WHEREABOUTS, hand(one).hex(), msgspec.msgpack.encode(w)) for one, w in told]
            publish(tx, SITE, changes)

    with site.store.transaction() as tx:
        take_turn(tx, SITE)
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=hand(one)), guest=one) for one in PEOPLE])
    site.writes(*(site.told(one, 0, What.ENTERED) for one in PEOPLE))
    lately = Lately(site.store)
    are("park", PEOPLE)
    lately.look()
    assert "behaviour:inside" in site.codes("g00")

    are(None, PEOPLE[:2])
    assert lately.look() == 2

    assert [one for one in PEOPLE if "behaviour:inside" in site.codes(one)] == PEOPLE[2:]


@pytest.mark.journey
def test_what_is_live_keeps_no_night_from_being_analysed_and_no_night_takes_it_away(site: Site) -> None:
    site.writes(*every_week(site, PEOPLE), *(site.told(one, 0, What.ENTERED) for one in PEOPLE))
    Lately(site.store).look()

    assert Nightly(site.store).look() > 0

    assert {"behaviour:here-today", "behaviour:weekly"} <= set(site.codes("g00"))


@pytest.mark.journey
def test_a_central_without_the_extra_lets_nobody_stay_in_a_live_segment(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.writes(*(site.told(one, 0, What.ENTERED) for one in PEOPLE))
    Lately(site.store).look()
    assert live(site, "g00")
    monkeypatch.setattr("sync.central.analysis.lately.installed", lambda: False)

    Lately(site.store).look()

    assert live(site, "g00") == set()


class Both:
    """Twelve guests at central and at one edge, what they said last, and what the edge knows of them."""

    def __init__(self, park: Park) -> None:
        self.park, self.site = park, Site(park.store, park.clock, THERE)
        self.lately, self.yes = Lately(park.store), {one: set(TOPICS) for one in PEOPLE}
        with park.store.transaction() as tx:
            take_turn(tx, THERE)
            bands.add_bands(tx, THERE, [BandCard(band=Band(id=hand(one)), guest=one) for one in PEOPLE])
            for one in PEOPLE:
                segments.put(tx, THERE, one, codes=(NIGHTLY,))
            profiles.publish_guests(tx, THERE, PEOPLE)

    def says(self, guest: str, topic: str, *, given: bool) -> None:
        with self.park.store.transaction() as tx:
            take_turn(tx, THERE)
            consents.set_here(tx, THERE, guest, purpose=topic, given=given)
            profiles.publish_guests(tx, THERE, [guest])
        self.yes[guest] = self.yes[guest] | {topic} if given else self.yes[guest] - {topic}

    def hears(self) -> None:
        """Have the edge take in all that central's feed says by now."""
        own = item_table.c
        with self.park.store.reading() as tx:
            rows = tx.execute(select(own.kind, own.key, own.seq, own.body)).all()
        items = [Item(kind=row.kind, key=row.key, version=row.seq, body=bytes(row.body)) for row in rows]
        self.park.edge.profiles.apply(items, Cursor(1, max(row.seq for row in rows)))

    def codes(self, guest: str) -> set[str]:
        """Every code that lies at the edge, whether or not anybody may ask for it there."""
        profile = self.park.edge.profiles.get(hand(guest))
        assert profile is not None
        return {tag for tag in profile.tags if is_code(tag)}

    def covered(self, guest: str) -> set[str]:
        """The namespaces of which this guest's last words allow anything."""
        yes = self.yes[guest]
        return {topic.partition(":")[2] for topic in yes if ":" in topic} if "offers" in yes else set()


@pytest.fixture
def both(tmp_path: Path) -> Iterator[Both]:
    with an_edge(tmp_path / "edge") as edge:
        park = Park(tmp_path, edge)
        park.clock.ms = NOW_MS
        yield Both(park)
        park.store.close()


@pytest.mark.parametrize("seeds", sample_and_whole(range(1), range(1, 9)))
def test_no_code_lies_at_an_edge_that_a_consent_does_not_cover(both: Both, seeds: range) -> None:
    """Guests come, buy, allow and take back in any order; what moves is brought out at once."""
    live_ones = 0
    for seed in seeds:
        draw = random.Random(seed)  # noqa: S311  # a day to be had again
        for _ in range(TURNS):
            for one in PEOPLE:
                came = [both.site.told(one, 0, What.ENTERED)]
                both.site.writes(*came, both.site.told(one, 0, What.BOUGHT, amount_minor=5))
                if draw.random() < SELDOM:
                    both.says(one, draw.choice(TOPICS), given=draw.random() < OFTEN)
            both.lately.look()
            both.hears()
            for one in PEOPLE:
                here = both.codes(one)
                assert {namespace_of(code) for code in here} <= both.covered(one), f"seed {seed}, {one}"
                live_ones += len(here & set(LIVE))
    assert live_ones, "a day without any says nothing"


def hand(guest: str) -> bytes:
    """The band that a guest wears."""
    return hashlib.blake2b(guest.encode(), digest_size=16).digest()
