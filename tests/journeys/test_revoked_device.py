"""A device that central revokes: refused within a second, empty within ten, and dumb after a restart too."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from edge.run import identity
from edge.run.unlocking import source_of, unlock
from sync.central.machines import devices
from tests.journeys.devices import SITE, Device, House
from tests.journeys.park import polso, until

pytestmark = [pytest.mark.journey, pytest.mark.real("nfcpy"), pytest.mark.timeout(120)]
WIPED_S_MAX = 10.0


def enrolled(house: House) -> Device:
    device = house.device
    done = polso("enrol", house.central.url, "--code", house.code(), "--config", str(device.config))
    assert done.returncode == 0, done.stderr
    house.publish()
    device.start()
    until(lambda: device.figure("polso_profiles") > 0, 20)
    return device


def sealed_rows(folder: Path) -> list[bytes]:
    """What is kept of guests and staff, as it lies in the files: sealed."""
    rows: list[bytes] = []
    for file in folder.glob("profiles.*.db"):
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as reader:
            rows += [row[0] for row in reader.execute("SELECT body FROM profiles")]
            rows += [row[0] for row in reader.execute("SELECT keys FROM profiles WHERE keys IS NOT NULL")]
            rows += [row[0] for row in reader.execute("SELECT body FROM site")]
    with sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True) as reader:
        rows += [row[0] for row in reader.execute("SELECT body FROM answers")]
    return [row for row in rows if len(row) >= 24]


def found(folder: Path, rows: list[bytes]) -> list[str]:
    """Where any of them still lies."""
    files = {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return [name for name, octets in files.items() for row in rows if row[:24] in octets]


def test_a_revoked_device_is_refused_at_once_forgets_everybody_and_stays_so(house: House) -> None:
    device = enrolled(house)
    kept = device.folder / "kept"
    device.present(house.band("giulia"), "entered")
    rows = sealed_rows(kept)
    assert len(found(kept, rows)) >= len(rows) > 50, "the control: it is there before"
    (who,) = _devices(house)
    began = time.monotonic()
    with house.central.store.transaction() as tx:
        devices.revoke(tx, SITE, who)
    until(lambda: not found(kept, rows), WIPED_S_MAX)
    took = time.monotonic() - began
    print(f"\nrevoked and empty after {took:.1f} s: of {len(rows)} sealed rows no byte is left")
    assert took <= WIPED_S_MAX
    device.present(house.band("giulia"), "device_revoked")
    device.stop()
    device.start()
    device.present(house.band("marco"), "device_revoked")


def _devices(house: House) -> list[str]:
    with house.central.store.reading() as tx:
        return [one.id for one in devices.devices(tx, SITE)]


def test_a_renewed_key_goes_on_where_the_old_one_was(house: House) -> None:
    device = enrolled(house)
    device.present(house.band("marco"), "entered")
    running = polso("key", "renew", "--config", str(device.config))
    assert running.returncode == 1
    assert "uses this folder" in running.stderr, "only while it is stopped"
    device.stop()
    before = _who(device)
    renewed = polso("key", "renew", "--config", str(device.config))
    assert (renewed.returncode, renewed.stderr) == (0, "")
    after = _who(device)
    assert after.key_id.endswith(".2")
    assert after.private_key != before.private_key
    assert after.journal_key == before.public_key, "the journal's chain begins with the first one"
    device.start()
    device.present(house.band("giulia"), "entered")
    until(lambda: device.figure("polso_outbox_events") == 0, 20)


def _who(device: Device) -> identity.Identity:
    from edge import config

    read = config.load(device.config)
    folder = Path(read.store.folder)
    return identity.load(folder, unlock(folder, source_of(read)))
