"""Baskets at a till: rung up, paid by a band, by two, by cash; with a PIN, after a crash, at a full disk."""

from __future__ import annotations

import itertools
from pathlib import Path

import msgspec
import pytest

from edge.core.decision import Family, Outcome, Reason
from edge.core.events import Kind
from edge.core.lease import Limits
from edge.core.payment import Authorisation
from edge.core.wallet import CategoryLimit
from edge.errors import NotAllowed, Refused, StoreError
from edge.payviews import BasketState, guest_side
from edge.service.payments.screens import AWAIT_MS_MAX
from hardware.port import Signal, Trust
from tests.service.house import OTHER_UID, Hands, House, an_edge
from tests.service.purses import (
    OP,
    SOUP,
    TILL,
    a_grant,
    a_guest,
    bought,
    cashier,
    granted,
    left,
    money_events,
    payments,
    rung_up,
    second_band,
    tapped,
)


@pytest.fixture
def funded(house: House) -> House:
    a_guest(house)
    granted(house)
    return house


def test_a_band_pays_what_stands_at_its_reader(funded: House) -> None:
    view = bought(funded)
    assert (view.total_minor, view.paid_minor, view.due_minor) == (600, 600, 0)
    assert (view.reason, view.family, view.ready_here_minor) == (Reason.PAID, Family.GO, 1_400)
    assert view.words == "pay.approved"
    assert view.seq == money_events(funded, Kind.PAID)[0].seq
    assert left(funded) == 1_400
    assert [payment.state for payment in payments(funded)] == [Authorisation.CAPTURED]


def test_the_tap_itself_says_paid_and_lights_green(funded: House) -> None:
    rung_up(funded)
    seen = funded.service.present(funded.tap(reader="reader-till"))
    assert (seen.outcome, seen.reason, seen.family) == (Outcome.GRANTED, Reason.PAID, Family.GO)
    assert funded.light.shown[-1][0] is Signal.ALLOW


def test_the_same_presentation_is_answered_the_same_and_charged_once(funded: House) -> None:
    rung_up(funded)
    tap = funded.tap(reader="reader-till")
    first = funded.service.present(tap)
    again = funded.service.present(tap)
    assert (first.reason, again.reason) == (Reason.PAID, Reason.PAID)
    assert len(payments(funded)) == 1
    assert left(funded) == 1_400


def test_without_a_basket_a_band_only_identifies(funded: House) -> None:
    seen = funded.service.present(funded.tap(reader="reader-till"))
    assert seen.reason is Reason.IDENTIFIED
    assert left(funded) == 2_000
    assert not money_events(funded, Kind.PAID)


def test_while_it_is_rung_up_a_band_pays_nothing(funded: House) -> None:
    rung_up(funded, await_band=False)
    assert tapped(funded).state is BasketState.OPEN
    assert left(funded) == 2_000


def test_a_paid_basket_is_paid_once_whoever_taps_next(funded: House) -> None:
    bought(funded)
    seen = funded.service.present(funded.tap(reader="reader-till"))
    assert seen.reason is Reason.IDENTIFIED
    assert left(funded) == 1_400
    with pytest.raises(Refused):
        funded.service.await_band(cashier(funded), TILL, OP)


def test_the_badge_of_a_colleague_is_no_payer(funded: House) -> None:
    a_guest(funded, OTHER_UID, payments=False)
    profile = funded.profiles.get(funded.vault.band_id(OTHER_UID))
    assert profile is not None
    funded.tell(msgspec.structs.replace(profile, staff="dario", wallet=None, rev=99))
    rung_up(funded)
    view = tapped(funded, OTHER_UID)
    assert view.state is BasketState.AWAITING
    assert not money_events(funded, Kind.PAID)


# Ringing up


def test_the_device_names_a_basket_that_nobody_named(funded: House) -> None:
    view = funded.service.ring(cashier(funded), TILL, "", lines=(SOUP,))
    assert view.op_id.startswith("b-")
    assert funded.service.basket(TILL).op_id == view.op_id


def test_lines_change_by_the_revision_that_was_seen(funded: House) -> None:
    first = rung_up(funded, await_band=False)
    two = funded.service.ring(cashier(funded), TILL, OP, lines=(SOUP, SOUP), rev=first.rev)
    assert two.total_minor == 1_200
    assert two.rev > first.rev
    with pytest.raises(Refused, match="changed meanwhile"):
        funded.service.ring(cashier(funded), TILL, OP, lines=(SOUP,), rev=first.rev)
    assert funded.service.ring(cashier(funded), TILL, OP, lines=(SOUP, SOUP), rev=first.rev) == two


def test_one_till_has_one_open_basket(funded: House) -> None:
    rung_up(funded, await_band=False)
    with pytest.raises(Refused, match="Another basket"):
        funded.service.ring(cashier(funded), TILL, "op-till-00000002", lines=(SOUP,))


