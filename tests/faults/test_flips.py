"""Single flipped bits in a closed copy: SQLite sees few of them, chain and seals see the rest."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.profiles import Cursor, Item, Profile, ProfileItem
from edge.errors import StoreDamaged, StoreError
from edge.keys.ring import Ring
from edge.sequencer import Sequencer, Transaction
from edge.store.chores import Chores
from edge.store.database import open_writer
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.strays import Lookout, Strays
from edge.store.trouble import Cause
from edge.vault import Vault
from tests.faults.disks import until
from tests.store.house import a_band, a_passage, a_record, a_sequencer
from tests.sync.test_site_witness import Book, a_member

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


@pytest.mark.parametrize("records", [1, 3])
@pytest.mark.parametrize("cell", ["hlc", "kind", "body", "h"])
def test_a_flipped_bit_in_the_very_first_record_lets_nothing_be_written(
    tmp_path: Path, cell: str, records: int
) -> None:
    """It has no record before it that tells: it is chained to the lane's anchor."""
    with a_sequencer(tmp_path) as sequencer:
        for _ in range(records):
            sequencer.submit(a_record())
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as file:
        ((was,),) = file.execute(f"SELECT {cell} FROM journal WHERE key = 1").fetchall()  # noqa: S608 - a name of ours
        now = was ^ 1 if isinstance(was, int) else bytes((was[0] ^ 1,)) + was[1:]
        file.execute(f"UPDATE journal SET {cell} = ? WHERE key = 1", (now,))  # noqa: S608 - as above
    with a_sequencer(tmp_path) as sequencer:
        trouble = sequencer.trouble
        assert trouble is not None
        assert trouble.cause is Cause.DAMAGED


USED = 23
CELLS = {
    "uses": ("SELECT 1 FROM uses WHERE entitlement = ?", f"right-{USED}"),
    "bands": ("SELECT 1 FROM bands WHERE band = ?", a_band(USED)),
    "kept": ("SELECT 1 FROM kept WHERE kind = 'blocked' AND key = ?", f"wallet-{USED}"),
}


def hide(folder: Path, chance: random.Random, table: str) -> None:
    """Flip one bit, such that a row of a table is not found any more by its own key."""
    asked, key = CELLS[table]
    path, needle = folder / "state.db", key.encode() if isinstance(key, str) else key
    content = path.read_bytes()
    places = [at for at in range(len(content)) if content.startswith(needle, at)]
    for at in chance.sample(places, len(places)):
        spot, bit = at + chance.randrange(len(needle)), 1 << chance.randrange(8)
        path.write_bytes(content[:spot] + bytes((content[spot] ^ bit,)) + content[spot + 1 :])
        with closing(sqlite3.connect(path)) as connection:
            if connection.execute(asked, (key,)).fetchone() is None:
                return
    raise AssertionError("no flip hides it")


def known(sequencer: Sequencer) -> dict[str, bool]:
    """Whether a use, the band that made it and a kept thing are found by their keys."""

    def look(tx: Transaction) -> dict[str, bool]:
        held = tx.held(a_band(USED), (f"right-{USED}",))
        kept = tx.get("blocked", f"wallet-{USED}")
        return {"uses": bool(held.uses), "bands": held.location is not None, "kept": kept is not None}

    return sequencer.submit(look)


def block(number: int) -> Callable[[Transaction], None]:
    return lambda tx: tx.put("blocked", f"wallet-{number}", b"\x01")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A device's folder with forty uses, bands and kept things in their tables."""
    folder = tmp_path_factory.mktemp("used") / "true"
    with a_sequencer(folder) as sequencer:
        for number in range(40):
            sequencer.submit(a_passage(f"tap-{number}", right=f"right-{number}", band=a_band(number)))
            sequencer.submit(block(number))
        sequencer.erase_ghosts()
    return folder


@pytest.mark.timeout(60)
@pytest.mark.parametrize("healed", [True, False], ids=["as it is", "control"])
@pytest.mark.parametrize("table", CELLS)
def test_a_row_that_a_flipped_bit_in_its_key_hides_is_put_back(
    used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str, *, healed: bool
) -> None:
    """With its control: where nobody looks, a right that was used is open again, and nothing says so."""
    if not healed:
        monkeypatch.setattr(Strays, "piece", lambda *_: False)
        monkeypatch.setattr("edge.store.strays._demand_none", lambda *_: None)
    chance = random.Random(SEED)  # noqa: S311  # as above
    for number in range(6):
        folder = tmp_path / str(number)
        shutil.copytree(used, folder)
        hide(folder, chance, table)
        with a_sequencer(folder) as sequencer:
            if healed:
                until(lambda there=sequencer: there._store._strays._done_ms is not None)
                assert len(sequencer.submit(lambda tx: tx.rows("blocked"))) == 40
            assert known(sequencer)[table] is healed, f"flip {number} of seed {SEED}"
            assert sequencer.writable()[0]
        with closing(Journal(folder)) as journal:
            assert journal.verify().whole, "the chain neither"


