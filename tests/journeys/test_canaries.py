"""Canaries: names, PINs, chip numbers and keys of a park, looked for wherever they must not be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from edge.clock import wall_ms
from edge.keys.keyfile import KeyFile
from edge.run import identity
from edge.run.demo.park import load
from edge.run.keys import diversify
from edge.vault import Vault
from sync.central.registry import bands
from sync.central.sites import band_key
from sync.central.store import Store
from tests.journeys.park import a_park, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(90)]
NAME, PIN, SITE = "Canarina", "918273645546", "aurora"
CANARIES = 50
PROGRAM = f"""
import logging, msgspec
from edge import logs
from edge.config import parse
from edge.run import cli
from edge.run.demo import open as opening
park, begin = opening.load(), logs.begin
named = lambda people: tuple(msgspec.structs.replace(one, name="{NAME}" + one.name) for one in people)
staff = tuple(msgspec.structs.replace(one, pin="{PIN}") for one in named(park.staff))
one, change = park.guests[0], msgspec.structs.replace
more = tuple(
    change(one, id=f"c{{n:02}}", pays=None, chip=change(one.chip, uid=f"04CA9A21{{n:02X}}E501"))
    for n in range({CANARIES})
)
laid = change(park, guests=named(park.guests + more), strangers=named(park.strangers), staff=staff)
opening.load = lambda: laid
logs.begin = lambda _: begin(parse('log = {{ level = "debug", lines_per_s_max = 1000000 }}', "test").log)
cli.main()
"""
TAPS = (
    ("giulia", "gate-1"),
    ("yuki", "gate-1"),
    ("clone", "gate-1"),
    ("copia", "gate-1"),
    ("altrove", "gate-1"),
    ("strappo", "gate-1"),
    ("emma", "volo-1"),
    ("sofia", "door-214"),
    ("chloe", "kiosk-1"),
    ("nuovo", "kiosk-1"),
)
PAGES = ("/metrics", "/healthz", "/readyz", "/g/gate-1", "/k/kiosk-1", "/staff/gate-1", "/ops")


@dataclass(frozen=True)
class Kept:
    """What one afternoon left behind: files, what was logged, what guests' pages and figures say."""

    files: dict[str, bytes]
    log: bytes
    pages: bytes
    secrets: dict[str, bytes]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("canary") / "kept"
    with a_park(folder, program=("-c", PROGRAM)) as park:
        for band, reader in (*TAPS, *((f"c{number:02}", "gate-1") for number in range(CANARIES))):
            park.tap(band, reader)
        signed_in = requests.post(f"{park.edge}/api/v1/staff", json={"name": NAME, "pin": PIN}, timeout=10)
        assert signed_in.status_code < 500
        park.post("reader", reader="gate-1", plugged=False)
        park.post("internet", up=False)
        park.tap("marco", "kiosk-1")
        park.post("internet", up=True)
        until(lambda: park.state()["outbox"] == 0, 15)
        pages = b"".join(requests.get(park.edge + page, timeout=10).content for page in PAGES)
        # Copied while everything is open: the write-ahead logs still hold what was written last.
        files = {str(path.relative_to(folder)): path.read_bytes() for path in every_file(folder)}
    log = Path(park.errors.name).read_bytes()
    return Kept(files, log, pages, secrets_of(folder))


def every_file(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and path.name != "reserve")


def secrets_of(folder: Path) -> dict[str, bytes]:
    """The site's keys, a band's own and the device's, as only their owners know them."""
    store = Store(str(folder / "central" / "central.db"), now_ms=wall_ms)
    with store.transaction() as tx:
        master, site_key = bands.master(tx, SITE), band_key(tx, SITE)
    store.close()
    (own,) = diversify(master, [load().guests[0].uid])
    device = identity.load(folder / "edge", Vault.load(folder / "edge", key_of(folder).ring()))
    return {
        "band master key": master,
        "site key": site_key,
        **{f"band key {number}": key for number, key in own.items()},
        "device key": device.private_key,
        **{f"sealing key {version}": key for version, key in key_of(folder).ring().items()},
    }


def key_of(folder: Path) -> KeyFile:
    """The edge's key, which the park keeps elsewhere."""
    return KeyFile(folder.with_name(f"{folder.name}.key"), folder)


def written(secret: bytes) -> tuple[bytes, ...]:
    """A secret as octets and as people and programs write octets."""
    return secret, secret.hex().encode(), secret.hex().upper().encode(), secret.hex(":").encode()


def chip_numbers() -> list[bytes]:
    park = load()
    tray = [one.uid for one in (*park.guests, *park.strangers) if one.chip.fault != "random_uid"]
    return [*tray, *(bytes.fromhex(f"04CA9A21{number:02X}E501") for number in range(CANARIES))]


def test_no_chip_number_is_written_logged_or_shown(kept: Kept) -> None:
    places = {**kept.files, "log": kept.log, "pages": kept.pages}
    found = [
        f"{uid.hex()} in {place}"
        for place, octets in places.items()
        for uid in chip_numbers()
        if any(form in octets for form in written(uid))
    ]
    assert found == []


def test_names_are_at_central_alone(kept: Kept) -> None:
    there = {place.split(".")[0] for place, octets in kept.files.items() if NAME.encode() in octets}
    assert there == {"central/central"}, "the control: it is found where it may be"
    assert NAME.encode() not in kept.log + kept.pages


def test_pins_are_nowhere(kept: Kept) -> None:
    assert [place for place, octets in kept.files.items() if PIN.encode() in octets] == []
    assert PIN.encode() not in kept.log + kept.pages


def test_no_key_lies_open_at_the_edge(kept: Kept) -> None:
    edge = {place: octets for place, octets in kept.files.items() if place.startswith("edge/")}
    assert len(edge) > 3
    places = {**edge, "log": kept.log, "pages": kept.pages}
    found = [
        f"{name} in {place}"
        for name, secret in kept.secrets.items()
        for place, octets in places.items()
        if any(form in octets for form in written(secret))
    ]
    assert found == []
    central = kept.files["central/central.db"] + kept.files["central/central.db-wal"]
    assert kept.secrets["band master key"] in central, "the control: central holds what it derives from"