@pytest.mark.parametrize(
    "line",
    [
        {"quantity": 0},
        {"price_minor": 10**15},
        {"item": ""},
        {"name": "x" * 200},
        {"tax_permille": -1},
        {"name": "4111 1111 1111 1111"},
    ],
    ids=str,
)
def test_a_line_that_cannot_be_sold_is_refused(funded: House, line: dict[str, object]) -> None:
    with pytest.raises(Refused):
        funded.service.ring(cashier(funded), TILL, OP, lines=(msgspec.structs.replace(SOUP, **line),))


@pytest.mark.parametrize("op_id", ["short", "1234567890123", "x" * 65, "with space-1"])
def test_an_op_id_that_could_be_anything_else_is_refused(funded: House, op_id: str) -> None:
    with pytest.raises(Refused):
        funded.service.ring(cashier(funded), TILL, op_id, lines=(SOUP,))


def test_only_cashiers_sell(funded: House) -> None:
    with pytest.raises(NotAllowed):
        funded.service.ring(funded.session("gate", point=TILL), TILL, OP, lines=(SOUP,))


def test_a_band_that_does_not_come_is_not_awaited_for_ever(funded: House) -> None:
    rung_up(funded)
    funded.hands.forward(ms=AWAIT_MS_MAX + 1)
    for duty in funded.service._pay_duties:
        duty()
    assert tapped(funded).state is BasketState.OPEN
    assert left(funded) == 2_000


# Not enough here


def test_less_here_than_is_due_says_how_much_and_takes_a_part(funded: House) -> None:
    granted(funded, a_grant(2_000, lease="lease-wallet-1", serial=2, elsewhere=3_000))
    rung_up(funded, SOUP, SOUP, SOUP, SOUP)
    view = tapped(funded)
    assert (view.state, view.reason) == (BasketState.SHORT, Reason.INSUFFICIENT_HERE)
    assert (view.ready_here_minor, view.missing_minor, view.kept_elsewhere_minor) == (2_000, 400, 3_000)
    assert left(funded) == 2_000
    part = funded.service.take_part(cashier(funded), TILL, OP)
    assert (part.state, part.paid_minor, part.due_minor) == (BasketState.PARTLY_PAID, 2_000, 400)
    assert left(funded) == 0


def test_two_bands_share_a_bill_and_their_parts_are_the_whole(funded: House) -> None:
    other = second_band(funded)
    granted(funded, a_grant(1_000, "wallet-2"))
    rung_up(funded, SOUP, SOUP, SOUP, SOUP)
    tapped(funded)
    funded.service.take_part(cashier(funded), TILL, OP)
    view = tapped(funded, other)
    assert view.state is BasketState.APPROVED
    assert [leg.amount_minor for leg in view.legs] == [2_000, 400]
    assert (left(funded), left(funded, "wallet-2")) == (0, 600)
    first, last = payments(funded)[-2:]
    assert (first.state, last.state) == (Authorisation.AUTHORISED, Authorisation.CAPTURED)
    assert len(last.earlier) == 1


def test_a_share_can_be_named_beforehand(funded: House) -> None:
    view = rung_up(funded, SOUP, SOUP, await_band=False)
    funded.service.await_band(cashier(funded), TILL, view.op_id, minor=500)
    assert tapped(funded).paid_minor == 500
    with pytest.raises(Refused):
        funded.service.await_band(cashier(funded), TILL, view.op_id, minor=701)


def test_cash_pays_the_rest_and_never_more_than_is_due(funded: House) -> None:
    rung_up(funded, SOUP, SOUP, SOUP, SOUP)
    tapped(funded)
    funded.service.take_part(cashier(funded), TILL, OP)
    view = funded.service.add_cash(cashier(funded), TILL, OP, minor=1_000)
    assert view.state is BasketState.APPROVED
    assert [(leg.tender, leg.amount_minor) for leg in view.legs] == [("wallet", 2_000), ("cash", 400)]


@pytest.mark.parametrize("tender", ["cash", "card"])
@pytest.mark.parametrize("minor", [200, 600], ids=["a part", "all"])
def test_cash_or_a_card_laid_down_once_counts_once_though_nobody_heard_the_answer(
    tmp_path: Path, tender: str, minor: int
) -> None:
    hands, seen = Hands(), []
    for life in range(2):
        with an_edge(tmp_path, hands) as house:
            if not life:
                rung_up(house, await_band=False)
            lay = house.service.add_cash if tender == "cash" else house.service.add_card
            view = lay(cashier(house), TILL, OP, minor=minor, act="the-same-note-01")
            seen.append((view.state, view.paid_minor, view.due_minor))
            assert len(payments(house)) == 1
    assert seen[0] == seen[1]
    assert seen[0][1] == minor


