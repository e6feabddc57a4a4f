"""The tray: every wristband of the park as a virtual chip, ready to be laid on a reader."""

from __future__ import annotations

from collections.abc import Mapping, Set

from edge.run.demo.park import Park, Wearer
from edge.run.keys import KEY_NUMBERS
from hardware.nfc.diversify import band_key
from hardware.virtual.bands import Band, build

LINK = "https://polso.example/b"


def tray(park: Park, master: bytes, written: Set[str]) -> dict[str, Band]:
    """Make every band of the park with the keys that central knows it by, or with its own wrong ones.

    A new band comes as from its maker, unless it was ``written`` at this park's desk before.
    """
    return {
        wearer.id: build(_description(wearer, master, blank=wearer.chip.factory and wearer.id not in written))
        for wearer in (*park.wearers, *park.visitors)
    }


def _description(wearer: Wearer, master: bytes, *, blank: bool) -> Mapping[str, object]:
    chip = wearer.chip
    return {
        "kind": chip.kind,
        "uid": chip.uid,
        "name": wearer.name,
        "keys": chip.keys or ({} if blank else _keys(wearer, master)),
        "factory": blank,
        "url": LINK,
        "fault": chip.fault,
        "fault_at": chip.fault_at,
    }


def _keys(wearer: Wearer, master: bytes) -> dict[str, str]:
    if wearer.chip.kind not in {"ntag424", "felica_lite_s"}:
        return {}
    return {str(key_no): band_key(master, wearer.uid, key_no).hex() for key_no in KEY_NUMBERS}
