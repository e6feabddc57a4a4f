"""One wallet's money that lay at two tills in turn since the backup: it is booked, whoever is heard first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edge.core.events import Kind
from edge.core.lease import Counters, Report
from edge.core.payment import LeaseMoved
from edge.run import backup_central
from sync.central import quarantine
from sync.central.money import restored
from sync.central.settling import forgotten
from tests.sync.builders import SITE, Clockwork
from tests.sync.money.putback import WHOLE, Park, park
from tests.sync.money.test_passings import asides, proven, sums
from tests.sync.money.tills import EUR, PaperTill, a_wallet, row_of

__all__ = ["park"]


def tells(till: PaperTill, lease: str, **totals: int) -> None:
    """A till writes down a lease of its own making."""
    said = Report(
        lease=lease, wallet="w1", kind="money", unit=EUR, incarnation=1, counters=Counters(**totals)
    )
    till.write(Kind.LEASE_GRANTED, LeaseMoved(lease=said))


def in_turn(park: Park) -> None:
    """The first till sells for 10.00 and gives 70.00 back, which the other till sells for."""
    park.back_up()
    park.lend(park.one, 8_000)
    park.one.sell("sale-a-1", 1_000)
    park.one.give_back(7_000)
    park.one.send()
    park.lend(park.other, 9_000)
    park.other.sell("sale-b-1", 9_000)
    park.other.send()
    park.put_back()


@pytest.mark.parametrize("first", ["one", "other"])
def test_what_moved_from_one_till_to_another_is_booked(park: Park, first: str) -> None:
    in_turn(park)
    tills = (park.one, park.other) if first == "one" else (park.other, park.one)
    for till in tills:
        park.speaks(till)
    assert (asides(park.store), park.withheld()) == ([], False)
    assert row_of(park.store, next(iter(park.one.leases))).placed.counters == Counters(
        granted=8_000, spent=1_000, returned=7_000
    )
    assert sums(park.store) == {
        "bank": -WHOLE, f"sales:{park.one.device.id}": 1_000, f"sales:{park.other.device.id}": 9_000
    }  # fmt: skip
    assert proven(park.store)


def test_what_moved_is_booked_on_each_kind_of_database(
    url: str, clock: Clockwork, backup: Callable[[], str]
) -> None:
    park = Park(url, clock, backup)
    test_what_moved_from_one_till_to_another_is_booked(park, "other")
    park.store.close()


def test_a_till_that_held_it_many_times_needs_it_once(park: Park) -> None:
    park.back_up()
    for number in range(1, 4):
        park.lend(park.one, number * 8_000)
        park.one.give_back(8_000)
        park.one.send()
    park.lend(park.other, 8_000)
    park.other.sell("sale-b-1", 8_000)
    park.put_back()
    park.speaks(park.other)
    park.speaks(park.one)
    assert (asides(park.store), park.withheld(), sums(park.store)["wallet:w1"]) == ([], False, 2_000)


def test_what_came_back_in_another_batch_is_booked_when_it_is_tried_again(park: Park) -> None:
    in_turn(park)
    park.speaks(park.other)
    park.reports(park.one)
    for seq in (1, 2, 3):
        park.one.offer(seq, seq)
    assert len(asides(park.store)) == 2
    assert not park.withheld(), "its last word shows that nothing of it is missing"
    assert quarantine.replay(park.store, SITE) == quarantine.Replayed(2, ())
    assert sums(park.store)[f"sales:{park.one.device.id}"] == 1_000
    assert sums(park.store).get("wallet:w1", 0) == 0


def test_what_was_needed_before_it_came_back_must_be_there(park: Park) -> None:
    park.back_up()
    park.lend(park.one, 8_000)
    park.one.sell("sale-a-1", 5_000)
    park.one.void("void-a-1", "sale-a-1", 5_000)
    park.one.give_back(8_000)
    park.one.send()
    park.lend(park.other, 8_000)
    park.other.sell("sale-b-1", 8_000)
    park.put_back()
    park.speaks(park.other)
    park.speaks(park.one)
    assert "took 5000 of wallet:w1, which has 2000" in asides(park.store)[0]
    assert not park.withheld(), "its last word shows that nothing of it is missing"
    assert quarantine.replay(park.store, SITE).left == ()
    assert (sums(park.store)["wallet:w1"], park.withheld()) == (2_000, False)


def test_nobody_makes_money_by_saying_that_more_came_back_than_there_was(park: Park) -> None:
    park.back_up()
    park.put_back()
    tells(park.one, "l1", granted=9_000)
    tells(park.one, "l1", granted=9_000, returned=50_000)
    park.speaks(park.one)
    assert len(asides(park.store)) == 1
    assert sum(sums(park.store).get(one, 0) for one in ("wallet:w1", "lease:l1")) == WHOLE


def test_a_part_that_was_passed_on_did_not_come_back(park: Park) -> None:
    park.back_up()
    park.lend(park.one, 6_000)
    said = park.one.passes(2_000, "part-1", park.other)
    park.one.give_back(4_000)
    park.other.takes(said, giver=park.one)
    park.other.sell("sale-b-1", 2_000)
    park.put_back()
    park.speaks(park.one)
    park.speaks(park.other)
    assert (asides(park.store), park.withheld(), sums(park.store)["wallet:w1"]) == ([], False, 8_000)


def test_a_device_that_was_heard_keeps_what_it_holds_when_its_claim_is_given_up(park: Park) -> None:
    a_wallet(park.store, "w2", minor=5_000)
    park.back_up()
    park.put_back()
    for lease in ("l1", "l2"):
        tells(park.one, lease, granted=9_000)
    park.speaks(park.one)
    park.speaks(park.other)
    park.lend(park.one, 4_000, "w2")
    park.one.send()
    told = forgotten.give_up(park.store, SITE, park.one.device.id)
    assert (told.leases, told.retaken.booked) == (0, 1)
    park.one.sell("sale-a-1", 4_000, "w2")
    park.one.send()
    assert asides(park.store) == []
    assert [row_of(park.store, one).loss for one in ("l1", "l2")] == [0, 9_000]


def test_a_second_restore_forgets_no_claim(park: Park) -> None:
    park.back_up()
    park.put_back()
    for lease in ("l1", "l2"):
        tells(park.one, lease, granted=9_000)
    park.speaks(park.one)
    park.speaks(park.other)
    assert park.withheld()
    park.store.close()
    backup_central.begin_anew(park.address)
    park.turn_to(park.address)
    park.reports(park.one)
    park.reports(park.other)
    with park.store.reading() as tx:
        assert restored.awaited(tx, SITE) == {}
        assert [one.lease for one in restored.claims(tx, SITE)] == ["l2"]
    assert park.withheld(), "what nothing covers is not covered by another backup"
