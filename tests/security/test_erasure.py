"""Whoever is erased is nowhere: in no row, log, free page, export or screen's memory of an edge."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Acted, Kind
from edge.errors import PolsoError
from edge.service.erasure import PLACES, Place
from edge.store.database import WRITER
from edge.store.state import Store as StateFile
from tests.portions import sample_and_whole
from tests.security.lived import (
    GUEST,
    NAME,
    NOBODYS,
    SLOT,
    SPARE,
    TAG,
    lived,
    telling,
    written_kinds,
)
from tests.service.house import OTHER_UID, House, an_edge, band_of

MOVEMENTS = ("bands", "uses", "answers", "members", "effects")

# At an edge


def words(edge: House) -> tuple[bytes, ...]:
    """Every name that things of the guest are kept under."""
    bands = (band_of(edge), band_of(edge, OTHER_UID), band_of(edge, SPARE))
    texts = (GUEST, NAME, TAG, SLOT, *(band.hex() for band in bands))
    return (*bands, *(text.encode() for text in texts))


def cells(edge: House) -> list[bytes]:
    """Every sealed cell that speaks of the guest, as it lies in the files."""
    (file,) = edge.folder.glob("profiles.*.db")
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
        found = [row[0] for row in db.execute("SELECT body FROM profiles")]
    with sqlite3.connect(f"file:{edge.folder / 'state.db'}?mode=ro", uri=True) as db:
        for which in telling(edge, words(edge)):
            found += [row[0] for row in db.execute("SELECT body FROM kept WHERE kind = ? AND key = ?", which)]
    return found


def movements(edge: House) -> list[int]:
    """How many rows are left of where bands were and what was used."""
    count = "SELECT count(*) FROM "
    with sqlite3.connect(f"file:{edge.folder / 'state.db'}?mode=ro", uri=True) as db:
        return [int(db.execute(count + table).fetchone()[0]) for table in MOVEMENTS]


def copies(edge: House, wanted: list[bytes]) -> int:
    """How often any of them lies in any file of the device: tables, logs and free pages alike."""
    files = [path.read_bytes() for path in edge.folder.rglob("*") if path.is_file()]
    return sum(octets.count(cell) for octets in files for cell in wanted)


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        yield house


def erase(edge: House) -> None:
    edge.service.erase(GUEST, [band_of(edge)])


def test_nothing_of_an_erased_guest_lies_in_any_file_of_an_edge(edge: House) -> None:
    lived(edge)
    planted = cells(edge)
    assert len(planted) >= 20
    assert copies(edge, planted) >= len(planted), "the control: before, each is found"
    erase(edge)
    assert copies(edge, planted) == 0
    assert copies(edge, [NAME.encode(), TAG.encode()]) == 0
    assert telling(edge, words(edge)) == set()
    assert movements(edge) == [0] * len(MOVEMENTS)
    assert not edge.health.view().erasing


def test_each_kind_of_small_things_is_planted_or_said_to_name_nobody(edge: House) -> None:
    """The control of what is scanned: a new kind fails here until somebody has thought of whom it names."""
    lived(edge)
    named = {kind for kind, _ in telling(edge, words(edge))} | {"pending", "answers"}
    assert written_kinds() - NOBODYS - named == set()
    assert named & NOBODYS == set()


@pytest.mark.parametrize("places", sample_and_whole(PLACES[:1], PLACES))
def test_without_any_one_place_something_of_the_guest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, places: tuple[Place, ...]
) -> None:
    """The control of every place that forgets: left out, the scan finds what it would have taken away."""
    for number, place in enumerate(places):
        with an_edge(tmp_path / str(number)) as edge, monkeypatch.context() as out:
            lived(edge)
            out.setattr("edge.service.erasure.PLACES", tuple(one for one in PLACES if one is not place))
            erase(edge)
            assert telling(edge, words(edge)) or any(movements(edge)), place


def test_the_journal_still_verifies_and_its_export_names_nobody(edge: House) -> None:
    lived(edge)
    before = edge.journal.head(0).seq
    erase(edge)
    assert edge.journal.verify().whole
    assert edge.journal.head(0).seq == before
    export = io.StringIO()
    edge.journal.export(export)
    assert NAME not in export.getvalue()
    assert TAG not in export.getvalue()


def test_no_tap_search_page_or_screen_finds_them(edge: House) -> None:
    tap = lived(edge)
    after = edge.feed.head().rpartition("-")[0] + "-1"
    erase(edge)
    assert edge.service.present(edge.tap()).reason.value == "band_unknown"
    assert edge.service.present(edge.tap(OTHER_UID)).reason.value == "band_unknown"
    assert edge.service.look_up(edge.session("gate"), NAME) == ()
    with pytest.raises(PolsoError):
        edge.service.what_you_know(tap, "kiosk")
    recent = msgspec.json.encode(edge.service.recent(None, 100))
    assert NAME.encode() not in recent
    with edge.feed.subscribe(["staff-north", "ops", "kiosk-kiosk"], after) as late:
        told = late.get(0)
        while told is not None:
            assert told.body is None or NAME.encode() not in msgspec.json.encode(told.body)
            told = late.get(0)


def test_an_erasure_is_one_fact_however_often_it_is_told(edge: House) -> None:
    lived(edge)
    for _ in range(3):
        erase(edge)
    events = [event for event in edge.journal.range(1, 0) if event.kind == Kind.ERASED]
    assert [msgspec.msgpack.decode(one.body, type=Acted).target for one in events] == [GUEST]


def test_of_somebody_never_seen_here_nothing_is_written(edge: House) -> None:
    edge.service.erase("stranger", [b"s" * 16])
    assert edge.journal.range(1, 0) == []
    assert edge.profiles.get(band_of(edge)) is not None, "and nobody else is touched"


def test_after_a_restart_nothing_comes_back(tmp_path: Path) -> None:
    with an_edge(tmp_path / "edge") as first:
        lived(first)
        planted = cells(first)
        erase(first)
    with an_edge(tmp_path / "edge") as again:
        assert again.profiles.get(band_of(again)) is None
        assert copies(again, planted) == 0
        assert again.journal.verify().whole


def test_without_the_checkpoint_ghosts_stay_and_health_says_so_until_they_are_gone(
    edge: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of one half, and what happens while a reader holds the log."""
    lived(edge)
    planted = cells(edge)
    with monkeypatch.context() as held:
        held.setattr(StateFile, "erase_ghosts", lambda self: False)
        erase(edge)
        assert copies(edge, planted) > 0
        assert edge.health.view().erasing
        assert "polso_erasing 1.0" in edge.health.metrics()
    edge.service._erasure.finish()
    assert copies(edge, planted) == 0
    assert not edge.health.view().erasing


def test_without_secure_delete_ghosts_stay_in_free_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the other half."""
    monkeypatch.setitem(WRITER, "secure_delete", 0)  # type: ignore[arg-type]  # a dict all the same
    with an_edge(tmp_path / "edge") as edge:
        lived(edge)
        planted = cells(edge)
        erase(edge)
        assert copies(edge, planted) > 0


def test_a_long_reader_of_the_profiles_is_waited_for(edge: House) -> None:
    lived(edge)
    planted = cells(edge)
    reader = sqlite3.connect(f"file:{edge.profiles._readers.path}?mode=ro", uri=True)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM profiles").fetchone()
    erase(edge)
    assert edge.health.view().erasing
    reader.close()
    edge.service._erasure.finish()
    assert copies(edge, planted) == 0
    assert not edge.health.view().erasing
