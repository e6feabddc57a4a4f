"""Unlocking: a key elsewhere opens the folder, an old folder is moved out once, a key rolls."""

from __future__ import annotations

import hashlib
import hmac
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from edge.core.bands import Band
from edge.core.profiles import Cursor, Item, Profile, ProfileItem, StaffMember
from edge.errors import StoreDamaged
from edge.keys.keyfile import KeyFile
from edge.keys.memory import MemoryKey
from edge.keys.ring import new_ring
from edge.keys.source import KeyKept, NoKey
from edge.run import identity, unlocking
from edge.run.identity import Identity, NotEnrolled
from edge.run.unlocking import FORMER_KEYS, roll, unlock, unlock_or_make
from edge.store.database import open_writer
from edge.store.migrations import PROFILES_1, STATE_1, run_all
from edge.store.profiles import Profiles
from edge.store.records import digest, kept_name
from edge.vault import SITE_FILE, Vault, VaultError
from tests.store.house import OWNER, a_band, a_sequencer

SITE_KEY, SEAL_KEY = b"S" * 32, b"K" * 64
WHO = Identity(site=OWNER.site, device=OWNER.device, private_key=b"PRIVATE-KEY-PLANTED-32-OCTETS-OK")
GIULIA = Profile(band=Band(id=a_band(1)), rev=3, guest="g-1", name="Giulia Planted", tags=("TAG-PLANTED",))
ADA = StaffMember(id="s-1", name="Ada Planted", pin_hash="$argon2id$PLANTED")
BAND_KEY = b"BAND-KEY-PLANTED"
ANSWER = b"AB 123 PLANTED"
APPLIED = """
CREATE TABLE _sqlite_migrations (id INTEGER PRIMARY KEY, migration_set TEXT, name TEXT, applied_at TEXT);
INSERT INTO _sqlite_migrations VALUES (1, 'state', '0001-begin', 'then')
"""


def a_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def old_seal(plain: bytes, *cell: str, row: bytes) -> bytes:
    """A cell as it was sealed before keys had versions."""
    padded = plain + b"\x80" + b"\0" * (-(len(plain) + 1) % 32)
    return AESSIV(SEAL_KEY).encrypt(padded, [*(word.encode() for word in cell), row])


def old_digest(content: bytes) -> bytes:
    key = hmac.digest(SEAL_KEY, b"polso row digest 1", "sha256")
    return hashlib.blake2b(content, digest_size=8, key=key).digest()


