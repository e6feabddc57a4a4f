"""Other things than money that were lent: a central that was put back takes them out of their pots again."""

from __future__ import annotations

import msgspec

from edge.core.events import Kind
from edge.core.lease import Counters, Report
from edge.core.payment import LeaseMoved
from sync.central.money import ledger, pots
from sync.central.money import policy as policies
from sync.central.money.policy import Policy
from tests.sync.builders import SITE
from tests.sync.money.putback import BROAD, Park, park
from tests.sync.money.test_passings import asides
from tests.sync.money.tills import EUR

__all__ = ["park"]


def a_counted(park: Park, kind: str, unit: str, wallet: str, granted: int) -> None:
    told = Report(
        lease=f"l-{kind}", wallet=wallet, kind=kind, unit=unit, incarnation=1,
        counters=Counters(granted=granted),
    )  # fmt: skip
    park.one.write(Kind.LEASE_GRANTED, LeaseMoved(lease=told))


def left(park: Park, account: str, kind: str, unit: str) -> int:
    with park.store.reading() as tx:
        assert not any(ledger.trial_balance(tx, SITE).values())
        return ledger.balance(tx, SITE, account, currency=pots.counted_in(kind, unit))


def test_parts_of_the_loss_budget_and_vouchers_are_taken_out_of_their_pots_again(park: Park) -> None:
    with park.store.transaction() as tx:
        policies.put_policy(
            tx, SITE, msgspec.structs.replace(BROAD, risk_minor=9_000, risk_slice_minor=4_000)
        )
        pots.issue(tx, SITE, "voucher:p", of=pots.Issue("w1", "points", "point", 50))
    park.back_up()
    a_counted(park, "risk", EUR, "", 4_000)
    a_counted(park, "points", "point", "w1", 30)
    a_counted(park, "risk_taps", "tap", "w1", 3)
    park.put_back()
    park.speaks(park.one)
    assert asides(park.store) == []
    assert left(park, "budget:risk", "risk", EUR) == 5_000
    assert left(park, "wallet:w1", "points", "point") == 20
    assert left(park, "wallet:w1", "risk_taps", "tap") == Policy().risk_taps - 3


def test_no_device_takes_more_of_the_loss_budget_than_a_part(park: Park) -> None:
    with park.store.transaction() as tx:
        policies.put_policy(
            tx, SITE, msgspec.structs.replace(BROAD, risk_minor=9_000, risk_slice_minor=4_000)
        )
    park.back_up()
    a_counted(park, "risk", EUR, "", 4_001)
    park.put_back()
    park.speaks(park.one)
    assert "at most 4000 are lent at once" in asides(park.store)[0]
