"""Money after central was put back: nothing is lent twice, and payments of a forgotten lease are booked."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from edge.core.events import Kind
from edge.core.lease import Counters, Report
from edge.core.payment import LeaseMoved
from sync.central import alarms, quarantine
from sync.central.money import policy as policies
from sync.central.money import restored
from sync.central.money.placed import PlacedRow
from sync.central.settling import payouts
from sync.central.settling.sepa import Account
from tests.sync.builders import SITE, Clockwork
from tests.sync.money.putback import BROAD, WHOLE, Park, a_payment, park, refused
from tests.sync.money.test_passings import asides, proven, sums
from tests.sync.money.tills import EUR, a_wallet, row_of

__all__ = ["park"]


def test_nothing_is_lent_twice_and_everything_is_booked(
    url: str, clock: Clockwork, backup: Callable[[], str]
) -> None:
    park = Park(url, clock, backup)
    park.back_up()
    park.lend(park.one, 8_000)
    assert park.one.sell("sale-a-1", 5_000)
    park.one.send()
    park.put_back()
    # The same guest stands at the other till: of 100.00 that central knows of, 80.00 are at the first.
    assert refused(park.other, WHOLE, why="basket") == restored.RESTORED
    park.speaks(park.other)
    assert refused(park.other, WHOLE, why="basket") == restored.RESTORED, (
        "the one that holds it is still silent"
    )
    park.speaks(park.one)
    assert (asides(park.store), park.withheld()) == ([], False)
    park.lend(park.other, WHOLE)
    assert park.other.of().spendable == 2_000
    assert park.other.sell("sale-b-1", 2_000)
    assert park.one.sell("sale-a-2", 3_000)
    park.one.send()
    park.other.send()
    assert proven(park.store)
    assert sums(park.store) == {
        "bank": -WHOLE, f"sales:{park.one.device.id}": 8_000, f"sales:{park.other.device.id}": 2_000
    }  # fmt: skip
    park.store.close()


def test_a_lease_that_grew_since_the_backup_is_as_large_again(park: Park) -> None:
    park.lend(park.one, 1_000)
    park.one.send()
    park.back_up()
    park.lend(park.one, 6_000)
    park.one.sell("sale-a-1", 5_500)
    park.put_back()
    park.speaks(park.one)
    row = row_of(park.store, park.one.of().id)
    assert (row.placed.counters.granted, row.placed.counters.spent, asides(park.store)) == (6_000, 5_500, [])
    assert row_of(park.store, row.id).placed.set_aside == 6_000


def test_a_part_of_a_forgotten_lease_is_booked_whoever_is_heard_first(park: Park) -> None:
    park.back_up()
    park.lend(park.one, 6_000)
    said = park.one.passes(2_000, "part-1", park.other)
    park.other.takes(said, giver=park.one)
    park.other.sell("sale-b-1", 2_000)
    park.put_back()
    park.speaks(park.other)
    assert (asides(park.store), sums(park.store)["wallet:w1"]) == ([], 8_000), "as much as the giver signed"
    park.speaks(park.one)
    assert asides(park.store) == []
    assert sums(park.store)["wallet:w1"] == 4_000
    assert row_of(park.store, park.one.of().id).placed.counters == park.one.of().counters
    assert not park.withheld()


def test_a_part_of_more_than_was_known_makes_its_givers_lease_larger(park: Park) -> None:
    park.lend(park.one, 1_000)
    park.one.send()
    park.back_up()
    park.lend(park.one, 6_000)
    park.other.takes(park.one.passes(4_000, "part-1", park.other), giver=park.one)
    park.put_back()
    park.speaks(park.other)
    park.speaks(park.one)
    assert asides(park.store) == []
    assert row_of(park.store, park.one.of().id).placed.counters == park.one.of().counters


def test_what_was_paid_in_since_is_entered_again_before_anything_of_it_is_lent(park: Park) -> None:
    a_wallet(park.store, "w2", minor=1_000)
    park.back_up()
    with park.store.transaction() as tx:
        policies.put_policy(tx, SITE, msgspec.structs.replace(BROAD, lease_minor_max=2 * WHOLE))
    a_payment(park.store, 5_000)
    park.lend(park.one, 12_000)
    park.one.sell("sale-a-1", 11_000)
    park.put_back()
    with park.store.transaction() as tx:
        policies.put_policy(tx, SITE, msgspec.structs.replace(BROAD, lease_minor_max=2 * WHOLE))
    park.speaks(park.one)
    park.speaks(park.other)
    assert len(asides(park.store)) == 2
    assert "took 12000 of wallet:w1, which has 10000. `polso replay`" in asides(park.store)[0]
    assert refused(park.other, 500) == restored.RESTORED, "of this guest's money nothing"
    park.lend(park.other, 500, "w2")
    a_payment(park.store, 5_000)
    assert quarantine.replay(park.store, SITE) == quarantine.Replayed(2, ())
    assert sums(park.store)["wallet:w1"] == 3_000
    assert not park.withheld()


def test_no_device_makes_money_by_telling_of_a_grant(park: Park) -> None:
    park.back_up()
    park.put_back()
    forged = Report(
        lease="lforged",
        wallet="w1",
        kind="money",
        unit=EUR,
        incarnation=1,
        counters=Counters(granted=WHOLE + 1),
    )
    park.one.write(Kind.LEASE_GRANTED, LeaseMoved(lease=forged))
    park.speaks(park.one)
    park.speaks(park.other)
    assert "at most 10000 are lent at once" in asides(park.store)[0]
    with park.store.reading() as tx:
        assert [one.reason for one in alarms.alarms(tx, SITE)] == ["money_aside"]
    assert sums(park.store) == {"bank": -WHOLE, "wallet:w1": WHOLE}
    # From its end on it is believed no more than ever: also what would be there.
    later = msgspec.structs.replace(forged, lease="llater", counters=Counters(granted=100))
    park.one.write(Kind.LEASE_GRANTED, LeaseMoved(lease=later))
    park.one.send()
    assert asides(park.store)[-1] == "Nothing is known here of lease llater."


@pytest.mark.parametrize(
    "told",
    [
        {"kind": "gold"},
        {"incarnation": 2},
        {"counters": Counters(granted=100, spent=200)},
        {"unit": "USD"},
        {"wallet": "nobody"},
    ],
    ids=lambda one: next(iter(one)),
)
def test_what_cannot_be_a_lease_is_not_reopened(park: Park, told: dict[str, object]) -> None:
    park.back_up()
    park.put_back()
    sound = Report(
        lease="l1", wallet="w1", kind="money", unit=EUR, incarnation=1, counters=Counters(granted=100)
    )
    park.one.write(Kind.LEASE_GRANTED, LeaseMoved(lease=msgspec.structs.replace(sound, **told)))
    park.speaks(park.one)
    assert len(asides(park.store)) == 1
    assert sums(park.store) == {"bank": -WHOLE, "wallet:w1": WHOLE}


def test_what_is_told_after_it_is_numbered_beyond_all_that_a_device_heard(park: Park) -> None:
    park.back_up()
    for total in (1_000, 2_000, 3_000):
        park.lend(park.one, total)
    heard = max(one.serial for one in park.one.leases.values())
    park.put_back()
    for till in (park.one, park.other):
        park.speaks(till)
    park.lend(park.one, 4_000)
    assert row_of(park.store, park.one.of().id).serial > heard
    assert park.one.of().spendable == 4_000


def test_a_lease_keeps_its_time_meanwhile_and_gets_no_more(park: Park) -> None:
    park.lend(park.one, 1_000)
    park.one.send()
    park.back_up()
    park.put_back()
    with park.store.transaction() as tx:
        tx.exec_driver_sql("UPDATE lease SET doubt_ms = 1")
    told = park.one.want(5_000, lease=park.one.of().id)
    assert isinstance(told, PlacedRow)
    assert (told.placed.counters.granted, told.placed.doubt_ms > 1) == (1_000, True)


def test_notes_of_before_are_booked_when_they_are_tried_again(park: Park) -> None:
    park.back_up()
    park.lend(park.one, 3_000)
    park.one.sell("sale-a-1", 700)
    park.put_back()
    with park.store.transaction() as tx:  # as an earlier release put it back: nobody was awaited
        tx.exec_driver_sql("DELETE FROM restored_device")
    park.speaks(park.one)
    assert asides(park.store) == [f"Nothing is known here of lease {park.one.of().id}."] * 2
    assert quarantine.replay(park.store, SITE) == quarantine.Replayed(2, ())
    assert sums(park.store)[f"sales:{park.one.device.id}"] == 700
    assert row_of(park.store, park.one.of().id).placed.counters == park.one.of().counters


def test_nobody_is_paid_out_before_all_have_spoken(park: Park) -> None:
    with park.store.transaction() as tx:
        payouts.begin(tx, SITE, "w1", to=Account("Anna Rossi", "IT60X0542811101000000123456", ""))
    park.back_up()
    park.put_back()
    with park.store.transaction() as tx:
        assert payouts.close_batch(tx, SITE) == ""
    for till in (park.one, park.other):
        park.speaks(till)
    with park.store.transaction() as tx:
        assert payouts.close_batch(tx, SITE)
