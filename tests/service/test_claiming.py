"""A guest claims the band that they hold to a kiosk: it proved its key, central was reached, and answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.clock import Clock
from edge.core.claimed import Became
from edge.errors import Offline, Refused
from edge.run.identity import Identity, new_private_key
from edge.run.outside import claims
from edge.service.help import Help
from edge.service.near.desk import Near
from edge.service.standing import HoldAgain, Unproved
from hardware.port import Trust
from sync.client import Cable
from sync.client.line import Unreachable
from tests.service.house import UID, House, an_edge, band_of
from tests.service.purses import a_guest

CODE = "12345678"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        a_guest(made)
        made.health.contact(reached=True)
        yield made


class Central:
    """What central is asked, and its answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, str, str]] = []

    def __call__(self, band: bytes, code: str, point: str) -> Became:
        self.asked.append((band, code, point))
        return Became.CLAIMED


def desk(house: House, central: Central | None) -> Near:
    rooms = dataclasses.replace(house._rooms(), claims=central)
    return Near(rooms, house.service.offers, Help(rooms), consents=house.service._consents)


def held(house: House, **changes: object) -> str:
    return house.service.present(house.tap(reader="reader-kiosk", **changes)).tap_id


def test_central_is_asked_of_the_band_that_was_held_here(house: House) -> None:
    central = Central()
    assert desk(house, central).claim(held(house), "kiosk", CODE) is Became.CLAIMED
    assert central.asked == [(band_of(house, UID), CODE, "kiosk")]


def test_a_copy_or_a_tap_of_elsewhere_claims_nothing(house: House) -> None:
    central = Central()
    with pytest.raises(Unproved):
        desk(house, central).claim(held(house, trust=Trust.SUN, counter=7), "kiosk", CODE)
    tap = held(house)
    with pytest.raises(HoldAgain):
        desk(house, central).claim(tap, "north", CODE)
    house.hands.forward(s=301)
    with pytest.raises(HoldAgain):
        desk(house, central).claim(tap, "kiosk", CODE)
    assert central.asked == []


def test_a_clock_that_is_set_right_meanwhile_asks_for_no_second_tap(house: House) -> None:
    tap = held(house)
    house.clock.heard(house.clock.now_ms() - 5_000, 0)
    assert desk(house, Central()).claim(tap, "kiosk", CODE) is Became.CLAIMED
    house.clock.heard(house.clock.now_ms() - 60_000, 0)
    with pytest.raises(HoldAgain):
        desk(house, Central()).claim(tap, "kiosk", CODE)


def test_a_device_that_does_not_reach_central_says_so_and_asks_nobody(house: House) -> None:
    central = Central()
    house.health.contact(reached=False)
    with pytest.raises(Offline):
        desk(house, central).claim(held(house), "kiosk", CODE)
    assert central.asked == []
    with pytest.raises(Refused, match="stays alone"):
        desk(house, None).claim(held(house), "kiosk", CODE)


def test_who_has_a_central_asks_it_and_a_pulled_cable_is_no_answer() -> None:
    assert claims(Identity(site="park", device="edge-1", private_key=b""), Cable(), Clock()) is None
    who = Identity(
        site="park", device="edge-1", central="http://127.0.0.1:9", key_id="park.edge-1.1",
        private_key=new_private_key(), central_key=b"c" * 32,
    )  # fmt: skip
    cable = Cable()
    cable.pull()
    ask = claims(who, cable, Clock())
    assert ask is not None
    with pytest.raises(Unreachable):
        ask(b"b" * 16, CODE, "kiosk")
