"""What a device's mere word may cost the operator, and what other devices are held up by it."""

from __future__ import annotations

import pytest

from edge.core.events import Kind
from edge.core.lease import Counters, Report
from edge.core.payment import LeaseMoved
from sync.central.machines.lanes import Stream
from sync.central.money import placed
from sync.central.money.reopening import Reopener
from sync.central.settling import forgotten
from tests.sync.builders import SITE
from tests.sync.money.putback import WHOLE, Park, park
from tests.sync.money.test_passings import asides, sums
from tests.sync.money.tills import EUR

__all__ = ["park"]


def a_report(kind: str = "money", unit: str = EUR, **totals: int) -> Report:
    return Report(lease="l1", wallet="w1", kind=kind, unit=unit, incarnation=1, counters=Counters(**totals))


@pytest.mark.parametrize(
    "said", [a_report(granted=10**9), a_report("points", "point", granted=10**9)], ids=["money", "points"]
)
def test_a_device_that_is_given_up_costs_no_more_than_is_lent_at_once(park: Park, said: Report) -> None:
    park.back_up()
    park.put_back()
    forgotten.give_up(park.store, SITE, park.one.device.id)
    park.one.write(Kind.LEASE_GRANTED, LeaseMoved(lease=said))
    park.one.send()
    assert len(asides(park.store)) == 1
    assert sums(park.store) == {"bank": -WHOLE, "wallet:w1": WHOLE}


def test_a_device_that_is_given_up_tells_of_all_that_it_sold_in_turn(park: Park) -> None:
    park.back_up()
    park.put_back()
    forgotten.give_up(park.store, SITE, park.one.device.id)
    for said in (
        a_report(granted=8_000),
        a_report(granted=8_000, spent=8_000),
        a_report(granted=16_000, spent=8_000),
        a_report(granted=16_000, spent=8_000, returned=8_000),
        a_report(granted=24_000, spent=8_000, returned=8_000),
    ):
        park.one.write(Kind.LEASE_GRANTED, LeaseMoved(lease=said))
    park.one.send()
    assert asides(park.store) == []


def test_one_that_never_comes_holds_no_other_up(park: Park) -> None:
    park.back_up()
    park.put_back()
    park.speaks(park.other)
    forgotten.give_up(park.store, SITE, park.one.device.id)
    said = a_report(granted=1)
    with park.store.transaction() as tx:
        for till, wallets in ((park.other, set()), (park.one, {"w1"})):
            reader = Reopener(tx, Stream(SITE, till.device.id, 1, 1), again=False)
            assert reader.wallets([said], [LeaseMoved(lease=said)]) == wallets


def test_numbers_of_who_took_a_part_and_who_gave_it_are_held_in_one_order(
    park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    park.back_up()
    park.lend(park.one, 6_000)
    park.other.takes(park.one.passes(2_000, "part-1", park.other), giver=park.one)
    park.put_back()
    held: list[set[str]] = []
    real = placed.hold_serials
    monkeypatch.setattr(
        placed, "hold_serials", lambda tx, site, of: (held.append(set(of)), real(tx, site, of))
    )
    park.speaks(park.other)
    assert held[0] == {park.one.device.id, park.other.device.id}
