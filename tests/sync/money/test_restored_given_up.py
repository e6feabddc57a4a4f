"""Whom a central that was put back awaits: until when, who is told of it, and what giving one up costs."""

from __future__ import annotations

import msgspec
import pytest
from click.testing import CliRunner

from edge.core.lease import PlacedState
from edge.errors import Unknown
from edge.run import backup_central
from edge.run.cli import main
from sync.central import alarms
from sync.central.accounting import ops
from sync.central.accounting.ops import What
from sync.central.calls import Calls
from sync.central.money import policy as policies
from sync.central.money import restored
from sync.central.settling import forgotten
from tests.sync.builders import SITE
from tests.sync.money.putback import BROAD, WHOLE, Park, a_payment, park, refused
from tests.sync.money.test_passings import asides, proven, sums
from tests.sync.money.tills import EUR, row_of

__all__ = ["park"]


def test_a_device_that_is_given_up_costs_the_operator_and_no_guest(park: Park) -> None:
    park.lend(park.one, 1_000)
    park.one.send()
    park.back_up()
    park.lend(park.other, 4_000)
    park.other.sell("sale-b-1", 3_000)
    park.put_back()
    park.speaks(park.one)
    with park.store.reading() as tx:
        said = forgotten.in_words(forgotten.standing(tx, SITE))
    assert f"Awaited: {park.other.device.id} (till-2), it has not been heard" in said
    assert "That costs all that it sold since the backup" in said
    told = forgotten.give_up(park.store, SITE, park.other.device.id)
    assert "0 known leases, booked as lost: nothing" in forgotten.words_of(told)
    assert refused(park.one, WHOLE, lease="l-none") == "not_open"
    park.lend(park.one, WHOLE)
    assert park.one.of().spendable == WHOLE
    park.speaks(park.other)
    assert asides(park.store) == []
    row = row_of(park.store, park.other.of().id)
    assert (row.placed.state, row.loss, row.placed.closing) == (PlacedState.LATE_SETTLED, 4_000, True)
    with park.store.reading() as tx:
        assert [one.minor for one in ops.notes(tx, SITE, what=What.LATE)] == [0, 3_000]
    park.other.give_back(1_000)
    park.other.send()
    assert sums(park.store)["loss:in_doubt"] == -3_000, "what was spent, and not what came back"
    assert proven(park.store)


def test_what_is_known_to_lie_at_a_device_that_is_given_up_goes_back_to_its_guest(park: Park) -> None:
    park.lend(park.other, 4_000)
    park.other.send()
    park.back_up()
    park.lend(park.other, 6_000)
    park.other.sell("sale-b-1", 5_000)
    park.put_back()
    told = forgotten.give_up(park.store, SITE, park.other.device.id)
    assert (told.leases, told.lost) == (1, {EUR: 4_000})
    assert sums(park.store)["wallet:w1"] == WHOLE
    park.speaks(park.other)
    park.other.give_back(1_000)
    park.other.send()
    assert asides(park.store) == []
    assert sums(park.store)["loss:in_doubt"] == -5_000
    with pytest.raises(Unknown, match="Nobody waits"):
        forgotten.give_up(park.store, SITE, park.other.device.id)


def test_a_claim_that_nobody_covers_is_given_up_with_its_device(park: Park) -> None:
    park.back_up()
    with park.store.transaction() as tx:
        policies.put_policy(tx, SITE, msgspec.structs.replace(BROAD, lease_minor_max=2 * WHOLE))
    a_payment(park.store, 5_000)
    park.lend(park.one, 12_000)
    park.one.sell("sale-a-1", 11_000)
    park.put_back()
    park.speaks(park.one)
    park.speaks(park.other)
    with park.store.reading() as tx:
        assert "Not covered: 12000 of wallet w1" in forgotten.in_words(forgotten.standing(tx, SITE))
    with park.store.transaction() as tx:
        policies.put_policy(tx, SITE, msgspec.structs.replace(BROAD, lease_minor_max=2 * WHOLE))
    told = forgotten.give_up(park.store, SITE, park.one.device.id)
    assert "2 events that waited are booked, 0 wait still" in forgotten.words_of(told)
    assert not park.withheld()
    assert sums(park.store)["wallet:w1"] == WHOLE
    assert sums(park.store)["loss:in_doubt"] == -12_000
    park.reports(park.one)
    with park.store.reading() as tx:
        assert restored.awaited(tx, SITE) == {}, "it has said all of that time"