def an_old_folder(tmp_path: Path) -> Path:
    """A folder as the version before left it: the key inside, names in the clear."""
    folder = a_folder(tmp_path)
    (folder / FORMER_KEYS).write_bytes(msgspec.msgpack.encode({"site": SITE_KEY, "seal": SEAL_KEY}))
    (folder / "identity").write_bytes(old_seal(msgspec.msgpack.encode(WHO), "identity", "device", row=b"1"))
    profiles = open_writer(folder / "profiles.0-0.db")
    run_all(profiles, PROFILES_1)
    body, band, name = msgspec.msgpack.encode(GIULIA), GIULIA.band.id, "giulia planted"
    keys = old_seal(msgspec.msgpack.encode({1: BAND_KEY}), "profiles", "keys", row=band)
    check = old_digest(b"%b\0%d\0%b\0%b\0" % (band, 3, b"g-1", name.encode()) + body)
    row = (int.from_bytes(band[:8], "big") >> 1, band, 3, "g-1", name, body, keys, check)
    profiles.execute("INSERT INTO profiles VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    told = msgspec.msgpack.encode(ADA)
    profiles.execute(
        "INSERT INTO site VALUES ('staff', 's-1', 1, ?, ?)", (told, old_digest(b"staff\0s-1\x001\0" + told))
    )
    profiles.execute("INSERT INTO cursor VALUES (1, 4, 9)")
    profiles.execute("INSERT INTO refused VALUES (?)", (a_band(7),))
    profiles.execute("PRAGMA user_version = 1")
    profiles.close()
    state = open_writer(folder / "state.db")
    run_all(state, STATE_1)
    kept = {
        ("link", a_band(2).hex()): msgspec.msgpack.encode(GIULIA),
        ("answers", "tap-1"): old_seal(ANSWER, "kept", "answers", row=b"tap-1"),
    }
    for (kind, key), value in kept.items():
        line = (kind, key, value, digest(kept_name(kind, key), value))
        state.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", line)
    logged = msgspec.msgpack.encode([(4, True, ("help_calls", "call-1", b"CALL PLANTED"))])
    state.execute("INSERT INTO effects VALUES (1, ?, ?)", (logged, digest(b"1", logged)))
    run_all(state, APPLIED)
    state.execute("PRAGMA user_version = 1")
    state.close()
    return folder


def planted_in(folder: Path) -> list[str]:
    """Names of files that still tell something."""
    secrets = (b"Planted", b"PLANTED", b"planted", SITE_KEY, SEAL_KEY, b"argon2", WHO.private_key)
    return [path.name for path in folder.iterdir() if any(word in path.read_bytes() for word in secrets)]


def demand_all(folder: Path, vault: Vault) -> None:
    """Everything that an old folder held is there and opens."""
    profiles = Profiles(folder, vault)
    assert profiles.get(a_band(1)) == GIULIA
    assert profiles.keys(a_band(1)) == {1: BAND_KEY}
    assert profiles.staff() == (ADA,)
    assert (profiles.cursor(), profiles.was_refused(a_band(7))) == (Cursor(4, 9), True)
    assert profiles.search("giulia pl") == (GIULIA,)
    profiles.close()
    assert identity.load(folder, vault) == WHO
    with a_sequencer(folder, vault=vault) as sequencer:
        assert sequencer.submit(lambda tx: tx.linked(a_band(2))) == GIULIA
        assert sequencer.submit(lambda tx: tx.get("answers", "tap-1")) == ANSWER
        assert sequencer.submit(lambda tx: tx.rows("help_calls")) == [("call-1", b"CALL PLANTED")]


def test_old_folder_is_moved_out_once_and_tells_nothing_afterwards(tmp_path: Path) -> None:
    folder = an_old_folder(tmp_path)
    assert {"keys", "profiles.0-0.db", "state.db"} <= set(planted_in(folder)), "the control"
    source = KeyFile(tmp_path / "key", folder)
    vault = unlock(folder, source)
    assert not (folder / FORMER_KEYS).exists()
    assert planted_in(folder) == []
    demand_all(folder, vault)
    assert planted_in(folder) == []
    demand_all(folder, unlock(folder, source))


STEPS = ("save_site", "identity", "profiles", "state", "wipe")


@pytest.mark.parametrize("step", STEPS)
def test_move_that_is_killed_begins_again_and_loses_nothing(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, source = an_old_folder(tmp_path), MemoryKey()

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    places = {
        "save_site": (Vault, "save"),
        "identity": (identity, "save"),
        "profiles": (unlocking, "bring_up_to_date"),
        "state": (unlocking, "_in_state"),
        "wipe": (unlocking, "_wipe"),
    }
    with monkeypatch.context() as patch:
        patch.setattr(*places[step], killed)
        with pytest.raises(KeyboardInterrupt):
            unlock(folder, source)
    vault = unlock(folder, source)
    assert planted_in(folder) == []
    demand_all(folder, vault)


def test_row_that_was_changed_is_never_sealed_as_true(tmp_path: Path) -> None:
    folder = an_old_folder(tmp_path)
    connection = sqlite3.connect(folder / "profiles.0-0.db")
    connection.execute("UPDATE profiles SET guest = 'g-2'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged):
        unlock(folder, MemoryKey())
    assert (folder / FORMER_KEYS).exists(), "nothing is lost"


def a_sealed_folder(tmp_path: Path) -> tuple[Path, KeyFile]:
    folder = an_old_folder(tmp_path)
    source = KeyFile(tmp_path / "key", folder)
    unlock(folder, source)
    return folder, source


def test_rolled_key_opens_everything_and_the_one_before_nothing(tmp_path: Path) -> None:
    folder, source = a_sealed_folder(tmp_path)
    before = source.ring()
    assert roll(folder, source) == 2
    demand_all(folder, unlock(folder, source))
    with pytest.raises(VaultError):
        Vault.load(folder, before)
    assert dict(source.ring().items()).keys() == {2}


@pytest.mark.parametrize("step", ["save_site", "identity", "profiles", "state", "alone"])
def test_roll_that_is_killed_leaves_a_folder_that_opens(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, source = a_sealed_folder(tmp_path)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    places = {
        "save_site": (Vault, "save"),
        "identity": (identity, "save"),
        "profiles": (unlocking, "rebuild"),
        "state": (unlocking.resealing, "reseal"),
        "alone": (unlocking.Ring, "alone"),
    }
    with monkeypatch.context() as patch:
        patch.setattr(*places[step], killed)
        with pytest.raises(KeyboardInterrupt):
            roll(folder, source)
    demand_all(folder, unlock(folder, source))
    assert roll(folder, source) == 3
    demand_all(folder, unlock(folder, source))


def test_lone_device_makes_its_key_elsewhere_and_finds_it_again(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    source = KeyFile(tmp_path / "key", folder)
    first = unlock_or_make(folder, source)
    again = unlock_or_make(folder, source)
    assert first.band_id(b"1234") == again.band_id(b"1234")
    assert sorted(path.name for path in folder.iterdir()) == [SITE_FILE]


def test_copied_folder_opens_nowhere_else(tmp_path: Path) -> None:
    folder, _ = a_sealed_folder(tmp_path)
    shutil.copytree(folder, tmp_path / "stolen")
    with pytest.raises(NoKey):
        unlock(tmp_path / "stolen", KeyFile(tmp_path / "none", tmp_path / "stolen"))
    with pytest.raises(VaultError, match="does not open"):
        unlock(tmp_path / "stolen", MemoryKey(new_ring()))


def test_second_key_is_never_made_over_a_first(tmp_path: Path) -> None:
    folder, source = a_sealed_folder(tmp_path)
    with pytest.raises(KeyKept):
        unlocking.make(folder, source)
    with pytest.raises(NoKey, match="a key that is not here"):
        unlocking.make(folder, MemoryKey())


def test_folder_without_identity_says_so_whatever_its_key(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    vault = unlock_or_make(folder, MemoryKey())
    with pytest.raises(NotEnrolled):
        identity.load(folder, vault)


def test_an_item_of_the_feed_is_sealed_at_once(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    profiles = Profiles(folder, unlock_or_make(folder, MemoryKey()))
    body = msgspec.msgpack.encode(ProfileItem(profile=GIULIA, keys={1: BAND_KEY}))
    profiles.apply([Item(kind="profile", key=a_band(1).hex(), version=3, body=body)], Cursor(1, 1))
    assert planted_in(folder) == []
    profiles.close()
