"""The driver called ``nfcpy``: every use of that library is in this room."""

from __future__ import annotations

from collections.abc import Mapping

from hardware.nfc.nfcpy.reader import NfcpyReader
from hardware.port import KeyLookup

__all__ = ["NfcpyReader", "build"]


def build(name: str, settings: Mapping[str, str | int | bool], keys: KeyLookup) -> NfcpyReader:
    """Make the reader that a configuration names; ``settings["path"]`` says where it is."""
    path = settings.get("path")
    if not isinstance(path, str) or not path:
        raise ValueError(f'reader {name!r}: "path" is missing, e.g. path = "usb:072f:2200"')
    return NfcpyReader(path, keys)
