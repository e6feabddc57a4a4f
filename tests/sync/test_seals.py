"""Seals: a remark opens in its place and by its key alone; the site's own key rolls and ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge import remarks
from edge.core.events import Kind, Sealed
from edge.core.profiles import RemarkKey
from edge.core.retention import DAY_MS, Keeping
from sync.central import seals
from sync.central.console import happenings
from sync.central.console.happenings import Wanted
from sync.central.feed import item_table
from sync.central.privacy.retention import STEADY_MS, Retention
from sync.central.store import select
from sync.wire import REMARKS
from tests.security.remarked import CANARY, SITE, Park
from tests.service.house import OTHER_UID, an_edge, band_of


@pytest.fixture
def park(tmp_path: Path) -> Iterator[Park]:
    with an_edge(tmp_path / "edge") as edge:
        made = Park(tmp_path, edge)
        made.told()
        yield made
        made.store.close()


def test_a_remark_opens_in_its_own_place_and_by_its_own_key_alone() -> None:
    (private, public), (other, _) = remarks.new_pair(), remarks.new_pair()
    sealed = remarks.seal(CANARY, RemarkKey(owner="g:1", public=public), Kind.UNDONE, band=b"b" * 16)
    assert remarks.opened(sealed, private, Kind.UNDONE, band=b"b" * 16) == CANARY
    assert remarks.opened(sealed, other, Kind.UNDONE, band=b"b" * 16) == ""
    assert remarks.opened(sealed, private, Kind.LINKED, band=b"b" * 16) == ""
    assert remarks.opened(sealed, private, Kind.UNDONE, band=None) == ""
    assert remarks.opened(Sealed("g:2", sealed.octets), private, Kind.UNDONE, band=b"b" * 16) == ""
    for place in range(len(sealed.octets)):
        octets = bytearray(sealed.octets)
        octets[place] ^= 1
        assert remarks.opened(Sealed("g:1", bytes(octets)), private, Kind.UNDONE, band=b"b" * 16) == ""


def test_lengths_tell_little_and_equal_words_look_different() -> None:
    key = RemarkKey(owner="g:1", public=remarks.new_pair()[1])
    short, longer, again = (remarks.seal(text, key, 3, band=None) for text in ("a", "a" * 31, "a"))
    assert len(short.octets) == len(longer.octets)
    assert short.octets != again.octets


def test_an_owner_that_no_database_could_hold_is_nobody(park: Park) -> None:
    sealed = Sealed("g:\0" + "x" * 500, b"noise")
    with park.store.reading() as tx:
        assert seals.opened(tx, SITE, [seals.Written(sealed, 3, None)]) == [""]


def test_the_sites_own_key_rolls_and_is_destroyed_after_its_days(park: Park) -> None:
    park.edge.service.correct_count(park.edge.session("supervisor"), "park", 1, reason=CANARY)
    park.heard()

    def count_note() -> str:
        with park.store.reading() as tx:
            found, _ = happenings.page(tx, SITE, Wanted())
        return next(one.note for one in found if one.kind == "count_corrected")

    assert count_note() == CANARY
    mono = [0]
    retention = Retention(park.store, Keeping(sealed_days=31), monotonic=lambda: mono[0])
    with park.store.transaction() as tx:
        assert not seals.publish_site_key(tx, SITE), "the first one is young"
    for _ in range(2):
        park.clock.ms += seals.SITE_ROLL_MS + DAY_MS
        mono[0] += seals.SITE_ROLL_MS + DAY_MS
        with park.store.transaction() as tx:
            assert seals.publish_site_key(tx, SITE)
    assert len(site_keys(park)) == 3
    mono[0] += STEADY_MS
    park.clock.ms += STEADY_MS
    retention.look()
    assert len(site_keys(park)) == 2
    park.told()
    now = park.edge.profiles.remark_key()
    assert now is not None
    assert now.owner == max(site_keys(park))
    assert count_note() == "park"


def site_keys(park: Park) -> list[str]:
    own = seals.seal_table.c
    with park.store.reading() as tx:
        return [str(one) for one in tx.execute(select(own.owner).where(own.owner.like("s:%"))).scalars()]


def told_kinds(park: Park) -> set[Any]:
    with park.store.reading() as tx:
        return set(tx.execute(select(item_table.c.kind)).scalars())


def test_the_edge_hears_of_the_sites_key_by_an_item_of_its_own(park: Park) -> None:
    assert REMARKS in told_kinds(park)
    assert park.edge.profiles.remark_key() is not None
    assert park.edge.profiles.get(band_of(park.edge, OTHER_UID)) is None
