"""Flipped bits in the few cells that no digest guards: each stands twice, or its neighbour is looked for."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from edge.core.bands import BAND_ID_BYTES
from edge.core.profiles import Cursor
from edge.errors import StoreDamaged
from edge.store import batch, live, profilefile
from edge.store.effects import Effects
from edge.store.former import rebuild
from edge.store.journal import Journal
from edge.store.profiles import Profiles
from edge.store.pruning import KEEP_ACKED_MS_MIN, Pruner
from edge.store.queries import QUERIES
from tests.store.house import Hands, a_band, a_ledger, a_passage, a_record, a_sequencer
from tests.store.test_profiles import VAULT, a_profile, an_item

AS_IT_IS = pytest.mark.parametrize("guarded", [True, False], ids=["as it is", "control"])
RECORDS, ACKED = 60, 20
ONCE = "SELECT coalesce(max(seq), 0) FROM acks WHERE lane = ? AND at_ms <= ?"
"""As acks were read while each stood there once."""
PAGE = Cursor(3, 64)


def change(path: Path, statement: str, *cells: bytes | int | str) -> None:
    """Change one row behind the device's back; another bit of it is all that is changed."""
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        assert file.execute(statement, cells).rowcount == 1


@pytest.fixture
def acked(tmp_path: Path) -> tuple[Path, Hands]:
    """A folder of which central has a third, a week and a day ago, and its clock."""
    hands = Hands()
    with a_ledger(tmp_path / "state.db", hands.clock()) as ledger:
        ledger.run([a_record() for _ in range(RECORDS)])
        ledger.run([lambda tx: tx.ack(0, ACKED)])
    hands.pass_ms(KEEP_ACKED_MS_MIN + 86_400_000)
    return tmp_path, hands


def pruned(folder: Path, hands: Hands) -> int:
    """Prune until nothing goes; return how many records of the lane are gone."""
    with a_ledger(folder / "state.db", hands.clock()) as ledger:
        pruner = Pruner(ledger._connection)
        while pruner.step(hands.wall_ms):
            pass
    with closing(Journal(folder)) as journal:
        return journal.anchor(0).seq


@AS_IT_IS
@pytest.mark.parametrize("bit", [3, 5])
def test_an_ack_that_a_flipped_bit_raised_takes_along_nothing_that_central_lacks(
    acked: tuple[Path, Hands], monkeypatch: pytest.MonkeyPatch, bit: int, *, guarded: bool
) -> None:
    """With its control: believed as it stands, sales that were never told are forgotten."""
    folder, hands = acked
    change(folder / "state.db", "UPDATE acks SET seq = seq + ? WHERE lane = 0", 1 << bit)
    if not guarded:
        monkeypatch.setitem(QUERIES, "acked_before", ONCE)
    assert pruned(folder, hands) == (0 if guarded else ACKED + (1 << bit))
    with closing(Journal(folder)) as journal:
        assert journal.verify().whole, "the chain does not tell"
        assert journal.acked(0) == journal.anchor(0).seq, "what went is asked for by nobody"


def test_an_ack_that_counts_for_the_other_lane_by_a_flipped_bit_is_believed_by_neither(
    acked: tuple[Path, Hands],
) -> None:
    folder, hands = acked
    with a_ledger(folder / "state.db", hands.clock()) as ledger:
        ledger.run([a_record(lane=1) for _ in range(RECORDS)])
    change(folder / "state.db", "UPDATE acks SET lane = 1 WHERE lane = 0")
    with closing(Journal(folder)) as journal:
        assert (journal.acked(0), journal.acked(1)) == (0, 0)


