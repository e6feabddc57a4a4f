"""Two environments and a link: a release that does not answer well is left again, whatever was cut."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from edge.core.known import ANSWERS
from edge.errors import ConfigError
from edge.run import slots as rooms
from edge.run.slots import NotInstalled, Slots, WentBack
from edge.run.update import Choices, address, update
from tests.security.repository import House, a_wheel


class Machine:
    """A link between two slots, and a service that was started so often."""

    def __init__(self, folder: Path) -> None:
        self.link, self.keep = folder / "polso", folder / "keep"
        self.keep.mkdir()
        for letter in "ab":
            (folder / f"polso-{letter}").mkdir()
        self.link.symlink_to("polso-a")
        self.started: list[str] = []
        self.slots = Slots(self.link, self.keep)

    def restart(self) -> None:
        self.started.append(str(self.link.readlink()))

    def answers(self, well: str) -> bool:
        """Whether what was started last is this one."""
        return self.started[-1] == well


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_release_that_answers_well_stays(machine: Machine) -> None:
    machine.slots.turn("2.0")
    assert "in use" in machine.slots.settle(machine.restart, lambda: machine.answers("polso-b"))
    assert machine.started == ["polso-b"]
    assert machine.slots.in_use().name == "polso-b"
    assert machine.slots.pending() is None
    machine.slots.turn("3.0")
    machine.slots.settle(machine.restart, lambda: machine.answers("polso-a"))
    assert machine.slots.in_use().name == "polso-a"


def test_one_that_does_not_is_left_and_the_former_is_started(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "GOOD_S_MAX", 0.05)
    monkeypatch.setattr(rooms, "LOOK_S", 0.01)
    machine.slots.turn("2.0")
    with pytest.raises(WentBack, match=r"2\.0"):
        machine.slots.settle(machine.restart, lambda: machine.answers("polso-a"))
    assert machine.started == ["polso-b", "polso-a"]
    assert (machine.slots.in_use().name, machine.slots.left()) == ("polso-a", "2.0")
    assert machine.slots.pending() is None


def test_a_cut_before_the_link_was_changed_changes_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Slots, "_point_at", lambda self, name: None)
    machine.slots.turn("2.0")
    assert machine.slots.pending() is not None
    assert machine.slots.settle(machine.restart, lambda: False) == "Nothing is to be settled."
    assert (machine.started, machine.slots.in_use().name) == ([], "polso-a")
    assert machine.slots.pending() is None


def test_a_cut_after_it_is_judged_at_the_next_start(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "GOOD_S_MAX", 0.05)
    machine.slots.turn("2.0")
    said = Choices(link=machine.link, keep=machine.keep, settle=True, health="http://127.0.0.1:9/healthz")
    with pytest.raises(WentBack):
        update(said, None, print)
    assert Slots(machine.link, machine.keep).in_use().name == "polso-a"
    assert update(said, None, print) == "Nothing is to be settled."


def test_the_link_names_a_whole_slot_at_each_moment(machine: Machine) -> None:
    (machine.link.parent / "polso.new").symlink_to("nowhere")  # left by a cut
    machine.slots.turn("2.0")
    assert machine.link.readlink() == Path("polso-b")
    assert not (machine.link.parent / "polso.new").is_symlink()


@pytest.mark.parametrize("made", ["folder", "foreign", "missing"])
def test_what_is_no_pair_of_slots_is_refused(machine: Machine, made: str) -> None:
    machine.link.unlink()
    if made == "folder":
        machine.link.mkdir()
    elif made == "foreign":
        machine.link.symlink_to("elsewhere")
    with pytest.raises(ConfigError) as refused:
        machine.slots.other()
    assert "ln -s" in refused.value.hint


def test_the_screens_say_where_to_ask(tmp_path: Path) -> None:
    config = tmp_path / "polso.toml"
    config.write_text('[screens]\nhost = "0.0.0.0"\nport = 81\n')
    assert address(config) == "http://localhost:81/healthz"
    assert address(None) == "http://127.0.0.1:8080/healthz"


class Health(ThreadingHTTPServer):
    well = True
    decides: Mapping[str, str] = ANSWERS


class Said(BaseHTTPRequestHandler):
    server: Health

    def do_GET(self) -> None:
        body = json.dumps({"ok": True, "decides": dict(self.server.decides)}).encode()
        self.send_response(200 if self.server.well else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def health() -> Iterator[Health]:
    server = Health(("127.0.0.1", 0), Said)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "decides",
    [{}, {**ANSWERS, "a revoked band": "granted"}, {**ANSWERS, "a ticket of today": "denied"}],
    ids=["says nothing", "lets everybody in", "lets nobody in"],
)
def test_release_that_answers_and_decides_wrongly_is_left(
    machine: Machine, health: Health, monkeypatch: pytest.MonkeyPatch, decides: Mapping[str, str]
) -> None:
    """It may hold itself for well: it is judged by what the release knows that it replaces."""
    monkeypatch.setattr(rooms, "GOOD_S_MAX", 0.3)
    monkeypatch.setattr(rooms, "LOOK_S", 0.01)
    address = f"http://127.0.0.1:{health.server_port}/healthz"
    said = Choices(link=machine.link, keep=machine.keep, settle=True, health=address)
    machine.slots.turn("2.0")
    assert "answers well" in update(said, None, print), "the control: what decides rightly stays"
    machine.slots.turn("3.0")
    health.decides = decides
    with pytest.raises(WentBack):
        update(said, None, print)
    assert machine.slots.left() == "3.0"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_device_comes_to_the_newest_release_and_back_from_a_bad_one(
    machine: Machine, health: Health, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLSO_KEY_PASSPHRASE", "long enough")
    (tmp_path / "people").mkdir()
    house = House(tmp_path / "people")
    house.release("9.1")
    said = {
        "repository": str(house.folder),
        "link": machine.link,
        "keep": machine.keep,
        "health": f"http://127.0.0.1:{health.server_port}/healthz",
    }
    told: list[str] = []

    done = update(Choices(**said, root=house.root), None, told.append)

    assert done == "Version 9.1 is in use and answers well."
    assert version(machine.link) == "polso, version 9.1"
    assert str(machine.link.readlink()) == "polso-b"

    monkeypatch.setattr(rooms, "GOOD_S_MAX", 0.2)
    health.well = False
    house.release("9.2")
    with pytest.raises(WentBack):
        update(Choices(**said), None, told.append)
    assert version(machine.link) == "polso, version 9.1"
    assert "was left before" in update(Choices(**said), None, told.append)
    health.well = True
    update(Choices(**said, again=True), None, told.append)
    assert version(machine.link) == "polso, version 9.2"


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_wheel_that_is_not_in_the_list_is_not_installed(machine: Machine, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    a_wheel(wheels, "9.1")
    lock = tmp_path / "release.txt"
    lock.write_text(f"polso==9.1 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(NotInstalled, match="DO NOT MATCH"):
        machine.slots.install(wheels, lock)
    assert machine.slots.in_use().name == "polso-a"
    assert machine.slots.pending() is None


def version(link: Path) -> str:
    done = subprocess.run([link / "bin/polso", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.strip()
