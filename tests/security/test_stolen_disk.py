"""Threat 4, a stolen device: its folder, copied after a day and opened elsewhere, tells and opens nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from edge.core.pins import keyed_pin
from edge.errors import PolsoError
from edge.keys.keyfile import KeyFile
from edge.keys.memory import MemoryKey
from edge.keys.ring import new_ring
from edge.run import identity
from edge.run.demo.park import load
from edge.run.unlocking import unlock
from edge.store.profiles import Profiles
from edge.vault import Vault
from tests.journeys.park import Park, a_park, until

NAME = "Rapinata"
"""Begins the name of every guest and colleague."""
PROGRAM = f"""
import msgspec
from edge.run import cli
from edge.run.demo import open as opening
park, change = opening.load(), msgspec.structs.replace
named = lambda people: tuple(change(one, name="{NAME}" + one.name) for one in people)
laid = change(park, guests=named(park.guests), strangers=named(park.strangers), staff=named(park.staff))
opening.load = lambda: laid
cli.main()
"""
DAY = (
    ("giulia", "gate-1"),
    ("marco", "gate-1"),
    ("anna", "gate-1"),
    ("leo", "gate-1"),
    ("emma", "volo-1"),
    ("sofia", "door-214"),
    ("chloe", "kiosk-1"),
    ("clone", "gate-1"),
    ("nuovo", "kiosk-1"),
)
PIN_TRIES = 10_000
ID_CHARS_MIN = 4
"""Three letters stand in other words as well."""


@dataclass(frozen=True)
class Stolen:
    """A copy of the edge's folder, the key that did not come with it, and what only its owner knows."""

    folder: Path
    key: KeyFile
    uids: tuple[bytes, ...]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every byte, file by file."""
        for path in self.folder.rglob("*"):
            if path.is_file() and path.name != "reserve":
                yield path.name, path.read_bytes()

    def with_key(self) -> Vault:
        """The owner's own way in."""
        return unlock(self.folder, self.key)


@pytest.fixture(scope="module")
def stolen(tmp_path_factory: pytest.TempPathFactory) -> Stolen:
    """A day in the park; the box is taken while everything is open, write-ahead logs and all."""
    place = tmp_path_factory.mktemp("stolen")
    with a_park(place / "park", program=("-c", PROGRAM)) as park:
        for band, reader in DAY:
            park.tap(band, reader)
        staff_at_work(park)
        until(lambda: park.state()["outbox"] == 0, 15)
        shutil.copytree(place / "park" / "edge", place / "copy")
        key = KeyFile(park.key, place / "park")
    uids = tuple(one.uid for one in load().guests)
    return Stolen(place / "copy", key, uids)


def staff_at_work(park: Park) -> None:
    """Somebody signs in: their session lies in the folder, too."""
    who = {"name": "dario", "pin": load().staff[1].pin, "point": "gate-1"}
    signed_in = requests.post(f"{park.edge}/api/v1/staff", json=who, timeout=10)
    assert signed_in.status_code < 500


pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(90)]


def forms(secret: bytes) -> tuple[bytes, ...]:
    """A secret as octets, and as people and programs write octets."""
    return secret, secret.hex().encode(), secret.hex().upper().encode(), secret.hex(":").encode()


def secrets_of(stolen: Stolen) -> dict[str, bytes]:
    """What must not be found, as the owner knows it by the key."""
    vault = stolen.with_key()
    who = identity.load(stolen.folder, vault)
    profiles = Profiles(stolen.folder, vault)
    band = vault.band_id(stolen.uids[0])
    found = {f"band key {number}": key for number, key in profiles.keys(band).items()}
    hashes = {f"hash of {one.id}": one.pin_hash.encode() for one in profiles.staff()}
    profiles.close()
    ring = {f"sealing key {version}": key for version, key in stolen.key.ring().items()}
    return {**found, **hashes, **ring, "device key": who.private_key}


def test_no_byte_of_the_copy_tells_a_name_a_number_a_key_or_a_pin(stolen: Stolen) -> None:
    wanted = {NAME: (NAME.encode(), NAME.lower().encode()), "argon2": (b"$argon2",)}
    longer = [one for one in load().guests if len(one.id) >= ID_CHARS_MIN]
    wanted |= {one.name: (one.name.encode(), one.id.encode()) for one in longer}
    wanted |= {f"uid {uid.hex()}": forms(uid) for uid in stolen.uids}
    wanted |= {name: forms(secret) for name, secret in secrets_of(stolen).items()}
    assert len(wanted) > 20
    hits = [
        f"{what} in {file}"
        for file, octets in stolen.files()
        for what, written in wanted.items()
        if any(form in octets for form in written)
    ]
    assert hits == []


def test_with_its_key_the_same_copy_tells_everything(stolen: Stolen) -> None:
    """The control: what was not found is there."""
    vault = stolen.with_key()
    profiles = Profiles(stolen.folder, vault)
    found = profiles.get(vault.band_id(stolen.uids[0]))
    assert found is not None
    assert found.name == f"{NAME}Giulia"
    assert profiles.search(f"{NAME}giu") == (found,)
    assert {one.name for one in profiles.staff()} == {f"{NAME}{one.name}" for one in load().staff}
    assert len(profiles.keys(found.band.id)) == 3, "two of the chip, one of the radio"
    assert len(identity.load(stolen.folder, vault).private_key) == 32
    profiles.close()


@pytest.mark.parametrize("what", ["no key", "another key", "a key of zeros"])
def test_elsewhere_the_copy_opens_with_nothing_else(stolen: Stolen, tmp_path: Path, what: str) -> None:
    sources = {
        "no key": KeyFile(tmp_path / "none", stolen.folder),
        "another key": MemoryKey(new_ring()),
        "a key of zeros": MemoryKey(type(new_ring())({1: bytes(64)})),
    }
    with pytest.raises(PolsoError):
        unlock(stolen.folder, sources[what])


def test_of_10000_pins_none_fits_without_the_sites_key(stolen: Stolen) -> None:
    """Even with the hash in hand a thief hashes under the wrong key; the owner's key finds the one PIN."""
    vault, dario = stolen.with_key(), load().staff[1]
    true = vault.keyed_pin(dario.id, dario.pin)
    pins = [f"{number:04}" for number in range(PIN_TRIES)]
    for guess in (bytes(32), b"\xff" * 32, bytes(range(32))):
        assert not any(keyed_pin(guess, dario.id, pin) == true for pin in pins)
    assert [pin for pin in pins if vault.keyed_pin(dario.id, pin) == true] == [dario.pin], "the control"