def test_only_what_a_device_has_written_down_to_its_end_is_all(park: Park) -> None:
    park.lend(park.one, 1_000)
    park.one.sell("sale-a-1", 100)
    park.one.send()
    park.back_up()
    park.lend(park.one, 2_000)
    park.put_back()
    park.speaks(park.other)
    park.reports(park.one, epoch=1)
    park.reports(park.one, seq=1)  # of less than central holds: its disk was put back, too
    assert park.withheld()
    with park.store.reading() as tx:
        assert [one.head for one in restored.awaited(tx, SITE).values()] == [None]
    park.reports(park.one)
    with park.store.reading() as tx:
        assert "it sends its journal, up to 3" in forgotten.in_words(forgotten.standing(tx, SITE))
    assert park.withheld(), "it has heard of this life, and its last record is not here"
    park.one.sent = 0
    park.one.send()
    assert not park.withheld()


def test_an_operator_is_called_and_told_what_to_do_until_it_has_ended(park: Park) -> None:
    park.back_up()
    park.put_back()
    Calls(park.store).look()
    with park.store.reading() as tx:
        assert alarms.alarms(tx, SITE) == (), "who is online speaks within a minute"
    with park.store.reading() as tx:
        park.clock.ms = max(one.since_ms for one in restored.awaited(tx, SITE).values()) + restored.CALLED_MS
    Calls(park.store).look()
    with park.store.reading() as tx:
        found = alarms.alarms(tx, SITE)
    assert {one.device for one in found} == {park.one.device.id, park.other.device.id}
    assert {one.reason for one in found} == {restored.WITHHELD}
    for till in (park.one, park.other):
        park.speaks(till)
    with park.store.reading() as tx:
        assert alarms.count_open(tx, SITE) == 0
    park.store.close()
    told = CliRunner().invoke(main, ["central", "restored", SITE, "--database", park.address])
    assert told.output == "Nobody is awaited: money is lent as ever.\n"


def test_who_is_silent_is_called_out_anew_when_central_is_put_back_again(park: Park) -> None:
    park.back_up()
    park.put_back()
    for _ in range(2):
        with park.store.transaction() as tx:
            restored.begin(tx, SITE)
            since_ms = max(one.since_ms for one in restored.awaited(tx, SITE).values())
        park.clock.ms = since_ms + restored.CALLED_MS
        Calls(park.store).look()
        with park.store.reading() as tx:
            assert alarms.count_open(tx, SITE) == 2
        for till in (park.one, park.other):
            park.speaks(till)
        with park.store.reading() as tx:
            assert alarms.count_open(tx, SITE) == 0


def test_who_restores_is_told_that_a_device_revoked_since_is_given_up_as_well() -> None:
    assert "`polso central restored SITE --give-up\nDEVICE` each" in backup_central.AGAIN


def test_the_verb_gives_a_device_up(park: Park) -> None:
    park.back_up()
    park.put_back()
    park.store.close()
    for till in (park.one, park.other):
        told = CliRunner().invoke(
            main, ["central", "restored", SITE, "--give-up", till.device.id, "--database", park.address]
        )
        assert told.exit_code == 0, told.output
    assert f"Given up: {park.other.device.id} (till-2)" in told.output
    assert "Awaited" not in told.output


def test_a_device_that_goes_on_no_more_has_not_said_all(park: Park) -> None:
    park.back_up()
    park.put_back()
    park.reports(park.one, frozen="an older copy")
    park.speaks(park.other)
    assert park.withheld()
