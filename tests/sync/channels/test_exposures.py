"""Choices of channels are read as a stream: a page load holds a few of them, and opens each once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from edge.core.offers import exposure_of
from edge.core.offers.asked import Exposed
from sync.central.channels import exposures
from sync.central.channels.exposures import Kept
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork, a_site
from tests.sync.test_learning import chosen, published


@pytest.fixture
def made(store: Store, clock: Clockwork) -> list[Exposed]:
    """Six choices, the later the smaller their names, the two last ones at one time; all tiles were shown."""
    a_site(store)
    bundle = published(store)
    found = [chosen(bundle, number) for number in range(9, 3, -1)]
    for number, one in enumerate(found):
        clock.ms += int(number < 5)
        with store.transaction() as tx:
            exposures.keep(tx, SITE, Kept("app", "g1", one), occasion=bytes([number]))
            for tile in one.choice.tiles:
                exposures.show(tx, SITE, exposure_of(one.choice, tile))
    with store.transaction() as tx:
        exposures.keep(tx, "other", Kept("app", "g1", found[0]), occasion=b"other")
    return found


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Every choice that is decoded."""
    said: list[bytes] = []
    decode = exposures._decode

    def hear(body: bytes) -> Any:
        said.append(body)
        return decode(body)

    monkeypatch.setattr(exposures, "_decode", hear)
    return said


def test_the_newest_come_one_by_one_the_eldest_of_them_first(
    store: Store, made: list[Exposed], opened: list[bytes]
) -> None:
    last = [*made[2:4], made[5], made[4]]
    with store.reading() as tx:
        stream = exposures.newest(tx, SITE, most=4)
        assert next(stream).exposed == last[0]
        assert len(opened) == 1, "nobody has asked for the next one"
        assert [one.exposed for one in stream] == last[1:]
        assert [one.exposed for one in exposures.newest(tx, SITE, most=9)] == [*made[:2], *last]
        since_ms = store.now_ms()
        assert [one.exposed for one in exposures.newest(tx, SITE, most=9, since_ms=since_ms)] == last[2:]


def test_tiles_beside_each_other_open_their_choice_once(
    store: Store, made: list[Exposed], opened: list[bytes]
) -> None:
    with store.reading() as tx:
        found = list(exposures.outcomes(tx, SITE))
    tiles = {exposure_of(one.choice, tile): tile.offer for one in made for tile in one.choice.tiles}
    assert {one.exposure: one.offer for one in found} == tiles
    assert len(tiles) == 12 > len(opened) == 6
    assert all(one.shown_ms <= other.shown_ms for one, other in pairwise(found))
