"""Threat 5, a rogue device on the LAN: how often one may ask, planted sessions, and which ports are open."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import guard as kiosk_guard
from kiosk.app import REFUSALS
from tests.journeys.park import a_park
from tests.kiosk.desk_park import a_desk
from tests.security.doors import ALL, OURS, Doors, all_doors

PORTS = re.compile(r":(\d+)/?$")
LOOPBACK, ANYWHERE = "0100007F", "00000000"
"""Addresses as /proc/net writes them."""
FIELDS_MAX = 5
"""Virtual fields of the demo park that are heard by udp, on loopback: four readers' and the desk's."""


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[Doors]:
    with all_doors(tmp_path) as opened:
        yield opened


LIMITED = [
    "kiosk POST /api/v1/sign-in", "kiosk POST /api/v1/screen-faults", "kiosk POST /api/v1/staff/look-up",
    "kiosk GET /sign-in", "kiosk POST /api/v1/csp-reports",
]  # fmt: skip
"""One row for each kind of caller: an address, a screen, a person, and whoever opens a page."""


@pytest.mark.parametrize("name", LIMITED)
def test_who_asks_too_often_is_told_when_to_come_back(doors: Doors, name: str) -> None:
    row = next(row for row in ALL if row.name == name)
    client, headers, credential = doors.insider(row)
    token = {"X-Polso-Token": kiosk_guard.form_token(credential)} if credential else {}
    said = [doors.knock(row, client, headers={**headers, **token}) for _ in range(row.route.rate.burst + 9)]
    codes = [answer.status_code for answer in said]
    assert 429 not in codes[: row.route.rate.burst // 2]
    assert codes[-1] == 429
    assert 1 <= int(said[-1].headers["Retry-After"]) <= 1 + 1 / row.route.rate.per_s


def test_pages_of_refusal_are_not_drawn_without_end(tmp_path: Path) -> None:
    """A page costs what a hundred words cost: who is refused again and again gets a word."""
    with a_desk(tmp_path) as desk:
        said = [desk.client().get(f"/nowhere/{n}") for n in range(REFUSALS.burst + 9)]
        assert [answer.status_code for answer in said[: REFUSALS.burst // 2]] == [404] * (REFUSALS.burst // 2)
        assert said[-1].status_code == 429
        assert "Retry-After" in said[-1].headers
        assert desk.signed_in().get("/staff/north").status_code == 200


def test_one_caller_who_asks_too_often_stops_no_other(doors: Doors) -> None:
    row = next(row for row in ALL if row.name == "kiosk POST /api/v1/screen-faults")
    for _ in range(2):  # each time another screen, with a limit of its own
        client, headers, credential = doors.insider(row)
        token = {"X-Polso-Token": kiosk_guard.form_token(credential)}
        assert doors.knock(row, client, headers={**headers, **token}).status_code == 422
        while doors.knock(row, client, headers={**headers, **token}).status_code != 429:
            pass


def test_a_session_that_was_planted_is_not_the_one_that_signing_in_opens(doors: Doors) -> None:
    """Session fixation: what a browser brought along is never adopted."""
    row = next(row for row in ALL if row.name == "kiosk POST /api/v1/sign-in")
    client = doors.desk.client()
    client.set_cookie("polso-staff", "planted")
    body = {"op": "operation-planted-1", "who": "anna", "pin": "2468", "point": "north"}
    answer = client.post(row.address, json=body, headers=OURS)
    cookie = client.get_cookie("polso-staff")
    assert answer.status_code == 200
    assert cookie is not None
    assert cookie.value != "planted"
    assert doors.desk.house.staff.session("planted") is None
    assert len(cookie.value) >= 43


def listening(pid: int) -> set[tuple[str, str, int]]:
    """What a process listens at: kind, address and port of each of its sockets, by /proc."""
    mine = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile
            mine.add(str(link.readlink()))
    found = set()
    for kind, state in (("tcp", "0A"), ("tcp6", "0A"), ("udp", "07"), ("udp6", "07")):
        for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
            words = line.split()
            if f"socket:[{words[9]}]" in mine and words[3] == state:
                host, port = words[1].split(":")
                found.add((kind, host, int(port, 16)))
    return found


@pytest.mark.journey
@pytest.mark.timeout(90)
def test_the_open_ports_of_a_running_park_are_exactly_those_it_names(tmp_path: Path) -> None:
    with a_park(tmp_path / "park") as park:
        urls = (park.edge, park.central, park.said["provider"])
        named = {int(found[1]) for url in urls if (found := PORTS.search(url))}
        heard = listening(park.process.pid)
    assert {port for kind, _, port in heard if kind.startswith("tcp")} == named
    assert len(named) == 3
    assert {host for _, host, _ in heard} == {LOOPBACK}
    assert len([kind for kind, _, _ in heard if kind.startswith("udp")]) <= FIELDS_MAX


@pytest.mark.journey
@pytest.mark.timeout(60)
@pytest.mark.parametrize(("host", "seen"), [("127.0.0.1", LOOPBACK), ("0.0.0.0", ANYWHERE)])  # noqa: S104 - that is the case
def test_a_device_opens_one_port_and_beyond_this_machine_only_if_told(
    tmp_path: Path, host: str, seen: str
) -> None:
    config = tmp_path / "polso.toml"
    config.write_text(
        f'store = {{ folder = "{tmp_path / "kept"}" }}\nscreens = {{ port = 0, host = "{host}" }}\n'
    )
    command = [sys.executable, "-m", "edge.run", "run", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as device:
        assert device.stderr
        ready = next((line for line in device.stderr if "ready " in line), "")
        heard = listening(device.pid)
        device.send_signal(signal.SIGTERM)
    port = re.search(r"screens=http://[^:]+:(\d+)", ready)
    assert port, ready
    assert heard == {("tcp", seen, int(port[1]))}
