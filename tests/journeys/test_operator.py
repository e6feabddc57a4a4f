"""The operator's mistakes: each verb, given something wrong, says what and what to do in two lines."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.journeys.park import Park, a_park, polso, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    with a_park(tmp_path_factory.mktemp("park") / "kept") as opened:
        yield opened


def two_lines(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """What a refused verb says: what is wrong, what to do, and nothing else."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith("polso: ")
    assert second.startswith("  what to do: ")
    return done.stderr


@pytest.fixture
def taken() -> Iterator[str]:
    """A port at which somebody else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield str(other.getsockname()[1])


def a_config(folder: Path, text: str = "") -> str:
    file = folder / "polso.toml"
    file.write_text(f'store = {{ folder = "{folder / "kept"}" }}\n{text}')
    return str(file)


def test_port_in_use_is_named_by_every_verb_that_listens(taken: str, tmp_path: Path) -> None:
    config = a_config(tmp_path, f"screens = {{ port = {taken} }}")
    words = f"127.0.0.1:{taken}: Address already in use"
    assert words in two_lines(polso("run", "--config", config))
    assert words in two_lines(polso("demo", "--headless", "--port", taken, "--data", str(tmp_path / "park")))
    database = str(tmp_path / "central.db")
    assert words in two_lines(polso("central", "--port", taken, "--database", database))


def test_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    below = str(tmp_path / "file" / "park")
    assert below in two_lines(polso("demo", "--headless", "--port", "0", "--data", below))
    config = tmp_path / "polso.toml"
    config.write_text(f'store = {{ folder = "{below}" }}')
    assert below in two_lines(polso("run", "--config", str(config)))


def test_wrong_settings_of_a_driver_are_named_once_with_the_reader(tmp_path: Path) -> None:
    reader = '[[readers]]\nname = "door"\ndriver = "{}"\npoint = "door"\n'
    unknown = two_lines(polso("run", "--config", a_config(tmp_path, reader.format("nfcp"))))
    assert "nfcpy" in unknown
    missing = two_lines(polso("run", "--config", a_config(tmp_path, reader.format("nfcpy"))))
    assert missing.count("reader 'door'") == 1


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (("enrol", "notaurl", "--code", "X"), "'notaurl' is no address", 1),
        (("enrol", "http://127.0.0.1:1", "--code", "X"), "http://127.0.0.1:1 does not answer", 75),
        (("audit", "aurora", "--database", "nothing.db"), "There is no database nothing.db", 1),
        (("audit", "aurora", "--database", "mysql://x"), "mysql://x is no database address", 1),
        (("central", "--database", "postgresql://127.0.0.1:1/x"), "port 1 failed: Connection refused", 75),
        (("operator", "olga", "--password", "short", "--database", "new.db"), "8 to 256 characters", 1),
        (("journal", "verify", "--data", "nowhere"), "There is no journal in nowhere", 1),
    ],
)
def test_wrong_word_is_answered_in_two_lines(
    words: tuple[str, ...], says: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    more = ("--config", a_config(tmp_path)) if words[0] == "enrol" else ()
    assert says in two_lines(polso(*words, *more), code)
    assert not (tmp_path / "nothing.db").exists()


def test_database_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "central.db"
    other.write_text("a shopping list")
    assert "is no SQLite file" in two_lines(polso("central", "--port", "0", "--database", str(other)))
    assert other.read_text() == "a shopping list"


@pytest.mark.real("nfcpy")
def test_changed_record_is_named_by_verify(park: Park, tmp_path: Path) -> None:
    park.tap("giulia")
    copy = tmp_path / "edge"
    copy.mkdir()
    source = sqlite3.connect(park.data_dir / "edge" / "state.db")
    forged = sqlite3.connect(copy / "state.db")
    with source, forged:
        source.backup(forged)
        (record,) = forged.execute("SELECT max(seq) FROM journal WHERE lane = 0").fetchone()
        forged.execute("UPDATE journal SET hlc = hlc + 1 WHERE lane = 0 AND seq = ?", (record,))
    source.close()
    forged.close()
    found = polso("journal", "verify", "--data", str(copy))
    assert found.returncode == 1
    assert f"record {record}: " in found.stdout
    assert "NOT WHOLE" in found.stdout
    whole = polso("journal", "verify", "--data", str(park.data_dir))
    assert whole.returncode == 0, "the control, and the park's own folder will do"


@pytest.mark.real("nfcpy")
def test_site_that_is_not_there_is_answered_with_those_that_are(park: Park, tmp_path: Path) -> None:
    copy = tmp_path / "central.db"
    with sqlite3.connect(park.data_dir / "central" / "central.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
    assert "aurora" in two_lines(polso("audit", "nowhere", "--database", str(copy)))


@pytest.mark.real("nfcpy")
def test_folder_whose_central_is_gone_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with a_park(kept) as park:
        key = str(park.key)
    shutil.rmtree(kept / "central")
    refused = polso("demo", "--headless", "--port", "0", "--data", str(kept), "--key", key)
    assert "whose central is gone" in two_lines(refused)


@pytest.mark.real("nfcpy")
def test_fifty_hands_at_once_are_served_and_no_band_is_in_two_places(park: Park) -> None:
    readers = ("gate-1", "door-214", "volo-1", "kiosk-1")

    def hold(number: int) -> dict[str, object]:
        return park.answer(park.post("taps", band="giulia", reader=readers[number % 4], within_s=45))

    with ThreadPoolExecutor(50) as hands:
        told = list(hands.map(hold, range(50)))
    assert {one["outcome"] for one in told} <= {"granted", "denied"}, "shared by two fields it looks forged"
    assert len({one["tap_id"] for one in told}) == 50


@pytest.mark.real("nfcpy")
def test_crowd_comes_as_fast_as_it_is_told_and_a_reset_takes_back_who_came_before(park: Park) -> None:
    def taps() -> float:
        lines = requests.get(f"{park.edge}/metrics", timeout=5).text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("polso_taps_total"))

    park.post("reset")
    assert park.tap("marco")["reason"] == "entered"
    before = taps()
    park.post("crowd", rate=600)
    until(lambda: taps() > before + 50, 10)
    park.post("reset")
    assert park.tap("marco")["reason"] == "entered"
