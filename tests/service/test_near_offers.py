"""Offers at a kiosk are those of the band that was held there, and nobody else takes them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.offers import Why
from edge.core.offers.said import Told
from edge.core.waiting import WAITS
from edge.errors import NotAllowed
from edge.service.attempts import OwnBand
from edge.service.standing import MINE_S_MAX, HoldAgain, Unproved
from hardware.port import Trust
from tests.service.house import OTHER_UID, UID, House, an_edge, band_of
from tests.service.offered import a_fan, an_offer, budget, published, seen
from tests.service.purses import bought, granted


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        published(made)
        budget(made)
        yield made


def at_the_kiosk(house: House, uid: bytes = UID, **changes: object) -> str:
    return house.service.present(house.tap(uid, "reader-kiosk", **changes)).tap_id


def test_a_guest_is_shown_takes_and_has_a_code(house: House) -> None:
    a_fan(house)
    tap, offers = at_the_kiosk(house), house.service.near.offers
    (tile,) = offers.view(tap, "kiosk").tiles
    offers.painted(tap, "kiosk", [tile.exposure, "of-somebody-else"])
    assert offers.take(tap, "kiosk", tile.exposure).offer == "soup-less"
    assert offers.view(tap, "kiosk").tiles[0].taken


def test_nobody_takes_or_declines_what_another_guest_was_shown(house: House) -> None:
    a_fan(house)
    offers = house.service.near.offers
    first = at_the_kiosk(house)
    (tile,) = offers.view(first, "kiosk").tiles
    offers.painted(first, "kiosk", [tile.exposure])
    a_fan(house, OTHER_UID, guest="guest-2")
    second = at_the_kiosk(house, OTHER_UID)
    for act in (offers.take, offers.decline):
        with pytest.raises(HoldAgain):
            act(second, "kiosk", tile.exposure)


def test_after_a_while_the_band_is_asked_for_again(house: House) -> None:
    a_fan(house)
    tap = at_the_kiosk(house)
    house.hands.forward(s=MINE_S_MAX + 1)
    with pytest.raises(HoldAgain):
        house.service.near.offers.view(tap, "kiosk")


def test_a_band_that_proves_nothing_sees_offers_and_takes_none(house: House) -> None:
    fan = a_fan(house)
    house.tell(msgspec.structs.replace(fan, band=msgspec.structs.replace(fan.band, trust_min=1), rev=99))
    tap = at_the_kiosk(house, trust=Trust.UID, counter=None)
    (tile,) = house.service.near.offers.view(tap, "kiosk").tiles
    house.service.near.offers.painted(tap, "kiosk", [tile.exposure])
    with pytest.raises(Unproved):
        house.service.near.offers.take(tap, "kiosk", tile.exposure)


def test_declined_it_stays_away_and_quiet_ends_them_all(house: House) -> None:
    a_fan(house)
    tap, offers = at_the_kiosk(house), house.service.near.offers
    (tile,) = offers.view(tap, "kiosk").tiles
    offers.painted(tap, "kiosk", [tile.exposure])
    offers.decline(tap, "kiosk", tile.exposure)
    assert all(one.exposure != tile.exposure for one in offers.view(tap, "kiosk").tiles)
    offers.quiet(tap, "kiosk")
    assert offers.view(tap, "kiosk").tiles == ()


def test_staff_read_why_if_they_may_look_guests_up(house: House) -> None:
    a_fan(house)
    house.service.near.offers.view(at_the_kiosk(house), "kiosk")
    (told,) = house.service.near.offers.explained(house.session("care", point="kiosk"), "kiosk")
    assert told.names
    with pytest.raises(NotAllowed):
        house.service.near.offers.explained(house.session("marketer", point="kiosk"), "kiosk")


def painted_tile(house: House) -> str:
    a_fan(house)
    tap, offers = at_the_kiosk(house), house.service.near.offers
    (tile,) = offers.view(tap, "kiosk").tiles
    offers.painted(tap, "kiosk", [tile.exposure])
    return tile.exposure


def told(house: House, kind: Kind) -> list[Told]:
    bodies = [one.body for one in house.journal.range(0, 0) if one.kind == kind]
    return [msgspec.msgpack.decode(body, type=Told) for body in bodies]


def test_staff_redeem_an_offer_for_a_guest_once_and_in_their_name(house: House) -> None:
    exposure, offers = painted_tile(house), house.service.near.offers
    anna = house.session("gate", staff="anna")
    granted(house)
    assert offers.take_for(anna, exposure) == offers.take_for(anna, exposure)
    (taken,) = told(house, Kind.OFFER_TAKEN)
    assert (taken.staff, taken.point, taken.exposure) == ("anna", "north", exposure)
    assert bought(house).lines[0].off_minor == 150, "the band carries its price to the till"


def test_staff_decline_an_offer_for_a_guest_in_their_name(house: House) -> None:
    exposure, offers = painted_tile(house), house.service.near.offers
    offers.decline_for(house.session("care", staff="bruno"), exposure)
    offers.decline_for(house.session("care", staff="bruno"), exposure)
    (declined,) = told(house, Kind.OFFER_DECLINED)
    assert (declined.staff, declined.exposure) == ("bruno", exposure)
    assert offers.view(at_the_kiosk(house), "kiosk").tiles == ()


def test_a_guests_own_yes_names_nobody(house: House) -> None:
    exposure = painted_tile(house)
    house.service.near.offers.take(at_the_kiosk(house), "kiosk", exposure)
    assert [one.staff for one in told(house, Kind.OFFER_TAKEN)] == [""]


def test_nobody_redeems_for_themselves_as_staff_nor_without_the_right(house: House) -> None:
    exposure, offers = painted_tile(house), house.service.near.offers
    for act in (offers.take_for, offers.decline_for):
        with pytest.raises(OwnBand):
            act(house.session("gate", badge=band_of(house).hex()), exposure)
        with pytest.raises(NotAllowed):
            act(house.session("operator"), exposure)
    assert told(house, Kind.OFFER_TAKEN) == told(house, Kind.OFFER_DECLINED) == []


def test_anybody_is_shown_what_is_for_everybody_and_no_guests_own_offer(house: House) -> None:
    """With nobody there, with one guest, and with two who both have offers of their own."""
    forall = an_offer("for-all", public=True, group="", effect=None, budget=None)
    own = an_offer("soup-less", group="", effect=None, budget=None)
    published(house, forall, own, version=2)
    a_fan(house)
    offers = house.service.near.offers
    assert [tile.offer for tile in offers.public("kiosk").tiles] == ["for-all"]
    a_fan(house, OTHER_UID, guest="guest-2")
    assert {tile.offer for tile in seen(house, band_of(house)).tiles} == {"for-all", "soup-less"}
    at_the_kiosk(house)
    at_the_kiosk(house, OTHER_UID)
    view = offers.public("kiosk")
    assert [(tile.offer, tile.personal) for tile in view.tiles] == [("for-all", False)]
    own_tiles = [tile.exposure for tile in seen(house, band_of(house)).tiles]
    before = len(house.events(Kind.OFFER_SHOWN))
    offers.public("kiosk", [view.tiles[0].exposure, *own_tiles])
    assert len(house.events(Kind.OFFER_SHOWN)) == before + 1


def test_who_waits_for_our_answer_is_offered_nothing_until_it_is_there(house: House) -> None:
    fan = a_fan(house)
    offers = house.service.near.offers

    def tiles() -> int:
        return len(offers.view(at_the_kiosk(house), "kiosk").tiles)

    def waits(*tags: str) -> None:
        house.tell(msgspec.structs.replace(fan, tags=tags, rev=fan.rev + next(house.seqs)))
        house.hands.forward(s=1)

    assert tiles() == 1
    waits(WAITS)
    assert tiles() == 0, "what was shown before is not shown on"
    care = house.session("care", point="kiosk")
    assert [one.why for one in offers.explained(care, "kiosk")[0].choice.losers] == [Why.CARED]
    waits()
    assert tiles() == 1
