"""The air: what would keep this device from hearing bands by Bluetooth; none of it ever stops a gate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.receivers import Radio
from edge.run.finding import Finding, Level

if TYPE_CHECKING:
    from hardware.ble.adapters import Adapter

Ask = Callable[[], "Mapping[str, Adapter]"]
MODES = {
    "privacy": "privacy mode, only Polso's own bands reach this process, with levels in steps of 8 dB",
    "precise": "precise mode, with exact levels; what strangers send reaches this process and is dropped",
}
EXPERIMENTAL = "add --experimental to ExecStart of bluetooth.service (systemctl edit bluetooth), restart it"


def adapters() -> Mapping[str, Adapter]:
    """Ask bluetoothd; raises ``OSError`` with what is wrong, ``ImportError`` on another system than Linux."""
    from hardware.ble import adapters as known

    return known.adapters()


def findings(radios: Sequence[Radio], root: Path, ask: Ask) -> Iterator[Finding]:
    """Look at the adapters of this machine, and at each configured radio."""
    here = sorted(path.name for path in (root / "sys/class/bluetooth").glob("hci*"))
    if not radios:
        if here:
            act = "name one in a [[radios]] table to notice guests who said yes to that"
            yield Finding(Level.LOOK, f"Bluetooth adapters here: {', '.join(here)}; none is used", act)
        else:
            yield Finding(Level.OK, "no radio is configured: nobody is noticed before the tap")
        return
    try:
        known = ask()
    except (OSError, ImportError) as error:
        act = "systemctl enable --now bluetooth; gates go on without it"
        yield Finding(Level.LOOK, f"radios: {error}", act)
        return
    for radio in radios:
        yield _found(radio, known)
        yield from _reference(radio)


def _found(radio: Radio, known: Mapping[str, Adapter]) -> Finding:
    name, adapter = f"radio {radio.name} by {radio.adapter}", known.get(radio.adapter)
    if adapter is None:
        here = f"adapters here: {', '.join(sorted(known))}" if known else "plug one in"
        return Finding(Level.LOOK, f"{name}: there is no such adapter", here)
    if not adapter.powered:
        act = f"rfkill unblock bluetooth; bluetoothctl select {radio.adapter}, power on"
        return Finding(Level.LOOK, f"{name}: the adapter is off", act)
    if not adapter.monitors:
        said = "bluetoothd runs without --experimental: all adverts reach this process, fixed beacons hardly"
        return Finding(Level.LOOK, f"{name}: {said}", EXPERIMENTAL)
    if radio.at_kiosk and radio.listens == "privacy":
        act = f'set mode = "precise" if who is an arm\'s length from {radio.point} must be told apart sharply'
        return Finding(Level.LOOK, f"{name}: {MODES['privacy']}, at a kiosk", act)
    return Finding(Level.OK, f"{name}: {MODES[radio.listens]}")


def _reference(radio: Radio) -> Iterator[Finding]:
    """Say what watches over a radio: silence alone tells nothing, a house is empty at night."""
    if radio.reference:
        return
    said = f"radio {radio.name} has no reference beacon: one that goes deaf without a word is not noticed"
    yield Finding(Level.LOOK, said, "hang a beacon up in reach and name it as its `reference`")
