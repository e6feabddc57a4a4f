"""A file into the registry: once, whole, and the same however often and by however many."""

from __future__ import annotations

import zoneinfo
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from edge.core.bands import Band, Trust
from edge.core.profiles import ProfileItem
from edge.errors import Refused
from sync.central import feed
from sync.central.feed import item_table
from sync.central.imports import load as loading
from sync.central.imports.lines import Terrain, read
from sync.central.imports.load import Desk, load
from sync.central.registry import bands, guests, rights
from sync.central.registry.bands import BandCard, band_id
from sync.central.sites import band_key
from sync.central.store import Store, select
from tests.sync.builders import SITE
from tests.sync.imports.files import a_file, a_row, an_open_site, imported, keys_of


def everything(store: Store) -> tuple[object, ...]:
    """All that an import can change, but for the times of change."""
    with store.reading() as tx:
        everybody = guests.search_guests(tx, SITE, "")
        worn = bands.list_bands(tx, SITE)
        held = rights.list_rights(tx, SITE)
    return everybody, tuple(msgspec.structs.replace(card, rev=0) for card in worn), held


def test_a_file_brings_guests_bands_with_their_keys_and_rights(store: Store) -> None:
    an_open_site(store)
    assert imported(store, a_file([a_row(1), a_row(2)]))[:2] == (2, 0)
    with store.reading() as tx:
        uid = bytes.fromhex("04000000000001")
        card = bands.band(tx, SITE, band_id(band_key(tx, SITE), uid))
        body = tx.execute(
            select(item_table.c.body).where(item_table.c.key == card.band.id.hex())
        ).scalar_one()
        (own,) = keys_of(bands.master(tx, SITE), [uid])
    item = msgspec.msgpack.decode(bytes(body), type=ProfileItem)
    assert (card.guest, card.band.trust_min, card.keys) == ("g1", Trust.SUN, own)
    assert item.keys == own
    assert item.profile.guest == "g1"
    assert [right.product for right in item.profile.entitlements] == ["day"]


def test_the_same_file_twice_changes_nothing_more(store: Store) -> None:
    an_open_site(store)
    body = a_file([a_row(number) for number in range(20)])
    imported(store, body)
    before = everything(store)
    assert imported(store, body)[:2] == (20, 0)
    assert everything(store) == before


def test_anothers_band_is_left_with_its_guest_and_the_line_is_told(store: Store) -> None:
    an_open_site(store)
    imported(store, a_file(["g1,04a1b2c3d4e501"], "guest,uid"))
    found = imported(
        store, a_file(["g2,04a1b2c3d4e501", "g3,04a1b2c3d4e502", "g4,04a1b2c3d4e502"], "guest,uid")
    )
    assert (found.done, found.wrong) == (1, 2)
    assert [one.number for one in found.first_wrong] == [2, 4]
    assert "take another band" in found.first_wrong[0].why
    with store.reading() as tx:
        assert {card.guest for card in bands.list_bands(tx, SITE)} == {"g1", "g3"}


def test_anothers_entitlement_is_not_taken(store: Store) -> None:
    an_open_site(store)
    heading = "guest,entitlement,product"
    imported(store, a_file(["g1,e1,day"], heading))
    found = imported(store, a_file(["g2,e1,day"], heading))
    assert (found.done, found.wrong) == (0, 1)
    assert "already another guest's" in found.first_wrong[0].why


def test_a_stock_band_is_given_to_its_guest(store: Store) -> None:
    an_open_site(store)
    with store.transaction() as tx:
        stock = BandCard(
            band=Band(id=band_id(band_key(tx, SITE), bytes.fromhex("04a1b2c3d4e501"))), label="7"
        )
        bands.add_bands(tx, SITE, [stock])
    assert imported(store, a_file(["g1,04a1b2c3d4e501,ntag424"], "guest,uid,chip")).done == 1
    with store.reading() as tx:
        card = bands.band(tx, SITE, stock.band.id)
    assert (card.guest, card.band.trust_min, card.band.epoch, bool(card.keys)) == ("g1", Trust.SUN, 1, True)


def test_a_guest_on_two_lines_of_two_chunks_keeps_both_bands(
    small_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "CHUNK_MAX", 2)
    an_open_site(small_store)
    rows = ["g1,04a1b2c3d4e501", "g2,04a1b2c3d4e502", "g1,04a1b2c3d4e503", "g2,04a1b2c3d4e502", "g3,"]
    assert imported(small_store, a_file(rows, "guest,uid"))[:2] == (5, 0)
    with small_store.reading() as tx:
        assert len(bands.bands_of(tx, SITE, ["g1"])) == 2
        assert guests.count_guests(tx, SITE) == 3


@pytest.mark.parametrize("count", [499, 500, 501, 1_000])
def test_chunks_meet_without_loss(small_store: Store, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "CHUNK_MAX", 500)
    an_open_site(small_store)
    seen: list[tuple[int, int]] = []
    rows = a_file([a_row(number) for number in range(count)])
    assert imported(small_store, rows, progress=lambda done, wrong: seen.append((done, wrong))).done == count
    with small_store.reading() as tx:
        assert guests.count_guests(tx, SITE) == sum(bands.count_bands(tx, SITE).values()) == count
        assert feed.head(tx, SITE).seq == count
    assert seen[-1] == (count, 0)
    assert len(seen) == -(-count // 500)


def test_two_imports_at_once_store_each_guest_once(store: Store) -> None:
    an_open_site(store)
    body = a_file([a_row(number) for number in range(300)])
    with ThreadPoolExecutor(2) as both:
        first, second = both.map(lambda _: imported(store, body), range(2))
    assert (first.done, second.done) == (300, 300)
    with store.reading() as tx:
        assert guests.count_guests(tx, SITE) == sum(bands.count_bands(tx, SITE).values()) == 300


@pytest.mark.parametrize("body", [b"", b"\xff\xfeg\0u\0", b"guest\nx\0y\n", b"  \n"])
def test_what_is_no_csv_in_utf8_is_refused_before_its_lines_are(small_store: Store, body: bytes) -> None:
    an_open_site(small_store)
    with pytest.raises(Refused):
        imported(small_store, body)


def test_without_keys_only_bands_that_need_them_are_left_out(small_store: Store) -> None:
    an_open_site(small_store)
    rows = ("guest,uid,chip", "g1,04a1b2c3d4e501,ntag424", "g2,04a1b2c3d4e502,ntag213")
    lines = read(rows, Terrain(frozenset(), zoneinfo.ZoneInfo("UTC")))
    found = load(Desk(small_store, SITE, None), lines, lambda done, wrong: None)
    assert (found.done, found.wrong) == (1, 1)
    assert "makes no keys" in found.first_wrong[0].why
