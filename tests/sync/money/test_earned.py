"""Points that an offer brings: pending, credited once, and back with what came back of the sale."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.offers import Bundle
from edge.core.offers.said import Told
from edge.core.places import Layout
from edge.core.retention import DAY_MS
from sync.central.accounting.day import prove
from sync.central.money import ledger
from sync.central.offers import bundles, earned
from sync.central.offers.bundles import Draft
from sync.central.offers.earned import Sum
from sync.central.privacy import erasure
from sync.central.registry import layout, wallets
from sync.central.settling import vouchers
from sync.central.settling.crediting import Crediting, settle
from sync.central.store import Store
from tests.service.offered import an_offer
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet

OFFER = msgspec.structs.replace(
    an_offer("pots"), group="", effect=None, budget=None, points_earned=10, points_after_days=14
)


@pytest.fixture
def till(store: Store) -> PaperTill:
    """A till that sold something for 40.00 to Anna, who had taken up an offer that brings ten points."""
    a_wallet(store, guest="anna")
    with store.transaction() as tx:
        layout.put_settings(tx, SITE, Layout(site=SITE, version=0, timezone="Europe/Rome", currency=EUR))
        layout.publish_layout(tx, SITE)
        bundles.make(tx, SITE, Draft(bundle=Bundle(version=0, offers=(OFFER,), point_minor=5)), by="olga")
    made = a_till(store)
    made.want(8_000)
    made.sell("b-1", 4_000)
    redeem(made)
    return made


def redeem(till: PaperTill, kind: Kind = Kind.OFFER_REDEEMED, **said: object) -> None:
    told = Told(exposure="e1.0", offer="pots", bundle=1, guest="anna", op_id="b-1", earned=10)
    till.write(kind, msgspec.structs.replace(told, **said))
    till.send()


def settled(till: PaperTill, clock: Clockwork, days: int = 0) -> int:
    """Let days go by, and central look twice: a second look changes nothing."""
    clock.ms += days * DAY_MS
    Crediting(till.store).look()
    Crediting(till.store).look()
    assert not any(prove(till.store, SITE, NOW_MS - 1, until_ms=clock.ms).trial.values())
    return left(till.store)


def told(till: PaperTill) -> tuple[Sum, ...]:
    with till.store.reading() as tx:
        return tuple(earned.sums(tx, SITE))


def test_points_wait_for_their_days_and_are_credited_once(till: PaperTill, clock: Clockwork) -> None:
    assert settled(till, clock, 13) == 0
    assert told(till) == (Sum("pots", 10, 0, 0),)
    assert settled(till, clock, 1) == 10
    assert told(till) == (Sum("pots", 0, 10, 0),)
    with till.store.reading() as tx:
        [points] = vouchers.left(tx, SITE, wallets.wallet(tx, SITE, "w1"))
    assert (points.issued.guest, points.issued.voucher.unit_minor) == ("anna", 5)
    assert settled(till, clock, 400) == 10


class Died(BaseException):
    """The process is gone: nobody catches it."""


def die(*_: object, **__: object) -> None:
    raise Died


def left(store: Store) -> int:
    with store.reading() as tx:
        found = vouchers.left(tx, SITE, wallets.wallet(tx, SITE, "w1"))
    return sum(one.left for one in found if one.issued.voucher.kind == "points")


@pytest.mark.parametrize(("room", "step"), [(vouchers, "give"), (earned, "put")])
def test_a_central_that_begins_again_credits_what_it_died_over_once(
    till: PaperTill, clock: Clockwork, url: str, monkeypatch: pytest.MonkeyPatch, room: Any, step: str
) -> None:
    clock.ms += 14 * DAY_MS
    with till.store.reading() as tx:
        [due] = earned.due(tx, SITE)
    with monkeypatch.context() as broken:
        broken.setattr(room, step, die)
        with pytest.raises(Died), till.store.transaction() as tx:
            settle(tx, SITE, due)
    till.store.close()
    for _ in range(2):
        with closing(Store(url, now_ms=clock)) as anew:
            Crediting(anew).look()
            assert left(anew) == 10
            assert not any(prove(anew, SITE, NOW_MS - 1, until_ms=clock.ms).trial.values())


def test_what_is_told_again_brings_nothing_more(till: PaperTill, clock: Clockwork) -> None:
    """By the same journal, by a device that was set up anew, for another basket, or after the credit."""
    till.offer(1, till.sent)
    redeem(till)
    redeem(till, op_id="b-2")
    assert settled(till, clock, 14) == 10
    redeem(till)
    redeem(till, op_id="b-2")
    assert settled(till, clock, 14) == 10


def test_a_sale_taken_back_in_time_brings_nothing_and_may_be_made_again(
    till: PaperTill, clock: Clockwork
) -> None:
    till.void("v-1", "b-1", 4_000)
    redeem(till, Kind.OFFER_RETURNED)
    assert settled(till, clock, 14) == 0
    till.sell("b-2", 4_000)
    redeem(till, op_id="b-2")
    assert settled(till, clock, 14) == 10


def test_of_a_refund_before_the_credit_so_much_is_credited_as_stands(
    till: PaperTill, clock: Clockwork
) -> None:
    till.refund("r-1", "b-1", 1_000)
    till.send()
    assert settled(till, clock, 14) == 7


def test_a_refund_after_the_credit_takes_points_back_and_a_second_one_the_rest(
    till: PaperTill, clock: Clockwork
) -> None:
    assert settled(till, clock, 14) == 10
    till.refund("r-1", "b-1", 2_000)
    till.send()
    assert settled(till, clock) == 5
    till.refund("r-2", "b-1", 2_000)
    till.send()
    assert settled(till, clock) == 0
    assert told(till) == (Sum("pots", 0, 10, 10),)


def test_points_at_a_device_come_back_when_it_says_so_and_never_fall_below_nothing(
    till: PaperTill, clock: Clockwork
) -> None:
    assert settled(till, clock, 14) == 10
    till.want(10, kind="points")
    till.refund("r-1", "b-1", 4_000)
    till.send()
    assert settled(till, clock) == 10, "the device holds them"
    [asked] = till.hear().closes
    till.close(asked)
    till.send()
    clock.ms += 60_000
    assert settled(till, clock) == 0
    with till.store.reading() as tx:
        assert ledger.balance(tx, SITE, "wallet:w1", currency=ledger.unit_of("points", "point")) == 0


def test_nothing_is_credited_for_a_sale_that_central_does_not_know(till: PaperTill, clock: Clockwork) -> None:
    redeem(till, exposure="e2.0", op_id="never-sold")
    assert settled(till, clock, 14) == 10


@pytest.mark.parametrize("said", [{"earned": 999}, {"bundle": 9}, {"offer": "other"}, {"guest": "nobody"}])
def test_what_an_offer_brings_is_what_central_signed(
    till: PaperTill, clock: Clockwork, said: dict[str, object]
) -> None:
    till.sell("b-2", 1_000)
    redeem(till, **{"exposure": "e2.0", "op_id": "b-2", **said})
    assert settled(till, clock, 14) == (20 if "earned" in said else 10)


def test_with_an_erasure_pending_points_go(till: PaperTill, clock: Clockwork) -> None:
    with till.store.transaction() as tx:
        erasure.erase(tx, SITE, "anna")
    assert told(till) == ()
    assert settled(till, clock, 14) == 0
