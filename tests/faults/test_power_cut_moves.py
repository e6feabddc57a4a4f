"""A power cut at each write of a move: to another schema, another key, another profile file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.clock import Clock
from edge.errors import StoreError
from edge.keys.ring import Ring
from edge.store import former
from edge.store.batch import Ledger
from edge.store.database import open_writer
from edge.store.journal import Journal
from edge.store.migrations import STATE_VERSION, migrate
from edge.store.profiles import Profiles
from edge.store.resealing import reseal
from edge.vault import Vault
from tests.faults.acts import an_act, every_cut
from tests.faults.power import PowerIsGone
from tests.store.house import OWNER, a_band, a_ledger, a_passage
from tests.store.test_profiles import VAULT, a_profile, an_item

WORDS = 60
NEW_KEYS = {1: b"v" * 64, 2: b"w" * 64}
"""The vault's key, and the one that comes after it."""


def a_former_file(folder: Path, *, settled: int = 2) -> Path:
    """A state file of the first schema, in which what is kept of people lay clear, not all in its tables."""
    path = folder / "state.db"
    with a_ledger(path) as ledger:
        ledger.run([a_passage(f"tap-{n}", right=f"right-{n}", band=a_band(n)) for n in range(WORDS)])
        ledger.run([lambda tx, n=n: tx.put("word", f"of-{n}", b"GUEST-WORD") for n in range(WORDS)])
        for _ in range(settled):
            ledger.settle(50)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("DELETE FROM _sqlite_migrations WHERE name = '0002-sealed'")
        file.execute("PRAGMA user_version = 1")
    return path


def kept(folder: Path) -> list[bytes | None]:
    """What is kept under the first keys, opened as the device that comes next opens it."""
    with closing(open_writer(folder / "state.db")) as connection:
        migrate(connection, "state", STATE_VERSION, cells=VAULT)
        ledger = Ledger(connection, OWNER, Clock(), cells=VAULT)
        done = ledger.run([lambda tx, n=n: tx.get("word", f"of-{n}") for n in range(WORDS)])
    return [outcome.result for outcome in done.outcomes]  # type: ignore[misc]  # bytes, or nothing


@pytest.mark.parametrize("together", [True, False], ids=["as it is", "control"])
def test_a_cut_migration_of_the_state_file_is_begun_again_and_loses_nothing(
    tmp_path: Path, *, together: bool
) -> None:
    """With its control: a step that is not one with the note of it seals half, and does not open again."""
    act = an_act(
        tmp_path,
        a_former_file(tmp_path),
        lambda connection: migrate(connection, "state", STATE_VERSION, cells=VAULT),
    )
    if not together:
        bounds = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
        act = act._replace(said=tuple(one for one in act.said if not one.upper().startswith(bounds)))
    broken = 0
    for left in every_cut(act, tmp_path / "cut"):
        with closing(Journal(left.folder)) as journal:
            assert journal.verify().whole
        try:
            broken += kept(left.folder) != [b"GUEST-WORD"] * WORDS
        except Exception:  # whatever a half sealed file raises, it is lost
            broken += 1
    assert (broken == 0) is together


@pytest.mark.parametrize("kept_till_then", [True, False], ids=["as it is", "control"])
def test_a_cut_while_all_is_sealed_with_a_new_key_leaves_what_one_of_both_opens(
    tmp_path: Path, *, kept_till_then: bool
) -> None:
    """Both keys lie in the ring until it is done. With its control: the old one goes before."""
    with a_ledger(tmp_path / "state.db", cells=VAULT) as ledger:
        ledger.run([lambda tx, n=n: tx.put("word", f"of-{n}", b"GUEST-WORD") for n in range(WORDS)])
        ledger.settle(50)
    both, new = (Vault(b"s" * 32, Ring({n: NEW_KEYS[n] for n in numbers})) for numbers in ((1, 2), (2,)))
    act = an_act(tmp_path, tmp_path / "state.db", lambda connection: reseal(connection, both))
    lost = 0
    for left in every_cut(act, tmp_path / "cut"):
        try:
            with closing(open_writer(left.folder / "state.db")) as connection:
                reseal(connection, both if kept_till_then else new)
        except StoreError:
            lost += 1
            continue
        with a_ledger(left.folder / "state.db", cells=new) as ledger:
            done = ledger.run([lambda tx, n=n: tx.get("word", f"of-{n}") for n in range(WORDS)])
        assert [outcome.result for outcome in done.outcomes] == [b"GUEST-WORD"] * WORDS
    assert (lost == 0) is kept_till_then


@pytest.mark.parametrize("synced", [True, False], ids=["as it is", "control"])
@pytest.mark.parametrize("renamed", [False, True], ids=["before its name", "after its name"])
def test_a_cut_migration_of_the_profiles_leaves_the_old_file_or_the_whole_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, synced: bool, renamed: bool
) -> None:
    """With its control: a name that is durable before its octets are names a torn file."""
    with closing(Profiles(tmp_path, VAULT)) as profiles:
        profiles.apply([an_item(a_profile(n)) for n in range(1, 200)], profiles.cursor())
    live, durable = tmp_path / "profiles.0-0.db", set[Path]()
    if synced:
        sync = former.profilefile._sync
        monkeypatch.setattr(former.profilefile, "_sync", lambda path: (sync(path), durable.add(path)))
    else:
        monkeypatch.setattr(former.profilefile, "_sync", lambda _: None)
    replace = Path.replace

    def cut(self: Path, target: Path) -> Path:
        if self not in durable:
            content = self.read_bytes()
            self.write_bytes(content[: len(content) // 2 // 512 * 512])
        if renamed:
            replace(self, target)
        raise PowerIsGone

    monkeypatch.setattr(Path, "replace", cut)
    with pytest.raises(PowerIsGone):
        former.rebuild(live, VAULT)
    monkeypatch.undo()
    assert whole(tmp_path) is (synced or not renamed)


def whole(folder: Path) -> bool:
    """Whether every profile is found when the device starts, and again where it is built once more."""
    try:
        former.rebuild(folder / "profiles.0-0.db", VAULT)
        with closing(Profiles(folder, VAULT)) as profiles:
            return all(profiles.get(a_band(n)) == a_profile(n) for n in range(1, 200))
    except Exception:  # whatever a torn file raises
        return False
