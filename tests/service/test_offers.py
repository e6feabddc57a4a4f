"""Offers at a device: chosen by consent, once a visit, shown when painted, kept at the till to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.config import shipped
from edge.core.calendar import day_of
from edge.core.events import Event, Kind
from edge.core.offers import Cap, Counted, Span, Why
from edge.core.offers.asked import Exposed, occasion_of
from edge.core.offers.choose import choose
from edge.core.offers.elsewhere import OFFER_TIMES, Times
from edge.core.offers.said import Told
from edge.core.payment.replaying import payment_in, replay_payment
from edge.errors import Refused, Unknown
from edge.payviews import BasketState
from edge.service.retention import EVERY_MS
from tests.builders import NOW_MS, ROME
from tests.service.house import OTHER_UID, UID, House, an_edge, band_of
from tests.service.offered import (
    ALLOWS,
    CAKE,
    MONEY,
    PIECES,
    a_fan,
    a_gift,
    an_offer,
    budget,
    published,
    seen,
    tile_of,
    took,
)
from tests.service.purses import OP, TILL, a_grant, bought, cashier, granted, left, rung_up, tapped
from tests.service.purses import SOUP as SOUP_LINE

KINDS = (
    Kind.OFFERS_EXPOSED, Kind.OFFER_SHOWN, Kind.OFFER_TAKEN, Kind.OFFER_DECLINED, Kind.OFFER_REDEEMED,
    Kind.OFFER_RETURNED,
)  # fmt: skip
ELSEWHERE = {"kiosk-2": (Times("soup-less", Counted.SHOWN, day_of(ROME, 0, NOW_MS), 3),)}


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        yield house


@pytest.fixture
def fan(edge: House) -> bytes:
    profile = a_fan(edge)
    granted(edge)
    published(edge)
    budget(edge)
    return profile.band.id


def told(edge: House, kind: Kind) -> list[Event]:
    return [event for event in edge.journal.range(0, 0) if event.kind == kind]


def test_who_allows_offers_sees_them_and_who_does_not_sees_what_anybody_sees(edge: House) -> None:
    public = an_offer("for-all", public=True)
    published(edge, an_offer(), public)
    budget(edge)
    fan, other = a_fan(edge).band.id, a_fan(edge, OTHER_UID, consents=()).band.id
    offers = edge.service.offers
    assert {tile.offer for tile in offers.offers_for(fan, "kiosk").tiles} == {"soup-less", "for-all"}
    anybody = offers.offers_for(None, "kiosk")
    assert [tile.offer for tile in anybody.tiles] == ["for-all"]
    assert offers.offers_for(other, "kiosk") == anybody
    exposed = [msgspec.msgpack.decode(one.body, type=Exposed) for one in told(edge, Kind.OFFERS_EXPOSED)]
    assert [one.asked.guest for one in exposed] == ["guest-1", None]


def test_a_visit_gets_one_choice_and_a_shown_tile_counts_once(edge: House, fan: bytes) -> None:
    first = seen(edge, fan)
    assert seen(edge, fan) == first
    assert len(told(edge, Kind.OFFERS_EXPOSED)) == 1
    assert len(told(edge, Kind.OFFER_SHOWN)) == 1
    edge.hands.forward(s=24 * 3_600)
    assert seen(edge, fan).exposure != first.exposure


def test_nothing_counts_as_shown_before_the_screen_has_painted_it(edge: House, fan: bytes) -> None:
    view = edge.service.offers.offers_for(fan, "kiosk")
    assert told(edge, Kind.OFFER_SHOWN) == []
    with pytest.raises(Refused):
        edge.service.offers.accept(view.tiles[0].exposure, "kiosk")
    assert edge.service.offers.shown(view.tiles[0].exposure)
    assert not edge.service.offers.shown(view.tiles[0].exposure)
    (event,) = told(edge, Kind.OFFER_SHOWN)
    assert msgspec.msgpack.decode(event.body, type=Told).exposure == view.tiles[0].exposure


def test_a_cap_holds_over_visits(edge: House) -> None:
    published(edge, an_offer(caps=(Cap(counted=Counted.SHOWN, span=Span.WEEK, most=2),)))
    budget(edge)
    fan = a_fan(edge).band.id
    shown = []
    for _ in range(4):
        shown.append(len(seen(edge, fan).tiles))
        edge.hands.forward(s=24 * 3_600)
    assert shown == [1, 1, 0, 0]
    explained = edge.service.offers.explained()[0]
    assert [(one.offer, one.why) for one in explained.choice.losers] == [("soup-less", Why.CAP)]


def test_a_dry_budget_ends_an_offer_before_it_shows_and_promises_are_set_aside(edge: House) -> None:
    published(edge)
    first, second = a_fan(edge).band.id, a_fan(edge, OTHER_UID, guest="guest-2").band.id
    assert seen(edge, first).tiles == ()
    edge.hands.forward(s=24 * 3_600)
    budget(edge, units=150)
    both = seen(edge, first), seen(edge, second)
    assert [len(view.tiles) for view in both] == [1, 1]
    edge.service.offers.accept(both[0].tiles[0].exposure, "kiosk")
    with pytest.raises(Refused, match="over"):
        edge.service.offers.accept(both[1].tiles[0].exposure, "kiosk")


def test_what_is_promised_is_asked_for_anew_before_nobody_is_shown_anything(edge: House) -> None:
    published(edge)
    budget(edge, units=900)

    def asked() -> list[int]:
        edge.hands.forward(s=3_600)
        return [want.total for want in edge.service.placement.wants() if want.kind == MONEY]

    assert asked() == [], "six redemptions of ten lie here"
    for at in range(3):
        took(edge, a_fan(edge, bytes([4, *([at] * 6)]), guest=f"guest-{at}").band.id)
    assert asked() == [900 + 1_500 - 450]


def test_the_price_at_the_till_is_the_offers_price_and_the_receipt_says_so(edge: House, fan: bytes) -> None:
    tile = tile_of(seen(edge, fan), "soup-less")
    assert (tile.price_minor, tile.was_minor) == (450, 600)
    taken = edge.service.offers.accept(tile.exposure, "kiosk")
    view = bought(edge)
    assert (view.state, view.total_minor) == (BasketState.APPROVED, 600)
    assert (view.lines[0].off_minor, view.lines[0].off_label) == (150, taken.label)
    assert left(edge) == 2_000 - 450
    assert left(edge, "") == 1_000 - 150
    receipt = edge.service.receipts.receipt(view.op_id)
    assert (receipt.due_minor, receipt.lines[0].label) == (450, taken.label)
    (event,) = told(edge, Kind.OFFER_REDEEMED)
    said = msgspec.msgpack.decode(event.body, type=Told)
    assert (said.exposure, said.op_id, said.minor, said.units) == (taken.exposure, view.op_id, 150, 150)
    assert bought(edge, op_id="op-till-00000002").lines[0].off_minor == 0, "taken up once is redeemed once"


def test_what_was_used_is_no_tile_any_more_until_its_sale_is_taken_back(edge: House, fan: bytes) -> None:
    took(edge, fan)
    assert tile_of(seen(edge, fan), "soup-less").taken
    view = bought(edge)
    assert "soup-less" not in {one.offer for one in seen(edge, fan).tiles}
    edge.service.void(cashier(edge), view.op_id, "void-00000001", reason="wrong dish")
    assert tile_of(seen(edge, fan), "soup-less").taken, "it is the guest's again"


def test_a_gift_comes_on_the_bill_and_costs_nothing(edge: House) -> None:
    published(edge, a_gift())
    budget(edge, PIECES, 3)
    fan = a_fan(edge).band.id
    granted(edge)
    took(edge, fan, "cake-free")
    view = bought(edge)
    assert [(line.item, line.amount_minor, line.off_minor) for line in view.lines] == [
        ("soup", 600, 0),
        ("cake", CAKE.price_minor, CAKE.price_minor),
    ]
    assert left(edge) == 1_400
    assert left(edge, "") == 2


def test_a_gift_whose_pieces_are_gone_never_comes_on_the_bill(edge: House) -> None:
    published(edge, a_gift())
    budget(edge, PIECES, 1)
    fan = a_fan(edge).band.id
    granted(edge)
    took(edge, fan, "cake-free")
    edge.sequencer.submit(lambda tx: tx.delete("lease", f"b-{PIECES}"))
    view = bought(edge)
    assert [line.item for line in view.lines] == ["soup"]
    assert left(edge) == 1_400


def test_a_coupon_lowers_a_bill_that_cash_pays_and_is_good_once(edge: House, fan: bytes) -> None:
    taken, who = took(edge, fan), cashier(edge)
    assert taken.code.startswith("c.")
    view = edge.service.ring(who, TILL, OP, lines=(SOUP_LINE,))
    view = edge.service.take_coupon(who, TILL, OP, code=taken.code)
    assert (view.state, view.due_minor) == (BasketState.PARTLY_PAID, 450)
    view = edge.service.add_cash(who, TILL, OP, minor=450)
    assert view.state is BasketState.APPROVED
    edge.service.ring(who, TILL, "op-till-00000002", lines=(SOUP_LINE,))
    with pytest.raises(Refused, match=r"used at till, 2026-\d\d-\d\d \d\d:\d\d"):
        edge.service.take_coupon(who, TILL, "op-till-00000002", code=taken.code)


def test_a_coupon_that_comes_to_nothing_is_not_spent(edge: House, fan: bytes) -> None:
    taken, who = took(edge, fan), cashier(edge)
    bread = msgspec.structs.replace(SOUP_LINE, item="bread")
    edge.service.ring(who, TILL, OP, lines=(bread,))
    with pytest.raises(Refused, match="for nothing"):
        edge.service.take_coupon(who, TILL, OP, code=taken.code)
    edge.service.give_up(who, TILL, OP)
    edge.service.ring(who, TILL, "op-till-00000002", lines=(SOUP_LINE,))
    view = edge.service.take_coupon(who, TILL, "op-till-00000002", code=taken.code)
    assert view.due_minor == 450
    edge.service.give_up(who, TILL, "op-till-00000002")
    edge.service.ring(who, TILL, "op-till-00000003", lines=(SOUP_LINE,))
    assert edge.service.take_coupon(who, TILL, "op-till-00000003", code=taken.code).due_minor == 450


@pytest.mark.parametrize("change", ["", "x", "c.", "c.AAAA", "p.AAAA"])
def test_what_is_no_coupon_of_ours_is_refused(edge: House, fan: bytes, change: str) -> None:
    code, who = took(edge, fan).code, cashier(edge)
    edge.service.ring(who, TILL, OP, lines=(SOUP_LINE,))
    wrong = change or code[:-3] + ("AAA" if not code.endswith("AAA") else "BBB")
    with pytest.raises(Refused):
        edge.service.take_coupon(who, TILL, OP, code=wrong)


def test_quiet_is_one_tap_and_nothing_is_shown_for_the_day(edge: House, fan: bytes) -> None:
    edge.service.offers.quiet(fan, "kiosk")
    view = seen(edge, fan)
    assert (view.tiles, view.quiet) == ((), True)
    edge.hands.forward(s=24 * 3_600)
    assert len(seen(edge, fan).tiles) == 1


def test_a_declined_offer_stays_away_for_the_visit(edge: House, fan: bytes) -> None:
    tile = seen(edge, fan).tiles[0]
    edge.service.offers.decline(tile.exposure, "kiosk")
    edge.service.offers.decline(tile.exposure, "kiosk")
    assert seen(edge, fan).tiles == ()
    assert len(told(edge, Kind.OFFER_DECLINED)) == 1


def test_a_child_gets_no_marketing(edge: House) -> None:
    published(edge, an_offer("for-all", public=True))
    budget(edge)
    child = a_fan(edge, age_band="8-11").band.id
    assert edge.service.offers.offers_for(child, "kiosk").tiles == ()


def test_a_bundle_is_used_only_whole_and_signed_and_the_last_good_one_stays(edge: House, fan: bytes) -> None:
    from edge.published import HEAD, cut
    from tests.service.house import CENTRAL

    assert edge.service.offers.bundles.version() == 1
    forged = msgspec.structs.replace(published.__globals__["Bundle"](version=2))
    head, _ = cut("site-1", forged, b"f" * 32)
    edge.publish((HEAD, "0", head))
    assert edge.service.offers.bundles.version() == 1
    head, _ = cut("other", forged, CENTRAL.private_bytes_raw())
    edge.publish((HEAD, "0", head))
    assert edge.service.offers.bundles.version() == 1
    published(edge, an_offer("new-price"), version=2)
    assert edge.service.offers.bundles.version() == 2
    published(edge, an_offer("next"), version=3, from_ms=edge.clock.now_ms() + 60_000)
    assert edge.service.offers.bundles.version() == 2, "the next one waits for its time"
    edge.hands.forward(s=61)
    assert edge.service.offers.bundles.version() == 3


def test_a_wrong_price_is_corrected_by_a_new_version_and_a_promise_is_kept(edge: House, fan: bytes) -> None:
    took(edge, fan)
    published(
        edge,
        an_offer(effect=an_offer().effect and msgspec.structs.replace(an_offer().effect, off_minor=50)),
        version=2,
    )
    view = seen(edge, fan)
    assert tile_of(view, "soup-less").price_minor == 550
    assert bought(edge).lines[0].off_minor == 150, "as it was said when it was taken up"


def test_every_choice_comes_out_equal_when_it_is_made_again(edge: House, fan: bytes) -> None:
    bundle = published(edge, *(an_offer(f"o-{number}", priority=number) for number in range(6)), version=2)
    for point in ("kiosk", "till"):
        seen(edge, fan, point)
        seen(edge, None, point)
    for event in told(edge, Kind.OFFERS_EXPOSED):
        exposed = msgspec.msgpack.decode(event.body, type=Exposed)
        if exposed.asked.bundle != bundle.version:
            continue
        again = choose(occasion_of(exposed.asked, bundle, {}, timezone=ROME))
        assert msgspec.msgpack.encode(again) == msgspec.msgpack.encode(exposed.choice)


def test_a_payment_with_an_offer_is_judged_again_to_the_same_answer(edge: House, fan: bytes) -> None:
    took(edge, fan)
    bought(edge)
    profile, layout = edge.profiles.get(fan), edge.profiles.layout()
    assert profile is not None
    assert layout is not None
    event = next(one for one in edge.journal.range(1, 0) if one.kind == Kind.PAID)
    payment = payment_in(event.body)
    ruling = replay_payment(payment, event.band, profile, layout=layout, timezone=ROME)
    assert ruling is not None
    assert ruling.payment.legs == payment.legs
    assert [leg.label for leg in payment.legs] == ["Sconto soup-less", ""]


def test_an_erased_guest_leaves_no_book_of_offers(edge: House, fan: bytes) -> None:
    took(edge, fan)
    bought(edge)
    edge.sequencer.submit(lambda tx: tx.put(OFFER_TIMES, "guest-1", msgspec.msgpack.encode(ELSEWHERE)))
    edge.service.erase("guest-1", [fan])
    for kind in ("offers", "exposure", "offer_used", OFFER_TIMES):
        rows = edge.sequencer.submit(lambda tx, kind=kind: list(tx.rows(kind)))
        assert not [key for key, body in rows if b"guest-1" in body or key == "guest-1"], kind


def test_what_other_devices_showed_counts_until_its_days_are_over(edge: House, fan: bytes) -> None:
    published(edge, an_offer(caps=(Cap(span=Span.CAMPAIGN, most=3),)), version=9)
    edge.sequencer.submit(lambda tx: tx.put(OFFER_TIMES, "guest-1", msgspec.msgpack.encode(ELSEWHERE)))
    assert not edge.service.offers.offers_for(fan, "kiosk").tiles
    [last] = edge.service.offers.explained(limit=1)
    assert [loser.why for loser in last.choice.losers] == [Why.CAP]
    for days, stays in ((shipped().retention.sealed_days - 1, True), (2, False)):
        edge.hands.forward(s=days * 86_400, ms=EVERY_MS)
        edge.clock.heard(edge.hands.wall_ms, 10)
        edge.service._retention.look()
        kept = edge.sequencer.submit(lambda tx: tx.get(OFFER_TIMES, "guest-1"))
        assert (kept is not None) is stays


def test_an_unknown_tile_is_refused(edge: House, fan: bytes) -> None:
    with pytest.raises(Unknown):
        edge.service.offers.shown("e0000.1")


__all__ = ["ALLOWS", "MONEY", "UID", "a_grant", "band_of", "rung_up", "tapped"]
