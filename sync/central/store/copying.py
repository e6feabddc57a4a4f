"""Copying: the whole database into a file beside its running workers, and back into one that is new."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine, inspect, make_url

from edge.errors import ConfigError, Refused, Unknown
from sync.central.store.engine import translated

DUMP_HEAD = b"PGDMP"
"""How a file begins that pg_dump wrote in its own format."""
SQLITE_HEAD = b"SQLite format 3\0"
COMMAND_S_MAX = 6 * 3_600
SAYS_CHARS_MAX = 400
STOPPED = "Stop central and move it away first."
FILLED = (
    "Create an empty one and name that. What a restore filled that was cut off is dropped as well: "
    "its feeds may not have begun anew."
)
ENDS = ("-wal", "-shm", "-journal")
"""Of the files that SQLite keeps beside a database: what a killed process left is replayed over it."""
TOOLS = "Install the client programs of the server's version (Debian: postgresql-client), then try again."


def is_dump(file: Path) -> bool:
    """Say whether a file is PostgreSQL's dump, or else SQLite's copy; anything else is refused."""
    try:
        with file.open("rb") as opened:
            head = opened.read(len(SQLITE_HEAD))
    except FileNotFoundError as error:
        raise Unknown(f"There is no {file}.") from error
    if head.startswith(DUMP_HEAD):
        return True
    if head != SQLITE_HEAD:
        raise Refused(f"{file} is no backup of central.", hint="Take another one.")
    return False


def save_copy(url: str, file: Path) -> None:
    """Copy a database as it stands at one moment into ``file``, which appears whole or not at all."""
    new = _begun(file.with_name(f"{file.name}.new"))
    try:
        if _is_postgres(url):
            _run("pg_dump", url, "--format=custom", f"--file={new}")
        else:
            _copy(_sqlite_file(url), new)
        _settle(new, file)
    finally:
        _remove(new)


def load(file: Path, url: str, *, first: Callable[[str], None] = lambda url: None) -> None:
    """Put a copy where there is nothing yet; on SQLite ``first`` is done to it before it has its name."""
    if is_dump(file) != _is_postgres(url):
        raise Refused(
            f"{file} is of the other kind of database.", hint="Restore it into the kind that it came from."
        )
    if _is_postgres(url):
        _demand_empty(url)
        _run("pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner", str(file))
        return
    place = _sqlite_file(url)
    _demand_nothing(place)
    new = _begun(place.with_name(f"{place.name}.restored"))
    try:
        _copy(file, new)
        first(str(new))
        _settle(new, place)
    finally:
        _remove(new)


def _is_postgres(url: str) -> bool:
    return url.startswith("postgres")


def _sqlite_file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _demand_nothing(place: Path) -> None:
    """Refuse where a database is, or the log of one that is not there: SQLite would replay that over ours."""
    if place.exists():
        raise Refused(f"There is a database {place} already.", hint=STOPPED)
    for left in _beside(place, ENDS):
        if left.exists():
            raise Refused(
                f"{left} is left over from another database.",
                hint="It may hold that one's last records: move it away together with its database.",
            )


def _begun(new: Path) -> Path:
    """Make the file that is written to, which its owner alone reads; a killed run's goes first."""
    _remove(new)
    os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    return new


def _remove(new: Path) -> None:
    for left in (new, *_beside(new, (*ENDS, ".lock"))):
        left.unlink(missing_ok=True)


def _beside(file: Path, ends: tuple[str, ...]) -> tuple[Path, ...]:
    return tuple(file.with_name(file.name + end) for end in ends)


def _copy(source: Path, target: Path) -> None:
    """Copy by SQLite's online backup: what is committed meanwhile is in it whole or not at all."""
    if not source.exists():
        raise Unknown(f"There is no database {source}.", hint="Name central's with --database.")
    found = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    made = sqlite3.connect(target)
    try:
        found.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")
        (said,) = made.execute("PRAGMA quick_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise Refused(f"{source} is damaged: {error}.", hint="Take another copy.") from error
    finally:
        made.close()
        found.close()
    if said != "ok":
        raise Refused(f"{source} is damaged: {said}.", hint="Take another copy.")


def _settle(new: Path, file: Path) -> None:
    _sync(new)
    new.replace(file)
    _sync(file.absolute().parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _demand_empty(url: str) -> None:
    """Refuse a database that holds anything: what is in it would be mixed with what is restored."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with translated(), engine.connect() as connection:
        if inspect(connection).get_table_names():
            raise Refused("This database holds tables already.", hint=FILLED)


def _run(program: str, url: str, *words: str) -> None:
    """Run one of PostgreSQL's own programs; the password goes by its environment, where no list shows it."""
    found = shutil.which(program)
    if found is None:
        raise ConfigError(f"{program} is not on this machine.", hint=TOOLS)
    address = make_url(url).set(drivername="postgresql")
    done = subprocess.run(  # noqa: S603 - the program that was looked up, and no words of strangers
        [found, *words, f"--dbname={_without_password(address)}"],
        env={**os.environ, **({"PGPASSWORD": str(address.password)} if address.password else {})},
        capture_output=True,
        check=False,
        timeout=COMMAND_S_MAX,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[:SAYS_CHARS_MAX]
        raise ConfigError(f"{program} failed: {said}", hint=TOOLS)


def _without_password(address: URL) -> str:
    return address._replace(password=None).render_as_string(hide_password=False)
