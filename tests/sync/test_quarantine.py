"""Events kept aside, over both databases: none is lost, none blocks, each goes home once it can be read."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from edge.core.events import Kind
from edge.run.cli import main
from sync.central import intake, quarantine
from sync.central.machines import devices, lanes
from sync.central.machines.devices import Device
from sync.central.store import Store
from sync.wire import Ack
from tests.sync.builders import a_device, a_journal

NUL = msgspec.msgpack.encode({"decision": {"outcome": "\0green"}, "presented": {}, "now_ms": 1})
"""A value that the error quotes, with a character that PostgreSQL's text refuses."""


def now(store: Store, device: Device) -> Device:
    with store.reading() as tx:
        return devices.device(tx, "park", device.id)


def taken(store: Store, device: Device, *bodies: bytes, kind: int = Kind.DECIDED) -> Ack:
    journal = a_journal(device)
    for body in bodies:
        journal.append(0, body, kind=int(kind))
    answer = intake.take(store, device, journal.batch(1, len(bodies)))
    assert isinstance(answer, Ack), answer
    return answer


def aside(store: Store) -> list[int]:
    with store.reading() as tx:
        return [one.seq for one in quarantine.kept(tx, "park")]


@pytest.mark.parametrize("kind", [Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN])
def test_what_an_error_quotes_never_blocks_a_lane(store: Store, kind: Kind) -> None:
    device, _ = a_device(store)
    answer = taken(store, device, NUL, b"\xc1", kind=kind)
    assert [refusal.seq for refusal in answer.quarantined] == [1, 2]
    assert all(refusal.why.isprintable() for refusal in answer.quarantined)


def test_what_can_be_read_by_now_goes_to_its_place(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    device, _ = a_device(store)
    with monkeypatch.context() as older:
        older.setattr(intake, "BODY_BYTES_MAX", 3)
        taken(store, device, b"\x80", b"\xa4four", b"\x80", b"\xa4five", b"\xc1", kind=Kind.LOOKED_UP)
    assert aside(store) == [2, 4, 5]
    assert "3 events" in now(store, device).alarm
    told = quarantine.replay(store, "park")
    assert (told.mended, [one.seq for one in told.left]) == (2, [5])
    with store.reading() as tx:
        events = [arrived.event for arrived in lanes.recent(tx, "park")]
    assert [(e.seq, e.body) for e in sorted(events, key=lambda e: e.seq)] == [
        (1, b"\x80"),
        (2, b"\xa4four"),
        (3, b"\x80"),
        (4, b"\xa4five"),
    ]
    assert aside(store) == [5]
    assert "1 events" in now(store, device).alarm
    assert quarantine.replay(store, "park") == quarantine.Replayed(0, told.left)


def test_the_alarm_ends_with_the_last_event_kept_aside(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    device, _ = a_device(store)
    with monkeypatch.context() as older:
        older.setattr(intake, "BODY_BYTES_MAX", 1)
        taken(store, device, b"\xa4four", kind=Kind.LOOKED_UP)
    assert now(store, device).alarm
    quarantine.replay(store, "park")
    assert now(store, device).alarm == ""


def test_an_event_that_only_the_database_refuses_stays_aside_unharmed(store: Store) -> None:
    device, _ = a_device(store)
    journal = a_journal(device)
    journal.append(0, b"\x80", hlc=2**63 + 5)
    intake.take(store, device, journal.batch(1, 1))
    told = quarantine.replay(store, "park")
    assert (told.mended, [one.why for one in told.left]) == (0, ["the database cannot hold it"])
    assert aside(store) == [1]


def test_a_replayed_event_sent_again_is_a_duplicate_and_a_fork_is_still_seen(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    device, _ = a_device(store)
    journal = a_journal(device)
    clone = journal.copy()
    journal.append(0, b"\xa4four")
    clone.append(0, b"\xa4fork")
    with monkeypatch.context() as older:
        older.setattr(intake, "BODY_BYTES_MAX", 1)
        intake.take(store, device, journal.batch(1, 1))
    quarantine.replay(store, "park")
    again = intake.take(store, device, journal.batch(1, 1))
    assert isinstance(again, Ack)
    assert again.duplicates == 1
    assert isinstance(intake.take(store, device, clone.batch(1, 1)), intake.Rejected)


def test_pieces_of_any_size_replay_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "PIECE_MAX", 3)
    device, _ = a_device(store)
    with monkeypatch.context() as older:
        older.setattr(intake, "BODY_BYTES_MAX", 1)
        taken(store, device, *[b"\xa4four", b"\xc1"] * 5, kind=Kind.LOOKED_UP)
    told = quarantine.replay(store, "park")
    assert (told.mended, len(told.left)) == (5, 5)


def test_the_verb_says_what_became_of_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "central.db")
    store = Store(address, now_ms=lambda: 1)
    device, _ = a_device(store)
    with monkeypatch.context() as older:
        older.setattr(intake, "BODY_BYTES_MAX", 1)
        taken(store, device, b"\xa4four", b"\xc1", kind=Kind.LOOKED_UP)
    store.close()
    told = CliRunner().invoke(main, ["replay", "park", "--database", address])
    assert told.exit_code == 1
    assert told.output.startswith("1 events went to their place, 1 stay aside\n")
    assert f"{device.id} 0/2: does not decode" in told.output
