"""A power cut at each write of what a device does seldom: it recovers, prunes, erases, destroys a key."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from edge.clock import Clock
from edge.store.batch import Ledger
from edge.store.database import cut_log, open_writer
from edge.store.journal import Journal
from edge.store.pruning import KEEP_ACKED_MS_MIN, Pruner
from sync.central import seals
from sync.central.store import Store
from tests.faults.acts import LOG_SYNCED, Act, an_act, changing, every_cut, noted, octets
from tests.faults.power import Disk, PowerVFS
from tests.faults.test_power_cut import HOWS, connect, drive, inspect, prepared
from tests.store.house import OWNER, Hands, a_band, a_ledger, a_passage, a_record

# Cut twice


@pytest.mark.parametrize("synchronous", ["full", "normal"], ids=["as it is", "control"])
def test_a_second_cut_while_the_first_is_recovered_from_loses_nothing_either(
    tmp_path: Path, synchronous: str
) -> None:
    """With its control: what the second life was told is lost with NORMAL."""
    lost = 0
    for seed in range(9):
        chance = random.Random(seed)  # noqa: S311  # a seeded plan, no secret
        folder, told = tmp_path / str(seed), []
        folder.mkdir()
        path = prepared(folder / "0")
        for life in (1, 2, 3):
            disk = Disk()
            vfs = PowerVFS(disk, "power")
            connection = connect(path, disk, synchronous)
            log = path.with_name("state.db-wal")
            if log.exists():
                disk.images[str(log)] = bytearray(log.read_bytes())
            told += drive(connection, disk, chance, life=str(life), writes=(1, 60))
            path = folder / str(life) / "state.db"
            path.parent.mkdir()
            disk.cut(path.parent, HOWS[(seed + life) % len(HOWS)], chance)
            connection.close()
            vfs.unregister()
        found = inspect(path.parent, told)
        assert not found.corrupt, f"seed {seed}"
        lost += found.lost
    assert (lost == 0) is (synchronous == "full")


# Pruned


def a_long_lane(folder: Path, hands: Hands) -> Path:
    with a_ledger(folder / "state.db", hands.clock()) as ledger:
        ledger.run([a_passage(f"tap-{n}", right=f"right-{n}", band=a_band(n)) for n in range(1, 80)])
        ledger.run([lambda tx: tx.ack(0, 60)])
        while ledger.settle():
            pass
    hands.pass_ms(KEEP_ACKED_MS_MIN)
    return folder / "state.db"


@pytest.mark.parametrize("together", [True, False], ids=["as it is", "control"])
def test_a_cut_while_old_records_go_leaves_them_or_takes_them_with_their_anchor(
    tmp_path: Path, *, together: bool
) -> None:
    """With its control: where they do not go in one transaction the chain has no beginning."""
    hands = Hands()
    act = an_act(
        tmp_path, a_long_lane(tmp_path, hands), lambda connection: Pruner(connection).step(hands.wall_ms)
    )
    if not together:
        act = act._replace(said=tuple(one for one in act.said if not one.startswith(("BEGIN", "COMMIT"))))
    broken = 0
    for left in every_cut(act, tmp_path / "cut"):
        with closing(Journal(left.folder)) as journal:
            rows = [event.seq for event in journal.events(0)]
            broken += not journal.verify().whole or rows[-19:] != list(range(61, 80))
        if together:
            with a_ledger(left.folder / "state.db", hands.clock()) as ledger:
                pruner = Pruner(ledger._connection)
                while pruner.step(hands.wall_ms):
                    pass
                assert ledger._connection.execute("SELECT count(*) FROM answers").fetchone() == (19,)
    assert (broken == 0) is together


# Erased, and a key destroyed


def erase(connection: sqlite3.Connection) -> None:
    """What an erasure does to the file: settled, taken out in one act, and out of the log."""
    ledger = Ledger(connection, OWNER, Clock())
    ledger.run([lambda tx: tx.put("word", "of-anna", b"ANNA-SAID-SO")])
    while ledger.settle():
        pass

    def act(tx: object) -> None:
        tx.erase_bands([a_band(7)])  # type: ignore[attr-defined]  # a transaction
        tx.erase_uses(["ANNAS-RIGHT"])  # type: ignore[attr-defined]  # as above
        tx.delete("word", "of-anna")  # type: ignore[attr-defined]  # as above

    ledger.run([act])
    while ledger.settle():
        pass
    assert cut_log(connection)


@pytest.mark.parametrize("how", ["as it is", "rows let go of", "log not synced"])
def test_a_cut_within_an_erasure_leaves_a_guest_whole_or_gone_and_begun_again_nothing_of_them(
    tmp_path: Path, how: str
) -> None:
    """With its controls: rows that are only let go of stay readable, and a log's end may come back."""
    secure = "off" if how == "rows let go of" else "on"
    with a_ledger(tmp_path / "state.db") as ledger:
        ledger.run([a_passage("ANNAS-TAP", right="ANNAS-RIGHT", band=a_band(7)), a_record()])
        while ledger.settle():
            pass
    act = an_act(tmp_path, tmp_path / "state.db", erase)
    if how == "log not synced":
        act = act._replace(said=tuple(one for one in act.said if one != LOG_SYNCED))
    words = (b"ANNAS-RIGHT", b"ANNA-SAID-SO")
    ends = []
    for left in every_cut(act, tmp_path / "cut", secure_delete=secure):
        with closing(Journal(left.folder)) as journal:
            assert journal.verify().whole
        if left.done:
            ends.append(sum(octets(left.folder).count(word) for word in words))
        with closing(open_writer(left.folder / "state.db")) as again:
            erase(again)
            rows = [again.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("bands", "uses")]  # noqa: S608 - names of ours
            assert rows == [(0,), (0,)]
        assert secure == "off" or not any(word in octets(left.folder) for word in words)
    assert (sum(ends) == 0) is (how == "as it is")


