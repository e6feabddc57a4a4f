"""Central's store for tests: a SQLite file, or a database of its own on a real PostgreSQL."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central import feed, intake, sites  # noqa: F401  # tables are known once their rooms are imported
from sync.central.store import Store
from tests.sync.builders import Clockwork


@pytest.fixture
def clock() -> Clockwork:
    """Central's time."""
    return Clockwork()


@pytest.fixture(scope="session")
def empty_central(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables and nothing in them: making them takes longer than most tests."""
    importlib.import_module("sync.central.app")  # the last room: no table and no step is learnt of later
    made = tmp_path_factory.mktemp("central") / "central.db"
    Store(str(made), now_ms=Clockwork()).close()
    return made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('empty_central'), tmp_path)}"
    return str(request.getfixturevalue("emptied_postgres_url"))


@pytest.fixture(scope="session")
def sync_postgres_url(postgres_url: str) -> Iterator[str]:
    """One database for all tests of the wire: making one for each would cost more than the tests."""
    from tests.real.postgres import fresh_database  # not everybody has it

    with fresh_database(postgres_url, "polso_sync") as address:
        yield address


@pytest.fixture
def emptied_postgres_url(sync_postgres_url: str) -> str:
    """That database with all tables and nothing in them, whatever the test before did to it."""
    import psycopg  # as above

    with psycopg.connect(sync_postgres_url, autocommit=True) as admin:
        there = _shape(admin)
        if there is None or _made.get(sync_postgres_url) != there:
            admin.execute("DROP SCHEMA public CASCADE")
            admin.execute("CREATE SCHEMA public")
            importlib.import_module("sync.central.app")  # as above
            Store(sync_postgres_url, now_ms=Clockwork()).close()
            _made[sync_postgres_url] = _shape(admin)
        admin.execute(EMPTY)
    return sync_postgres_url


@pytest.fixture
def backup(url: str, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """A backup of each kind of database: copies the closed one as it stands, returns the copy's address."""
    if url.startswith("sqlite"):

        def copy() -> str:
            shutil.copy(tmp_path / "central.db", tmp_path / "backup.db")
            return str(tmp_path / "backup.db")

        yield copy
        return
    import psycopg  # not everybody has it

    name = url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(url.replace(f"/{name}?", "/postgres?"), autocommit=True) as admin:

        def clone() -> str:
            admin.execute(f'CREATE DATABASE "{name}_backup" TEMPLATE "{name}"'.encode())
            return url.replace(f"/{name}?", f"/{name}_backup?")

        yield clone
        admin.execute(f'DROP DATABASE IF EXISTS "{name}_backup" WITH (FORCE)'.encode())


@pytest.fixture
def store(url: str, clock: Clockwork) -> Iterator[Store]:
    """An open store of each kind."""
    opened = Store(url, now_ms=clock)
    yield opened
    opened.close()


@pytest.fixture
def small_store(empty_central: Path, tmp_path: Path, clock: Clockwork) -> Iterator[Store]:
    """An open store on SQLite only, where the kind of database makes no difference."""
    opened = Store(str(shutil.copy(empty_central, tmp_path)), now_ms=clock)
    yield opened
    opened.close()


@pytest.fixture
def sealed_store(empty_central: Path, tmp_path: Path, clock: Clockwork) -> Iterator[Store]:
    """An open store of a central that has a key to seal by."""
    copied = str(shutil.copy(empty_central, tmp_path / "sealed.db"))
    opened = Store(copied, now_ms=clock, seals=Vault(bytes(32), new_ring()))
    yield opened
    opened.close()


_made: dict[str, object] = {}
"""The shape of each database as the product made it: making it anew takes longer than most tests."""
SHAPE = """
SELECT string_agg(concat_ws(' ', c.relname, c.relkind, a.attname, a.attnum, a.atttypid, a.attnotnull), ','
                  ORDER BY c.relname, a.attnum),
       (SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal), (SELECT count(*) FROM pg_constraint)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
"""
EMPTY = """
DO $$ DECLARE one text; filled boolean; BEGIN
  SET LOCAL session_replication_role = replica;
  FOR one IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
      AND relkind = 'r' AND relname <> 'schema_step' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', one) INTO filled;
    IF filled THEN EXECUTE format('DELETE FROM %I', one); END IF;
  END LOOP;
  FOR one IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' LOOP
    EXECUTE format('ALTER SEQUENCE %I RESTART', one);
  END LOOP;
END $$
"""


def _shape(admin: Any) -> object:
    """Return every column, how many triggers and constraints, and which steps of the schema were taken."""
    found = admin.execute(SHAPE).fetchone()
    if not found[0]:
        return None
    return found, admin.execute("SELECT * FROM schema_step ORDER BY 1").fetchall()
