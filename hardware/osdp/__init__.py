"""The driver called ``osdp``: door readers on RS-485, spoken to by libosdp over an encrypted channel only."""

from __future__ import annotations

from collections.abc import Mapping

from hardware.osdp.settings import door_settings
from hardware.port import KeyLookup, Reader


def build(name: str, settings: Mapping[str, str | int | bool], keys: KeyLookup) -> Reader:
    """Make the door reader of the configuration; it knows numbers of cards, so no band's key is asked for."""
    told = door_settings(f"reader {name!r}", settings)
    # Late: settings can be read where no libosdp is installed.
    from hardware.osdp.bus import door_at
    from hardware.osdp.reader import OsdpReader

    return OsdpReader(door_at(told))
