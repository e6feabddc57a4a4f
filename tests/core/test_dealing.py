"""Dealing of caps that hold everywhere: each slot is one device's, and nobody else's."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.offers import Bundle, Cap, Count, Counted, Offer, Span, Why, choose
from edge.core.offers.dealing import DEALT, caps_dealt, is_dealt, plenty, share
from tests.core.offered import an_occasion, an_offer
from tests.core.strategies import LAWS

DAY = 739_627
TWICE = Cap(most=0, everywhere=2)
FIVE = ("till-1", "till-2", "till-3", "kiosk-1", "kiosk-2")


def dealt(*caps: Cap, among: tuple[str, ...] = FIVE) -> Offer:
    return an_offer(caps=caps or (TWICE,), dealt=among)


def shares(offer: Offer, cap: Cap = TWICE, *, guest: str = "g-1", day: int = DAY) -> dict[str, int]:
    return {one: share(offer, cap, device=one, guest=guest, day=day) for one in offer.dealt}


@LAWS
@given(
    among=st.sets(st.text(min_size=1, max_size=12), min_size=1, max_size=60).map(
        lambda all_: tuple(sorted(all_))
    ),
    most=st.integers(1, 20),
    guest=st.text(max_size=8),
    day=st.integers(1, 800_000),
    kind=st.sampled_from(sorted(DEALT)),
)
def test_every_slot_is_one_device_s(
    among: tuple[str, ...], most: int, guest: str, day: int, kind: tuple[Counted, Span]
) -> None:
    cap = Cap(counted=kind[0], span=kind[1], most=0, everywhere=most)
    told = shares(dealt(cap, among=among), cap, guest=guest, day=day)
    assert sum(told.values()) == most
    assert share(dealt(cap, among=among), cap, device="new, since", guest=guest, day=day) == 0


def test_whoever_is_not_in_the_list_has_none_and_an_empty_list_is_nobody_s() -> None:
    assert share(dealt(), TWICE, device="till-9", guest="g-1", day=DAY) == 0
    assert share(dealt(among=()), TWICE, device="till-1", guest="g-1", day=DAY) == 0


def test_a_day_is_dealt_anew_and_a_week_and_a_campaign_stay_where_they_are() -> None:
    days = range(DAY, DAY + 40)
    assert len({tuple(shares(dealt(), day=day).items()) for day in days}) > 5
    for span in (Span.WEEK, Span.CAMPAIGN):
        cap = msgspec.structs.replace(TWICE, span=span)
        assert len({tuple(shares(dealt(cap), cap, day=day).items()) for day in days}) == 1


def test_guests_are_spread_over_all_devices_and_each_kind_is_dealt_for_itself() -> None:
    some = Counter[str]()
    for guest in range(500):
        some.update(shares(dealt(), guest=f"g-{guest}"))
    assert sum(some.values()) == 1_000
    assert all(130 < times < 270 for times in some.values()), some
    week = msgspec.structs.replace(TWICE, span=Span.WEEK)
    assert any(shares(dealt(), guest=f"g{n}") != shares(dealt(), week, guest=f"g{n}") for n in range(20))


def test_a_higher_cap_adds_slots_and_moves_none() -> None:
    few, more = shares(dealt()), shares(dealt(), Cap(most=0, everywhere=5))
    assert all(more[one] >= few[one] for one in FIVE)


def test_the_same_slots_are_dealt_to_the_same_devices_for_ever() -> None:
    assert shares(dealt(), day=DAY) == {"till-1": 0, "till-2": 0, "till-3": 0, "kiosk-1": 1, "kiosk-2": 1}


@pytest.mark.parametrize(
    ("count", "why"),
    [
        (Count(offer="a", allowed=1), None),
        (Count(offer="a", here=1, allowed=1), Why.NO_SHARE),
        (Count(offer="a", here=1, allowed=2), None),
        (Count(offer="a", here=1, elsewhere=1, allowed=2), Why.CAP),
        (Count(offer="a", allowed=0), Why.NO_SHARE),
        (Count(offer="a"), Why.NO_SHARE),
        (None, Why.NO_SHARE),
    ],
)
def test_a_device_shows_no_more_than_was_dealt_to_it(count: Count | None, why: Why | None) -> None:
    choice = choose(an_occasion(dealt(), counts=() if count is None else (count,)))
    assert next((one.why for one in choice.losers), None) is why


def test_a_bundle_tells_which_of_its_caps_are_dealt() -> None:
    sold = Cap(counted=Counted.REDEEMED, span=Span.CAMPAIGN, most=0, everywhere=1)
    plain = an_offer("b", caps=(Cap(most=2),))
    bundle = Bundle(version=1, offers=(dealt(TWICE, sold), plain))
    assert [cap for _, cap in caps_dealt(bundle)] == [TWICE, sold]
    assert is_dealt(dealt(), Counted.SHOWN)
    assert not is_dealt(dealt(), Counted.REDEEMED)
    assert not is_dealt(plain, Counted.SHOWN)
    choice = choose(an_occasion(*bundle.offers, bundle=bundle, counts=plenty(bundle)))
    assert {tile.offer for tile in choice.tiles} == {"a", "b"}


class OldCap(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A cap as devices knew it before caps could hold everywhere."""

    counted: Counted = Counted.SHOWN
    span: Span = Span.DAY
    most: int
    screen: bool = False


def test_an_older_device_reads_a_cap_that_holds_everywhere_as_none_at_all() -> None:
    octets = msgspec.msgpack.encode(TWICE)
    assert msgspec.msgpack.decode(octets, type=OldCap) == OldCap(most=0)
    plain = msgspec.msgpack.encode(OldCap(most=3))
    assert msgspec.msgpack.decode(plain, type=Cap) == Cap(most=3)
