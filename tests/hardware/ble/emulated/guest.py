"""The guest: a radio in software under the kernel's Bluetooth, a real bluetoothd, the product's scanner."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from bumble import hci
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport import open_transport
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from hardware.ble.scanner import Mode, Receiver, Scanner
from hardware.port import DeviceState, Sighting, State
from hardware.virtual.radio import Advert, private_bus
from tests.hardware.ble.conftest import a_band
from tests.hardware.ble.emulated.told import Told
from tests.hardware.ble.scenario import LEVELS, THROUGH_S, play, until

PACE_S = 0.1
CALL_S_MAX = 60.0
NOT_OURS = hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
"""Without these the kernel scans as it does on most adapters that a kiosk has."""
Report = hci.HCI_LE_Advertising_Report_Event
T = TypeVar("T")


class OnAir(Controller):
    """A controller whose air is whatever it is told; it honours the filter of duplicates as chips do."""

    scans = filters = False

    def on_hci_le_set_scan_enable_command(self, command: Any) -> Any:  # bumble's own seam
        """Begin or end a scan: each begins with nothing known."""
        self.scans, self.filters = bool(command.le_scan_enable), bool(command.filter_duplicates)
        self.known: set[tuple[str, bytes]] = set()
        return super().on_hci_le_set_scan_enable_command(command)

    def say(self, advert: Advert) -> bool:
        """Have an advertisement arrive; False while nobody scans."""
        if not self.scans:
            return False
        said = (advert.address, advert.octets)
        if not (self.filters and said in self.known):
            self.known.add(said)
            kind = hci.Address.RANDOM_DEVICE_ADDRESS
            one = Report.Report(
                event_type=Report.EventType.ADV_NONCONN_IND,
                address_type=kind,
                address=hci.Address(advert.address, kind),
                data=advert.octets,
                rssi=advert.rssi,
            )
            self.send_hci_packet(Report([one]))
        return True


class Guest:
    """Everything that runs in the emulated machine."""

    def __init__(self, bus: str, bluetoothd: str, out: Path) -> None:
        """Put the radio on air and start the daemon."""
        self._bus, self._bluetoothd, self._out = bus, bluetoothd, out
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.radio = self.do(self._on_air())
        self.daemon = self.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the radio's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_S_MAX)

    def start(self) -> subprocess.Popen[bytes]:
        """Start bluetoothd and switch its adapter on."""
        with (self._out / "bluetoothd").open("ab") as log:
            command = [self._bluetoothd, "--nodetach", "--experimental"]
            daemon = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: self.power(on=True))
        return daemon

    def power(self, *, on: bool) -> bool:
        """Switch the adapter; False while nobody is there to do so."""
        return self.do(self._power(on=on))

    def say(self, advert: Advert) -> bool:
        """Put an advertisement on air, in the radio's own thread."""

        async def inside() -> bool:
            return self.radio.say(advert)

        return self.do(inside())

    async def _on_air(self) -> OnAir:
        transport = await open_transport("vhci")
        made = OnAir("radio", host_source=transport.source, host_sink=transport.sink, link=LocalLink())
        made.le_features &= ~NOT_OURS
        named = hci.HCI_Command.command_name
        made.supported_commands = {one for one in made.supported_commands if "EXTENDED" not in named(one)}
        return made

    async def _power(self, *, on: bool) -> bool:
        bus = await MessageBus(bus_address=self._bus).connect()
        try:
            told = await bus.call(
                Message(
                    destination="org.bluez",
                    path="/org/bluez/hci0",
                    interface="org.freedesktop.DBus.Properties",
                    member="Set",
                    signature="ssv",
                    body=["org.bluez.Adapter1", "Powered", Variant("b", on)],
                )
            )
        finally:
            bus.disconnect()
        return told is not None and told.message_type is MessageType.METHOD_RETURN


def main(out: Path, bluetoothd: str) -> None:
    """Play the scenario, then both faults, and write down what came of it."""
    with private_bus() as bus:
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = bus
        guest = Guest(bus, bluetoothd, out)
        counted = play(guest.say, PACE_S)
        heard: list[Sighting] = []
        states: list[DeviceState] = []
        scanner = Scanner(
            [Receiver("kiosk-1", mode=Mode.PRECISE)],
            lambda _: bytes(16),
            hear=heard.append,
            tell=states.append,
        )
        scanner.start()

        def listens(well: State) -> bool:
            return bool(states) and states[-1].state is well

        until(lambda: listens(State.IDLE))
        guest.daemon.kill()
        guest.daemon.wait()
        until(lambda: listens(State.LOST))
        guest.daemon = guest.start()
        restarted_s = until(lambda: listens(State.IDLE))
        guest.power(on=False)
        until(lambda: listens(State.LOST))
        guest.power(on=True)
        cycled_s = until(lambda: listens(State.IDLE))
        heard.clear()
        for number, level in enumerate(LEVELS):
            until(partial(guest.say, a_band(2, number, rssi=level)))
        until(lambda: len(heard) >= len(LEVELS), THROUGH_S * 10)
        scanner.stop()
        guest.daemon.terminate()
    after = sorted({one.rssi for one in heard})
    told = Told(counted=counted, restarted_s=restarted_s, cycled_s=cycled_s, after=after)
    (out / "told.json").write_bytes(msgspec.json.encode(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