@pytest.mark.parametrize("how", ["as it is", "rows let go of", "log not synced"])
def test_a_cut_while_central_destroys_a_key_leaves_all_of_it_or_not_an_octet(
    tmp_path: Path, how: str
) -> None:
    """With its controls: a key that is only let go of, or lies in a log that comes back, opens for ever."""
    path, secure = tmp_path / "central.db", "off" if how == "rows let go of" else "on"
    store = Store(str(path), now_ms=lambda: 1)
    with store.transaction() as tx:
        seals.public_halves(tx, "park", [f"guest-{n}" for n in range(9)])
    store.close()
    with closing(sqlite3.connect(path)) as file:
        keys = dict(file.execute(PRIVATE).fetchall())
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    (tmp_path / "before").mkdir()
    shutil.copyfile(path, tmp_path / "before" / path.name)
    said, late = destroyed(path)
    if how == "log not synced":
        said = tuple(one for one in said if one != LOG_SYNCED)
    act = Act(tmp_path / "before" / path.name, said)
    ends = []
    for left in every_cut(act, tmp_path / "cut", secure_delete=secure):
        lies = octets(left.folder)  # whoever opens the file folds its log
        with closing(sqlite3.connect(left.folder / path.name)) as file:
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            found = dict(file.execute(PRIVATE).fetchall())
        assert found in (keys, keys | {LATE: late}, {one: keys[one] for one in keys if one != "guest-4"})
        if left.done:
            ends.append(keys["guest-4"] in lies or late in lies)
    assert any(ends) is (how != "as it is")


LATE = "guest-late"
"""Whose key is made and destroyed between two checkpoints: it lies in the log."""
PRIVATE = "SELECT owner, private FROM remark_key"


def destroyed(path: Path) -> tuple[tuple[str, ...], bytes]:
    """What central says when it destroys two guests' keys and takes them out of its log; the later key."""
    store = Store(str(path), now_ms=lambda: 1)
    with closing(store), ExitStack() as stack:
        with store.transaction() as tx:
            writer = tx.connection.driver_connection
            assert isinstance(writer, sqlite3.Connection)
            said = stack.enter_context(noted(writer))
            seals.public_halves(tx, "park", [LATE])
            late = dict(writer.execute(PRIVATE).fetchall())[LATE]
        with store.transaction() as tx:
            seals.destroy(tx, "park", ["guest-4", LATE])
        store.erase_ghosts()
    return ("BEGIN IMMEDIATE", *changing(said)), late
