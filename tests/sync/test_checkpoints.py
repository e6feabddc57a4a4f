"""Checkpoints on their way: with a batch to central, on to every sibling, and back to their device."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from edge.core.checkpoint import Checkpoint, Mark, encoded
from edge.errors import StoreError
from edge.signature import is_signed, signer
from edge.store.profiles import passed_on
from sync.central import intake, reports
from sync.central.feed import item_table
from sync.central.intake import Rejected
from sync.central.machines import checkpoints, devices
from sync.central.machines.checkpoints import PUBLISH_MS_MIN
from sync.central.store import Store, select
from sync.client.history import Frozen
from sync.client.pulling import Puller
from sync.client.pushing import Pusher
from sync.wire import Ack, Attested, Batch, Cursor, Problem
from tests.sync.builders import PRIVATE_KEY, Clockwork, a_device, a_journal
from tests.sync.ends import PUBLIC_KEY, Edge, a_report, a_welcome, running, served, until
from tests.sync.paper import SENDER, Paper, Script

SIGN = signer(PRIVATE_KEY)


class Sender:
    """A device that signs what it hands to the intake."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.device = a_device(store)[0]
        self.journal = a_journal(self.device)

    def seen(self, **changes: Any) -> Checkpoint:
        """A checkpoint of where the journal stands."""
        lanes = self.journal.lanes
        marks = tuple(Mark(len(lanes[n]), self.journal.before(n, len(lanes[n]) + 1)) for n in (0, 1))
        bare = Checkpoint(
            site=self.device.site,
            device=self.device.id,
            incarnation=1,
            boot="b",
            hlc=7,
            marks=(marks[0], marks[1]),
        )
        return SIGN(replace(bare, **changes))

    def send(self, first: int, last: int, *, seen: Checkpoint | bytes | None = None) -> Ack | Rejected:
        """Send a range with a checkpoint."""
        body = encoded(seen) if isinstance(seen, Checkpoint) else seen
        return intake.take(self.store, self.now(), replace(self.journal.batch(first, last), checkpoint=body))

    def now(self) -> devices.Device:
        """The device as central knows it now."""
        with self.store.reading() as tx:
            return devices.device(tx, self.device.site, self.device.id)

    def kept(self) -> Checkpoint | None:
        """What central keeps of it."""
        with self.store.reading() as tx:
            return checkpoints.newest(tx, self.device)

    def published(self) -> bytes | None:
        """What its siblings are told."""
        own = item_table.c
        with self.store.reading() as tx:
            return tx.execute(select(own.body).where(own.kind == "checkpoint")).scalar()


@pytest.fixture
def sender(store: Store) -> Sender:
    return Sender(store)


def test_central_keeps_the_newest_and_tells_it_to_the_device_itself(sender: Sender) -> None:
    sender.journal.write(3)
    first = sender.seen()
    assert isinstance(sender.send(1, 3, seen=first), Ack)
    sender.journal.write(2)
    sender.journal.write(1, lane=1)
    second = sender.seen()
    assert isinstance(sender.send(4, 5, seen=second), Ack)
    assert sender.kept() == second
    assert isinstance(sender.send(1, 3, seen=first), Ack)
    assert sender.kept() == second, "an old batch sent again takes nothing back"
    told = reports.take(sender.store, sender.now(), a_report(sender.device.id))
    assert told.checkpoint == encoded(second)


def test_siblings_hear_of_it_once_a_minute(sender: Sender, clock: Clockwork) -> None:
    bodies = []
    for seq in range(1, 4):
        sender.journal.write(1)
        assert isinstance(sender.send(seq, seq, seen=sender.seen()), Ack)
        bodies.append((sender.published(), encoded(sender.seen())))
        clock.ms += PUBLISH_MS_MIN // 2
    (first, of_first), (second, _), (third, of_third) = bodies
    assert first == second == of_first
    assert third == of_third


@pytest.mark.parametrize("name", ["another key", "another device", "another life", "rubbish"])
def test_what_the_device_has_not_signed_is_kept_nowhere_and_costs_no_event(sender: Sender, name: str) -> None:
    sender.journal.write(2)
    bad: dict[str, Checkpoint | bytes] = {
        "another key": signer(b"x" * 32)(sender.seen()),
        "another device": sender.seen(device="gate-9"),
        "another life": sender.seen(incarnation=2),
        "rubbish": b"\xa2\xff\xff",
    }
    answer = sender.send(1, 2, seen=bad[name])
    assert isinstance(answer, Ack)
    assert answer.ack == 2
    assert sender.kept() is None
    assert sender.published() is None
    assert "not signed" in sender.now().alarm


def test_a_checkpoint_of_another_history_freezes_the_lane_and_raises_an_alarm(sender: Sender) -> None:
    sender.journal.write(3)
    assert isinstance(sender.send(1, 3), Ack)
    other = sender.seen(marks=(Mark(2, b"x" * 32), sender.seen().marks[1]))
    sender.send(2, 3, seen=other)
    assert "another event 2" in sender.now().alarm
    assert sender.kept() is None
    sender.journal.write(1)
    answer = sender.send(4, 4)
    assert isinstance(answer, Rejected)
    assert answer.problem is Problem.FORK


