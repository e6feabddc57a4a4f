"""From a driver's name in the configuration to the driver, imported only when it is named."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from hardware.port import DeviceError, KeyLookup, Reader

Settings = Mapping[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Driver:
    """Where a driver is and what it needs that is not part of every installation.

    Every driver is a module with one function,
    ``build(name: str, settings: Mapping[str, str | int | bool], keys: KeyLookup) -> Reader``, which makes a
    closed reader and raises ``ValueError`` where a setting is missing or wrong. A new driver is one file, and
    one line in ``DRIVERS``.
    """

    module: str
    libraries: tuple[str, ...] = ()
    extra: str = ""


DRIVERS: Mapping[str, Driver] = {
    "nfcpy": Driver("hardware.nfc.nfcpy", ("nfc", "usb1", "serial")),
    "pcsc": Driver("hardware.nfc.pcsc", ("smartcard",), "pcsc"),
    "osdp": Driver("hardware.osdp", ("osdp_sys",), "osdp"),
    "qr": Driver("hardware.qr", ("evdev",), "qr"),
    "webnfc": Driver("hardware.webnfc"),
    "blueprint": Driver("hardware.blueprint"),
}


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a driver can be used here, and if not, what to type."""

    name: str
    usable: bool
    advice: str = ""


def _missing(driver: Driver) -> list[str]:
    """Name the libraries of a driver that are not installed, without importing any."""
    return [library for library in driver.libraries if importlib.util.find_spec(library) is None]


def _advice(driver: Driver) -> str:
    """Say how to install what a driver needs."""
    return f"pip install 'polso[{driver.extra}]'" if driver.extra else "pip install --force-reinstall polso"


def available() -> list[Availability]:
    """Say of every driver whether it can be used on this machine (``polso check``)."""
    found = []
    for name, driver in DRIVERS.items():
        missing = _missing(driver)
        advice = f"{', '.join(missing)} not installed: {_advice(driver)}" if missing else ""
        found.append(Availability(name, not missing, advice))
    return found


def build(driver: str, name: str, settings: Settings, *, keys: KeyLookup) -> Reader:
    """Make the reader ``name`` by the driver of that name, or raise ``DeviceError`` with what to do."""
    known, where = DRIVERS.get(driver), f"reader {name!r}: "
    if known is None:
        choice = ", ".join(sorted(DRIVERS))
        raise DeviceError(f"{where}no driver {driver!r}", f"drivers are: {choice}")
    missing = _missing(known)
    if missing:
        raise DeviceError(f"{where}driver {driver!r} needs {', '.join(missing)}", _advice(known))
    try:
        made: Reader = importlib.import_module(known.module).build(name, settings, keys)
    except ValueError as error:
        raise DeviceError(
            f"{where}{str(error).removeprefix(where)}", "mend the reader's settings in the configuration"
        ) from error
    return made
