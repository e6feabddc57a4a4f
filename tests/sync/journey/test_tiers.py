"""Tiers at central: judged by what stands of a year, told in the diary and to the edges, each change once."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.calendar import DAY_MS
from edge.core.places import Layout
from edge.core.profiles import ProfileItem
from edge.core.tiers import Ladder, Standing, Step
from edge.errors import Refused
from sync.central.journey import diary, tiers
from sync.central.journey.entry import Entry, Via, What
from sync.central.journey.tiers import Tiers
from sync.central.privacy import erasure
from sync.central.registry import bands, guests, ladders, layout, links, profiles
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, Clockwork, a_site

LADDER = Ladder(
    steps=(Step("basic", 0), Step("silver", 10_000), Step("gold", 50_000)), currency="EUR", notice_days=30
)
GUEST, BAND = "g1", bytes([1]) * 16
OF_TIERS = (What.TIER_CHANGED, What.TIER_ENDING, What.TIER_KEPT)


@pytest.fixture
def park(store: Store) -> Store:
    """A site with a ladder and two guests, one of them with a band."""
    a_site(store)
    with store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
        layout.publish_layout(tx, SITE)
        guests.put_guests(tx, SITE, [Guest(id=GUEST, tags=("vip",)), Guest(id="g2", tier="press")])
        bands.put_band(tx, SITE, BandCard(band=Band(id=BAND), guest=GUEST))
        ladders.put_ladder(tx, SITE, LADDER)
    return store


def pays(
    store: Store,
    minor: int,
    *,
    guest: str = GUEST,
    what: What = What.BOUGHT,
    at_ms: int | None = None,
    currency: str = "EUR",
    weight: int = 1,
) -> None:
    """Something stands in the guest's diary as bought, or as given back."""
    with store.transaction() as tx:
        take_turn(tx, SITE)
        at_ms = store.now_ms() if at_ms is None else at_ms
        number = len(diary.of_guest(tx, SITE, f"g:{guest}", limit=1_000))
        entry = Entry(
            source="/till", id=f"{guest}.{number}", owner=f"g:{guest}", hlc=at_ms << 16, uncertainty_ms=0,
            via=Via.TILL, what=what, amount_minor=minor, currency=currency, weight=weight,
        )  # fmt: skip
        assert diary.put(tx, SITE, [entry]).new == 1


def tier_of(store: Store, guest: str = GUEST) -> str:
    with store.reading() as tx:
        return guests.guest(tx, SITE, guest).tier


def told(store: Store, guest: str = GUEST) -> list[tuple[What, str, str]]:
    """What the diary says of tiers, the oldest first."""
    with store.reading() as tx:
        found = diary.of_guest(tx, SITE, f"g:{guest}", limit=1_000)
    return [(one.what, one.subject, one.ref) for one in found if one.what in OF_TIERS][::-1]


def at_edges(store: Store) -> ProfileItem:
    with store.reading() as tx:
        body = profiles.bodies(tx, SITE, [BAND.hex()])[BAND.hex()]
    return msgspec.msgpack.decode(body, type=ProfileItem)


def later(store: Store, clock: Clockwork, days: int) -> None:
    """Days later it is looked again."""
    clock.ms += days * DAY_MS
    Tiers(store).look()


def test_who_spent_enough_has_the_tier_at_the_next_look_also_at_the_edges(park: Store) -> None:
    pays(park, 50_000)
    assert Tiers(park).look() == 2
    assert (tier_of(park), tier_of(park, "g2")) == ("gold", "basic")
    assert told(park) == [(What.TIER_CHANGED, "gold", "")]
    assert told(park, "g2") == [], "nobody is told that they begin at the bottom"
    assert at_edges(park).profile.tier == "gold"
    with park.reading() as tx:
        assert guests.guest(tx, SITE, GUEST).tags == ("vip",), "the rest of the row stays"


def test_a_second_worker_and_a_second_look_change_nothing_more(park: Store) -> None:
    pays(park, 50_000)
    one = Tiers(park)
    assert one.look() == 2
    rev = at_edges(park).profile.rev
    assert (one.look(), Tiers(park).look()) == (0, 0)
    assert told(park) == [(What.TIER_CHANGED, "gold", "")]
    assert at_edges(park).profile.rev == rev


def test_what_came_back_and_other_money_and_what_is_to_come_does_not_count(
    park: Store, clock: Clockwork
) -> None:
    pays(park, 50_000)
    pays(park, 1, what=What.REFUNDED)
    pays(park, -40_000, weight=-1)
    pays(park, 90_000, currency="CHF")
    pays(park, 90_000, at_ms=NOW_MS + DAY_MS)
    pays(park, 90_000, at_ms=NOW_MS - 365 * DAY_MS - 1)
    with park.reading() as tx:
        assert tiers.spent(tx, SITE, [GUEST], currency="EUR") == {GUEST: 9_999}
    Tiers(park).look()
    assert tier_of(park) == "basic"


def test_a_tier_ends_a_year_later_one_step_at_a_time_and_never_before_it_was_said(
    park: Store, clock: Clockwork
) -> None:
    pays(park, 50_000)
    Tiers(park).look()
    clock.ms += 365 * DAY_MS
    later(park, clock, 1)
    assert tier_of(park) == "gold"
    assert told(park)[-1] == (What.TIER_ENDING, "gold", "2026-11-09")
    later(park, clock, 29)
    assert tier_of(park) == "gold"
    later(park, clock, 1)
    assert tier_of(park) == "silver"
    assert at_edges(park).profile.tier == "silver"
    for days in (1, 30, 1, 30):
        later(park, clock, days)
    assert tier_of(park) == "basic"
    assert [one[:2] for one in told(park)] == [
        (What.TIER_CHANGED, "gold"),
        (What.TIER_ENDING, "gold"),
        (What.TIER_CHANGED, "silver"),
        (What.TIER_ENDING, "silver"),
        (What.TIER_CHANGED, "basic"),
    ]


