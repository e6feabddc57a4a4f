"""Single flipped bits in a closed copy: SQLite sees few of them, chain and seals see the rest."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.profiles import Cursor, Item, Profile, ProfileItem
from edge.errors import StoreError
from edge.keys.ring import Ring
from edge.store.database import open_writer
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.vault import Vault
from tests.store.house import a_band, a_record, a_sequencer

SEED = int(os.environ.get("POLSO_SEED", "20261121"))
FLIPS = 30
ROWS = 300
VAULT = Vault(b"s" * 32, Ring({1: b"v" * 64}))


def flip(path: Path, chance: random.Random, needle: bytes) -> None:
    """Flip one bit inside one of the places where ``needle`` stands."""
    content = bytearray(path.read_bytes())
    places = [at for at in range(len(content)) if content.startswith(needle, at)]
    at = chance.choice(places) + chance.randrange(len(needle))
    content[at] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def whole_to_sqlite(path: Path) -> bool:
    """What SQLite's own check says."""
    connection = open_writer(path)
    found = connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    return found


@pytest.mark.timeout(30)
def test_every_flipped_bit_in_a_record_is_found_where_sqlite_finds_none(tmp_path: Path) -> None:
    with a_sequencer(tmp_path / "true") as sequencer:
        for _ in range(ROWS):
            sequencer.submit(a_record("RECORD-BODY-" * 4))
    chance = random.Random(SEED)  # noqa: S311  # a seeded plan, no secret
    unseen_by_sqlite = 0
    for number in range(FLIPS):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "true", folder)
        flip(folder / "state.db", chance, b"RECORD-BODY-" * 4)
        journal = Journal(folder)
        report = journal.verify()
        journal.close()
        assert len(report.breaks) == 1, f"flip {number} of seed {SEED}"
        unseen_by_sqlite += whole_to_sqlite(folder / "state.db")
    assert unseen_by_sqlite == FLIPS, "the control: without the chain nobody notices"


@pytest.mark.timeout(30)
def test_no_flipped_bit_in_a_profile_is_ever_believed(tmp_path: Path) -> None:
    (tmp_path / "true").mkdir()
    first = Profiles(tmp_path / "true", VAULT)
    profile = Profile(band=Band(id=a_band()), rev=1, guest="GUEST-PSEUDONYM", name="Ada", tier="GOLD-TIER")
    body = msgspec.msgpack.encode(ProfileItem(profile=profile))
    first.apply([Item(kind="profile", key=a_band().hex(), version=1, body=body)], Cursor(1, 1))
    first.close()
    connection = open_writer(tmp_path / "true" / "profiles.0-0.db")
    ((sealed,),) = connection.execute("SELECT body FROM profiles").fetchall()
    connection.close()
    chance = random.Random(SEED)  # noqa: S311  # as above
    for number in range(FLIPS):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "true", folder)
        flip(folder / "profiles.0-0.db", chance, sealed)
        profiles = Profiles(folder, VAULT)
        try:
            believed = profiles.get(a_band())
        except StoreError:
            believed = None
        profiles.close()
        assert believed in (None, profile), f"flip {number} of seed {SEED}"
