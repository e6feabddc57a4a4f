"""Caps are a person's: what was shown to a guest counts for whoever is found to be the same person."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.joined import is_joined
from edge.core.offers.elsewhere import OFFER_TIMES, Totals, summed
from edge.core.offers.offer import Counted, Span
from edge.core.profiles import ProfileItem
from sync.central import offered
from sync.central.feed import item_table
from sync.central.offered import Seen
from sync.central.privacy import erasure
from sync.central.registry.expected import expected_table
from sync.central.registry.profiles import PROFILE
from sync.central.store import STEPS, Store, select, update
from sync.central.telling.renewal import renew
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.people.folk import Folk


@pytest.fixture
def folk(small_store: Store, clock: Clockwork) -> Folk:
    return Folk(small_store, clock)


def shows(folk: Folk, guest: str, device: str = "kiosk", times: int = 1) -> None:
    with folk.store.transaction() as tx:
        seen = [Seen(guest, "coffee", int(Kind.OFFER_SHOWN), NOW_MS)] * times
        offered.merge(tx, SITE, seen, device=device)


def told(folk: Folk, guest: str) -> Totals:
    """What the feed tells every device of a guest."""
    own = item_table.c
    query = select(own.body).where(own.site_id == SITE, own.kind == OFFER_TIMES, own.key == guest)
    with folk.store.reading() as tx:
        body = tx.execute(query).scalar()
    return {} if body is None else msgspec.msgpack.decode(bytes(body), type=Totals)


def counted_at(folk: Folk, guest: str, device: str, *, here: int) -> int:
    """What a device counts, as its cap does: its own of this guest, and all that it is told of others'."""
    elsewhere = {name: rows for name, rows in told(folk, guest).items() if name != device}
    days = [one.day for rows in elsewhere.values() for one in rows]
    sums = summed(elsewhere, day=max(days, default=0))
    return here + sums.get(("coffee", Counted.SHOWN, Span.CAMPAIGN), 0)


def test_what_one_was_shown_counts_for_who_is_the_same_person_until_they_part(folk: Folk) -> None:
    shows(folk, "ada", "kiosk", 2)
    shows(folk, "bea", "till", 1)
    assert counted_at(folk, "bea", "till", here=1) == 1
    folk.merges("ada", "bea")
    assert counted_at(folk, "bea", "till", here=1) == 3
    assert counted_at(folk, "ada", "kiosk", here=2) == 3
    shows(folk, "ada", "till", 4)
    assert counted_at(folk, "bea", "till", here=1) == 7, "also what the same device showed to the other band"
    folk.parts("ada")
    assert counted_at(folk, "bea", "till", here=1) == 1
    assert told(folk, "ada").keys() == {"kiosk", "till"}
    with folk.store.reading() as tx:
        assert sum(map(len, offered.of_guest(tx, SITE, "ada").values())) == 2


def test_who_was_shown_nothing_is_told_of_the_others_and_of_nothing_once_parted(folk: Folk) -> None:
    shows(folk, "ada")
    folk.merges("cleo", "ada")
    assert counted_at(folk, "cleo", "kiosk", here=0) == 1
    folk.parts("cleo")
    assert told(folk, "cleo") == {}


def test_with_an_erasure_nothing_of_it_stays_with_anybody(folk: Folk) -> None:
    shows(folk, "ada")
    shows(folk, "dora")
    folk.merges("cleo", "ada")
    with folk.store.transaction() as tx:
        erasure.erase(tx, SITE, "ada")
    assert (told(folk, "ada"), told(folk, "cleo")) == ({}, {})
    assert told(folk, "dora") != {}


def test_nobody_is_told_anew_without_news(folk: Folk) -> None:
    def numbers() -> list[int]:
        own = item_table.c
        with folk.store.reading() as tx:
            query = select(own.seq).where(own.site_id == SITE, own.kind == OFFER_TIMES).order_by(own.key)
            return list(tx.execute(query).scalars())

    shows(folk, "ada")
    folk.merges("cleo", "ada")
    before = numbers()
    with folk.store.transaction() as tx:
        offered.level(tx, SITE, ["ada", "cleo"])
    assert numbers() == before


def test_all_of_one_person_fits_one_item(folk: Folk) -> None:
    wide = "o" * 37
    for guest in ("ada", "bea"):
        with folk.store.transaction() as tx:
            seen = [
                Seen(guest, f"{wide}{number:03}", int(Kind.OFFER_SHOWN), NOW_MS - number * 86_400_000)
                for number in range(310)
            ]
            offered.merge(tx, SITE, seen, device="d" * 64)
    folk.merges("ada", "bea")
    assert len(told(folk, "ada")[offered.ONE]) == 300
    assert sum(len(rows) for name, rows in told(folk, "ada").items() if name != offered.ONE) == 300


def test_bands_of_whoever_is_known_as_another_say_so_until_they_part(folk: Folk) -> None:
    def joined() -> set[str]:
        own = item_table.c
        query = select(own.body).where(own.site_id == SITE, own.kind == PROFILE, own.body.is_not(None))
        with folk.store.reading() as tx:
            items = [
                msgspec.msgpack.decode(bytes(body), type=ProfileItem) for body in tx.execute(query).scalars()
            ]
        return {item.profile.guest or "" for item in items if is_joined(item.profile.tags)}

    folk.merges("ada", "bea")
    assert joined() == {"ada"}
    folk.merges("bea", "cleo")
    assert joined() == {"ada", "bea"}
    folk.parts("bea")
    assert joined() == {"ada"}
    folk.parts("ada")
    assert joined() == set()


def test_edges_are_told_by_the_update_of_who_was_joined_before_they_were_told_of_anybody(folk: Folk) -> None:
    folk.merges("ada", "bea")
    with folk.store.transaction() as tx:
        tx.execute(update(expected_table).values(again_ms=None))
    assert renew(folk.store, SITE, now=True) == 0, "as a former release left it"
    with folk.store.transaction() as tx:
        STEPS[16](tx)
    assert renew(folk.store, SITE, now=True) == 1
