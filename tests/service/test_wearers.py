"""What staff do about a guest: look up, check, band states, new bands, where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import BandAct, BandState
from edge.core.decision import Outcome, Reason
from edge.core.entitlements import Reentry
from edge.core.events import Kind
from edge.errors import NotAllowed, Refused, Unknown
from edge.service.wearers import ACTS
from edge.staff import PERMISSIONS
from tests.builders import a_day_ticket, a_stock_band
from tests.service.house import OTHER_UID, House, an_edge, band_of, worn


@pytest.fixture
def lead(house: House) -> Callable[..., None]:
    """Change a band's state as a supervisor."""

    def act(what: str, reason: str = "said so") -> None:
        house.service.set_band_state(house.session("supervisor"), band_of(house).hex(), what, reason=reason)

    return act


def stock(house: House) -> str:
    """Announce a stock band and return its BandId."""
    band = a_stock_band().band
    band = msgspec.structs.replace(band, id=band_of(house, OTHER_UID))
    house.tell(msgspec.structs.replace(a_stock_band(), band=band))
    return band.id.hex()


# Looking up


def test_look_up_finds_by_name_guest_or_band(house: House) -> None:
    for text in ("Giulia", "guest-1", band_of(house).hex()[:8]):
        cards = house.service.look_up(house.session(), text)
        assert [(card.name, card.guest, card.products) for card in cards] == [("Giulia", "guest-1", ("day",))]


def test_look_up_with_less_than_four_characters_is_refused(house: House) -> None:
    with pytest.raises(Refused, match="4"):
        house.service.look_up(house.session(), " Giu ")
    assert house.events(Kind.LOOKED_UP) == []


def test_look_up_is_journaled_with_who_was_seen_and_not_with_the_text(house: House) -> None:
    house.service.look_up(house.session(), "Giulia")
    acted = house.acted(Kind.LOOKED_UP)[0]
    assert (acted.staff, acted.target, acted.amount) == ("anna", band_of(house).hex()[:8], 1)
    assert b"Giulia" not in house.events(Kind.LOOKED_UP)[0].body


def test_look_up_that_finds_nobody_is_journaled_too(house: House) -> None:
    assert house.service.look_up(house.session(), "Nobody") == ()
    assert house.acted(Kind.LOOKED_UP)[0].amount == 0


def test_card_says_where_the_guest_is_and_what_happened_last(house: House) -> None:
    view = house.service.present(house.tap())
    card = house.service.look_up(house.session(), "Giulia")[0]
    assert (card.zone, card.state) == ("park", "active")
    assert card.last is not None
    assert (card.last.tap_id, card.last.seq) == (view.tap_id, view.seq)


def test_operator_browses_no_guests(house: House) -> None:
    with pytest.raises(NotAllowed):
        house.service.look_up(house.session("operator"), "Giulia")


# Checking


def test_check_says_what_would_happen_and_nothing_happens(house: House) -> None:
    view = house.service.check(house.session(), band_of(house).hex(), "north")
    assert (view.outcome, view.reason) == (Outcome.GRANTED, Reason.ENTERED)
    assert [event.kind for event in house.events()] == [Kind.LOOKED_UP]
    assert house.gate.opened == []
    assert house.told("gate-north") == []
    assert house.service.present(house.tap()).outcome is Outcome.GRANTED


def test_check_of_a_used_ticket_says_where_it_was_used(house: House) -> None:
    house.service.present(house.tap())
    view = house.service.check(house.session(), band_of(house).hex(), "north")
    assert view.reason is Reason.ALREADY_USED_HERE
    assert view.first is not None


@pytest.mark.parametrize("name", ["", "zz", "ab", "ab" * 17])
def test_band_that_is_no_band_is_refused(house: House, name: str) -> None:
    with pytest.raises(Refused, match="hex"):
        house.service.check(house.session(), name, "north")


# Band states


def test_lost_band_opens_nothing_at_once_and_found_again_opens(
    house: House, lead: Callable[..., None]
) -> None:
    lead("lost")
    assert house.service.present(house.tap()).reason is Reason.BAND_LOST
    lead("found")
    assert house.service.present(house.tap()).outcome is Outcome.GRANTED


@pytest.mark.parametrize(
    ("act", "reason"), [("replace", Reason.BAND_REPLACED), ("revoke", Reason.BAND_REVOKED)]
)
def test_band_that_ended_never_opens_again(
    house: House, lead: Callable[..., None], act: str, reason: Reason
) -> None:
    lead(act)
    assert house.service.present(house.tap()).reason is reason
    with pytest.raises(Refused):
        lead("found")


def test_state_of_a_band_is_journaled_with_person_and_reason(house: House, lead: Callable[..., None]) -> None:
    lead("lost", "left on the beach")
    acted, event = house.acted(Kind.BAND_STATE)[0], house.events(Kind.BAND_STATE)[0]
    assert (acted.staff, acted.reason, acted.note) == ("anna", "lost", "left on the beach")
    assert acted.state == BandState.LOST
    assert event.band == band_of(house)


