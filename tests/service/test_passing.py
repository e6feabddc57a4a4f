"""A till that lacks a guest's money asks the site's others, and what it may pass on and take itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.decision import Reason
from edge.core.events import Kind
from edge.core.lease import LeaseState, Passing, passing_in, ready
from edge.core.payment import LeaseTaken
from edge.core.site import Lack, Passed
from edge.payviews import BasketState
from edge.service.payments import chest, passing
from edge.service.payments.passing import Giver
from edge.signature import is_passing_signed
from sync.signing import public_half
from tests.builders import a_layout
from tests.service.neighbours import Neighbour, a_site
from tests.service.purses import (
    WALLET,
    a_grant,
    a_guest,
    granted,
    leases,
    left,
    money_events,
    rung_up,
    tapped,
)

KEY = b"d" * 32
HERE = Passed("polso/park/want/x", 7, "1")
OURS = Lack(WALLET, "EUR", 600, "edge-1", 1)


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Neighbour]:
    with a_site(tmp_path, layout=a_layout(), count=1) as [house]:
        a_guest(house)
        yield house


def by(house: Neighbour, boot: str = "boot-1") -> Giver:
    return Giver(private_key=KEY, boot=boot, now_ms=house.clock.monotonic_ms())


def given(house: Neighbour, lack: Lack) -> Passed | None:
    return house.sequencer.submit(lambda tx: passing.give(tx, lack, where=HERE, by=by(house)))


def said_of(passed: Passed | None) -> Passing:
    assert passed is not None
    return passing_in(passed.passing)


def another_till_lends(house: Neighbour, lack: Lack) -> bool:
    """A sibling's part, made by this very till's lease of another wallet's stead."""
    grant = a_grant(lack.minor, lack.wallet, lease="part-1", serial=0)
    passed = Passed("k", 0, "1", "part-1", msgspec.msgpack.encode(Passing("lease-b", "edge-2", 1, grant)))
    asked = house.clock.monotonic_ms()
    return bool(house.sequencer.submit(lambda tx: passing.open_part(tx, grant, passed, asked_ms=asked)))


# Who lacks money


def test_just_what_is_lacking_is_asked_of_the_site_and_pays(till: Neighbour) -> None:
    granted(till, a_grant(250))
    till.line.lend = lambda lack: another_till_lends(till, lack)
    rung_up(till)
    assert tapped(till).state is BasketState.APPROVED
    assert till.line.lacking == [Lack(WALLET, "EUR", 350)]
    assert left(till) == 0
    [event] = money_events(till, Kind.LEASE_TAKEN)
    assert msgspec.msgpack.decode(event.body, type=LeaseTaken).lease.counters.granted == 350


def test_where_nobody_has_any_the_guest_is_told_what_lies_here(till: Neighbour) -> None:
    granted(till, a_grant(250))
    rung_up(till)
    view = tapped(till)
    assert (view.state, view.reason, view.ready_here_minor) == (
        BasketState.SHORT, Reason.INSUFFICIENT_HERE, 250,
    )  # fmt: skip
    assert len(till.line.lacking) == 1


def test_nothing_is_asked_where_enough_lies_or_nothing_could_be_paid(till: Neighbour) -> None:
    granted(till, a_grant(600))
    rung_up(till)
    assert tapped(till).state is BasketState.APPROVED
    a_guest(till, blocked=True)
    rung_up(till, op_id="op-till-00000002")
    assert tapped(till).state is BasketState.DECLINED
    assert till.line.lacking == []


@pytest.mark.parametrize("why", ["out of touch", "not current"])
def test_nobody_is_asked_who_does_not_answer_or_by_an_old_journal(till: Neighbour, why: str) -> None:
    if why == "out of touch":
        till.line.touch = False
    else:
        till.current = False
    rung_up(till)
    assert tapped(till).state is not BasketState.APPROVED
    assert till.line.lacking == []


# Who holds some


def test_a_part_is_durable_signed_and_no_longer_spendable_before_it_is_offered(till: Neighbour) -> None:
    granted(till, a_grant(2_000))
    passed = given(till, msgspec.structs.replace(OURS, device="edge-2"))
    assert passed is not None
    assert (said_of(passed).grant.total, said_of(passed).grant.device, left(till)) == (600, "edge-2", 1_400)
    assert is_passing_signed(passed.passing, passed.signature, public_half(KEY))
    assert not is_passing_signed(passed.passing + b"x", passed.signature, public_half(KEY))
    assert till.sequencer.submit(passing.outstanding) == (passed,)
    assert len(money_events(till, Kind.LEASE_PASSED)) == 1
    till.sequencer.submit(lambda tx: passing.forget(tx, passed))
    assert till.sequencer.submit(passing.outstanding) == ()


def test_what_does_not_lie_here_is_not_passed_on(till: Neighbour) -> None:
    assert given(till, OURS) is None
    granted(till, a_grant(2_000))
    assert given(till, msgspec.structs.replace(OURS, unit="CHF")) is None
    till.hands.forward(ms=36_000_000 - 30_000)
    assert given(till, OURS) is None, "it ends too soon"
    assert money_events(till, Kind.LEASE_PASSED) == []


@pytest.mark.parametrize(("boot", "there"), [("boot-1", 600), ("boot-2", 0)])
def test_what_nobody_took_is_spendable_again_unless_no_clock_tells_until_when(
    till: Neighbour, boot: str, there: int
) -> None:
    granted(till, a_grant(600))
    passed = given(till, OURS)
    assert passed is not None
    for _ in range(2):
        till.sequencer.submit(lambda tx: passing.come_home(tx, passed, said_of(passed), by=by(till, boot)))
    now = till.clock.monotonic_ms()
    assert sum(ready(lease, now) for lease in leases(till)) == there
    assert (left(till), till.sequencer.submit(passing.outstanding)) == (600, ())
    assert len(money_events(till, Kind.LEASE_TAKEN)) == 1


def test_a_part_found_again_after_a_restart_goes_back_to_central(till: Neighbour) -> None:
    grant = a_grant(600, lease="part-1", serial=0)
    lease = till.sequencer.submit(lambda tx: passing.open_part(tx, grant, HERE, asked_ms=None))
    assert lease is not None
    [kept] = leases(till)
    assert (kept.state, kept.counters.returned) == (LeaseState.CLOSED, 600)


def test_a_part_of_a_wallet_that_was_blocked_here_goes_back_and_an_erased_one_is_not_opened(
    till: Neighbour,
) -> None:
    grant = a_grant(600, lease="part-1", serial=0)
    till.sequencer.submit(lambda tx: chest.block_wallet(tx, WALLET, 5))
    till.sequencer.submit(lambda tx: passing.open_part(tx, grant, HERE, asked_ms=0))
    [kept] = leases(till)
    assert (kept.state, kept.counters.returned) == (LeaseState.CLOSED, 600), "it goes back to central"
    till.sequencer.submit(lambda tx: chest.forget_lease(tx, kept))
    assert till.sequencer.submit(lambda tx: passing.open_part(tx, grant, HERE, asked_ms=0)) is None
    huge = msgspec.structs.replace(grant, lease="part-2", total=10**18)
    assert till.sequencer.submit(lambda tx: passing.open_part(tx, huge, HERE, asked_ms=0)) is None
