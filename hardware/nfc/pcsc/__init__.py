"""The driver called ``pcsc``: every use of pyscard is in this room."""

from __future__ import annotations

from collections.abc import Mapping

from hardware.port import KeyLookup, Reader


def build(name: str, settings: Mapping[str, str | int | bool], keys: KeyLookup) -> Reader:
    """Make the reader that a configuration names; ``settings["reader"]`` is its PC/SC name or part of it."""
    unknown = sorted(set(settings) - {"reader"})
    if unknown:
        raise ValueError(f'reader {name!r}: takes no setting {unknown[0]!r}, only "reader"')
    wanted = settings.get("reader")
    if not isinstance(wanted, str) or not wanted.strip():
        raise ValueError(f'reader {name!r}: "reader" is missing, e.g. reader = "ACR1252"')
    # Late: what a card's name means can be read where no pyscard is installed.
    from hardware.nfc.pcsc.reader import PcscReader

    return PcscReader(wanted.strip(), keys)