def test_what_was_signed_for_binds_what_is_sent_later(sender: Sender) -> None:
    """A tail that was cut off and written anew while central had only heard of it."""
    sender.journal.write(5)
    seen = sender.seen()
    assert isinstance(sender.send(1, 2, seen=seen), Ack)
    del sender.journal.lanes[0][3:]
    sender.journal.write(3, note="another tap")
    answer = sender.send(3, 6)
    assert isinstance(answer, Rejected)
    assert answer.problem is Problem.FORK
    assert "fork" in sender.now().alarm


def test_without_the_checkpoint_the_same_tail_is_taken(sender: Sender) -> None:
    """The control: the chain itself fits."""
    sender.journal.write(5)
    assert isinstance(sender.send(1, 2), Ack)
    del sender.journal.lanes[0][3:]
    sender.journal.write(3, note="another tap")
    assert isinstance(sender.send(3, 6), Ack)


def a_pusher(paper: Paper, *answers: Callable[[Batch], object] | Exception) -> tuple[Pusher, Script]:
    """A lane with three events and a newest checkpoint."""
    script = Script(*answers)
    line: Any = script
    ports = replace_checkpoint(paper)
    return Pusher(SENDER, 0, ports=ports, line=line), script


MARKS = (Mark(3, b"h"), Mark(0, b"s"))
SEEN = Checkpoint(site="park", device="gate", incarnation=1, boot="b", hlc=1, marks=MARKS)


def replace_checkpoint(paper: Paper) -> Any:
    """The paper edge's ports, with a checkpoint to send."""
    return dataclasses.replace(paper.ports(), checkpoint=lambda: SEEN)


def taken(batch: Batch) -> Ack:
    return Ack(device="gate", lane=batch.lane, ack=batch.last, time_ms=1)


def test_the_newest_one_travels_with_the_next_batch_until_it_has_arrived() -> None:
    paper = Paper()
    paper.journal_of.write(3)
    pusher, script = a_pusher(paper, RuntimeError("lost"), taken, taken)
    with pytest.raises(RuntimeError):
        pusher.push()
    pusher.push()
    paper.journal_of.write(1)
    pusher.push()
    assert [batch.checkpoint for batch in script.sent] == [encoded(SEEN), encoded(SEEN), None]


def test_central_s_copy_of_a_longer_history_stops_the_device() -> None:
    paper = Paper(doubt="Lane 0 ends before record 9, which a checkpoint has seen.")
    line: Any = Script(
        Attested(device="gate", time_ms=1, tips=(), urgent_to=Cursor(), checkpoint=encoded(SEEN))
    )
    with pytest.raises(Frozen, match="ends before record 9"):
        Puller(SENDER, ports=paper.ports(), line=line).report()


@pytest.mark.parametrize("other", [replace(SEEN, device="gate-9"), replace(SEEN, incarnation=2)])
def test_a_copy_of_another_device_or_life_says_nothing(other: Checkpoint) -> None:
    paper = Paper(doubt="would be said")
    line: Any = Script(
        Attested(device="gate", time_ms=1, tips=(), urgent_to=Cursor(), checkpoint=encoded(other))
    )
    assert Puller(SENDER, ports=paper.ports(), line=line).report() == ()


@pytest.mark.timeout(30)
def test_a_sibling_keeps_it_on_its_own_disk_and_a_rolled_back_device_decides_nothing(
    small_store: Store, tmp_path: Path
) -> None:
    with served(small_store) as url:
        welcome = a_welcome(url, small_store)
        with running(Edge(tmp_path / "edge", url, welcome, attesting=True)) as edge:
            edge.write(3)
            until(edge.drained)
        shutil.copytree(tmp_path / "edge", tmp_path / "old")
        sibling = Edge(tmp_path / "sibling", url, a_welcome(url, small_store), attesting=True)
        with running(sibling), running(Edge(tmp_path / "edge", url, welcome, attesting=True)) as edge:
            edge.write(2, lane=1)
            edge.client.kick()
            until(lambda: sibling.profiles.checkpoint(welcome.device))
            kept = passed_on(sibling.folder, sibling.vault, welcome.device)
            assert kept is not None
            assert is_signed(kept, PUBLIC_KEY)
            assert passed_on(sibling.folder, sibling.vault, "nobody") is None
            assert sibling.profiles.siblings(sibling.welcome.device) == 1
            assert sibling.profiles.siblings(welcome.device) == (
                sibling.profiles.checkpoint(sibling.welcome.device) is not None
            )
            until(edge.drained)
        with running(Edge(tmp_path / "old", url, welcome, attesting=True)) as old:
            until(lambda: old.client.health().frozen)
            with pytest.raises(StoreError, match="not believed"):
                old.write(1)
            assert old.sequencer.frozen
            assert not old.sequencer.writable()[0]
            until(lambda: "the device says" in _alarm(small_store, welcome.device))


def _alarm(store: Store, device: str) -> str:
    with store.reading() as tx:
        return devices.device(tx, "park", device).alarm


def test_bytes_of_a_checkpoint_stay_small(sender: Sender) -> None:
    """It travels with batches: no more than an event or two."""
    assert len(encoded(sender.seen())) < 350
    assert msgspec.msgpack.decode(encoded(sender.seen()), type=Checkpoint) == sender.seen()
