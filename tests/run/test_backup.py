"""A device's backup: made while it runs, without what could speak in its name, and back as a witness."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from edge.clock import Clock
from edge.config import Config
from edge.errors import PolsoError, Refused, StoreBusy, StoreError, Unknown
from edge.keys.keyfile import KeyFile
from edge.run import backup, books, identity
from edge.run.cli import main
from edge.run.enrol import TRY_FILE
from edge.run.unlocking import unlock_or_make
from edge.sequencer import Sequencer
from edge.store import driver
from edge.store.folder import Folder
from edge.store.state import Store
from tests.store.house import a_record

Configured = Callable[[str], Path]


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    """A configuration whose folder has this name; the key lies elsewhere, and is the same for all."""

    def write(name: str) -> Path:
        file = tmp_path / f"{name}.toml"
        file.write_text(
            f'[store]\nfolder = "{tmp_path / name}"\n[key]\nsource = "file"\npath = "{tmp_path / "key"}"\n',
            encoding="utf-8",
        )
        return file

    return write


@contextmanager
def running(folder: Path) -> Iterator[Sequencer]:
    """A device that stays alone, from its folder as it is."""
    folder.mkdir(exist_ok=True)
    vault = unlock_or_make(folder, KeyFile(folder.with_name("key"), folder))
    own = identity.alone(folder, vault, "park", device="gate-1")
    store = Store(folder, reserve_bytes=4096)
    store.seal_by(vault)
    sequencer = Sequencer(store, Clock(), site="park", device="gate-1", public_key=own.journal_key)
    sequencer.start()
    try:
        yield sequencer
    finally:
        sequencer.stop()


@pytest.fixture
def saved(tmp_path: Path, configured: Configured) -> Path:
    """A backup of five records, made while the device wrote on to eight."""
    with running(tmp_path / "edge") as sequencer:
        for _ in range(5):
            sequencer.submit(a_record())
        said = backup.save(configured("edge"), None, tmp_path / "edge.backup")
        for _ in range(3):
            sequencer.submit(a_record())
    assert "lane 0 to 5" in said
    return tmp_path / "edge.backup"


def test_it_holds_neither_the_identity_nor_any_key(saved: Path, tmp_path: Path) -> None:
    with tarfile.open(saved) as archive:
        assert sorted(archive.getnames()) == ["manifest.json", "site", "state.db"]
    assert saved.stat().st_mode & 0o777 == 0o600
    octets = saved.read_bytes()
    assert (tmp_path / "edge" / "identity").read_bytes() not in octets
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".polso-backup-")]


def test_what_is_restored_is_whole_and_nothing_is_ever_appended_to_it(
    saved: Path, tmp_path: Path, configured: Configured
) -> None:
    said = backup.restore(configured("again"), saved)
    assert "frozen: Restored from a backup that ends at 5 and 0" in said
    whole, words = books.verify(configured("again"), None)
    assert whole, words
    assert "lane 0: 5 records" in words
    (tmp_path / "edge" / "identity").rename(tmp_path / "again" / "identity")  # somebody brings it back
    with running(tmp_path / "again") as sequencer:
        assert "Restored from a backup" in sequencer.frozen
        with pytest.raises(StoreError):
            sequencer.submit(a_record())


def test_a_restored_machine_has_no_name_of_its_own_to_speak_by(
    saved: Path, tmp_path: Path, configured: Configured
) -> None:
    backup.restore(configured("again"), saved)
    vault = unlock_or_make(tmp_path / "again", KeyFile(tmp_path / "key", tmp_path / "again"))
    with pytest.raises(identity.NotEnrolled):
        identity.load(tmp_path / "again", vault)


def test_it_is_restored_over_nothing_that_is_there(saved: Path, configured: Configured) -> None:
    with pytest.raises(Refused, match="belongs to a device already"):
        backup.restore(configured("edge"), saved)


@pytest.mark.parametrize(
    ("left", "why"),
    [
        ("state.db-wal", "belongs to a device already"),
        ("profiles.7-9.db", "belongs to a device already"),
        (TRY_FILE, "An enrolment was begun"),
    ],
)
def test_what_a_killed_device_or_an_enrolment_left_is_not_mixed_with_what_is_restored(
    saved: Path, tmp_path: Path, configured: Configured, *, left: str, why: str
) -> None:
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / left).write_bytes(b"of another time")
    with pytest.raises(Refused, match=why):
        backup.restore(configured("again"), saved)
    assert {path.name for path in (tmp_path / "again").iterdir()} == {"lock", left}


def test_until_it_is_frozen_nothing_of_it_has_its_name_and_nobody_starts_in_its_folder(
    saved: Path, tmp_path: Path, configured: Configured, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, seen = tmp_path / "again", list[str]()
    (folder / backup.RESTORING).mkdir(parents=True)
    (folder / backup.RESTORING / "state.db").write_bytes(b"of a restore that was killed")
    freeze = backup._frozen

    def frozen(told: Config, new: Path, manifest: backup.Manifest) -> str:
        seen.extend(sorted(path.name for path in folder.iterdir()))
        assert new.stat().st_mode & 0o777 == 0o700
        with pytest.raises(StoreBusy):
            Folder(folder).take()
        return freeze(told, new, manifest)

    monkeypatch.setattr(backup, "_frozen", frozen)
    backup.restore(configured("again"), saved)
    assert seen == ["lock", backup.RESTORING]
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "site", "state.db"]


@pytest.mark.real("sqlcipher")
def test_what_was_saved_plainly_is_encrypted_where_the_configuration_says_so(
    saved: Path, tmp_path: Path, configured: Configured
) -> None:
    file = configured("again")
    file.write_text(file.read_text().replace("[key]", "encrypt = true\n[key]"))
    backup.restore(file, saved)
    assert not driver.is_plain(tmp_path / "again" / "state.db")
    whole, words = books.verify(file, None)
    driver.forget(tmp_path / "again")
    assert whole, words


@pytest.mark.parametrize("harm", ["flipped", "cut", "foreign", "outside"])
def test_a_damaged_backup_leaves_nothing_behind(
    saved: Path, tmp_path: Path, configured: Configured, *, harm: str
) -> None:
    octets = saved.read_bytes()
    if harm == "flipped":
        place = octets.rindex(b"SQLite format 3") + 5_000
        saved.write_bytes(octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :])
    elif harm == "cut":
        saved.write_bytes(octets[: len(octets) // 2])
    elif harm == "foreign":
        saved.write_bytes(b"no archive" * 200)
    else:
        saved.write_bytes(octets.replace(b'"state.db"', b'"../ate.db"'))
    with pytest.raises(backup.NoBackup):
        backup.restore(configured("again"), saved)
    assert [path.name for path in (tmp_path / "again").iterdir()] == ["lock"]
    assert not (tmp_path / "ate.db").exists()


def test_a_machine_without_the_devices_key_gets_nothing(
    saved: Path, tmp_path: Path, configured: Configured
) -> None:
    file = configured("again")
    (tmp_path / "key").unlink()
    with pytest.raises(PolsoError):
        backup.restore(file, saved)
    assert not (tmp_path / "again" / "state.db").exists()


def test_there_is_nothing_to_restore_where_there_is_no_file(tmp_path: Path, configured: Configured) -> None:
    with pytest.raises(Unknown):
        backup.restore(configured("again"), tmp_path / "none")


def test_the_verbs_say_what_they_did_and_what_to_do_next(saved: Path, configured: Configured) -> None:
    again, file = str(configured("again")), str(saved)
    told = CliRunner().invoke(main, ["restore", file, "--config", again])
    assert told.exit_code == 0, told.output
    assert "enrol this machine anew" in told.output
    told = CliRunner().invoke(main, ["backup", f"{file}.2", "--config", again])
    assert "gate-1 of park: lane 0 to 5" in told.output


def test_a_manifest_tells_what_a_file_is_for(saved: Path) -> None:
    with tarfile.open(saved) as archive:
        member = archive.extractfile("manifest.json")
        assert member is not None
        manifest = msgspec.json.decode(member.read(), type=backup.Manifest)
    assert (manifest.site, manifest.device, manifest.heads) == ("park", "gate-1", (5, 0))
