"""Money over the counter: what is paid in can be spent here, what is paid out is gone."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.lease import OWN_TTL_S, Grant, Lease, LeaseState, Refusal, take_grant
from edge.core.money import MINOR_MAX
from edge.core.payment import CounterAsk, Tender, decide_cash_out, decide_top_up
from edge.core.payment.counter import CashedOutRuling, ToppedUpRuling
from tests.builders import DEVICE
from tests.core.purses import UP_MS, a_lease


def ask(amount_minor: int) -> CounterAsk:
    return CounterAsk(op_id="top-up-1", amount_minor=amount_minor, drawer="d1", point="till", staff="s1")


def test_cash_is_spendable_here_at_once() -> None:
    ruling = decide_top_up(a_lease(), ask(500))
    assert isinstance(ruling, ToppedUpRuling)
    assert (ruling.lease.spendable, ruling.lease.counters.minted) == (2_500, 500)
    told = ruling.topped_up
    assert (told.amount_minor, told.tender, told.wallet) == (500, Tender.CASH, "wallet-1")
    assert told.leases[0].counters == ruling.lease.counters


def test_a_device_without_a_lease_opens_one_of_nothing_for_cash() -> None:
    nothing = Grant(
        lease="own-1", wallet="wallet-1", unit="EUR", device=DEVICE, incarnation=1, total=0, ttl_s=OWN_TTL_S
    )
    lease = take_grant(None, nothing, asked_ms=UP_MS)
    assert isinstance(lease, Lease)
    ruling = decide_top_up(lease, ask(500))
    assert isinstance(ruling, ToppedUpRuling)
    assert ruling.lease.spendable == 500


def test_what_is_not_paid_in() -> None:
    assert decide_top_up(a_lease(), ask(0)) is Refusal.NO_AMOUNT
    assert decide_top_up(a_lease(), ask(MINOR_MAX + 1)) is Refusal.TOO_MUCH
    assert decide_top_up(a_lease(state=LeaseState.FROZEN), ask(1)) is Refusal.FROZEN


def test_the_rest_is_paid_out_of_several_leases_or_not_at_all() -> None:
    leases = [a_lease(granted=0), a_lease("lease-2"), a_lease("lease-3", granted=100), a_lease("lease-4")]
    ruling = decide_cash_out(leases, ask(2_050), monotonic_ms=UP_MS)
    assert isinstance(ruling, CashedOutRuling)
    assert {lease.id: lease.spendable for lease in ruling.leases} == {"lease-2": 0, "lease-3": 50}
    assert (ruling.cashed_out.amount_minor, ruling.cashed_out.currency) == (2_050, "EUR")
    assert decide_cash_out(leases[:2], ask(2_001), monotonic_ms=UP_MS) is Refusal.SHORT
    assert decide_cash_out([], ask(1), monotonic_ms=UP_MS) is Refusal.SHORT
    assert decide_cash_out(leases, ask(0), monotonic_ms=UP_MS) is Refusal.NO_AMOUNT
    late = [replace(lease, ends_ms=UP_MS) for lease in leases]
    assert decide_cash_out(late, ask(1), monotonic_ms=UP_MS) is Refusal.SHORT


def test_the_last_cent_is_paid_out_too() -> None:
    ruling = decide_cash_out([a_lease(granted=1), a_lease("lease-2")], ask(2), monotonic_ms=UP_MS)
    assert isinstance(ruling, CashedOutRuling)
    assert {lease.id: lease.spendable for lease in ruling.leases} == {"lease-1": 0, "lease-2": 1_999}
