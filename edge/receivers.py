"""Receivers: the Bluetooth radios of a device as its configuration names them, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple

from msgspec import Meta, Struct

from hardware.ble.beacons import is_whole, octets_of

BEACONS_MAX = 64
"""Families of beacons of other makes that one radio listens for."""
ADDRESS_CHARS_MAX = 80
_POLSO = b"p"

Word = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Address = Annotated[str, Meta(max_length=ADDRESS_CHARS_MAX)]


class Radio(Struct, frozen=True, forbid_unknown_fields=True):
    """One Bluetooth radio: its own name, its adapter, where it hangs and what it listens for."""

    name: Word
    adapter: Annotated[str, Meta(pattern=r"^hci[0-9]{1,2}$")] = "hci0"
    mode: Literal["privacy", "precise"] | None = None
    point: Word | None = None
    area: Word | None = None
    ref1m_dbm: Annotated[int, Meta(ge=-100, le=-20)] | None = None
    reference: Address = ""
    beacons: Annotated[tuple[Address, ...], Meta(max_length=BEACONS_MAX)] = ()

    @property
    def listens(self) -> Literal["privacy", "precise"]:
        """How it listens: privately, unless it is told or somebody at its kiosk is to be noticed."""
        return self.mode or ("precise" if self.at_kiosk or self.beacons else "privacy")

    @property
    def other_makes(self) -> bool:
        """Whether beacons of other makes are of interest, be it the one that is always heard."""
        return bool(self.beacons) or (bool(self.reference) and octets_of(self.reference)[:1] != _POLSO)

    @property
    def at_kiosk(self) -> bool:
        """Whether it stands at a point, where it tells who is an arm's length away."""
        return self.point is not None


class Wrong(NamedTuple):
    """What cannot be: of which key, and what to do about it."""

    key: str
    what: str
    hint: str


def wrongs(radios: tuple[Radio, ...], others: set[str]) -> Iterator[Wrong]:
    """Yield what cannot be about radios, beyond what each key allows; ``others`` are names in use."""
    adapters = [radio.adapter for radio in radios]
    for radio in radios:
        if radio.name in others:
            said = f"a radio and another device are named {radio.name!r}"
            yield Wrong("name", said, "Give the radio a name of its own: screens tell devices by it.")
        if adapters.count(radio.adapter) > 1:
            said = f"two radios listen by {radio.adapter}"
            yield Wrong("adapter", said, "Give each radio an adapter of its own; `polso check` names them.")
        yield from _wrong_beacons(radio)


def _wrong_beacons(radio: Radio) -> Iterator[Wrong]:
    for key, addresses in (("beacons", radio.beacons), ("reference", (radio.reference,))):
        for address in filter(None, addresses):
            try:
                octets = octets_of(address)
            except ValueError as error:
                yield Wrong(key, f"radio {radio.name}: {error}", "It is printed on the beacon or in its app.")
                continue
            if key == "reference" and not is_whole(octets):
                said = f"radio {radio.name}: {address!r} is a family of beacons"
                yield Wrong(key, said, "Name the one beacon that hangs here, with what follows the slash.")
            elif key == "beacons" and octets[:1] == _POLSO:
                said = f"radio {radio.name}: {address!r} is a band of Polso's"
                yield Wrong(key, said, "Leave it out: those are heard in any case.")
            elif radio.listens == "privacy" and octets[:1] != _POLSO:
                said = f"radio {radio.name}: in privacy mode only Polso's own frames are let through"
                yield Wrong(key, said, 'Set mode = "precise", or leave other makes\' beacons out.')
