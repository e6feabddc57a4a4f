"""Caps that hold everywhere, at devices cut off from each other: each keeps to what was dealt to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.joined import JOINED
from edge.core.offers import Cap, Counted, Offer, Span, Why
from edge.core.offers.asked import Exposed, occasion_of
from edge.core.offers.choose import choose
from edge.core.offers.dealing import CAPS_MAX, share
from edge.core.offers.elsewhere import Times
from edge.errors import Refused
from edge.service.offering import slots
from edge.service.offering.papers import GOOD_DAYS_MAX
from edge.service.offering.slots import ROWS_MAX, At
from edge.store.transaction import Transaction
from tests.builders import ROME
from tests.service.house import Hands, House, an_edge
from tests.service.offered import a_fan, an_offer, budget, published, took
from tests.service.purses import SOUP, TILL, bought, granted
from tests.service.test_paper_coupons import a_coupon, of_sale

DAY_S = 24 * 3_600
DEVICES = ("edge-1", "edge-2", "edge-3")
DAILY = Cap(most=0, everywhere=2)
WEEKLY = Cap(span=Span.WEEK, most=0, everywhere=3)
ONCE = Cap(counted=Counted.REDEEMED, span=Span.CAMPAIGN, most=0, everywhere=1)


def dealt(*caps: Cap, among: tuple[str, ...] = DEVICES, **changes: Any) -> Offer:
    return an_offer(caps=caps, dealt=among, **changes)


def open_for(edge: House, *offers: Offer) -> bytes:
    """Offers arrive with money for them; return the band of a guest who allows them."""
    published(edge, *offers)
    budget(edge, units=100_000)
    return a_fan(edge).band.id


def why(edge: House) -> Why | None:
    """Why the last choice did not show its offer."""
    last = [one for one in edge.journal.range(0, 0) if one.kind == Kind.OFFERS_EXPOSED][-1]
    losers = msgspec.msgpack.decode(last.body, type=Exposed).choice.losers
    return losers[0].why if losers else None


@pytest.fixture
def edges(tmp_path: Path) -> Iterator[list[House]]:
    hands = Hands()
    with ExitStack() as open_:
        yield [open_.enter_context(an_edge(tmp_path / one, hands, device=one)) for one in DEVICES]


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        yield house


def looked(edge: House, band: bytes | None, point: str = "kiosk") -> int:
    """A choice made anew, as at each thing that comes onto a bill, and painted; return how many tiles."""
    view = edge.service.offers.offers_for(band, point, lines=(SOUP,))
    for tile in view.tiles:
        edge.service.offers.shown(tile.exposure)
    return len(view.tiles)


def rounds(edges: list[House], offer: Offer, *, days: int) -> list[int]:
    """Let a guest go round all stores three times a day, each cut off, and count what they see each day."""
    bands, sums = [open_for(one, offer) for one in edges], []
    for _ in range(days):
        sums.append(sum(looked(*one) for _ in range(3) for one in zip(edges, bands, strict=True)))
        edges[0].hands.forward(s=DAY_S)
    return sums


def test_stores_that_are_cut_off_keep_a_day_s_cap_together(edges: list[House]) -> None:
    assert rounds(edges, dealt(DAILY), days=5) == [2] * 5


def test_the_same_stores_break_a_cap_that_each_counts_alone(edges: list[House]) -> None:
    assert rounds(edges, an_offer(caps=(Cap(most=2),)), days=2) == [6, 6]


def test_no_seven_days_hold_more_than_a_week_s_cap(edges: list[House]) -> None:
    sums = rounds(edges, dealt(WEEKLY), days=17)
    assert max(sum(sums[at : at + 7]) for at in range(11)) == 3
    assert sum(sums) > 3


def test_who_knows_no_guest_no_day_or_no_deal_shows_nothing(edge: House) -> None:
    band = open_for(edge, dealt(DAILY, among=("edge-1",)))
    assert looked(edge, None) == 0
    edge.hands.wall_ms += 600_000  # a step of the wall clock alone
    assert (looked(edge, band), why(edge)) == (0, Why.NO_SHARE)
    edge.clock.heard(edge.hands.wall_ms, 10)
    assert looked(edge, band) == 1
    published(edge, dealt(DAILY, among=DEVICES[1:]), version=2)
    assert (looked(edge, band), why(edge)) == (0, Why.NO_SHARE)


def test_who_is_one_with_another_has_no_second_share(edge: House) -> None:
    band = open_for(edge, dealt(DAILY, among=("edge-1",)))
    a_fan(edge, tags=(JOINED,))
    assert (looked(edge, band), why(edge)) == (0, Why.NO_SHARE)
    a_fan(edge)
    assert looked(edge, band) == 1


def test_a_journal_that_may_be_an_old_one_has_forgotten_what_is_used_up(edge: House) -> None:
    free = dealt(ONCE, among=("edge-1",), budget=None, effect=None)
    band = open_for(edge, free)
    once = edge.service.offers.offers_for(band, "kiosk").tiles[0].exposure
    edge.service.offers.shown(once)
    edge.current = False
    assert (looked(edge, band), why(edge)) == (0, Why.NO_SHARE), "although it costs nothing"
    with pytest.raises(Refused):
        edge.service.offers.accept(once, "kiosk")
    edge.current = True
    assert edge.service.offers.accept(once, "kiosk")


def test_two_screens_that_have_not_painted_yet_are_no_second_share(edge: House) -> None:
    band = open_for(edge, dealt(Cap(most=0, everywhere=1), among=("edge-1",)))
    first = edge.service.offers.offers_for(band, "kiosk", lines=(SOUP,))
    second = edge.service.offers.offers_for(band, "till", lines=(SOUP,))
    assert (len(first.tiles), len(second.tiles)) == (1, 0)
    assert edge.service.offers.shown(first.tiles[0].exposure)


def test_a_screen_that_paints_after_midnight_uses_no_slot_of_the_new_day(edge: House) -> None:
    band = open_for(edge, dealt(DAILY, among=("edge-1",)))
    view = edge.service.offers.offers_for(band, "kiosk")
    edge.hands.forward(s=DAY_S)
    assert not edge.service.offers.shown(view.tiles[0].exposure)
    with pytest.raises(Refused):
        edge.service.offers.accept(view.tiles[0].exposure, "kiosk")
    assert [event for event in edge.journal.range(0, 0) if event.kind == Kind.OFFER_SHOWN] == []
    assert [looked(edge, band) for _ in range(3)] == [1, 1, 0]


def test_what_is_taken_up_is_used_up_and_let_go_brings_no_other(edge: House) -> None:
    band = open_for(edge, dealt(ONCE, among=("edge-1",)))
    before = [edge.service.offers.offers_for(band, "kiosk", lines=(SOUP,)).tiles[0] for _ in range(2)]
    for tile in before:
        edge.service.offers.shown(tile.exposure)
    edge.service.offers.accept(before[0].exposure, "kiosk")
    edge.service.offers.decline(before[0].exposure, "kiosk")
    with pytest.raises(Refused, match="taken up as often"):
        edge.service.offers.accept(before[1].exposure, "kiosk")
    assert (looked(edge, band), why(edge)) == (0, Why.CAP)
    edge.hands.forward(s=40 * DAY_S)
    assert looked(edge, band) == 0


def test_a_coupon_that_is_dealt_is_used_up_by_giving_it_out(edge: House) -> None:
    band = open_for(edge, a_coupon(public=False, caps=(ONCE,), dealt=("edge-1",)))
    granted(edge)
    bought(edge)
    assert of_sale(edge) is not None
    assert looked(edge, band, TILL) == 0
    edge.hands.forward(s=(GOOD_DAYS_MAX + 2) * DAY_S)
    edge.service.offers.look()
    assert looked(edge, band, TILL) == 0, "also once it is over"


def test_an_offer_is_taken_up_where_its_slot_is_and_nowhere_else(edges: list[House]) -> None:
    offer = dealt(ONCE)
    taken = 0
    for edge in edges:
        band = open_for(edge, offer)
        if share(offer, ONCE, device=edge.device, guest="guest-1", day=0):
            took(edge, band)
            taken += 1
        else:
            assert looked(edge, band) == 0
    assert taken == 1


def test_a_restart_and_a_later_version_of_the_offers_give_no_slot_back(tmp_path: Path) -> None:
    hands = Hands()
    for version in (1, 2, 3):
        with an_edge(tmp_path / "edge", hands) as edge:
            published(edge, dealt(DAILY, among=("edge-1",)), version=version)
            budget(edge, units=100_000)
            assert looked(edge, a_fan(edge).band.id) == (version < 3)


def test_the_journal_says_what_was_this_device_s(edge: House) -> None:
    band = open_for(edge, dealt(DAILY, among=("edge-1",)))
    looked(edge, band)
    event = next(one for one in edge.journal.range(0, 0) if one.kind == Kind.OFFERS_EXPOSED)
    asked, choice = (exposed := msgspec.msgpack.decode(event.body, type=Exposed)).asked, exposed.choice
    assert [(one.offer, one.here, one.allowed) for one in asked.counts] == [("soup-less", 0, 2)]
    live = edge.service.offers.bundles.live()
    assert live is not None
    assert choose(occasion_of(asked, live.bundle, live.rules, timezone=ROME)) == choice
    mine = msgspec.structs.replace(asked, counts=())
    assert choose(occasion_of(mine, live.bundle, live.rules, timezone=ROME)).tiles == ()


def test_what_is_said_of_many_offers_fits_an_event(edge: House) -> None:
    caps = (DAILY, ONCE)
    some = [dealt(*caps, id=f"{number:03}{'o' * 24}", among=("edge-1",)) for number in range(CAPS_MAX // 2)]
    rest = [an_offer(f"{number:03}{'p' * 24}", caps=(Cap(most=9),)) for number in range(200 - len(some))]
    assert looked(edge, open_for(edge, *some, *rest)) > 0


def test_nothing_is_written_of_what_is_another_device_s(edge: House) -> None:
    band = open_for(edge, dealt(DAILY, among=DEVICES[1:]))
    assert (looked(edge, band), why(edge)) == (0, Why.NO_SHARE)
    event = next(one for one in edge.journal.range(0, 0) if one.kind == Kind.OFFERS_EXPOSED)
    assert msgspec.msgpack.decode(event.body, type=Exposed).asked.counts == ()


def test_a_plain_count_before_the_cap_held_everywhere_is_not_forgotten(edge: House) -> None:
    band = open_for(edge, an_offer(caps=(Cap(most=9),)))
    assert looked(edge, band) == 1
    published(edge, dealt(DAILY, among=("edge-1",)), version=2)
    assert [looked(edge, band) for _ in range(2)] == [1, 0]


def test_rows_of_a_long_campaign_are_put_together_and_its_sum_stays(edge: House) -> None:
    offer = dealt(DAILY, Cap(span=Span.CAMPAIGN, most=0, everywhere=20), among=("edge-1",))

    def lived(day: int) -> tuple[Times, ...]:
        def act(tx: Transaction) -> tuple[Times, ...]:
            slots.use(tx, "guest-1", (offer,), counted=Counted.SHOWN, day=day)
            return slots.used_by(tx, "guest-1")

        return edge.sequencer.submit(act)

    kept = [lived(700_000 + day) for day in range(ROWS_MAX + 50)]
    assert max(map(len, kept)) <= ROWS_MAX
    assert sum(one.times for one in kept[-1]) == ROWS_MAX + 50
    assert not edge.sequencer.submit(
        lambda tx: slots.is_left(tx, "guest-1", dealt(ONCE, among=()), at=At("edge-1", 1))
    )