def test_reporting_the_same_twice_changes_nothing(house: House, lead: Callable[..., None]) -> None:
    lead("lost")
    lead("lost")
    assert len(house.events(Kind.BAND_STATE)) == 1


@pytest.mark.parametrize("act", BandAct)
def test_each_act_on_a_band_needs_its_own_role(house: House, act: BandAct) -> None:
    roles = PERMISSIONS[ACTS[act]].roles
    for role in ("gate", "till", "supervisor", "operator"):
        if role not in roles:
            with pytest.raises(NotAllowed):
                house.service.set_band_state(
                    house.session(role), band_of(house).hex(), act.value, reason="said so"
                )
    assert house.events(Kind.BAND_STATE) == []


def test_act_that_no_band_knows_is_refused(house: House, lead: Callable[..., None]) -> None:
    with pytest.raises(Refused, match="lost"):
        lead("polish")


def test_reason_is_demanded(house: House, lead: Callable[..., None]) -> None:
    with pytest.raises(Refused, match="reason"):
        lead("lost", " ")


def test_nobody_changes_their_own_band(house: House) -> None:
    own = house.session("supervisor", badge=band_of(house).hex())
    with pytest.raises(NotAllowed, match="own band"):
        house.service.set_band_state(own, band_of(house).hex(), "lost", reason="said so")


# A new band


def relink(house: House, new: str, old: str) -> None:
    """Anna asks, and Dora answers for it."""
    asked = house.service.ask_link(house.session(), new, old, reason="torn strap")
    house.service.approve(house.session("supervisor", staff="dora"), asked.id, granted=True)


def test_new_band_carries_the_guests_rights_and_the_old_one_opens_nothing(house: House) -> None:
    new = stock(house)
    assert house.service.present(house.tap(OTHER_UID)).reason is Reason.BAND_UNLINKED
    relink(house, new, band_of(house).hex())
    view = house.service.present(house.tap(OTHER_UID))
    assert (view.outcome, view.guest) == (Outcome.GRANTED, "guest-1")
    assert house.service.present(house.tap()).reason is Reason.ALREADY_EXCHANGED
    assert house.acted(Kind.LINKED)[0].target == band_of(house).hex()


def test_use_on_the_old_band_counts_on_the_new_one(house: House) -> None:
    house.service.present(house.tap())
    relink(house, stock(house), band_of(house).hex())
    assert house.service.present(house.tap(OTHER_UID)).reason is Reason.ALREADY_USED_HERE


def test_link_outlives_a_restart(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        relink(house, stock(house), band_of(house).hex())
    with an_edge(tmp_path) as house:
        assert house.service.present(house.tap(OTHER_UID)).outcome is Outcome.GRANTED


def test_linking_the_same_twice_is_linking_once(house: House) -> None:
    new = stock(house)
    relink(house, new, band_of(house).hex())
    with pytest.raises(Refused, match="belongs"):
        relink(house, new, band_of(house).hex())
    assert len(house.events(Kind.LINKED)) == 1


def test_band_of_somebody_else_is_not_given_away(house: House) -> None:
    house.tell(worn(house, OTHER_UID, guest="guest-2"))
    other = band_of(house, OTHER_UID).hex()
    with pytest.raises(Refused, match="belongs"):
        relink(house, other, band_of(house).hex())


def test_stock_band_has_no_rights_to_give(house: House) -> None:
    with pytest.raises(Refused, match="itself"):
        relink(house, stock(house), stock(house))
    new = stock(house)
    house.tell(worn(house, guest=None, entitlements=(), rev=2))
    with pytest.raises(Refused, match="Nobody"):
        relink(house, new, band_of(house).hex())


def test_band_that_nobody_announced_is_not_linked(house: House) -> None:
    unknown = band_of(house, b"\x01\x02\x03\x04").hex()
    with pytest.raises(Unknown):
        relink(house, unknown, band_of(house).hex())


def test_newer_word_of_central_stands_above_a_link_made_here(house: House) -> None:
    new = stock(house)
    relink(house, new, band_of(house).hex())
    house.tell(worn(house, OTHER_UID, guest="guest-2", rev=9))
    assert house.service.present(house.tap(OTHER_UID)).guest == "guest-2"


# Where they are


def test_guest_set_outside_can_come_in_again(house: House) -> None:
    ticket = a_day_ticket(uses_max=1, reentry=Reentry.AFTER_EXIT)
    house.tell(worn(house, entitlements=(ticket,), rev=2))
    house.service.present(house.tap())
    assert house.service.present(house.tap()).outcome is Outcome.DENIED
    house.service.set_location(house.session(), band_of(house).hex(), None, reason="left by the fence")
    assert house.service.counters().inside["park"] == 0
    assert house.service.present(house.tap()).outcome is Outcome.GRANTED
    assert house.acted(Kind.LOCATION_SET)[0].note == "left by the fence"


def test_guest_is_not_set_into_a_zone_that_does_not_exist(house: House) -> None:
    with pytest.raises(Unknown, match="moon"):
        house.service.set_location(house.session(), band_of(house).hex(), "moon", reason="flew")
