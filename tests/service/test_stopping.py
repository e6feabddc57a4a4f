"""A guest stops their stored card with their band, or staff do on their wish: here at once, told once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Event, Kind, Lane
from edge.core.payment.bodies import MandateStopped
from edge.core.profiles import Cursor
from edge.core.wallet import MandateState
from edge.errors import NotAllowed, Refused
from edge.service.attempts import OwnBand
from edge.service.payments.stopping import STOPPED, is_stopped
from edge.service.standing import HoldAgain
from hardware.port import Trust
from tests.service.house import OTHER_UID, UID, House, an_edge, band_of
from tests.service.purses import GUEST_PIN, WALLET, a_guest


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        a_guest(made, mandate=MandateState.ACTIVE)
        yield made


def held(house: House, uid: bytes = UID, **changes: object) -> str:
    return house.service.present(house.tap(uid, "reader-kiosk", **changes)).tap_id


def told(house: House) -> list[tuple[Event, MandateStopped]]:
    events = [one for one in house.journal.range(Lane.PRIORITY, 0) if one.kind == Kind.MANDATE_STOPPED]
    return [(one, msgspec.msgpack.decode(one.body, type=MandateStopped)) for one in events]


def stopped(house: House, uid: bytes = UID) -> bool:
    link = house.profiles.get(band_of(house, uid)).wallet
    return house.sequencer.submit(lambda tx: is_stopped(tx, house._rooms(), link))


def test_a_guest_s_band_stops_it_at_once_and_is_told_once(house: House) -> None:
    tap = held(house)
    for _ in range(2):
        assert house.service.stop_card(tap, "kiosk").became == "stopped"
    ((event, said),) = told(house)
    assert (said.guest, said.wallet, said.point, said.staff) == ("guest-1", WALLET, "kiosk", "")
    assert event.band == band_of(house, UID)
    assert stopped(house)


def test_a_copy_or_a_tap_of_elsewhere_or_of_long_ago_stops_nothing(house: House) -> None:
    with pytest.raises(NotAllowed):
        house.service.stop_card(held(house, trust=Trust.UID), "kiosk")
    tap = held(house)
    with pytest.raises(HoldAgain):
        house.service.stop_card(tap, "north")
    house.hands.forward(s=301)
    with pytest.raises(HoldAgain):
        house.service.stop_card(tap, "kiosk")
    assert told(house) == []
    assert not stopped(house)


def test_who_has_a_pin_types_it_and_three_wrong_ones_lock_it(house: House) -> None:
    a_guest(house, pin=GUEST_PIN, mandate=MandateState.ACTIVE)
    tap = held(house)

    def types(pin: str) -> str:
        return house.service.stop_card(tap, "kiosk", pin).became

    assert types("") == "pin"
    assert [types("0000"), types("0000")] == ["wrong", "wrong"]
    assert types(GUEST_PIN) == "stopped", "what was wrong before counts no more"
    assert len(told(house)) == 1
    assert [types("0000") for _ in range(3)] == ["wrong", "wrong", "locked"]
    assert types(GUEST_PIN) == "locked", "not even the right one"


def test_a_child_s_band_and_one_without_a_wallet_stop_nothing(house: House) -> None:
    a_guest(house, OTHER_UID, no_charge=True)
    with pytest.raises(NotAllowed, match="pays nothing"):
        house.service.stop_card(held(house, OTHER_UID), "kiosk")
    house.tell(msgspec.structs.replace(house.profiles.get(band_of(house, UID)), wallet=None, rev=10**6))
    with pytest.raises(Refused, match="no wallet"):
        house.service.stop_card(held(house), "kiosk")
    assert told(house) == []


def test_staff_stop_it_on_a_guest_s_wish_by_name_and_nobody_for_themselves(house: House) -> None:
    band = band_of(house, UID).hex()
    with pytest.raises(NotAllowed):
        house.service.stop_card_by_staff(house.session("operator"), band)
    with pytest.raises(OwnBand):
        house.service.stop_card_by_staff(house.session("till", badge=band), band)
    with pytest.raises(NotAllowed, match="Nobody wears"):
        house.service.stop_card_by_staff(house.session("till"), bytes(16).hex())
    assert told(house) == []
    for _ in range(2):
        house.service.stop_card_by_staff(house.session("till", staff="carla"), band)
    ((_, said),) = told(house)
    assert (said.guest, said.staff) == ("guest-1", "carla")


def test_it_holds_until_central_has_it_and_the_feed_went_on(house: House) -> None:
    house.service.stop_card(held(house), "kiosk")
    ((event, _),) = told(house)
    house.profiles.apply((), Cursor(1, 900))
    assert stopped(house), "central has not heard of it"
    house.sequencer.submit(lambda tx: tx.ack(Lane.PRIORITY, event.seq))
    assert not stopped(house), "from now on central's own word stands"
    assert house.sequencer.submit(lambda tx: tx.get(STOPPED, WALLET)) is None


def test_a_page_that_came_before_central_had_it_does_not_end_it(house: House) -> None:
    house.service.stop_card(held(house), "kiosk")
    ((event, _),) = told(house)
    house.sequencer.submit(lambda tx: tx.ack(Lane.PRIORITY, event.seq))
    assert stopped(house), "the page that says so is still to come"
