"""The real parts are really there, and their absence is loud."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.real import parts
from tests.real.counts import Counts
from tests.real.parts import PARTS, Part, UnknownPart, find_chromium, parts_of, require
from tests.tidy.source import ROOT

NOWHERE = Part("nowhere", lambda: False, "buy one")


@pytest.fixture
def a_missing_part(monkeypatch: pytest.MonkeyPatch) -> Part:
    monkeypatch.setitem(PARTS, NOWHERE.name, NOWHERE)
    return NOWHERE


@pytest.mark.real("chromium")
def test_chromium_answers_with_its_version(chromium_path: Path) -> None:
    version = subprocess.run([chromium_path, "--version"], capture_output=True, text=True, check=True)

    assert "Chrom" in version.stdout


@pytest.mark.real("postgresql")
def test_postgresql_is_durable_and_keeps_what_is_committed(fresh_postgres_url: str) -> None:
    with psycopg.connect(fresh_postgres_url) as session:
        session.execute("CREATE TABLE bands (id int PRIMARY KEY)")
        session.execute("INSERT INTO bands VALUES (7)")
    with psycopg.connect(fresh_postgres_url) as session:
        assert session.execute("SELECT id FROM bands").fetchall() == [(7,)]
        assert session.execute("SHOW fsync").fetchone() == ("on",)


@pytest.mark.real("postgresql")
def test_each_fresh_database_is_empty(fresh_postgres_url: str) -> None:
    with psycopg.connect(fresh_postgres_url) as session:
        tables = session.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()

    assert tables == (0,)


@pytest.mark.journey
@pytest.mark.real("postgresql")
def test_server_leaves_nothing_behind() -> None:
    from tests.real.postgres import running_server

    with running_server() as url:
        folder = Path(url.partition("host=")[2])
        with psycopg.connect(url) as session:
            process = session.execute("SELECT pg_backend_pid()").fetchone()

    assert process is not None
    assert not folder.exists()
    assert not Path(f"/proc/{process[0]}").exists()


@pytest.mark.journey
@pytest.mark.real("postgresql")
def test_server_leaves_nothing_behind_when_its_session_is_killed() -> None:
    script = (
        "from tests.real.postgres import *\nwith running_server() as url: print(url, flush=True); input()"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as session:
        assert session.stdout is not None
        folder = Path(session.stdout.readline().strip().partition("host=")[2])
        server = int((folder / "cluster" / "postmaster.pid").read_text().split()[0])
        session.kill()
    while folder.exists() or is_running(server):  # ends by the test's own time-out
        time.sleep(0.05)


@pytest.mark.pcsc
def test_daemon_dies_with_a_session_that_is_killed() -> None:
    start = "d = Daemon(); d.start(); print(d._process.pid, flush=True); input()"
    script = f"from tests.real.pcscd import Daemon\n{start}"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as session:
        assert session.stdout is not None
        daemon = int(session.stdout.readline())
        assert is_running(daemon)
        session.kill()
    while is_running(daemon):  # ends by the test's own time-out
        time.sleep(0.05)


def is_running(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_missing_part_skips_and_says_what_to_install(
    a_missing_part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(parts.REQUIRE_ALL, raising=False)

    with pytest.raises(pytest.skip.Exception, match=r"nowhere\. To have it: buy one"):
        require(a_missing_part.name)


def test_missing_part_fails_when_all_are_required(
    a_missing_part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(parts.REQUIRE_ALL, "1")

    with pytest.raises(pytest.fail.Exception, match=r"nowhere\. To have it: buy one"):
        require(a_missing_part.name)


def test_optional_part_is_skipped_aloud_even_when_all_are_required(
    a_missing_part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(parts.REQUIRE_ALL, "1")
    monkeypatch.setitem(PARTS, a_missing_part.name, replace(a_missing_part, optional=True))

    with pytest.raises(pytest.skip.Exception, match=r"nowhere\. To have it: buy one"):
        require(a_missing_part.name)


def test_present_part_passes_in_silence() -> None:
    assert PARTS["nfcpy"].is_here()
    require("nfcpy")


@pytest.mark.real("nfcpy", "cel")
@pytest.mark.browser
def test_markers_and_short_markers_name_the_same_parts(request: pytest.FixtureRequest) -> None:
    assert [part.name for part in parts_of(request.node)] == ["nfcpy", "cel", "chromium"]


def test_unknown_part_is_an_error_and_not_a_skip(request: pytest.FixtureRequest) -> None:
    request.node.add_marker(pytest.mark.real("flux-capacitor"))
    try:
        with pytest.raises(UnknownPart, match="flux-capacitor"):
            parts_of(request.node)
    finally:
        request.node.own_markers.pop()


def test_named_chromium_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("POLSO_CHROMIUM", str(tmp_path / "no-such-browser"))

    assert find_chromium() is None


def test_counts_print_figures_and_name_what_was_missing(a_missing_part: Part) -> None:
    counts = Counts()
    counts.note_run((PARTS["nfcpy"],))
    counts.note_run((PARTS["nfcpy"], PARTS["cel"]))
    counts.note_missing((a_missing_part,))

    assert counts.lines() == ["real parts: cel 1, nfcpy 2", "NOT RUN against nowhere. To have it: buy one"]


def test_counts_of_several_workers_add_up(a_missing_part: Part) -> None:
    own, counts = Counts(), Counts()
    own.note_run((PARTS["nfcpy"],))
    own.note_missing((a_missing_part,))

    counts.note_run((PARTS["nfcpy"], PARTS["cel"]))
    counts.add(own.told())

    assert counts.lines() == ["real parts: cel 1, nfcpy 2", "NOT RUN against nowhere. To have it: buy one"]


def test_counts_of_an_empty_session_say_none() -> None:
    assert Counts().lines() == ["real parts: none"]


@pytest.mark.parametrize("address", [("192.0.2.1", 9), ("example.org", 80), ("2001:db8::1", 9, 0, 0)])
def test_connection_that_would_leave_the_machine_is_unreachable(address: tuple[str, int]) -> None:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family) as outgoing, pytest.raises(OSError, match="loopback only") as refused:
        outgoing.connect(address)

    assert refused.value.errno == errno.ENETUNREACH


def test_connection_to_this_machine_goes_through() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as outgoing,
    ):
        assert outgoing.getpeername() == server.getsockname()
