"""A day's limit by a clock that jumped: no second day opens, and nobody is locked out for long."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.calendar import date_text
from edge.core.decision import Reason
from edge.core.facts import Moment
from edge.core.payment import Payer, Tender
from edge.core.payment.back import Eased, eased
from edge.core.vouchers import Voucher
from edge.core.wallet import AHEAD_DAYS_MAX, Tally
from tests.builders import DAY_MS, NOW_MS, a_band_id
from tests.core.purses import TODAY, a_basket, a_lease, a_line, paid, spends
from tests.core.test_promises import a_budget, an_offer, held


def spender(tally: Tally, *, days_on: int = 0, doubted: int = 0) -> Payer:
    """Who may spend ten euros a day, at a till whose clock stands so many days on, doubted by so many."""
    return at_till(spends(day_minor_max=1_000, tally=tally), days_on=days_on, doubted=doubted)


@pytest.mark.parametrize(
    ("days_on", "doubted", "spent_on", "left"),
    [
        (1, 1, TODAY, 599),
        (1, 0, TODAY, None),
        (-1, 1, TODAY, 599),
        (-1, 0, TODAY, 599),
        (0, 0, TODAY + AHEAD_DAYS_MAX, 599),
        (0, 0, TODAY + AHEAD_DAYS_MAX + 1, None),
    ],
)
def test_a_clock_that_jumps_opens_no_second_day_of_a_limit(
    days_on: int, doubted: int, spent_on: int, left: int | None
) -> None:
    """Nor does one that runs back; what one that was never set has written locks nobody out."""
    ruling = paid(spender(Tally(day=spent_on, minor=401), days_on=days_on, doubted=doubted))
    assert ruling.payment.left_minor == left
    if left is None:
        assert ruling.tally is not None
        assert (ruling.tally.day, ruling.tally.minor) == (TODAY + days_on, 600)


@pytest.mark.parametrize("days_on", [1, -1])
def test_what_is_spent_while_the_day_is_in_doubt_counts_on_whichever_it_was(days_on: int) -> None:
    first = paid(spender(Tally(), days_on=days_on, doubted=1)).tally
    assert first is not None
    for true_day in (0, days_on):
        assert paid(spender(first, days_on=true_day)).payment.left_minor == 400


def test_what_was_spent_before_a_clock_jumped_is_over_when_the_next_day_is_sure() -> None:
    spent = paid(spender(Tally(day=TODAY, minor=400), days_on=1, doubted=1)).tally
    assert spent is not None
    assert spent.minor == 1_000
    after = paid(spender(spent, days_on=1)).tally
    assert after is not None
    assert (after.day, after.minor) == (TODAY + 1, 600)


def at_till(payer: Payer, *, days_on: int, doubted: int) -> Payer:
    """The same at a till whose clock stands so many days on, doubted by so many."""
    now = Moment(now_ms=NOW_MS + days_on * DAY_MS, uncertainty_ms=doubted * DAY_MS, trusted=not doubted)
    return replace(payer, tap=replace(payer.tap, moment=now))


@pytest.mark.parametrize(
    ("days_on", "doubted", "paid_by"), [(0, 0, "today"), (1, 0, "tomorrow"), (1, 1, "today"), (-1, 1, None)]
)
def test_a_clock_that_jumped_opens_no_share_of_another_days_limit(
    days_on: int, doubted: int, paid_by: str | None
) -> None:
    """Of the days that it may be the first one's share is drawn upon; where none lies here, none is."""
    kind = f"day:{a_band_id().hex()}"
    days = (
        a_lease("today", 1_000, kind=kind, day=TODAY),
        a_lease("tomorrow", 1_000, kind=kind, day=TODAY + 1),
    )
    payer = replace(spends(day_leased=True), leases=(a_lease(), *days))
    ruling = paid(at_till(payer, days_on=days_on, doubted=doubted))
    drawn = {lease.id for lease in ruling.leases} & {"today", "tomorrow"}
    assert drawn == ({paid_by} if paid_by else set())
    assert ruling.payment.reason is (Reason.PAID if paid_by else Reason.SPEND_LIMIT)


@pytest.mark.parametrize(
    ("days_on", "doubted", "good", "lapsed"),
    [
        (0, 0, True, False),
        (1, 0, False, True),
        (-1, 0, False, False),
        (1, 1, False, False),
        (-1, 1, False, False),
        (2, 1, False, True),
    ],
)
def test_a_voucher_of_a_day_waits_until_the_day_is_sure(
    days_on: int, doubted: int, good: bool, lapsed: bool
) -> None:
    """Neither is it used a day too late by a clock that was set back, nor called over by one that ran on."""
    today = date_text(TODAY)
    drink = Voucher(kind="free_drink", percent=100, valid_from=today, valid_until=today)
    payer = spends(vouchers=(drink,))
    payer = replace(payer, leases=(a_lease(), a_lease("v", 3, kind="free_drink", unit="unit")))
    payment = paid(at_till(payer, days_on=days_on, doubted=doubted)).payment
    assert (payment.legs[0].tender is Tender.DISCOUNT) is good
    assert payment.lapsed == ((("free_drink", today),) if lapsed else ())


def test_an_offer_that_ends_today_waits_while_it_may_be_tomorrow() -> None:
    def tender(days_on: int, doubted: int) -> Tender:
        offers = held(an_offer(), until=date_text(TODAY))
        payer = replace(spends(promised=offers), leases=(a_lease(), a_budget()))
        soup = a_line(600, item="soup")
        moved = at_till(payer, days_on=days_on, doubted=doubted)
        return paid(moved, a_basket(soup)).payment.legs[0].tender

    assert [tender(0, 0), tender(1, 0), tender(0, 1), tender(-1, 1)] == [
        Tender.DISCOUNT, Tender.WALLET, Tender.WALLET, Tender.DISCOUNT
    ]  # fmt: skip


def test_limits_get_back_what_was_spent_today() -> None:
    tally = Tally(day=TODAY, minor=650, categories=(("food", 600), ("toys", 50)), taps_since_pin=2)
    back = Eased(a_band_id(), 200, (("food", 200),))
    assert eased(tally, (TODAY, TODAY), back) == replace(
        tally, minor=450, categories=(("food", 400), ("toys", 50))
    )
    assert eased(tally, (TODAY + 1, TODAY + 1), back) == Tally(day=TODAY + 1, taps_since_pin=2)
    assert eased(tally, (TODAY, TODAY + 2), back).minor == 450, "a clock that jumped frees nothing"
