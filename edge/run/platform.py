"""Central as a process: its database opened, its app served until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from edge import config as configuration
from edge import logs
from edge.clock import wall_ms
from edge.errors import ConfigError, StoreBusy, StoreError, Unknown
from edge.run.keys import diversify, pin_hash
from edge.run.waiting import until_stopped
from edge.run.web import Web, listen
from sync.central.app import create_app
from sync.central.audit import audit as audited
from sync.central.console import operators
from sync.central.quarantine import replay as replayed
from sync.central.settings import Settings
from sync.central.sites import sites
from sync.central.store import Store
from sync.wire import BATCH_BYTES_MAX

LOG = logging.getLogger("polso.run")
THREADS = 64 + 16
"""As many as feed requests may be held open, and some beside them for everything else."""

OPTIONS = {"threads": THREADS, "max_request_body_size": 2 * BATCH_BYTES_MAX, "connection_limit": 1_000}
SQLITE_HEAD = b"SQLite format 3\0"


def opened(database: str) -> Store:
    """Open central's database; what is wrong with it is said to whoever named it."""
    file = _file(database)
    if file is not None and file.is_file() and file.stat().st_size and not _is_sqlite(file):
        raise ConfigError(f"{file} is no SQLite file.", hint="Keep it, and name another with --database.")
    try:
        return Store(database, now_ms=wall_ms)
    except StoreBusy:
        raise
    except StoreError as error:
        cause = str(getattr(error.__cause__, "orig", "")).strip().partition("\n")[0]
        hint = "Check its address, its account and whether it runs; then start again."
        raise StoreError(f"Central's database cannot be opened: {cause or error}", hint=hint) from error


def _file(database: str) -> Path | None:
    """Return the SQLite file that an address names, or nothing."""
    name = database.removeprefix("sqlite:///")
    return None if "://" in name else Path(name)


def _is_sqlite(file: Path) -> bool:
    with file.open("rb") as opened_file:
        return opened_file.read(len(SQLITE_HEAD)) == SQLITE_HEAD


class Central:
    """One worker of central: ``start`` returns when it answers."""

    def __init__(self, store: Store, settings: Settings, *, host: str, port: int) -> None:
        """Build the app over an open store."""
        self.store = store
        self._web = Web(create_app(store, settings), listen(host, port), OPTIONS)

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._web.url

    def start(self) -> None:
        """Begin to answer."""
        self._web.start()

    def stop(self) -> None:
        """Send waiters home, then close the database."""
        self.store.wakes.close()
        self._web.stop()
        self.store.close()


def settings(*, behind_tls: bool = False, names: Sequence[str] = ()) -> Settings:
    """Return central's settings with what only the whole house knows: chips' keys and PINs' hashes."""
    hosts = tuple(name.lower() for name in names)
    return Settings(behind_tls=behind_tls, trusted_hosts=hosts, diversify=diversify, pin_hash=pin_hash)


def serve(
    database: str, *, host: str, port: int, behind_tls: bool = False, names: Sequence[str] = ()
) -> None:
    """Run central until SIGTERM or Ctrl-C."""
    logs.begin(configuration.load().log)
    chosen = settings(behind_tls=behind_tls, names=names)
    central = Central(opened(database), chosen, host=host, port=port)
    central.start()
    LOG.info("ready central=%s", central.url)
    until_stopped(central.stop)


def let_in(database: str, name: str, password: str) -> None:
    """Let an operator into the console of a central, or give them another password."""
    store = opened(database)
    try:
        with store.transaction() as tx:
            operators.let_in(tx, name, password)
    finally:
        store.close()


def _refuse_unknown_site(store: Store, site: str) -> None:
    with store.reading() as tx:
        known = sites(tx)
    if site not in known:
        raise Unknown(f"There is no site {site!r}.", hint=f"Known here: {', '.join(known) or 'none yet'}.")


def audit(database: str, site: str) -> tuple[bool, str]:
    """Judge a site's decisions again; returns whether all came out equal, and what was found in words."""
    file = _file(database)
    if file is not None and not file.exists():
        raise Unknown(f"There is no database {file}.", hint="Name central's with --database.")
    store = opened(database)
    try:
        _refuse_unknown_site(store, site)
        found = audited(store, site)
    finally:
        store.close()
    lines = [
        f"{found.judged} decisions judged again, {found.equal} equal",
        f"{found.moved_on} not judged: profile or layout has changed since",
        *(f"  {one.device} {one.lane}/{one.seq}: said {one.said}, now {one.now}" for one in found.different),
        *(f"  one too many: {one.use.entitlement} at {one.use.point}" for one in found.conflicts),
    ]
    return found.judged == found.equal, "\n".join(lines)


def replay(database: str, site: str) -> tuple[bool, str]:
    """Try a site's events again that were kept aside; returns whether none is left, and what became."""
    store = Store(database, now_ms=wall_ms)
    try:
        done = replayed(store, site)
    finally:
        store.close()
    lines = [
        f"{done.mended} events went to their place, {len(done.left)} stay aside",
        *(f"  {one.device} {one.lane}/{one.seq}: {one.why}" for one in done.left),
    ]
    return not done.left, "\n".join(lines)
