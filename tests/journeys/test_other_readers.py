"""One device on the other hardware: a PC/SC reader behind the real pcscd, a door on an encrypted line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge.clock import wall_ms
from edge.run.demo.park import load
from edge.run.demo.seed import seed
from edge.run.platform import Central, settings
from hardware.virtual.bands import Band
from hardware.virtual.card import VirtualCard
from sync.central.store import Store
from tests.hardware.osdp_bench import KEY, a_key_file, commands
from tests.journeys.devices import Device, House
from tests.journeys.park import polso, until

if TYPE_CHECKING:
    from hardware.virtual.door import VirtualDoor
    from tests.real.pcscd import Daemon

pytestmark = [pytest.mark.journey, pytest.mark.real("pcscd", "libosdp"), pytest.mark.timeout(120)]


@dataclass(kw_only=True)
class Wired(Device):
    """A device whose reader is one of pcscd's, and whose gate and lamp are a door reader's."""

    daemon: Daemon
    card: VirtualCard
    door: VirtualDoor

    @property
    def config(self) -> Path:
        path = self.folder / "polso.toml"
        if not path.exists():
            key_file = a_key_file(self.folder / "door.key", KEY.hex())
            wires = f'port = "{self.door.path}", key_file = "{key_file}"'
            path.write_text(
                f'''
                store = {{ folder = "{self.folder / "kept"}" }}
                screens = {{ port = 0 }}
                [[readers]]
                name = "gate-1"
                driver = "pcsc"
                point = "gate-1"
                settings = {{ reader = "PCD 00 00" }}
                [[gates]]
                name = "turnstile-1"
                driver = "osdp"
                point = "gate-1"
                settings = {{ {wires}, output = 1 }}
                [[lights]]
                name = "lamp-1"
                driver = "osdp"
                point = "gate-1"
                settings = {{ {wires} }}
                '''
            )
        return path

    def hold_up(self, band: Band, reason: str) -> None:
        """Lay a band down until it was answered so, and take it away until the reader saw it leave."""
        before = self.taps(reason)
        self.card.place(band)
        until(lambda: self.taps(reason) > before, 15)
        self.card.remove()
        until(lambda: self.idle(), 5)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    from hardware.virtual.door import VirtualDoor
    from tests.hardware.pcsc_bench import pcscd

    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    master = seed(store, load())
    central = Central(store, settings(), host="127.0.0.1", port=0)
    central.start()
    with pcscd() as daemon:
        device = Wired(tmp_path, daemon=daemon, card=VirtualCard(daemon.dial), door=VirtualDoor(KEY))
        yield House(central, master, device)
        device.stop()
        device.card.close()
        device.door.close()
        device.radio.close()
    central.stop()


def test_band_on_a_pcsc_reader_opens_an_encrypted_door_and_a_copy_does_not(house: House) -> None:
    import osdp_sys

    device = house.device
    assert isinstance(device, Wired)
    enrolled = polso("enrol", house.central.url, "--code", house.code(), "--config", str(device.config))
    assert enrolled.returncode == 0, enrolled.stderr
    house.publish()
    device.start()
    until(lambda: device.figure("polso_profiles") > 0, 20)

    device.hold_up(house.band("giulia"), "entered")
    until(lambda: commands(device.door, osdp_sys.CMD_OUTPUT), 5)
    until(lambda: _colours(device.door) >= {osdp_sys.LED_COLOR_GREEN}, 5)

    device.hold_up(house.band("clone"), "band_not_authentic")
    device.hold_up(house.band("giulia"), "inside_already")
    assert len(commands(device.door, osdp_sys.CMD_OUTPUT)) == 1, "one green, one pulse"
    assert osdp_sys.LED_COLOR_RED not in _colours(device.door)


def _colours(door: VirtualDoor) -> set[int]:
    import osdp_sys

    return {one["on_color"] for one in commands(door, osdp_sys.CMD_LED)}
