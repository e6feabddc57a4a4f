"""The nfcpy driver keeps the promises of every reader, over each of its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hardware.nfc.budget import Budget
from hardware.nfc.nfcpy import NfcpyReader
from hardware.port import DeviceError, Trust
from hardware.virtual.chip import Acr122u, PtyChip
from hardware.virtual.field import Field
from tests.hardware.nfc_bench import FELICA_UID, LIVE_UID, a_felica_band, a_live_band, acr122_opener, keys
from tests.hardware.reader_contract import ReaderContract, Subject


class TestOverUdp(ReaderContract):
    @pytest.fixture
    def subject(self) -> Iterator[Subject]:
        field = Field()
        reader = NfcpyReader(field.path, keys)
        yield Subject(
            reader,
            LIVE_UID,
            Trust.LIVE,
            present=lambda: field.place(a_live_band()),
            withdraw=field.remove,
            unplug=field.unplug,
            replug=field.replug,
            absent=NfcpyReader("udp:127.0.0.1:1", keys),
        )
        reader.close()
        field.close()


class TestOverSerialLine(ReaderContract):
    @pytest.fixture
    def subject(self) -> Iterator[Subject]:
        chip = PtyChip()
        reader = NfcpyReader(chip.path, keys)
        yield Subject(
            reader,
            FELICA_UID,
            Trust.LIVE,
            present=lambda: chip.place(a_felica_band()),
            withdraw=chip.remove,
            unplug=chip.unplug,
            replug=chip.replug,
            absent=NfcpyReader("tty:S99:pn532", keys),
        )
        reader.close()
        chip.close()


class TestOverUsb(ReaderContract):
    @pytest.fixture
    def subject(self) -> Iterator[Subject]:
        device = Acr122u()
        reader = NfcpyReader("usb:072f:2200", keys, opener=plugged_opener(device))
        yield Subject(
            reader,
            LIVE_UID,
            Trust.LIVE,
            present=lambda: device.chip.place(a_live_band()),
            withdraw=device.chip.remove,
            unplug=lambda: setattr(device, "plugged", False),
            replug=lambda: setattr(device, "plugged", True),
            absent=NfcpyReader("usb:072f:2201", keys),
        )
        reader.close()


def plugged_opener(device: Acr122u) -> Callable[[str, Budget], Any]:
    """Open the virtual reader as a real one is opened: one that is pulled out is not found on the bus."""
    opener = acr122_opener(device)

    def opened(path: str, budget: Budget) -> Any:
        if not device.plugged:
            raise DeviceError(f"{path}: No such device", "plug the reader in")
        return opener(path, budget)

    return opened


def test_acr122u_is_closed_without_powering_it_down() -> None:
    """Powered down it could not be opened again until somebody replugs it."""
    device = Acr122u()
    reader = NfcpyReader("usb:072f:2200", keys, opener=acr122_opener(device))
    reader.open()

    reader.close()

    assert device.lamp_off
    assert not device.powered_down


def test_acr122u_whose_cable_was_pulled_raises_and_is_forgotten() -> None:
    device = Acr122u()
    reader = NfcpyReader("usb:072f:2200", keys, opener=acr122_opener(device))
    reader.open()
    device.plugged = False

    with pytest.raises(OSError, match="No such device"):
        reader.read(2**62)
    reader.close()


@pytest.mark.parametrize(
    "path", ["udp:nowhere", "udp:127.0.0.1:port", "tty:S0:nosuchchip", "smoke:signals", "pty:/nowhere"]
)
def test_path_that_leads_nowhere_is_named_with_a_hint(path: str) -> None:
    with pytest.raises(DeviceError, match=path.split(":")[0]) as told:
        NfcpyReader(path, keys).open()

    assert told.value.hint
