"""A central that went back with nobody's word: the first device that knows better stops all lending."""

from __future__ import annotations

from edge.run.backup_central import begin_lives
from sync.central import alarms
from sync.central.money import restored
from sync.central.setback import WENT_BACK
from tests.sync.builders import SITE
from tests.sync.money.putback import WHOLE, Park, park, refused
from tests.sync.money.test_passings import asides, sums

__all__ = ["park"]


def _forgets_what_was_lent(park: Park) -> int:
    """Central goes back behind a sale of 80.00 of 100.00; return its life, which both tills have heard of."""
    park.lend(park.one, 1_000)
    park.one.send()
    for till in (park.one, park.other):
        park.reports(till)
    park.back_up()
    park.lend(park.one, 8_000)
    assert park.one.sell("sale-a-1", 8_000)
    park.one.send()
    life = park.life()
    park.goes_back()
    return life


def test_nothing_is_lent_of_what_a_device_remembers_and_central_does_not(park: Park) -> None:
    life = _forgets_what_was_lent(park)
    park.reports(park.one, epoch=life, acked=len(park.one.journal.lanes[1]))
    assert park.life() != life
    assert refused(park.other, WHOLE, why="basket") == restored.RESTORED
    park.speaks(park.other)
    assert park.withheld()
    park.speaks(park.one)
    assert (asides(park.store), park.withheld()) == ([], False)
    park.lend(park.other, WHOLE)
    assert park.other.of().spendable == 2_000
    assert sums(park.store)[f"sales:{park.one.device.id}"] == 8_000


def test_who_says_so_is_named_to_the_operator(park: Park) -> None:
    life = _forgets_what_was_lent(park)
    park.reports(park.one, epoch=life, acked=len(park.one.journal.lanes[1]))
    with park.store.reading() as tx:
        found = [(one.device, one.reason) for one in alarms.alarms(tx, SITE) if one.seen_ms is None]
    assert found == [(park.one.device.id, WENT_BACK)]


def test_who_was_heard_after_a_restore_is_not_asked_again_because_another_knows_more(park: Park) -> None:
    life = park.life()
    park.back_up()
    park.lend(park.one, 1_000)
    park.one.send()
    park.put_back()
    now = park.life()
    park.speaks(park.other)
    park.reports(park.one, epoch=life, acked=1)
    assert park.life() == now, "the restore has begun this life for that"
    with park.store.reading() as tx:
        assert list(restored.awaited(tx, SITE)) == [park.one.device.id]
        assert alarms.alarms(tx, SITE) == ()


def test_a_central_that_goes_back_within_a_life_asks_all_again(park: Park) -> None:
    """One till was heard when the copy was made, and the other not yet: the first was lent more since."""
    first = park.life()
    with park.store.transaction() as tx:
        begin_lives(tx)
    park.reports(park.other, epoch=first)
    park.speaks(park.one)
    park.back_up()
    park.speaks(park.other)
    park.lend(park.one, 8_000)
    park.one.send()
    life = park.life()
    park.goes_back()
    park.reports(park.other, epoch=life)
    assert not park.withheld(), "the control: nobody is awaited any more, and what was lent is forgotten"
    park.reports(park.one, epoch=life, acked=1)
    with park.store.reading() as tx:
        assert set(restored.awaited(tx, SITE)) == {park.one.device.id, park.other.device.id}


def test_who_was_awaited_when_the_copy_was_made_is_asked_for_what_came_later(park: Park) -> None:
    park.lend(park.one, 1_000)
    with park.store.transaction() as tx:
        begin_lives(tx)
    park.speaks(park.other)
    park.reports(park.one)
    park.back_up()
    park.one.send()
    assert not park.withheld()
    park.lend(park.one, 8_000)
    park.one.send()
    life = park.life()
    park.goes_back()
    park.reports(park.one, acked=2)
    assert park.life() != life, "its end of then is not its end of now"
    with park.store.reading() as tx:
        assert {one.head for one in restored.awaited(tx, SITE).values()} == {None}
