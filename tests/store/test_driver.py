"""Wholly encrypted files: the six traps of SQLCipher, and plaintext that is nowhere, with it and without."""

from __future__ import annotations

import importlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.profiles import Cursor, Item, Profile, ProfileItem
from edge.errors import ConfigError, StoreDamaged, StoreError
from edge.keys.ring import Ring
from edge.store import driver
from edge.store.database import open_reader, open_writer
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.vault import FILE_KEY, Vault
from tests.store.house import a_band, a_record, a_sequencer

KEY = bytes(range(32))
VAULT = Vault(b"s" * 32, Ring({1: b"v" * 64}))
PLANTED = "PLANTED-PLAINTEXT"
ROWS = 400

needs_sqlcipher = pytest.mark.real("sqlcipher")


@pytest.fixture(autouse=True)
def nothing_left_bound() -> Iterator[None]:
    """What is bound for sqlite-utils stays in this file's tests: others use it over the standard library."""
    importlib.import_module("sqlite_utils")
    yield
    for name in ("pysqlite3", "pysqlite3.dbapi2"):
        sys.modules.pop(name, None)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder whose files are encrypted."""
    (tmp_path / "data").mkdir()
    driver.encrypt(tmp_path / "data", KEY)
    yield tmp_path / "data"
    driver.forget(tmp_path / "data")


def lived_in(folder: Path) -> None:
    """Write what can be recognised: records, a guest, things that are kept."""
    with a_sequencer(folder) as sequencer:
        for _ in range(ROWS):
            sequencer.submit(a_record(PLANTED * 8))
        profiles = Profiles(folder, VAULT)
        profile = Profile(band=Band(id=a_band()), rev=1, guest=PLANTED, name=PLANTED)
        body = msgspec.msgpack.encode(ProfileItem(profile=profile))
        profiles.apply([Item(kind="profile", key=a_band().hex(), version=1, body=body)], Cursor(1, 1))
        assert profiles.get(a_band()) == profile
        path = profiles.build(
            [Item(kind="profile", key=a_band().hex(), version=1, body=body)], Cursor(2, 2), rows_min=1
        )
        profiles.adopt(path, sequencer.point_at)
        assert profiles.search(PLANTED) == (profile,)
        profiles.close()


def telling(folder: Path) -> list[str]:
    """Files in which the planted plaintext stands."""
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and PLANTED.encode() in path.read_bytes()
    )


@needs_sqlcipher
def test_planted_plaintext_is_in_no_file_while_open_or_closed_nor_in_any_temporary_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 6, with the extra."""
    elsewhere = tmp_path / "temporary"
    elsewhere.mkdir()
    monkeypatch.setenv("SQLITE_TMPDIR", str(elsewhere))
    reader = None
    with a_sequencer(folder) as sequencer:
        sequencer.submit(a_record(PLANTED * 8))
        reader = open_reader(folder / "state.db")
        reader.execute("SELECT body FROM journal ORDER BY body").fetchall()
        assert (folder / "state.db-wal").stat().st_size > 0
        assert telling(folder) == []
        reader.close()
    lived_in(folder)
    assert telling(folder) + telling(elsewhere) == []
    assert not any(driver.is_plain(path) for path in folder.glob("*.db"))


def test_without_the_extra_only_records_that_name_nobody_are_readable(tmp_path: Path) -> None:
    """Trap 6, without: what is personal is sealed cell by cell; a record's own words are not."""
    lived_in(tmp_path)
    assert telling(tmp_path) == ["state.db"]
    assert driver.is_plain(tmp_path / "state.db")


@needs_sqlcipher
def test_key_is_raw_first_and_on_every_connection(folder: Path) -> None:
    """Trap 1: a passphrase would be derived for a quarter of a second at each opening."""
    lived_in(folder)
    took = []
    for _ in range(5):
        began = time.perf_counter()
        connection = open_reader(folder / "state.db")
        assert connection.execute("SELECT count(*) FROM journal").fetchone()[0] >= ROWS
        took.append(time.perf_counter() - began)
        connection.close()
    derived = derivation_s(folder.parent / "derived.db")
    assert statistics.median(took) < derived / 3, "no derivation"


def derivation_s(path: Path) -> float:
    """How long SQLCipher takes to derive a key from a passphrase here."""
    assert driver.CIPHER is not None
    connection = driver.CIPHER.connect(str(path))
    began = time.perf_counter()
    connection.execute("PRAGMA key = 'a passphrase'")
    connection.execute("CREATE TABLE t (x)")
    took = time.perf_counter() - began
    connection.close()
    return took


@needs_sqlcipher
@pytest.mark.parametrize("key", [None, bytes(32)])
def test_other_key_or_none_opens_nothing_and_the_error_tells_no_key(
    folder: Path, tmp_path: Path, key: bytes | None
) -> None:
    lived_in(folder)
    stolen = tmp_path / "stolen"
    shutil.copytree(folder, stolen)
    if key is not None:
        driver.encrypt(stolen, key)
    with (
        pytest.raises((*driver.ERRORS, StoreError)) as told,
        closing(open_reader(stolen / "state.db")) as reader,
    ):
        reader.execute("SELECT count(*) FROM journal").fetchone()
    driver.forget(stolen)
    assert KEY.hex() not in str(told.value)
    assert bytes(32).hex() not in str(told.value)


