"""What `polso check` says about radios, from files, from what bluetoothd answers, and from a real bus."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.config import parse
from edge.run.air import findings
from edge.run.finding import Finding, Level
from hardware.ble.adapters import Adapter, adapters
from hardware.virtual.radio import Radio, private_bus

KIOSK = '[[radios]]\nname = "ear"\npoint = "kiosk-1"\n'
WELL = {"hci0": Adapter(powered=True, monitors=True)}


def found(text: str, known: dict[str, Adapter] | OSError, root: Path = Path("/nowhere")) -> list[Finding]:
    """Look at radios of this configuration on a machine whose bluetoothd answers so."""

    def ask() -> dict[str, Adapter]:
        if isinstance(known, OSError):
            raise known
        return known

    return list(findings(parse(text, "test").radios, root, ask))


def test_radio_that_hears_well_says_which_mode_runs() -> None:
    (precise, _) = found(KIOSK, WELL)
    (private, _) = found('[[radios]]\nname = "ear"\narea = "piazza"\n', WELL)

    assert (precise.level, private.level) == (Level.OK, Level.OK)
    assert "radio ear by hci0: precise mode" in precise.what
    assert "privacy mode" in private.what


@pytest.mark.parametrize(
    ("known", "what", "act"),
    [
        ({"hci1": Adapter(True, True)}, "no such adapter", "adapters here: hci1"),
        ({}, "no such adapter", "plug one in"),
        ({"hci0": Adapter(False, True)}, "is off", "rfkill unblock"),
        ({"hci0": Adapter(True, False)}, "without --experimental", "systemctl edit bluetooth"),
        (OSError("bluetoothd does not run"), "bluetoothd does not run", "systemctl enable"),
    ],
)
def test_what_keeps_a_radio_from_hearing_is_named_with_what_to_do(
    known: dict[str, Adapter] | OSError, what: str, act: str
) -> None:
    first = found(KIOSK, known)[0]

    assert first.level is Level.LOOK, "no radio ever stops a gate"
    assert what in first.what
    assert act in first.act


def test_missing_reference_beacon_is_said_and_a_named_one_is_not() -> None:
    assert "no reference beacon" in found(KIOSK, WELL)[1].what
    assert len(found(KIOSK + 'reference = "polso:00000000000000a1"\n', WELL)) == 1


def test_private_radio_at_a_kiosk_is_a_choice_that_is_told() -> None:
    said = found(KIOSK + 'mode = "privacy"\n', WELL)[0]

    assert said.level is Level.LOOK
    assert "precise" in said.act


def test_adapter_that_nobody_uses_is_told_and_none_at_all_is_well(tmp_path: Path) -> None:
    assert found("", WELL, tmp_path)[0].level is Level.OK
    (tmp_path / "sys/class/bluetooth/hci0").mkdir(parents=True)
    assert "hci0" in found("", WELL, tmp_path)[0].what


@pytest.mark.real("dbus-daemon")
@pytest.mark.parametrize("experimental", [True, False])
def test_adapters_are_what_bluetoothd_says_of_them(
    monkeypatch: pytest.MonkeyPatch, experimental: bool
) -> None:
    with private_bus() as bus:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
        with pytest.raises(OSError, match="does not run"):
            adapters()
        radio = Radio(bus, "hci0", "hci1", monitors=experimental)
        radio.start()
        radio.do(lambda bluez: bluez.power("hci1", on=False))

        assert adapters() == {"hci0": Adapter(True, experimental), "hci1": Adapter(False, experimental)}
        radio.close()


def test_machine_without_a_bus_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/none")
    with pytest.raises(OSError, match=r"."):
        adapters()
