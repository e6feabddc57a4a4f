"""Central's backup made beside its workers and put back later, over both databases: it heals by itself."""

from __future__ import annotations

import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.errors import ConfigError, Refused, Unknown
from edge.run import backup_central
from edge.run.cli import main
from edge.store import pruning
from sync.central import feed
from sync.central.feed import Change, publish
from sync.central.machines import lanes
from sync.central.store import Store
from sync.central.store.copying import ENDS, FILLED, STOPPED
from tests.sync.builders import Clockwork, a_site
from tests.sync.ends import Edge, a_welcome, running, served, until

YEARS_MS = 100 * 366 * 24 * 3_600_000
Fresh = Callable[[], str]
"""Makes the address of a database that is not there, or empty."""


@pytest.fixture
def fresh(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fresh]:
    """Where a backup of each kind can be restored to."""
    importlib.import_module("sync.central.app")  # all tables are known to whoever opens a store
    if url.startswith("sqlite"):
        yield lambda: str(tmp_path / "again.db")
        return
    import psycopg  # not everybody has it

    from tests.real.postgres import programs  # as above

    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")
    name = url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True) as admin:

        def make() -> str:
            admin.execute(f'CREATE DATABASE "{name}_again"'.encode())
            return url.replace(f"/{name}?", f"/{name}_again?")

        yield make
        admin.execute(f'DROP DATABASE IF EXISTS "{name}_again" WITH (FORCE)'.encode())


def held(store: Store) -> int:
    with store.reading() as tx:
        return len(lanes.recent(tx, "park", limit=100))


@pytest.mark.timeout(60)
def test_a_central_put_back_from_its_backup_is_healed_by_its_edges(
    url: str, fresh: Fresh, clock: Clockwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What central has held for a week is forgotten at an edge, and these records are of another year.
    monkeypatch.setattr(pruning, "KEEP_ACKED_MS_MIN", YEARS_MS)
    store, file = Store(url, now_ms=clock), tmp_path / "central.backup"
    with served(store) as central:
        welcome = a_welcome(central, store)
        with running(Edge(tmp_path / "edge", central, welcome)) as edge:
            edge.write(5)
            until(edge.drained, 20)
            said = backup_central.save(url, file)  # its worker and the edge go on meanwhile
            with store.transaction() as tx:
                publish(tx, "park", [Change("device", "lost", b"\x80")])
                lost = feed.head(tx, "park")
            edge.write(5)
            until(edge.drained, 20)
            until(lambda: edge.profiles.cursor() == lost, 20)
    store.close()
    assert "keep it as safe" in said
    assert file.stat().st_mode & 0o777 == 0o600
    address = fresh()
    backup_central.restore(file, address)
    store = Store(address, now_ms=clock)
    assert held(store) == 5, "what came after the backup is not in it"
    with store.transaction() as tx:  # as much news as was lost, before any edge has asked
        publish(tx, "park", [Change("device", "a", b"\x80")])
        assert feed.head(tx, "park").epoch != lost.epoch
    with served(store) as central, running(Edge(edge.folder, central, welcome)) as edge:
        until(lambda: edge.profiles.cursor().epoch != lost.epoch, 20)
        until(lambda: held(store) == edge.journal.head(0).seq and edge.client.health().alarm == "", 20)
    store.close()


def test_it_is_restored_over_nothing_that_is_there(url: str, fresh: Fresh, tmp_path: Path) -> None:
    backup_central.save(url, tmp_path / "copy")
    backup_central.restore(tmp_path / "copy", fresh())
    with pytest.raises(Refused, match="already") as raised:
        backup_central.restore(tmp_path / "copy", url)
    assert raised.value.hint == (FILLED if url.startswith("postgres") else STOPPED)


@pytest.mark.parametrize("end", ENDS)
def test_no_log_of_a_killed_central_is_replayed_over_what_is_restored(
    empty_central: Path, tmp_path: Path, end: str
) -> None:
    left = tmp_path / f"again.db{end}"
    left.write_bytes(b"pages of another time")
    with pytest.raises(Refused, match=f"again.db{end} is left over"):
        backup_central.restore(empty_central, str(tmp_path / "again.db"))
    assert [path.name for path in tmp_path.iterdir()] == [left.name]


def test_a_restore_that_was_killed_is_begun_again_and_its_owner_alone_reads_it(
    empty_central: Path, tmp_path: Path
) -> None:
    for end in ("", *ENDS):
        (tmp_path / f"again.db.restored{end}").write_bytes(b"half of a former try")
    said = backup_central.restore(empty_central, str(tmp_path / "again.db"))
    assert [path.name for path in tmp_path.iterdir()] == ["again.db"]
    assert (tmp_path / "again.db").stat().st_mode & 0o777 == 0o600
    assert "revoke all of these once more" in said


def test_what_is_no_backup_is_not_restored(small_store: Store, tmp_path: Path) -> None:
    (tmp_path / "words").write_bytes(b"no database" * 20)
    for file, error in (("words", Refused), ("none", Unknown)):
        with pytest.raises(error):
            backup_central.restore(tmp_path / file, str(tmp_path / "again.db"))
    assert not (tmp_path / "again.db").exists()


def test_a_damaged_copy_is_not_restored(empty_central: Path, tmp_path: Path) -> None:
    backup_central.save(str(empty_central), tmp_path / "copy")
    octets = bytearray((tmp_path / "copy").read_bytes())
    octets[4096 * 3 : 4096 * 5] = bytes(4096 * 2)
    (tmp_path / "copy").write_bytes(octets)
    with pytest.raises(Refused, match="damaged"):
        backup_central.restore(tmp_path / "copy", str(tmp_path / "again.db"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy"]


def test_a_backup_of_nothing_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unknown):
        backup_central.save(str(tmp_path / "none.db"), tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_dump_goes_into_postgresql_and_a_copy_into_sqlite(empty_central: Path, tmp_path: Path) -> None:
    shutil.copy(empty_central, tmp_path / "copy")
    with pytest.raises(Refused, match="other kind"):
        backup_central.restore(tmp_path / "copy", "postgresql://nobody@localhost/none")


def test_without_postgresqls_own_programs_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="pg_dump is not on this machine") as raised:
        backup_central.save("postgresql://nobody@localhost/none", tmp_path / "copy")
    assert "postgresql-client" in raised.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_fails_is_quoted_and_sees_the_password_nowhere_but_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$PGPASSWORD $*" >&2\nexit 1\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(ConfigError, match="pg_dump failed: s3cret --format=custom") as raised:
        backup_central.save("postgresql://ada:s3cret@localhost/none", tmp_path / "copy")
    assert str(raised.value).count("s3cret") == 1


def test_the_verbs_copy_a_running_central_and_bring_it_back(small_store: Store, tmp_path: Path) -> None:
    importlib.import_module("sync.central.app")
    a_site(small_store)
    own, file, again = str(tmp_path / "central.db"), str(tmp_path / "copy"), str(tmp_path / "again.db")
    told = CliRunner().invoke(main, ["backup", file, "--database", own])
    assert told.exit_code == 0, told.output
    told = CliRunner().invoke(main, ["restore", file, "--database", again])
    assert told.exit_code == 0, told.output
    assert "edges fetch a snapshot" in told.output
