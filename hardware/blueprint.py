"""A reader to copy when you write your own driver."""

from __future__ import annotations

from collections.abc import Mapping

from hardware.port import DeviceError, KeyLookup, Presented, Reader


class BlueprintReader:
    """Copy this file to ``hardware/<name>.py``, rename the class, and fill in its four calls."""

    def __init__(self, name: str, settings: Mapping[str, str | int | bool], keys: KeyLookup) -> None:
        """Keep what the configuration says and touch no device yet: a wrong setting is named at start."""
        self._name = name
        self._settings = settings
        self._keys = keys

    def open(self) -> None:
        """Take the device. Called again after each failure, with growing pauses: leave nothing half open."""
        raise DeviceError(
            f"reader {self._name}: no driver has been written behind this name yet",
            hint="copy hardware/blueprint.py, fill in open, read, still_there and close",
        )

    def read(self, deadline_ns: int) -> Presented | None:
        """Look once. None = empty field. A band that answers wrongly is a ``Presented`` with its fault.

        Return by ``deadline_ns`` (``time.monotonic_ns()``). Only the device itself may raise, never a band.
        """
        raise DeviceError(f"reader {self._name} is not open")

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        """Say whether this very band is still in the field; False when in doubt."""
        return False

    def close(self) -> None:
        """Give the device back. Never raise: it may be called on a device that is long gone."""


def build(name: str, settings: Mapping[str, str | int | bool], keys: KeyLookup) -> Reader:
    """Make the reader ``name`` of the configuration; the registry finds this function by its name."""
    return BlueprintReader(name, settings, keys)