@needs_sqlcipher
def test_sqlite_in_it_has_no_wal_reset_bug_and_an_older_build_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 2."""
    assert driver.version_of(folder / "state.db") >= driver.CIPHER_SQLITE_OLDEST
    monkeypatch.setattr(driver.CIPHER, "sqlite_version_info", (3, 51, 1))
    with pytest.raises(ConfigError, match="too old"):
        driver.encrypt(folder, KEY)


UTILS = """
import sys
from pathlib import Path
from edge.store import driver
from edge.store.database import open_writer
driver.encrypt(Path(sys.argv[1]), bytes(32))
connection = open_writer(Path(sys.argv[1]) / "utils.db")
import sqlite_utils
from sqlite_utils import Database
db = Database(connection)
db["guests"].insert({"id": 1}, pk="id")
db["guests"].insert({"id": 2, "tier": "gold"}, alter=True)
db["nowhere"].drop(ignore=True)
print(sorted(row["tier"] or "" for row in db["guests"].rows))
"""


@needs_sqlcipher
@pytest.mark.timeout(60)
def test_sqlite_utils_alters_and_drops_on_an_encrypted_connection(tmp_path: Path) -> None:
    """Trap 3: it catches the exceptions of the module that it found first."""
    done = subprocess.run(
        [sys.executable, "-c", UTILS, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "['', 'gold']", done.stderr


@needs_sqlcipher
def test_duplicate_is_the_same_to_both_drivers(folder: Path, tmp_path: Path) -> None:
    """Trap 4: a profile that comes again replaces the older one, whichever driver says that it is there."""
    body = {name: profile_body(name) for name in ("Ada", "Zoë")}
    for place in (folder, tmp_path):
        profiles = Profiles(place, VAULT)
        for version, name in enumerate(body, start=1):
            item = Item(kind="profile", key=a_band().hex(), version=version, body=body[name])
            profiles.apply([item], Cursor(1, version))
        found = profiles.get(a_band())
        assert found is not None
        assert found.name == "Zoë"
        profiles.close()
    assert driver.CIPHER is not None
    assert not issubclass(driver.CIPHER.IntegrityError, sqlite3.Error), "the trap itself"


def profile_body(name: str) -> bytes:
    """A profile on its way."""
    return msgspec.msgpack.encode(ProfileItem(profile=Profile(band=Band(id=a_band()), rev=1, name=name)))


def test_only_the_drivers_own_file_names_their_exceptions() -> None:
    """Trap 4, for ever: no other file of the store catches one driver's class."""
    room = Path(driver.__file__).parent
    naming = [
        path.name
        for path in (*room.glob("*.py"), room.parent / "sequencer.py")
        if path.name != "driver.py" and "sqlite3.Error" in path.read_text()
    ]
    assert naming == []


def test_apsw_is_no_dependency_of_a_device() -> None:
    """Trap 5: sqlite-utils fails over it, so it is for the power-cut tests alone."""
    house = Path(driver.__file__).parents[1]
    assert [path.name for path in house.rglob("*.py") if "import apsw" in path.read_text()] == []


@needs_sqlcipher
def test_plain_folder_is_turned_over_whole(tmp_path: Path) -> None:
    lived_in(tmp_path)
    before = records_of(tmp_path)
    driver.encrypt(tmp_path, KEY)
    assert telling(tmp_path) == []
    assert records_of(tmp_path) == before
    profiles = Profiles(tmp_path, VAULT)
    assert profiles.search(PLANTED)
    profiles.close()
    with a_sequencer(tmp_path) as sequencer:
        sequencer.submit(a_record("more"))
    journal = Journal(tmp_path)
    assert journal.verify().whole
    journal.close()
    driver.forget(tmp_path)


def records_of(folder: Path) -> list[bytes]:
    """The hashes of a folder's journal."""
    journal = Journal(folder)
    hashes = [event.h for event in journal.events(0)]
    journal.close()
    return hashes


@needs_sqlcipher
def test_flipped_bit_of_an_encrypted_page_is_found_by_its_mac(folder: Path) -> None:
    lived_in(folder)
    octets = bytearray((folder / "state.db").read_bytes())
    octets[len(octets) // 2] ^= 1
    (folder / "state.db").write_bytes(octets)
    connection = open_writer(folder / "state.db")
    with pytest.raises(driver.ERRORS):
        connection.execute("SELECT sum(length(body)) FROM journal").fetchone()
    connection.close()


@needs_sqlcipher
def test_file_key_is_sealed_and_survives_a_roll(tmp_path: Path) -> None:
    ring = Ring({1: b"v" * 64})
    vault = Vault.create(tmp_path, ring, b"s" * 32)
    key = vault.file_key(tmp_path)
    assert key not in (tmp_path / FILE_KEY).read_bytes()
    rolled = ring.rolled()
    vault.with_ring(rolled).save(tmp_path)
    assert Vault.load(tmp_path, rolled.alone()).file_key(tmp_path) == key
    with pytest.raises(StoreDamaged):
        vault.file_key(tmp_path)


def test_device_without_the_extra_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "CIPHER", None)
    with pytest.raises(ConfigError) as told:
        driver.encrypt(tmp_path, KEY)
    assert "polso[sqlcipher]" in told.value.hint


def test_missing_library_is_no_error_until_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", missing)
    assert driver._found() is None


def missing(name: str) -> None:
    """What an import does where the extra is not installed."""
    raise ImportError(name)