def test_a_whole_ack_lets_go_what_central_holds_and_says_so_of_a_former_release_too(
    acked: tuple[Path, Hands],
) -> None:
    """A former release wrote each once: they are doubled at the start, and not believed less."""
    folder, hands = acked
    change(folder / "state.db", "DELETE FROM acks WHERE lane > 1")
    assert pruned(folder, hands) == ACKED
    with closing(Journal(folder)) as journal:
        assert journal.acked(0) == ACKED


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder whose live profiles are a snapshot, up to ``PAGE``."""
    with a_sequencer(tmp_path) as sequencer, closing(Profiles(tmp_path, VAULT)) as profiles:
        profiles.adopt(profiles.build([an_item(a_profile())], Cursor(3, 40)), sequencer.point_at)
        profiles.apply([an_item(a_profile(2), 50)], PAGE)
    return tmp_path


@AS_IT_IS
@pytest.mark.parametrize(
    ("flipped", "found"),
    [
        ("UPDATE cursor SET seq = 96", PAGE),
        ("UPDATE cursor SET epoch = 7", PAGE),
        ("UPDATE cursor SET seq = 0", Cursor(3, 0)),
        ("UPDATE site SET version = 65 WHERE kind = 'cursor'", PAGE),
        ("UPDATE site SET kind = 'cursos' WHERE kind = 'cursor'", PAGE),
    ],
    ids=["further", "another epoch", "back", "what bears it out", "its name"],
)
def test_a_cursor_that_a_flipped_bit_moves_on_passes_over_nothing(
    copied: Path, monkeypatch: pytest.MonkeyPatch, flipped: str, found: Cursor, *, guarded: bool
) -> None:
    """With its control: what central said in between, a revocation among it, is never asked for."""
    if not guarded:
        monkeypatch.setattr(profilefile, "standing", lambda _vault, row, _noted: Cursor(*row))
    change(live.live_file(copied), flipped)
    with closing(Profiles(copied, VAULT)) as profiles:
        moved_on = "cursor SET seq = 96" in flipped or "epoch" in flipped
        assert (profiles.cursor() == found) is (guarded or not moved_on)
        profiles.apply([], Cursor(3, 128))
        assert profiles.cursor() == Cursor(3, 128), "it goes on from there"


@AS_IT_IS
def test_profiles_are_sealed_anew_though_a_bit_of_their_sealed_cursor_has_flipped(
    copied: Path, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """With its control: taken along as any other thing of the site, it keeps a device from starting."""
    file = live.live_file(copied)
    change(file, "UPDATE site SET body = zeroblob(length(body)) WHERE kind = 'cursor'")
    with nullcontext() if guarded else pytest.raises(StoreDamaged):
        if not guarded:
            monkeypatch.setattr(profilefile, "CURSOR", "another")
        rebuild(file, VAULT)
    if guarded:
        with closing(Profiles(copied, VAULT)) as profiles:
            assert profiles.cursor() == PAGE
            assert profiles.get(a_band(2)) is not None


@AS_IT_IS
def test_a_flipped_bit_in_the_name_of_the_live_profiles_loses_none(
    copied: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """With its control: an empty file is made under the wrong name, and the true one removed."""
    name = live.live_file(copied).name.encode()
    if not guarded:
        monkeypatch.setattr(live, "_is_one_bit_away", lambda *_: False)
    for at in range(0, len(name), 5):
        folder = tmp_path_factory.mktemp("flipped") / "device"
        shutil.copytree(copied, folder)
        other = name[:at] + bytes((name[at] ^ (1 << at % 7),)) + name[at + 1 :]
        change(folder / "state.db", "UPDATE pointer SET file = CAST(? AS TEXT)", other)
        with closing(Profiles(folder, VAULT)) as profiles:
            assert (profiles.get(a_band(2)) is not None) is guarded, other
        assert (folder / name.decode()).exists() is guarded, other


@AS_IT_IS
def test_a_flipped_bit_in_the_number_of_the_live_name_lets_no_older_name_come_back(
    copied: Path, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """The next is written beside it. With its control: the older is read, and the true file removed."""
    with closing(sqlite3.connect(copied / "state.db", isolation_level=None)) as file:
        file.execute("PRAGMA ignore_check_constraints = 1")
        assert file.execute("UPDATE pointer SET id = 0").rowcount == 1
    with a_sequencer(copied) as sequencer, closing(Profiles(copied, VAULT)) as profiles:
        profiles.adopt(profiles.build([an_item(a_profile(3))], Cursor(4, 90)), sequencer.point_at)
    if not guarded:
        monkeypatch.setitem(QUERIES, "pointer", "SELECT CAST(file AS BLOB) FROM pointer")
    with closing(Profiles(copied, VAULT)) as profiles:
        assert (profiles.get(a_band(3)) is not None) is guarded


@AS_IT_IS
@pytest.mark.parametrize("cell", [("kind", "bount"), ("key", "oow")], ids=["kind", "key"])
def test_who_is_inside_is_known_though_a_flipped_bit_hides_its_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cell: tuple[str, str], *, guarded: bool
) -> None:
    """With its control: the house is empty again, and lets in as many as it holds once more."""
    with a_sequencer(tmp_path) as sequencer:
        for number in range(5):
            sequencer.submit(a_passage(f"tap-{number}", right=f"right-{number}", band=a_band(number)))
    column, other = cell
    change(tmp_path / "state.db", f"UPDATE kept SET {column} = ? WHERE kind = 'count'", other)  # noqa: S608 - a name of ours
    if not guarded:
        monkeypatch.setattr(batch, "kept_or_hidden", lambda *_: None)
    with a_ledger(tmp_path / "state.db") as ledger:
        assert ledger.standing.counts.inside == ({"park": 5} if guarded else {})


@AS_IT_IS
def test_that_a_journal_is_frozen_lies_where_each_bit_is_guarded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    """It stays in the log, for nothing is moved after it. With its control: a log that is not checked."""
    with a_sequencer(tmp_path) as sequencer:
        sequencer.freeze("an old copy")
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as file:
        ((body,),) = file.execute("SELECT body FROM effects").fetchall()
        assert file.execute("SELECT count(*) FROM kept WHERE kind = 'frozen'").fetchone() == (0,)
    at = body.index(b"frozen")
    other = body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :]
    change(tmp_path / "state.db", "UPDATE effects SET body = ?", other)
    if not guarded:
        monkeypatch.setattr("edge.store.effects.checked", lambda _name, body, **_: body)
    with a_sequencer(tmp_path) as sequencer:
        assert sequencer.writable()[0] is not guarded


def test_a_row_of_the_log_under_another_number_is_damage(tmp_path: Path) -> None:
    with a_ledger(tmp_path / "state.db") as ledger:
        ledger.run([a_passage("tap-1", band=bytes(BAND_ID_BYTES))])
        change(tmp_path / "state.db", "UPDATE effects SET key = key + 64")
        with pytest.raises(StoreDamaged):
            Effects.load(ledger._connection)
