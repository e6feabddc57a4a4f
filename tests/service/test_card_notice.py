"""What guests hear of their stored card where they are next seen, and the code that opens their own page."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.wallet import MandateNote, MandateState
from edge.errors import Refused
from edge.payviews import BasketState, guest_side
from edge.run.identity import Identity, new_private_key
from edge.run.outside import own_pages
from edge.service.consents import Consents
from edge.service.mine import Mine
from edge.service.standing import HoldAgain, Unproved
from edge.views import Plan
from hardware.port import Trust
from sync import passes
from tests.service.house import UID, House, an_edge
from tests.service.purses import a_guest, granted, rung_up, tapped

NOTES = [MandateNote.GUEST_NEEDED, MandateNote.ENDED]
"""Those that are said where a guest is next seen."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        yield made


@pytest.mark.parametrize("note", NOTES)
def test_a_kiosk_says_that_staff_have_a_word_and_not_which(house: House, note: MandateNote) -> None:
    a_guest(house, note=note)
    house.service.present(house.tap(reader="reader-kiosk"))
    plan = house.told("kiosk-kiosk")[0].body
    assert isinstance(plan, Plan)
    assert plan.notice
    assert note.value.encode() not in msgspec.json.encode(plan)


@pytest.mark.parametrize("note", NOTES)
def test_a_till_tells_its_staff_which_and_the_guests_side_only_that_there_is_one(
    house: House, note: MandateNote
) -> None:
    a_guest(house, note=note)
    granted(house)
    rung_up(house)
    view = tapped(house)
    assert (view.state, view.note, view.notice) == (BasketState.APPROVED, note, True)
    shown = guest_side(view)
    assert (shown.note, shown.notice) == (MandateNote.NONE, True)
    assert note.value.encode() not in msgspec.json.encode(shown)


def test_of_a_card_that_ends_neither_till_nor_kiosk_says_a_word(house: House) -> None:
    """It is asked for in private, before the visit; at a full till not even staff read of it."""
    a_guest(house, note=MandateNote.EXPIRES_SOON)
    house.service.present(house.tap(reader="reader-kiosk"))
    assert not house.told("kiosk-kiosk")[0].body.notice
    granted(house)
    rung_up(house)
    view = tapped(house)
    for said in (view, guest_side(view)):
        assert (said.state, said.note, said.notice) == (BasketState.APPROVED, MandateNote.NONE, False)
        assert b"expires" not in msgspec.json.encode(said)


def test_a_guest_who_owes_is_asked_in_blue_to_see_our_staff(house: House) -> None:
    a_guest(house, mandate=MandateState.DECLINED, note=MandateNote.ENDED)
    granted(house)
    rung_up(house)
    shown = guest_side(tapped(house))
    assert (shown.words, shown.family) == ("pay.see_staff", "staff")


@pytest.mark.parametrize("note", [*NOTES, MandateNote.EXPIRES_SOON])
def test_staff_who_look_a_guest_up_read_why(house: House, note: MandateNote) -> None:
    a_guest(house, note=note)
    (card,) = house.service.look_up(house.session("supervisor"), "Giulia")
    assert card.note is note


def test_without_news_nobody_says_anything(house: House) -> None:
    a_guest(house)
    house.service.present(house.tap(reader="reader-kiosk"))
    assert not house.told("kiosk-kiosk")[0].body.notice


# The code that opens a guest's own page

WHO = Identity(site="park", device="edge-1", private_key=new_private_key(), key_id="park.edge-1.1",
               central="https://central.example")  # fmt: skip


def mine(house: House, *, who: Identity = WHO, pages: str = "") -> Mine:
    """The room, at a device that has a central."""
    rooms = dataclasses.replace(house._rooms(), own_page=own_pages(who, pages))
    return Mine(rooms, Consents(rooms))


def at_the_kiosk(house: House, **changes: object) -> str:
    return house.service.present(house.tap(reader="reader-kiosk", **changes)).tap_id


def test_the_code_names_whose_band_it_was_signed_by_this_device(house: House) -> None:
    profile = a_guest(house)
    address = mine(house).own_page(at_the_kiosk(house), "kiosk")
    base, _, token = address.partition("/own/?t=")
    found = passes.read(token)
    assert base == "https://central.example"
    assert found is not None
    said, body, signature = found
    assert (said.guest, said.key_id, said.at_ms) == (profile.guest, WHO.key_id, house.clock.now_ms())
    assert passes.is_signed(body, signature, public_key=WHO.public_key)
    assert UID.hex() not in address


def test_each_code_is_another_one_and_leads_where_phones_reach_central(house: House) -> None:
    a_guest(house)
    room, tap = mine(house, pages="http://192.0.2.7:80"), at_the_kiosk(house)
    codes = {room.own_page(tap, "kiosk") for _ in range(2)}
    assert len(codes) == 2
    assert all(code.startswith("http://192.0.2.7:80/own/") for code in codes)


def test_a_number_that_anybody_can_copy_opens_no_page_of_money(house: House) -> None:
    a_guest(house)
    tap = at_the_kiosk(house, trust=Trust.SUN, counter=7)
    with pytest.raises(Unproved):
        mine(house).own_page(tap, "kiosk")


def test_a_tap_of_long_ago_or_of_elsewhere_opens_nothing(house: House) -> None:
    a_guest(house)
    tap = at_the_kiosk(house)
    with pytest.raises(HoldAgain):
        mine(house).own_page(tap, "north")
    house.hands.forward(s=301)
    with pytest.raises(HoldAgain):
        mine(house).own_page(tap, "kiosk")


def test_without_a_wallet_or_without_central_there_is_no_page(house: House) -> None:
    tap = at_the_kiosk(house)
    with pytest.raises(Refused, match="no wallet"):
        mine(house).own_page(tap, "kiosk")
    with pytest.raises(Refused, match="stays alone"):
        house.service.own_page(tap, "kiosk")
    assert own_pages(Identity(site="park", device="edge-1", private_key=b""), "") is None
