"""A new band at the demo's desk: written by the real verb's way, given to its guest, and the gate opens."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.journeys.park import Park, a_park, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(90)]


def card(park: Park, band: str = "nina") -> dict[str, object]:
    return next(one for one in park.state()["bands"] if one["id"] == band)


def enters(park: Park) -> bool:
    """Hold the band to the gate until the edge has heard of it from central."""
    return bool(park.tap("nina")["outcome"] == "granted")


def test_a_blank_band_is_written_linked_and_opens_the_gate(tmp_path: Path) -> None:
    with a_park(tmp_path / "kept") as park:
        assert (card(park)["story"], card(park)["trust"]) == ("blank", "")
        before = park.tap("nina")
        assert (before["outcome"], before["reason"]) == ("referred", "band_unknown")

        done = park.answer(park.post("desk", band="nina"))

        assert done["desk"]["band"] == "nina"
        assert done["desk"]["steps"] >= 8, "five keys, the link, its mirrors, and a look at the whole"
        assert card(park)["trust"] == "LIVE"
        until(lambda: enters(park), 10)
        assert park.tap("nina")["reason"] == "inside_already"
        console = requests.get(f"{park.central}/healthz", timeout=5)
        assert console.status_code == 200
    with a_park(tmp_path / "kept") as again:
        assert card(again)["trust"] == "LIVE", "a park that is kept knows its band"
        assert again.tap("nina")["reason"] == "inside_already"


def test_the_desk_takes_the_new_band_alone_and_finds_it_done_a_second_time(tmp_path: Path) -> None:
    with a_park(tmp_path / "kept") as park:
        refused = park.post("desk", band="giulia")
        assert refused.status_code == 409 or refused.status_code == 422, refused.text
        assert park.post("desk", band="nobody").status_code == 404
        first = park.answer(park.post("desk", band="nina"))
        second = park.answer(park.post("desk", band="nina"))
        assert second["desk"]["steps"] < first["desk"]["steps"]
        until(lambda: enters(park), 10)