def test_who_buys_again_in_time_keeps_the_tier_and_reads_so(park: Store, clock: Clockwork) -> None:
    pays(park, 50_000)
    Tiers(park).look()
    clock.ms += 365 * DAY_MS
    later(park, clock, 1)
    pays(park, 50_000)
    later(park, clock, 40)
    assert tier_of(park) == "gold"
    assert told(park)[-1] == (What.TIER_KEPT, "gold", "")


def test_a_file_that_leaves_the_word_out_takes_no_tier_and_one_that_names_another_is_heard(
    park: Store, clock: Clockwork
) -> None:
    pays(park, 10_000)
    Tiers(park).look()
    with park.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Anna")])
    later(park, clock, 1)
    assert tier_of(park) == "silver"
    assert len(told(park)) == 1
    with park.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, name="Anna", tier="gold")])
    later(park, clock, 1)
    assert (tier_of(park), told(park)[-1][:2]) == ("gold", (What.TIER_ENDING, "gold"))


def test_people_who_are_one_have_one_tier_and_are_told_once(park: Store) -> None:
    pays(park, 30_000)
    pays(park, 20_000, guest="g2")
    with park.transaction() as tx:
        links.join(tx, SITE, "g2", head=GUEST)
    Tiers(park).look()
    assert (tier_of(park), tier_of(park, "g2")) == ("gold", "gold")
    assert told(park) == [(What.TIER_CHANGED, "gold", "")]


def test_who_is_erased_between_the_reading_and_the_writing_does_not_come_back(park: Store) -> None:
    pays(park, 50_000)
    Tiers(park).look()
    with park.reading() as tx:
        assert ladders.standings(tx, SITE, [GUEST]) == {GUEST: Standing("gold")}
    with park.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    with park.transaction() as tx:
        assert tiers.bring(tx, SITE, [GUEST], day=1) == 0
    assert told(park) == []
    with park.reading() as tx:
        assert guests.guests_of(tx, SITE, [GUEST]) == {}
        assert ladders.standings(tx, SITE, [GUEST]) == {}


def test_without_a_ladder_a_word_stays_and_what_was_announced_by_it_is_forgotten(
    park: Store, clock: Clockwork
) -> None:
    with park.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=GUEST, tier="gold")])
    later(park, clock, 1)
    with park.reading() as tx:
        (stands,) = ladders.standings(tx, SITE, [GUEST]).values()
    assert stands.told_day is not None
    with park.transaction() as tx:
        ladders.put_ladder(tx, SITE, None)
    later(park, clock, 60)
    assert tier_of(park) == "gold"
    with park.transaction() as tx:
        ladders.put_ladder(tx, SITE, LADDER)
    later(park, clock, 1)
    assert tier_of(park) == "gold", "the guest is told anew before anything is taken"


def test_nobody_is_judged_before_the_night_is_over_and_a_changed_ladder_holds_the_same_day(
    park: Store, clock: Clockwork
) -> None:
    pays(park, 10_000)
    clock.ms = NOW_MS - (NOW_MS % DAY_MS)  # 02:00 in Rome
    rounds = Tiers(park)
    assert rounds.look() == 0
    clock.ms += 12 * 3_600_000
    assert rounds.look() == 2
    with park.transaction() as tx:
        lower = msgspec.structs.replace(LADDER, steps=(Step("basic", 0), Step("star", 10_000)))
        ladders.put_ladder(tx, SITE, lower)
    assert rounds.look() == 1
    assert tier_of(park) == "star"


def test_a_site_of_more_guests_than_a_page_is_judged_whole(
    park: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tiers, "PAGE_MAX", 1)
    assert Tiers(park).look() == 2


@pytest.mark.parametrize(
    ("steps", "notice_days"),
    [
        ((Step("basic", 5),), 30),
        ((Step("basic", 0), Step("gold", 0)), 30),
        ((Step("", 0),), 30),
        ((Step("b\n", 0),), 30),
        ((Step("b" * 65, 0),), 30),
        ((Step("basic", 0),), 0),
        ((Step("basic", 0),), 366),
    ],
)
def test_what_is_no_ladder_is_refused_and_the_former_one_stays(
    park: Store, steps: tuple[Step, ...], notice_days: int
) -> None:
    with pytest.raises(Refused), park.transaction() as tx:
        ladders.put_ladder(tx, SITE, Ladder(steps=steps, currency="EUR", notice_days=notice_days))
    with park.reading() as tx:
        assert ladders.ladder(tx, SITE) == LADDER


def test_where_a_guest_stands_is_kept_and_forgotten(park: Store) -> None:
    with park.transaction() as tx:
        ladders.put_standings(tx, SITE, {GUEST: Standing("gold", 9), "g2": Standing("basic")})
        ladders.put_standings(tx, SITE, {GUEST: Standing("silver")})
    with park.reading() as tx:
        known = ladders.standings(tx, SITE, [GUEST, "g2", "g3"])
    assert known == {GUEST: Standing("silver"), "g2": Standing("basic")}
