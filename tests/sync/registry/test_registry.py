"""The registry says the same over a SQLite file and over PostgreSQL."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.bands import Band, BandAct, BandState, Trust
from edge.core.entitlements import Entitlement, Party, Product, Status, Terms
from edge.core.places import Layout, Point, PointKind, Zone
from edge.core.profiles import ProfileItem, StaffMember
from edge.errors import Refused, Unknown
from sync.central import feed, sites
from sync.central.feed import item_table
from sync.central.registry import bands, guests, layout, profiles, rights, staff
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, Store, select
from sync.wire import BandNotice
from tests.sync.builders import SITE, a_site

BAND = b"b" * 16
GIULIA = Guest(
    id="g1", name="Giulia", language="it", tags=("vip", "sweet tooth"), party=Party(id="p", size=3)
)


def a_card(id_: bytes = BAND, guest: str | None = "g1", **band: object) -> BandCard:
    return BandCard(band=Band(id=id_, **band), guest=guest, label="blue", keys={1: b"k" * 16})  # type: ignore[arg-type]  # fields by name


def told(tx: Connection, kind: str, key: str) -> bytes | None:
    """The newest body in the feed."""
    query = select(item_table.c.body).where(item_table.c.kind == kind, item_table.c.key == key)
    body = tx.execute(query).scalar()
    return None if body is None else bytes(body)


def a_house(store: Store) -> None:
    """A site with a guest who wears a band and holds a ticket."""
    a_site(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [GIULIA])
        bands.add_bands(tx, SITE, [a_card()])
        rights.put_rights(tx, SITE, [Entitlement(id="e1", product="day")], guest="g1")
        profiles.publish_guests(tx, SITE, ["g1"])


def test_guests_come_back_as_they_were_put_and_a_second_put_replaces_them(store: Store) -> None:
    a_site(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [GIULIA, Guest(id="g2")])
        guests.put_guests(tx, SITE, [msgspec.structs.replace(GIULIA, name="Giulietta")])
    with store.reading() as tx:
        assert guests.guest(tx, SITE, "g1") == msgspec.structs.replace(GIULIA, name="Giulietta")
        assert guests.count_guests(tx, SITE) == 2
        assert [one.id for one in guests.search_guests(tx, SITE, "giul")] == ["g1"]
        assert guests.search_guests(tx, SITE, "%") == ()
        with pytest.raises(Unknown):
            guests.guest(tx, SITE, "nobody")


def test_a_guests_change_reaches_every_band_of_theirs_with_a_higher_revision(store: Store) -> None:
    a_house(store)
    with store.transaction() as tx:
        first = msgspec.msgpack.decode(told(tx, "profile", BAND.hex()) or b"", type=ProfileItem)
        rights.put_rights(tx, SITE, [Entitlement(id="e1", product="day", status=Status.REVOKED)], guest="g1")
        profiles.publish_guests(tx, SITE, ["g1"])
        then = msgspec.msgpack.decode(told(tx, "profile", BAND.hex()) or b"", type=ProfileItem)
    assert first.profile.name == "Giulia"
    assert first.keys == {1: b"k" * 16}
    assert then.profile.rev > first.profile.rev
    assert then.profile.entitlements[0].status is Status.REVOKED


def test_a_band_state_is_told_urgently_and_a_found_one_begins_a_new_epoch(store: Store) -> None:
    a_house(store)
    with store.transaction() as tx:
        lost = bands.acted(bands.band(tx, SITE, BAND), BandAct.LOST)
        profiles.publish_state(tx, SITE, lost)
        notice = msgspec.msgpack.decode(told(tx, feed.BAND, BAND.hex()) or b"", type=BandNotice)
    assert (notice.state, notice.epoch) == (BandState.LOST, 0)
    with store.transaction() as tx:
        found = bands.acted(bands.band(tx, SITE, BAND), BandAct.FOUND)
        assert (found.band.state, found.band.epoch) == (BandState.ACTIVE, 1)


def test_a_revoked_band_is_never_found_again(store: Store) -> None:
    a_house(store)
    with store.transaction() as tx:
        revoked = bands.acted(bands.band(tx, SITE, BAND), BandAct.REVOKE)
        with pytest.raises(Refused, match="revoked band cannot be found"):
            bands.acted(revoked, BandAct.FOUND)


def test_a_stock_band_is_linked_once_with_its_least_trust_and_keys(store: Store) -> None:
    a_site(store)
    stock, wanted = a_card(guest=None), a_card(trust_min=Trust.SUN)
    linked = bands.linked(stock, wanted)
    assert (linked.guest, linked.band.trust_min, linked.band.epoch) == ("g1", Trust.SUN, 1)
    assert bands.linked(linked, wanted) == linked
    with pytest.raises(Refused, match="already has a guest"):
        bands.linked(linked, a_card(guest="g2"))
    with pytest.raises(Refused, match="lost"):
        bands.linked(a_card(guest=None, state=BandState.LOST), wanted)


def test_bands_are_found_by_label_guest_and_number_and_counted_by_state(store: Store) -> None:
    a_house(store)
    with store.transaction() as tx:
        bands.add_bands(tx, SITE, [a_card(b"c" * 16, None, state=BandState.LOST)])
    with store.reading() as tx:
        assert [card.guest for card in bands.list_bands(tx, SITE, text="g1")] == ["g1"]
        assert len(bands.list_bands(tx, SITE, text="BLUE")) == 2
        assert [card.band.id for card in bands.list_bands(tx, SITE, text="6363")] == [b"c" * 16]
        assert bands.list_bands(tx, SITE, after=BAND.hex())[0].band.id == b"c" * 16
        assert bands.count_bands(tx, SITE) == {BandState.ACTIVE: 1, BandState.LOST: 1}


def test_a_right_never_moves_from_guest_to_guest_and_a_guest_holds_only_so_many(store: Store) -> None:
    a_house(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g2")])
        with pytest.raises(Refused, match="never moves"):
            rights.put_rights(tx, SITE, [Entitlement(id="e1", product="day")], guest="g2")
        many = [Entitlement(id=f"m{at}", product="day") for at in range(rights.RIGHTS_PER_GUEST_MAX + 1)]
        with pytest.raises(Refused, match="at most"):
            rights.put_rights(tx, SITE, many, guest="g2")


def test_what_many_guests_hold_is_put_at_once_and_no_right_goes_to_two_of_them(store: Store) -> None:
    a_house(store)
    first, second = Entitlement(id="e1", product="day"), Entitlement(id="e2", product="day")
    revoked = msgspec.structs.replace(first, status=Status.REVOKED)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g2")])
        rights.put_held(tx, SITE, {"g1": [revoked], "g2": [second]})
        assert rights.rights_of(tx, SITE, ["g1", "g2"]) == {"g1": (revoked,), "g2": (second,)}
        with pytest.raises(Refused, match="never moves"):
            rights.put_held(tx, SITE, {"g1": [second], "g2": [second]})
        third = Entitlement(id="e3", product="day")
        with pytest.raises(Refused, match="never moves"):
            rights.put_held(tx, SITE, {"g1": [third], "g2": [third]})


def test_rights_are_listed_counted_and_looked_up(store: Store) -> None:
    a_house(store)
    with store.reading() as tx:
        assert rights.right(tx, SITE, "e1")[0] == "g1"
        assert rights.count_rights(tx, SITE) == {"valid": 1}
        assert rights.of_product(tx, SITE, "day") == 1
        assert rights.holders(tx, SITE, ["e1", "e2"]) == {"e1": "g1"}
        assert rights.list_rights(tx, SITE, after="e1") == ()
        with pytest.raises(Unknown):
            rights.right(tx, SITE, "e2")


def places(tx: Connection, *things: Zone | Point | Product) -> None:
    layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome"))
    for thing in things:
        layout.put_thing(tx, SITE, thing)


def test_publishing_numbers_the_layout_and_tells_it_whole(store: Store) -> None:
    a_site(store)
    with store.transaction() as tx:
        places(tx, Zone(id="park", capacity_max=10), Point(id="gate", kind=PointKind.GATE, zone="park"))
        assert layout.published(tx, SITE) is None
        assert layout.publish_layout(tx, SITE, ["a", "b", "c"]) == 1
        now = layout.published(tx, SITE)
        assert now is not None
        assert sorted(lease.places for lease in now.place_leases) == [3, 3, 4]
        assert not layout.differs(layout.layout(tx, SITE, ["a", "b", "c"]), now)
        assert layout.differs(layout.layout(tx, SITE, ["a", "b"]), now)
        assert layout.publish_layout(tx, SITE, ["a", "b"]) == 2


@pytest.mark.parametrize(
    ("things", "why"),
    [
        ((Point(id="gate", kind=PointKind.GATE, zone="moon"),), "does not exist"),
        ((Zone(id="a", parent="b"), Zone(id="b", parent="a")), "within itself"),
        ((Zone(id="a", parent="gone"),), "does not exist"),
        ((Product(id="day", terms=Terms(zones=("moon",))),), "does not exist"),
        ((Product(id="day", terms=Terms(points=("moon",))),), "does not exist"),
    ],
)
def test_a_layout_that_leans_on_nothing_is_refused(
    small_store: Store, things: tuple[Zone | Point | Product, ...], why: str
) -> None:
    a_site(small_store)
    with small_store.transaction() as tx:
        places(tx, *things)
        with pytest.raises(Refused, match=why):
            layout.publish_layout(tx, SITE)


@given(
    capacity=st.integers(0, 1_000), devices=st.lists(st.text(min_size=1, max_size=4), max_size=9, unique=True)
)
def test_shares_of_places_never_exceed_the_ceiling(capacity: int, devices: list[str]) -> None:
    leases = layout.leases((Zone(id="z", capacity_max=capacity),), devices)
    assert sum(lease.places for lease in leases) == (capacity if devices else 0)
    assert all(lease.places >= 0 for lease in leases)


def test_staff_are_told_and_their_leaving_is_a_tombstone(store: Store) -> None:
    a_site(store)
    marta = StaffMember(id="marta", name="Marta", roles=("supervisor",), pin_hash="$argon2id$")
    with store.transaction() as tx:
        staff.put_staff(tx, SITE, marta)
        assert staff.staff(tx, SITE) == (marta,)
        assert msgspec.msgpack.decode(told(tx, "staff", "marta") or b"", type=StaffMember) == marta
        staff.remove_staff(tx, SITE, "marta")
        assert told(tx, "staff", "marta") is None
        with pytest.raises(Unknown):
            staff.remove_staff(tx, SITE, "marta")


def test_a_sites_turn_is_taken_only_where_there_is_a_site(store: Store) -> None:
    a_site(store)
    with store.transaction() as tx:
        take_turn(tx, SITE)
        with pytest.raises(Unknown):
            take_turn(tx, "nowhere")
        assert sites.has_site(tx, SITE)


def test_new_things_are_told_in_the_same_words_as_changed_ones(store: Store) -> None:
    a_site(store)
    with store.transaction() as tx:
        last = feed.publish_new(
            tx, SITE, [feed.Change("profile", "aa", b"1"), feed.Change("profile", "bb", b"2")]
        )
        assert last == feed.head(tx, SITE).seq == 2
        assert feed.publish(tx, SITE, [feed.Change("profile", "aa", b"3")]) == 3
        assert (told(tx, "profile", "aa"), told(tx, "profile", "bb")) == (b"3", b"2")
