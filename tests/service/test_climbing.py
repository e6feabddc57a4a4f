"""The next tier on the screen after the purchase that reaches it: a word, gone with what comes back."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.calendar import day_of
from edge.core.climb import Climb, as_word
from edge.core.consent import Consent
from edge.core.entitlements import Party
from edge.core.events import Lane
from edge.core.payment.reckoning import Piece
from edge.core.profiles import Profile
from edge.errors import StoreError
from edge.payviews import guest_side
from edge.service.payments import climbing
from tests.builders import NOW_MS, ROME
from tests.service.house import OTHER_UID, UID, House
from tests.service.offered import ALLOWS
from tests.service.purses import OP, SOUP, TILL, a_guest, bought, cashier, granted, money_events

DAY_MS = 86_400_000
TODAY = day_of(ROME, 0, NOW_MS)
NEAR = Climb("gold", 600, "EUR", NOW_MS // 1_000 - 60, TODAY)
"""A soup is missing."""


@pytest.fixture
def near(house: House) -> House:
    """A house with a guest to whom a soup is missing, and their money."""
    comes(house)
    granted(house)
    return house


def comes(
    house: House,
    known: Climb | None = NEAR,
    uid: bytes = UID,
    said: tuple[Consent, ...] = ALLOWS,
    **more: object,
) -> Profile:
    """Central tells of the guest."""
    tags = ("vip",) if known is None else ("vip", as_word(known))
    told = msgspec.structs.replace(a_guest(house, uid), tier="silver", tags=tags, consents=said)
    told = msgspec.structs.replace(told, rev=next(house.seqs) + 50, **more)
    house.tell(told)
    return told


def mine(house: House) -> str:
    """What the guest's own page says of it."""
    tap = house.service.present(house.tap(reader="reader-kiosk")).tap_id
    return house.service.what_you_know(tap, "kiosk").tier_soon


def test_the_sale_that_reaches_it_says_so_at_once_and_so_does_the_own_page(near: House) -> None:
    assert mine(near) == ""
    view = bought(near)
    assert (view.tier_soon, guest_side(view).tier_soon) == ("gold", "gold")
    assert near.told("guest-till")[-1].body.tier_soon == "gold"
    assert near.service.basket(TILL).tier_soon == "gold"
    assert mine(near) == "gold"


def test_nothing_but_the_word_goes_by_it(near: House) -> None:
    bought(near)
    tap = near.service.present(near.tap(reader="reader-kiosk")).tap_id
    known = near.service.what_you_know(tap, "kiosk")
    assert (known.tier, known.tags) == ("silver", ("vip",))
    assert not any(b"gold" in event.body for event in money_events(near)), "no decision has seen it"


def test_a_cent_less_is_none(near: House) -> None:
    comes(near, NEAR._replace(missing_minor=601))
    assert bought(near).tier_soon == ""


def test_what_central_counted_already_is_not_added_again(near: House) -> None:
    comes(near, NEAR._replace(missing_minor=1_200))
    assert bought(near).tier_soon == ""
    near.hands.forward(s=5)
    comes(near, NEAR._replace(missing_minor=600, counted_s=near.clock.now_ms() // 1_000))
    assert mine(near) == ""
    near.hands.forward(s=1)
    assert bought(near, op_id="op-till-00000002").tier_soon == "gold"


@pytest.mark.parametrize("way", ["void", "refund"])
def test_what_comes_back_takes_it_away_again(near: House, way: str) -> None:
    assert bought(near).tier_soon == "gold"
    if way == "void":
        view = near.service.void(cashier(near), OP, "void-00000001", reason="cold soup")
    else:
        lead = near.session("till", "supervisor", point=TILL, staff="dario")
        view = near.service.refund(lead, OP, "refund-00000001", reason="cold soup")
    assert view.tier_soon == ""
    assert near.service.basket(TILL).tier_soon == ""
    assert mine(near) == ""


def test_a_piece_that_comes_back_counts_as_well(near: House) -> None:
    comes(near, NEAR._replace(missing_minor=1_200))
    two = msgspec.structs.replace(SOUP, quantity=2)
    assert bought(near, two).tier_soon == "gold"
    view = near.service.void(cashier(near), OP, "void-00000001", pieces=[Piece(0, 1)], reason="spilt")
    assert view.tier_soon == ""


def test_who_withdraws_at_the_kiosk_reads_no_more_of_it_offline_too(near: House) -> None:
    bought(near)
    tap = near.service.present(near.tap(reader="reader-kiosk")).tap_id
    near.service.consent(tap, "kiosk", "offers:behaviour", given=False)
    assert mine(near) == ""
    assert near.service.basket(TILL).tier_soon == ""


def test_of_who_never_allowed_it_nothing_is_said(near: House) -> None:
    comes(near, said=())
    assert bought(near).tier_soon == ""


def test_a_child_is_told_of_none(near: House) -> None:
    comes(near, party=Party(id="p", size=2, role="child"))
    assert bought(near).tier_soon == ""


def test_a_central_that_tells_no_word_changes_nothing(near: House) -> None:
    comes(near, None)
    view = bought(near)
    assert view.tier_soon == ""
    assert "tier_soon" not in msgspec.json.decode(msgspec.json.encode(view))


def test_it_goes_by_itself_once_central_has_judged(near: House) -> None:
    bought(near)
    near.hands.forward(s=5)
    comes(near, Climb("black", 9_000, "EUR", near.clock.now_ms() // 1_000, TODAY), tier="gold")
    assert (mine(near), near.service.basket(TILL).tier_soon) == ("", "")


def test_a_word_of_another_day_or_currency_says_nothing(near: House) -> None:
    comes(near, NEAR._replace(until_day=TODAY - 1))
    assert bought(near).tier_soon == ""
    comes(near, NEAR._replace(currency="CHF"))
    assert mine(near) == ""


def test_another_band_of_the_guest_counts_and_another_guest_does_not(near: House) -> None:
    bought(near)
    comes(near, NEAR, OTHER_UID, guest="guest-9")
    assert near.service.basket(TILL).tier_soon == "gold"
    tap = near.service.present(near.tap(OTHER_UID, "reader-kiosk")).tap_id
    assert near.service.what_you_know(tap, "kiosk").tier_soon == ""
    comes(near, NEAR, OTHER_UID)
    tap = near.service.present(near.tap(OTHER_UID, "reader-kiosk")).tap_id
    assert near.service.what_you_know(tap, "kiosk").tier_soon == "gold"


def test_where_central_counted_too_long_ago_nothing_is_said(
    near: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought(near)
    monkeypatch.setattr(climbing, "LOOK_BACK", near.journal.head(Lane.PRIORITY).seq - 1)
    assert mine(near) == ""


def test_a_journal_that_cannot_be_read_keeps_no_sale_from_its_answer(
    near: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(lane: int) -> None:
        raise StoreError("unreadable")

    monkeypatch.setattr(near.journal, "head", broken)
    assert bought(near).tier_soon == ""


def test_a_day_full_of_sales_opens_no_more_profiles_than_one(
    near: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, get = list[bytes](), near.profiles.get

    def counted(band: bytes) -> Profile | None:
        opened.append(band)
        return get(band)

    def asked() -> int:
        opened.clear()
        assert near.service.basket(TILL).tier_soon == "gold"
        return len(opened)

    monkeypatch.setattr(near.profiles, "get", counted)
    bought(near)
    one = asked()
    for number in range(2):
        bought(near, op_id=f"op-till-0000001{number}")
    assert asked() == one
