"""A small device at a gate, and its edge elsewhere: both real processes, a virtual band on real NFC."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.virtual.bands import Band
from hardware.virtual.field import Field
from tests.hardware.osdp_bench import KEY, a_key_file, commands
from tests.journeys.desks import Desk
from tests.journeys.devices import STOP_S_MAX, Device, House, a_device
from tests.journeys.park import until

pytestmark = [
    pytest.mark.journey,
    pytest.mark.real("nfcpy"),
    pytest.mark.real("libosdp"),
    pytest.mark.timeout(120),
]
EDGE, HERE = "uscita-1", "gate-1"
"""A way out of the park: there a band need prove no more than its number, for no key leaves an edge."""


class Reader:
    """`polso reader` on a machine of its own, with a turnstile and a lamp on an encrypted line."""

    def __init__(self, folder: Path) -> None:
        from hardware.virtual.door import VirtualDoor

        folder.mkdir()
        self.folder, self.radio, self.door = folder, Field(), VirtualDoor(KEY)
        self.process: subprocess.Popen[bytes] | None = None
        wires = f'port = "{self.door.path}", key_file = "{a_key_file(folder / "door.key", KEY.hex())}"'
        (folder / "reader.toml").write_text(
            f"""
            [[readers]]
            name = "there"
            driver = "nfcpy"
            point = "{HERE}"
            settings = {{ path = "{self.radio.path}" }}
            [[gates]]
            name = "turnstile"
            driver = "osdp"
            point = "{HERE}"
            settings = {{ {wires}, output = 1 }}
            [[lights]]
            name = "lamp"
            driver = "osdp"
            point = "{HERE}"
            settings = {{ {wires} }}
            """
        )

    def start(self, url: str, code: str = "") -> None:
        """Run it; with a code it enrols first."""
        said = [*(("--code", code) if code else ()), "--token", str(self.folder / "token")]
        self.door.unplug()  # it knows of no panel before
        self.door.replug()
        command = [sys.executable, "-m", "edge.run", "reader", "--edge", url, *said]
        with (self.folder / "said").open("ab") as file:
            self.process = subprocess.Popen(
                [*command, "--config", str(self.folder / "reader.toml")], stderr=file
            )

    def said(self) -> str:
        """What it has logged."""
        return (self.folder / "said").read_text()

    def hold(self, band: Band, *, lamp: str) -> None:
        """Hold a band to it until its lamp has turned so, and take it away; its line has to stand by then."""
        until(lambda: self.door.is_secure, 15)
        before = len(self.colours())
        self.radio.place(band)
        until(lambda: lamp in self.colours()[before:], 15)
        self.radio.remove()
        time.sleep(0.4)  # a reader holds a band for 300 ms after it left; only its own process knows when

    def unplugged(self) -> None:
        """Take its NFC reader off the bus and plug it in again."""
        before = len(self.said())
        self.radio.unplug()
        until(lambda: "reader there lost" in self.said()[before:], 10)
        self.radio.replug()

    def colours(self) -> list[str]:
        """What its lamp showed, in order."""
        import osdp_sys

        names = {
            osdp_sys.LED_COLOR_GREEN: "green", osdp_sys.LED_COLOR_BLUE: "blue",
            osdp_sys.LED_COLOR_WHITE: "white", osdp_sys.LED_COLOR_AMBER: "amber",
        }  # fmt: skip
        return [names.get(one["on_color"], "") for one in commands(self.door, osdp_sys.CMD_LED)]

    def opened(self) -> int:
        """How often its turnstile was told to open."""
        import osdp_sys

        return len(commands(self.door, osdp_sys.CMD_OUTPUT))

    def stop(self) -> int:
        """End it as systemd does; returns its status."""
        if self.process is None:
            return 0
        self.process.terminate()
        status = self.process.wait(STOP_S_MAX)
        self.process = None
        return status


@pytest.fixture
def edge(house: House, tmp_path: Path) -> Device:
    made = a_device(house, tmp_path / "edge", EDGE)
    made.keep_port()
    house.publish()
    made.start()
    until(lambda: made.figure("polso_profiles") > 0, 20)
    return made


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    made = Reader(tmp_path / "reader")
    yield made
    made.stop()
    made.radio.close()
    made.door.close()


def test_a_remote_reader_opens_on_green_alone_and_is_back_by_itself_with_its_edge(
    house: House, edge: Device, reader: Reader
) -> None:
    nobody_knows(house, edge, reader)
    code = Desk(edge, EDGE, "olga").post("screens", kind="reader", point=EDGE)["code"]
    reader.start(edge.screens, code)
    reader.hold(house.band("giulia"), lamp="green")
    until(lambda: reader.opened() == 1, 5)
    edge.kill()
    reader.hold(house.band("marco"), lamp="white")
    assert reader.opened() == 1, "without an edge nothing opens"
    assert "does not answer" in reader.said()
    edge.start()
    reader.hold(house.band("giulia"), lamp="green")
    until(lambda: reader.opened() == 2, 5)
    reader.unplugged()
    reader.hold(house.band("marco"), lamp="green")
    until(lambda: reader.opened() == 3, 5)
    assert reader.stop() == 0


def nobody_knows(house: House, edge: Device, reader: Reader) -> None:
    """A code that nobody made enrols no reader, and a token that nobody gave opens nothing."""
    reader.start(edge.screens, "AAAA-AAAA")
    assert reader.process is not None
    assert reader.process.wait(STOP_S_MAX) != 0
    assert not (reader.folder / "token").exists()
    (reader.folder / "token").write_text("forged-token")
    reader.start(edge.screens)
    reader.hold(house.band("giulia"), lamp="white")
    assert "does not know this reader" in reader.said()
    assert (reader.opened(), edge.reasons()) == (0, {})
    assert reader.stop() == 0
