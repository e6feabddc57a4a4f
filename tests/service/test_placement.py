"""What should lie at this device: asked for by who is here, taken once, given back, stopped and frozen."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.lease import Close, Drain, LeaseState, Limits, Want
from edge.core.payment import LeaseMoved
from edge.core.vouchers import Voucher
from edge.core.wallet import MandateState
from edge.errors import StoreError
from edge.payviews import BasketState
from edge.service.payments import chest
from edge.service.payments.placement import PRESENT_MAX
from edge.service.payments.wanting import AGAIN_MS, GIVEN_MS
from tests.service.house import OTHER_UID, Hands, House, an_edge
from tests.service.purses import (
    SOUP,
    WALLET,
    a_grant,
    a_guest,
    bought,
    granted,
    leases,
    left,
    money_events,
    rung_up,
    tapped,
)


def enters(house: House, **tap: object) -> None:
    house.service.present(house.tap(reader="reader-1", **tap))


def moved(house: House, *kinds: Kind) -> list[LeaseMoved]:
    return [msgspec.msgpack.decode(one.body, type=LeaseMoved) for one in money_events(house, *kinds)]


def wanted(house: House) -> dict[str, Want]:
    return {want.kind: want for want in house.service.placement.wants()}


# Who is here


def test_who_enters_is_here_and_money_is_asked_for(house: House) -> None:
    a_guest(house)
    enters(house)
    assert house.service.placement.presences() == ((WALLET, "tap", False),)
    want = wanted(house)["money"]
    assert (want.wallet, want.lease, want.total, want.why) == (WALLET, "", 5_000, "presence")


def test_what_central_has_no_more_of_is_not_asked_for_at_once_again(house: House) -> None:
    a_guest(house)
    enters(house)
    assert wanted(house)
    assert not wanted(house)
    house.hands.forward(ms=AGAIN_MS)
    assert wanted(house)


def test_a_second_voucher_that_looks_like_the_first_is_asked_for_at_the_next_tap(house: House) -> None:
    a_guest(house, vouchers=(Voucher(kind="free_drink"),))
    house.service.present(house.tap(reader="reader-kiosk"))
    assert "free_drink" in wanted(house)
    house.hands.forward(ms=GIVEN_MS)
    house.service.present(house.tap(reader="reader-kiosk"))
    assert "free_drink" in wanted(house), "central has one more by now, and nothing else tells of it"
    house.service.present(house.tap(reader="reader-kiosk"))
    assert not wanted(house), "a band that lies there does not ask all the time"


def test_presence_is_told_once_central_has_heard_it(house: House) -> None:
    a_guest(house)
    enters(house)
    told = house.service.placement.presences()
    assert house.service.placement.presences() == told
    house.service.placement.heard(told)
    assert house.service.placement.presences() == ()


def test_below_two_fifths_the_lease_is_filled_up_by_its_total(house: House) -> None:
    a_guest(house)
    granted(house, a_grant(5_000))
    bought(house, *[SOUP] * 5)
    assert not wanted(house)
    house.hands.forward(ms=AGAIN_MS)
    bought(house, SOUP, op_id="op-till-00000002")
    want = wanted(house)["money"]
    assert (want.lease, want.total, want.why) == ("lease-wallet-1", 5_000 + 3_600, "refill")


def test_a_lease_that_ends_soon_is_asked_to_last(house: House) -> None:
    a_guest(house)
    granted(house, a_grant(5_000, ttl_s=500))
    enters(house)
    assert wanted(house)["money"].total == 5_000


def test_a_band_asks_for_every_kind_that_it_can_spend(house: House) -> None:
    profile = a_guest(
        house,
        limits=Limits(day_minor_max=1_000),
        day_leased=True,
        mandate=MandateState.ACTIVE,
        vouchers=(Voucher(kind="free_drink"), Voucher(kind="gift:spring", unit_minor=1)),
    )
    enters(house)
    band = profile.band.id.hex()
    asked = wanted(house)
    day = asked[f"day:{band}"]
    assert (day.total, day.band) == (1_000, band)
    assert {"money", "free_drink", "gift:spring", "risk", "risk_taps"} <= set(asked)
    assert [want.total for kind, want in asked.items() if kind == "free_drink"] == [2]


@pytest.mark.parametrize("link", [{"no_charge": True}, {"blocked": True}])
def test_a_band_that_may_not_pay_asks_for_nothing(house: House, link: dict[str, bool]) -> None:
    a_guest(house, **link)
    enters(house)
    assert not wanted(house)


def test_the_ones_seen_longest_ago_make_place(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.service.payments.placement.PRESENT_MAX", 1)
    a_guest(house)
    a_guest(house, OTHER_UID, wallet="wallet-2")
    enters(house)
    house.service.present(house.tap(OTHER_UID, "reader-till"))
    assert PRESENT_MAX > 1
    assert [wallet for wallet, _, _ in house.service.placement.presences()] == ["wallet-2"]


def test_who_leaves_gives_back_once_central_has_heard_of_it(house: House) -> None:
    a_guest(house)
    granted(house)
    house.service.present(house.tap(reader="reader-out"))
    gone = house.service.placement.presences()
    assert gone == ((WALLET, "exit", True),)
    assert left(house) == 2_000
    house.service.placement.heard(gone)
    (lease,) = leases(house)
    assert (lease.state, lease.counters.returned) == (LeaseState.CLOSED, 2_000)
    assert [one.why for one in moved(house, Kind.LEASE_RETURNED)] == ["left"]
    assert not wanted(house)


# A basket that lacks something


def test_a_basket_that_lacks_money_waits_a_moment_for_central_and_is_paid(house: House) -> None:
    a_guest(house)
    granted(house)
    house.health.contact(reached=True)
    asked: list[Want] = []

    def central() -> None:
        """What the thread of sync does when the bell rings, done at once."""
        asked.extend(house.service.placement.wants())
        for want in asked[-1:]:
            grant = a_grant(want.total, serial=2)
            now = house.clock.monotonic_ms()
            house.service.placement.take([grant], [], asked_ms=now, after=7)

    house.service.placement.listen(central)
    rung_up(house, *[SOUP] * 4)
    assert tapped(house).state is BasketState.APPROVED
    assert [want.total for want in asked][:1] == [5_000]
    assert house.service.placement.after() == 7


def test_nobody_waits_while_central_is_away(house: House) -> None:
    a_guest(house)
    granted(house)
    rung: list[bool] = []
    house.service.placement.listen(lambda: rung.append(True))
    rung_up(house, *[SOUP] * 4)
    began = house.hands.mono_ms
    assert tapped(house).state is BasketState.SHORT
    assert house.hands.mono_ms == began


# Grants and closes


def test_the_same_grant_twice_and_an_older_one_change_nothing(house: House) -> None:
    granted(house, a_grant(2_000, serial=2), a_grant(2_000, serial=2), a_grant(1_000, serial=1))
    assert left(house) == 2_000
    assert len(money_events(house, Kind.LEASE_GRANTED)) == 1


def test_a_deadline_counts_from_when_it_was_asked_for(house: House) -> None:
    asked = house.clock.monotonic_ms() - 30_000
    granted(house, a_grant(ttl_s=100), asked_ms=asked)
    (lease,) = leases(house)
    assert lease.ends_ms == asked + 100 * 990 - 5_000


def test_a_close_returns_all_in_one_transaction_also_a_grant_that_was_lost(house: House) -> None:
    a_guest(house)
    granted(house)
    bought(house)
    ends = Close(lease="lease-wallet-1", incarnation=1, total=3_000, why="asked")
    for after in (5, 5):
        house.service.placement.take([], [ends], asked_ms=0, after=after)
    (lease,) = leases(house)
    assert (lease.state, lease.spendable, lease.counters.returned) == (LeaseState.CLOSED, 0, 2_400)
    assert len(moved(house, Kind.LEASE_RETURNED)) == 1


def test_a_close_of_another_life_or_lease_is_none_of_ours(house: House) -> None:
    granted(house)
    for ends in (Close(lease="lease-wallet-1", incarnation=2), Close(lease="other", incarnation=1)):
        house.service.placement.take([], [ends], asked_ms=0, after=1)
    assert left(house) == 2_000


def test_a_block_stops_at_once_gives_back_and_wins_over_older_grants(house: House) -> None:
    a_guest(house)
    granted(house)
    house.service.placement.block(WALLET, 3)
    house.service.placement.block(WALLET, 2)
    (lease,) = leases(house)
    assert (lease.state, lease.drain, lease.spendable) == (LeaseState.CLOSED, Drain.BLOCKED, 0)
    granted(house, a_grant(9_000, lease="late", block_epoch=2))
    rung_up(house)
    assert tapped(house).state is BasketState.DECLINED
    granted(house, a_grant(9_000, lease="newer", block_epoch=3))
    a_guest(house, block_epoch=3)
    assert tapped(house).state is BasketState.APPROVED


def test_time_that_is_over_stops_spending_and_gives_nothing_back(house: House) -> None:
    a_guest(house)
    granted(house, a_grant(ttl_s=60))
    house.hands.forward(s=60)
    house.service._lifetime.look()
    (lease,) = leases(house)
    assert (lease.state, lease.drain, lease.spendable) == (LeaseState.DRAINING, Drain.EXPIRED, 2_000)
    assert [one.why for one in moved(house, Kind.LEASE_STATE)] == ["expired"]
    rung_up(house)
    assert tapped(house).state is not BasketState.APPROVED
    assert wanted(house) == {}
    enters(house)
    house.hands.forward(ms=AGAIN_MS)
    assert wanted(house)["money"].lease == "lease-wallet-1"


def test_a_dismissed_device_gives_everything_back(house: House) -> None:
    granted(house, a_grant(), a_grant(wallet="wallet-2"))
    house.service.placement.close_all(why="dismissed")
    assert (left(house), left(house, "wallet-2")) == (0, 0)


def test_a_lease_erased_with_its_guest_is_never_opened_again(house: House) -> None:
    granted(house)
    house.sequencer.submit(lambda tx: chest.forget_lease(tx, chest.leases_of(tx, WALLET)[0]))
    granted(house, a_grant(serial=9))
    assert leases(house) == ()


# Restarts


def test_a_process_that_starts_again_keeps_its_deadlines(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        granted(house, a_grant(ttl_s=100))
        ends = leases(house)[0].ends_ms
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        assert leases(house)[0].ends_ms == ends


def test_after_a_restart_of_the_machine_at_most_the_rest_is_left(
    tmp_path: Path,
) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        granted(house, a_grant(ttl_s=3_600))
        hands.forward(s=600)
        house.service._lifetime.look()
        left_ms = leases(house)[0].ends_ms - hands.mono_ms
    hands.mono_ms = 5_000
    with an_edge(tmp_path, hands, boot="boot-2") as house:
        house.service.start()
        assert leases(house)[0].ends_ms == 5_000 + left_ms


def test_deadlines_of_another_clock_are_not_spent_by(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        a_guest(house)
        granted(house, a_grant(ttl_s=60))
    hands.mono_ms = 5_000
    with an_edge(tmp_path, hands, boot="boot-2") as house:
        submit = house.sequencer.submit

        def broken(act: object) -> object:
            raise StoreError("The disk is full.")

        house.sequencer.submit = broken  # type: ignore[method-assign]  # the disk fails at the start alone
        house.service.start()
        house.service.stop()
        house.sequencer.submit = submit  # type: ignore[method-assign]  # and is mended
        rung_up(house)
        assert tapped(house).state is not BasketState.APPROVED
        house.service._lifetime.look()
        assert not house.service._lifetime.unsettled


# Exposure


def test_what_lies_here_and_what_could_be_lost_is_told(house: House) -> None:
    a_guest(house)
    granted(house)
    granted(house, a_grant(3_000, "", lease="own-risk", kind="risk"))
    bought(house)
    told = house.service.exposure()
    assert (told.ready_minor, told.at_stake_minor) == (1_400, 1_400)
    assert (told.risk_taken_minor, told.risk_left_minor) == (0, 3_000)
    assert told.leases == {"open": 2}
    house.current = False
    house.hands.forward(s=6)
    assert house.service.exposure().leases == {"frozen": 2}


def test_what_central_sends_late_ends_as_if_it_had_come_at_once(house: House) -> None:
    asked = house.clock.monotonic_ms()
    house.hands.forward(s=50)
    house.service.placement.take([a_grant(ttl_s=100)], [], asked_ms=asked, after=1)
    assert leases(house)[0].ends_ms == asked + 100 * 990 - 5_000