def asked(sequencer: Sequencer, number: int) -> bool | None:
    """Whether a use, its band and its block are known; None: nobody may say."""

    def look(tx: Transaction) -> bool:
        held = tx.held(a_band(number), (f"right-{number}",))
        return (
            bool(held.uses)
            and held.location is not None
            and tx.get("blocked", f"wallet-{number}") is not None
        )

    try:
        return sequencer.submit(look)
    except (StoreDamaged, sqlite3.OperationalError):  # the latter where the flip made no text of it
        return None


@pytest.mark.timeout(60)
@pytest.mark.parametrize("table", CELLS)
def test_until_the_walk_has_come_by_what_asks_for_a_hidden_row_goes_to_staff(
    used: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """Its control is the one above, where nobody looks; other rows are asked for as ever."""
    monkeypatch.setattr(Strays, "piece", lambda *_: False)
    chance = random.Random(SEED)  # noqa: S311  # as above
    for number in range(12):
        folder = tmp_path / str(number)
        shutil.copytree(used, folder)
        hide(folder, chance, table)
        with a_sequencer(folder) as sequencer:
            with pytest.raises((StoreDamaged, sqlite3.OperationalError)):
                known(sequencer)
            told = [asked(sequencer, other) for other in range(40) if other != USED]
            assert set(told) <= {True, None}, "nor does it mislead who looks for another"
            assert told.count(True) > 10
            assert sequencer.writable()[0]


@pytest.mark.timeout(60)
def test_no_one_of_several_uses_of_a_right_hides_behind_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Strays, "piece", lambda *_: False)
    with a_sequencer(tmp_path / "true") as sequencer:
        for number in range(9):
            sequencer.submit(a_passage(f"tap-{number}", right=f"right-{number // 3}", uses_max=3))
        sequencer.erase_ghosts()
    content = (tmp_path / "true" / "state.db").read_bytes()
    needle, refused = b"right-1", 0
    places = [at for at in range(len(content)) if content.startswith(needle, at)]
    for spot, bit in itertools.product([at + len(needle) - 1 for at in places], (1, 2, 64)):
        folder = tmp_path / f"{spot}-{bit}"
        shutil.copytree(tmp_path / "true", folder)
        flipped = bytes((content[spot] ^ bit,))
        (folder / "state.db").write_bytes(content[:spot] + flipped + content[spot + 1 :])
        with a_sequencer(folder) as sequencer:
            try:
                held = sequencer.submit(lambda tx: tx.held(a_band(), ("right-1",)))
            except StoreDamaged:
                refused += 1
            else:
                assert len(held.uses) == 3
    assert refused >= 9, "each of three uses, whichever way its key went"


@pytest.mark.parametrize("whole", [True, False], ids=["as it is", "pages that cannot be read"])
def test_a_walk_that_does_not_come_to_its_end_relieves_nobody(
    used: Path, tmp_path: Path, *, whole: bool
) -> None:
    path, lookout = tmp_path / "state.db", Lookout()
    shutil.copy(used / "state.db", path)
    if not whole:
        path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:])
    walk = Strays(path, lookout)
    with closing(sqlite3.connect(":memory:")) as writer:
        while walk.piece(writer, 1):
            pass
    assert lookout.walked is whole


WAL_HEADER, FRAME_HEADER = 32, 24
FLIPPED_AT = {
    "its header": 8,
    "the header of a frame": WAL_HEADER + 8,
    "the page of a frame": WAL_HEADER + FRAME_HEADER + 100,
}


@pytest.mark.parametrize("compared", [True, False], ids=["as it is", "control"])
@pytest.mark.parametrize("place", FLIPPED_AT)
def test_a_flipped_bit_in_the_log_ends_it_there_and_a_witness_misses_what_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, *, compared: bool
) -> None:
    """With its control: SQLite drops the rest in silence, and who is compared with nobody goes on."""
    monkeypatch.setattr(Chores, "piece", lambda *_: False)  # what is in the log stays there
    book = Book()
    with a_member(tmp_path / "device", book) as (sequencer, there):
        told = [sequencer.submit(a_record()) for _ in range(5)]
        there.keep("book")
        shutil.copytree(tmp_path / "device", tmp_path / "flipped")
    log = tmp_path / "flipped" / "state.db-wal"
    content = bytearray(log.read_bytes())
    content[FLIPPED_AT[place]] ^= 1
    log.write_bytes(content)
    with a_member(tmp_path / "flipped", book) as (sequencer, there):
        assert sequencer.writable()[0], "by itself it is a whole journal"
        if compared:
            there.keep("book")
            assert "ends before record" in sequencer.frozen
        else:
            assert sequencer.submit(a_record()) <= told[-1], "a number is given out again"


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
