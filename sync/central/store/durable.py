"""Durable: what a PostgreSQL server must say of itself before any device hears that it holds something."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from edge.errors import ConfigError

WANTED = ("fsync", "synchronous_commit")
"""Off, a commit is answered before it is on the disk: a power cut takes back what devices were told."""
OFF = "off"
SAID = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:wanted)")


def demand_durable(tx: Connection) -> None:
    """Raise ``ConfigError`` where commits of this very connection would not outlive a power cut."""
    demand_on({row.name: row.setting for row in tx.execute(SAID, {"wanted": list(WANTED)})})


def demand_on(said: Mapping[str, str]) -> None:
    """Raise ``ConfigError`` for a setting that is off, or that the server does not name at all."""
    wrong = [name for name in WANTED if said.get(name, OFF) == OFF]
    if wrong:
        raise ConfigError(
            f"PostgreSQL runs with {' and '.join(f'{name} = off' for name in wrong)}: a power cut would take "
            "back what central told devices that it holds.",
            hint="Turn it on (postgresql.conf, ALTER SYSTEM, ALTER DATABASE, ALTER ROLE), then start again.",
        )
