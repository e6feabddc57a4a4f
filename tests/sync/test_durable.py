"""A PostgreSQL that forgets what it committed is no database for central."""

from __future__ import annotations

import psycopg
import pytest

from edge.errors import ConfigError
from sync.central.store import Store
from sync.central.store.durable import demand_on
from tests.sync.builders import Clockwork

ON = {"fsync": "on", "synchronous_commit": "on"}


@pytest.mark.parametrize("way", ["on", "local", "remote_write", "remote_apply"])
def test_every_way_that_waits_for_the_own_disk_is_taken(way: str) -> None:
    demand_on(ON | {"synchronous_commit": way})


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (ON | {"fsync": "off"}, "fsync = off"),
        (ON | {"synchronous_commit": "off"}, "synchronous_commit = off"),
        ({}, "fsync = off and synchronous_commit = off"),
    ],
)
def test_what_a_power_cut_would_take_back_is_refused_by_name(said: dict[str, str], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as refused:
        demand_on(said)
    assert "postgresql.conf" in refused.value.hint


@pytest.mark.postgres
def test_no_central_opens_where_commits_are_not_waited_for(fresh_postgres_url: str) -> None:
    name = fresh_postgres_url.partition("@/")[2].partition("?")[0]
    with psycopg.connect(fresh_postgres_url, autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
        with pytest.raises(ConfigError, match="synchronous_commit = off"):
            Store(fresh_postgres_url, now_ms=Clockwork())
        assert admin.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
        admin.execute(f'ALTER DATABASE "{name}" RESET synchronous_commit'.encode())
    Store(fresh_postgres_url, now_ms=Clockwork()).close()