def test_a_card_at_an_external_terminal_pays_it_all(funded: House) -> None:
    rung_up(funded)
    view = funded.service.add_card(cashier(funded), TILL, OP, minor=600)
    assert view.state is BasketState.APPROVED
    assert left(funded) == 2_000


def test_lines_of_a_partly_paid_basket_stay(funded: House) -> None:
    view = rung_up(funded, SOUP, SOUP, await_band=False)
    funded.service.await_band(cashier(funded), TILL, view.op_id, minor=500)
    paid = tapped(funded)
    with pytest.raises(Refused, match="part of this basket is paid"):
        funded.service.ring(cashier(funded), TILL, OP, lines=(SOUP,), rev=paid.rev)


# Who may not pay


def test_a_childs_band_is_refused_kindly_and_another_pays(funded: House) -> None:
    child = second_band(funded, no_charge=True)
    rung_up(funded)
    view = tapped(funded, child)
    assert (view.state, view.reason) == (BasketState.DECLINED, Reason.PAYMENTS_OFF)
    assert view.words == "pay.other_way"
    assert payments(funded)[-1].state is None
    assert tapped(funded).state is BasketState.APPROVED


def test_the_guests_side_never_sees_why_or_whose(funded: House) -> None:
    a_guest(funded, blocked=True)
    rung_up(funded)
    view = tapped(funded)
    assert view.reason is Reason.WALLET_BLOCKED
    shown = [event.body for event in funded.told("guest-till")][-1]
    assert shown == guest_side(view)
    assert (shown.reason, shown.band_short, shown.staff, shown.cause) == (None, "", None, "")


def test_a_band_that_proves_less_than_live_pays_nothing_here(funded: House) -> None:
    rung_up(funded)
    assert tapped(funded, trust=Trust.SUN).reason is Reason.TRUST_TOO_LOW
    assert left(funded) == 2_000


def test_limits_of_the_band_hold_over_baskets_of_one_day(funded: House) -> None:
    a_guest(funded, limits=Limits(day_minor_max=1_000))
    bought(funded, SOUP)
    rung_up(funded, SOUP, op_id="op-till-00000002")
    view = tapped(funded)
    assert (view.reason, view.left_minor) == (Reason.SPEND_LIMIT, 400)
    part = funded.service.take_part(cashier(funded), TILL, view.op_id)
    assert (part.state, part.paid_minor) == (BasketState.PARTLY_PAID, 400)


def test_a_category_may_be_closed_to_a_band(funded: House) -> None:
    a_guest(funded, categories=(CategoryLimit("alcohol", 0),))
    rung_up(funded, msgspec.structs.replace(SOUP, category="alcohol"))
    assert tapped(funded).reason is Reason.SPEND_LIMIT


def test_goods_for_adults_wait_for_somebody_who_looks(funded: House) -> None:
    rung_up(funded, msgspec.structs.replace(SOUP, age_min=18))
    assert tapped(funded).reason is Reason.AGE_CONFIRM
    view = funded.service.confirm_age(cashier(funded), TILL, OP)
    assert view.state is BasketState.APPROVED


def test_a_journal_that_is_not_proven_current_sells_nothing(funded: House) -> None:
    funded.current = False
    rung_up(funded)
    assert tapped(funded).reason is Reason.LEASE_FROZEN
    funded.current = True
    assert tapped(funded).state is BasketState.APPROVED


# Crashes and a full disk


def test_a_basket_survives_a_restart_with_its_op_id_and_is_paid_once(tmp_path: Path) -> None:
    hands = Hands()
    with an_edge(tmp_path, hands) as house:
        a_guest(house)
        granted(house)
        rung_up(house)
    with an_edge(tmp_path, hands) as house:
        house.seqs = itertools.count(100)
        house.service.start()
        assert house.service.basket(TILL).op_id == OP
        assert tapped(house).state is BasketState.APPROVED
    with an_edge(tmp_path, hands) as house:
        house.service.start()
        shown = [event.body for event in house.told("till-till")][-1]
        assert (shown.state, shown.repeated) == (BasketState.APPROVED, True)
        assert left(house) == 1_400
        assert len(payments(house)) == 1


def test_a_disk_that_takes_nothing_is_no_green_and_charges_nothing(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung_up(funded)
    funded.told("till-till")

    def full(act: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(funded.sequencer, "submit", full)
        seen = funded.service.present(funded.tap(reader="reader-till"))
    assert (seen.reason, seen.seq) == (Reason.STORE_UNAVAILABLE, 0)
    shown = [event.body for event in funded.told("till-till")][-1]
    assert (shown.state, shown.reason, shown.op_id) == (BasketState.DECLINED, Reason.STORE_UNAVAILABLE, OP)
    assert left(funded) == 2_000
    assert tapped(funded).state is BasketState.APPROVED
