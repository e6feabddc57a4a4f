"""A guest of the demo park says yes to being known from afar, and is, until the moment of their no."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.run.demo.onair import radio_key
from edge.run.demo.open import Choices, DemoPark
from edge.run.waiting import until
from edge.staff import Session
from hardware.ble.eid import eid
from sync.central.registry.bands import master

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]
WAIT_S = 15.0


def test_band_is_heard_from_the_guests_yes_to_their_no(tmp_path: Path) -> None:
    park = DemoPark(
        Choices(headless=True, data_dir=tmp_path / "park", key=tmp_path / "park.key"), tmp_path / "park"
    )
    park.start()
    try:
        with park.central.store.reading() as tx:
            root = master(tx, park.park.site.id)
        edge, uid = park.edge, next(one.uid for one in park.park.banded if one.id == "hans")
        band, key = edge.own.vault.band_id(uid), radio_key(root, uid)

        def heard() -> bytes | None:
            return edge.identities.lookup(eid(key, edge.clock.central_ms() // 1_000))

        assert until(lambda: edge.profiles.get(band), WAIT_S), "central has not told of him"
        assert heard() is None
        edge.service.consent_by_staff(at_the_gate(park), band.hex(), "presence", given=True)
        assert until(lambda: heard() == band, WAIT_S)
        edge.service.consent_by_staff(at_the_gate(park), band.hex(), "presence", given=False)
        assert heard() is None
    finally:
        park.stop()


def at_the_gate(park: DemoPark) -> Session:
    now = park.edge.clock.now_ms()
    return Session(
        token="t",
        staff="luca",
        name="Luca",
        roles=("gate",),
        point="gate-1",
        until_ms=now + 3_600_000,
        fresh_until_ms=now + 300_000,
    )
