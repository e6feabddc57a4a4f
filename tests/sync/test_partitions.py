"""Central's events on PostgreSQL stand in parts by site: fresh ones at once, older ones turned over."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, event

from edge.core.events import Event
from edge.errors import Refused, StoreError
from edge.run.cli import main
from sync.central import intake
from sync.central.machines import lanes
from sync.central.machines.devices import Device
from sync.central.machines.lanes import event_table
from sync.central.store import Store, delete, give_up, is_parted, partitions, turn_over, update
from sync.wire import Ack
from tests.sync.builders import Clockwork, PaperJournal, a_device, a_journal
from tests.sync.ends import until
from tests.sync.test_queues import waiting

SHAPE = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'event%' ORDER BY 1",
    "SELECT relname, relkind::text FROM pg_class WHERE relname LIKE 'event%' ORDER BY 1",
    "SELECT proname FROM pg_proc WHERE proname LIKE 'event%'",
    "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conname LIKE 'event%' ORDER BY 1",
)
WHOLE = """
CREATE TABLE whole (LIKE event INCLUDING DEFAULTS); ALTER TABLE whole ADD CONSTRAINT whole_pkey PRIMARY KEY
(site_id, device_id, incarnation, lane, seq); INSERT INTO whole SELECT * FROM event; DROP TABLE event;
ALTER TABLE whole RENAME TO event; ALTER INDEX whole_pkey RENAME TO event_pkey;
CREATE INDEX event_hlc ON event (site_id, hlc)
"""
"""The table as releases before this one made it."""
SCANNED = re.compile(r"\b(?:on|using) (event_p\d\d)")


class Gate:
    """A device on paper and what it wrote."""

    def __init__(self, store: Store, site: str) -> None:
        self.store = store
        self.device: Device = a_device(store, site)[0]
        self.journal: PaperJournal = a_journal(self.device)

    def write(self, count: int) -> None:
        first = len(self.journal.lanes[0]) + 1
        self.journal.write(count)
        batch = self.journal.batch(first, first + count - 1)
        assert isinstance(intake.take(self.store, self.device, batch), Ack)

    def kept(self) -> list[Event]:
        with self.store.reading() as tx:
            found = [one.event for one in lanes.recent(tx, self.device.site, limit=500)]
        return sorted(found, key=lambda one: one.seq)


@pytest.fixture
def parted(emptied_postgres_url: str, clock: Clockwork) -> Iterator[Store]:
    store = Store(emptied_postgres_url, now_ms=clock)
    yield store
    store.close()


@pytest.fixture
def gates(parted: Store, emptied_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> list[Gate]:
    """Three sites' gates, whose events stand in a table as it was made before, in pieces of ten."""
    made = [Gate(parted, site) for site in ("lake", "park", "wood")]
    for gate in made:
        gate.write(20)
    with psycopg.connect(emptied_postgres_url) as admin:
        admin.execute(WHOLE.encode())
    monkeypatch.setattr(partitions, "PIECE_MAX", 10)
    assert not is_parted(parted, event_table)
    return made


def shape(url: str) -> list[list[tuple[Any, ...]]]:
    with psycopg.connect(url) as admin:
        return [admin.execute(query.encode()).fetchall() for query in SHAPE]


@contextmanager
def asked() -> Iterator[list[tuple[str, Any]]]:
    """Every statement about events meanwhile, with what it was asked with."""
    said: list[tuple[str, Any]] = []

    def hear(_: object, __: object, words: str, values: Any, *___: object) -> None:
        if re.search(r"\b(FROM|UPDATE) event\b", words):
            said.append((words, values))

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_a_statement_about_events_looks_into_one_part(parted: Store, emptied_postgres_url: str) -> None:
    sites = [f"site-{number}" for number in range(8)]
    made = [Gate(parted, site) for site in sites]
    with asked() as said:
        for gate in made:
            gate.write(2)
            assert isinstance(intake.take(parted, gate.device, gate.journal.batch(1, 2)), Ack)
            assert len(gate.kept()) == 2
            with parted.transaction() as tx:
                lanes.decided_at(tx, gate.device.site, gate.device.id, seq=1)
                tx.execute(update(event_table).where(lanes.is_of(event_table, of(gate))).values(offset_ms=1))
    with psycopg.connect(emptied_postgres_url) as admin:
        parts = [scanned(admin, words, values) for words, values in said]
        everywhere = scanned(admin, "SELECT h FROM event WHERE seq = 1", {})
        used = admin.execute("SELECT count(DISTINCT tableoid) FROM event").fetchone()
    assert len(parts) >= 4 * len(sites)
    assert {len(one) for one in parts} == {1}
    assert len(everywhere) == partitions.PARTS, "the control: without a site all are looked into"
    assert used is not None
    assert used[0] > 3, "the control: sites do not all fall into the same"


def of(gate: Gate) -> lanes.Stream:
    return lanes.Stream(gate.device.site, gate.device.id, gate.device.incarnation, 0)


def scanned(admin: psycopg.Connection[Any], words: str, values: Any) -> set[str]:
    plan = "\n".join(row[0] for row in admin.execute(f"EXPLAIN {words}".encode(), values))
    return set(SCANNED.findall(plan))


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_a_table_made_whole_comes_to_the_shape_of_a_fresh_one_with_every_row(
    gates: list[Gate], parted: Store, emptied_postgres_url: str
) -> None:
    told: list[int] = []
    before = [gate.kept() for gate in gates]
    assert turn_over(parted, event_table, told=told.append) == 60
    assert told == [10, 20, 30, 40, 50, 60, 60]
    assert [gate.kept() for gate in gates] == before
    turned = shape(emptied_postgres_url)
    with psycopg.connect(emptied_postgres_url) as admin:
        admin.execute("DROP TABLE event")
    with parted.transaction() as tx:
        event_table.create(tx)
    assert turned == shape(emptied_postgres_url)
    assert turn_over(parted, event_table) == 0, "what stands in parts is left as it is"


class Cut(Exception):
    """The machine goes out."""


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_a_turn_over_cut_off_after_any_piece_goes_on_and_follows_what_is_written_meanwhile(
    gates: list[Gate], parted: Store
) -> None:
    """After each piece it is begun anew; meanwhile gates post, a guest is erased, and old events go."""
    lake, _, wood = gates
    pieces = 0

    def cut(_: int) -> None:
        raise Cut

    while not is_parted(parted, event_table):
        pieces += 1
        if pieces < 7:
            with pytest.raises(Cut):
                turn_over(parted, event_table, told=cut)
            for gate in gates:
                gate.write(1)
            change(lake, pieces, b"erased")
            change(wood, pieces, b"erased")
            drop(lake, 15 + pieces)
            drop(wood, 15 + pieces)
        else:
            turn_over(parted, event_table)
    assert pieces == 7
    for gate in gates:
        written = {one.seq: one.body for one in gate.journal.lanes[0]}
        if gate is not gates[1]:
            written |= dict.fromkeys(range(1, 7), b"erased")
            for seq in range(16, 22):
                del written[seq]
        assert {one.seq: one.body for one in gate.kept()} == written
        gate.write(3)


def change(gate: Gate, seq: int, body: bytes) -> None:
    this = lanes.is_of(event_table, of(gate)) & (event_table.c.seq == seq)
    with gate.store.transaction() as tx:
        assert tx.execute(update(event_table).where(this).values(body=body)).rowcount == 1


def drop(gate: Gate, seq: int) -> None:
    this = lanes.is_of(event_table, of(gate)) & (event_table.c.seq == seq)
    with gate.store.transaction() as tx:
        assert tx.execute(delete(event_table).where(this)).rowcount == 1


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_a_row_that_somebody_is_erasing_is_not_copied_as_it_was(
    gates: list[Gate], parted: Store, emptied_postgres_url: str
) -> None:
    with pytest.raises(Cut):
        turn_over(parted, event_table, told=_cut)
    with psycopg.connect(emptied_postgres_url) as other:
        other.execute("UPDATE event SET body = 'gone' WHERE site_id = 'wood' AND seq = 5")
        turning = threading.Thread(target=turn_over, args=(parted, event_table))
        turning.start()
        until(lambda: waiting(emptied_postgres_url), 10)
        other.commit()
    turning.join()
    assert gates[2].kept()[4].body == b"gone"


def _cut(_: int) -> None:
    raise Cut


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_who_reads_for_long_is_waited_for_a_while_and_not_for_ever(
    gates: list[Gate], parted: Store, emptied_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partitions, "TRIES_MAX", 2)
    monkeypatch.setattr(partitions, "PLACE", ("SET LOCAL lock_timeout = '50ms'", *partitions.PLACE[1:]))
    with psycopg.connect(emptied_postgres_url) as reader:
        reader.execute("SELECT count(*) FROM event").fetchall()
        with pytest.raises(StoreError):
            turn_over(parted, event_table)
        gates[0].write(1)  # the gates go on meanwhile
    assert turn_over(parted, event_table) == 0, "all is copied, only the place was not free"
    assert len(gates[0].kept()) == 21


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_the_verb_turns_over_and_says_how_far_it_is(gates: list[Gate], emptied_postgres_url: str) -> None:
    said = CliRunner().invoke(main, ["central", "partition", "--database", emptied_postgres_url])
    assert said.exit_code == 0, said.output
    assert "60 events" in said.output
    again = CliRunner().invoke(main, ["central", "partition", "--database", emptied_postgres_url])
    assert "stand in parts already" in again.output
    assert len(gates[0].kept()) == 20


@pytest.mark.postgres
@pytest.mark.timeout(60)
@pytest.mark.parametrize("by_hand", [False, True])
def test_what_was_begun_is_called_off_and_events_are_taken_again(
    gates: list[Gate], parted: Store, emptied_postgres_url: str, *, by_hand: bool
) -> None:
    """Also where somebody dropped the copy, which alone leaves triggers by which every write fails."""
    verb = ["central", "partition", "--give-up", "--database", emptied_postgres_url]
    assert "Nothing was begun" in CliRunner().invoke(main, verb).output
    whole = shape(emptied_postgres_url)
    with pytest.raises(Cut):
        turn_over(parted, event_table, told=_cut)
    if by_hand:
        with psycopg.connect(emptied_postgres_url) as admin:
            admin.execute("DROP TABLE event_parted")
        with pytest.raises(psycopg.errors.UndefinedTable):
            gates[0].write(1)
        gates[0].journal.lanes[0].pop()
    said = CliRunner().invoke(main, verb)
    assert "called off" in said.output, said.output
    assert shape(emptied_postgres_url) == whole
    gates[0].write(1)
    assert turn_over(parted, event_table) == 61, "it is begun anew"
    assert not give_up(parted, event_table)
    assert len(gates[0].kept()) == 21


def test_sqlite_has_no_parts_and_needs_none(small_store: Store) -> None:
    with pytest.raises(Refused, match="Only PostgreSQL"):
        turn_over(small_store, event_table)
    with pytest.raises(Refused, match="Only PostgreSQL"):
        give_up(small_store, event_table)
