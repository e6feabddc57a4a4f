"""What staff write of a guest is central's alone to read, and nobody's once the guest is erased."""

from __future__ import annotations

import io
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.events import Acted, Kind
from edge.errors import PolsoError
from sync.central import intake, quarantine, seals
from sync.central.console import happenings
from sync.central.console.happenings import Wanted
from sync.central.export import told_of
from sync.central.feed import item_table
from sync.central.machines import lanes
from sync.central.privacy import erasure
from sync.central.registry import bands, guests
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from sync.wire import Ack
from tests.security.remarked import CANARY, GUEST, SITE, STOCK, WRITES, Park
from tests.service.house import an_edge, band_of
from tests.sync.builders import Clockwork, a_device, a_journal, a_site


@pytest.fixture
def park(tmp_path: Path) -> Iterator[Park]:
    with an_edge(tmp_path / "edge") as edge:
        made = Park(tmp_path, edge)
        made.told()
        yield made
        made.store.close()


def test_every_remark_is_shown_at_central_while_the_guest_exists(park: Park) -> None:
    park.write()
    park.heard()
    assert park.shown() == [CANARY] * 6
    with park.store.reading() as tx:
        told = told_of(tx, SITE, GUEST)
    assert [one.remark for one in told.events if one.remark] == [CANARY] * 7, "and the guest may read them"


def test_no_file_ever_holds_a_remark_neither_before_nor_after_the_erasure(park: Park) -> None:
    park.write()
    assert park.hits() == 0, "sealed where it is written"
    park.heard()
    assert park.hits() == 0, "and where it arrives"
    assert park.edge.journal.verify().whole
    park.erase()
    assert park.hits() == 0
    assert park.edge.journal.verify().whole
    export = io.StringIO()
    park.edge.journal.export(export)
    assert "Canarina" not in export.getvalue()
    assert CANARY not in park.shown()


def test_without_the_seal_they_lie_in_the_journal_for_good(
    park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: it is the seal that keeps them out."""
    monkeypatch.setattr("edge.service.remarks._key", lambda rooms, about: None)
    park.write()
    assert park.hits(under="edge") > 0
    park.heard()
    park.erase()
    assert park.hits(under="central") == 1, (
        "but for the count of a zone, which is nobody's, central's are emptied"
    )
    assert park.hits(under="edge") > 0


def test_a_backup_of_the_edge_yields_nothing_even_with_the_devices_own_key(
    park: Park, tmp_path: Path
) -> None:
    park.write()
    shutil.copytree(tmp_path / "edge", tmp_path / "backup", ignore=shutil.ignore_patterns("lock"))
    events = {event.seq: event for event in park.edge.journal.range(0, 0)}
    park.heard()
    written = [
        seals.Written(acted.sealed, event.kind, event.band)
        for event in events.values()
        if event.kind in WRITES and (acted := msgspec.msgpack.decode(event.body, type=Acted)).sealed
    ]
    with park.store.reading() as tx:
        assert seals.opened(tx, SITE, written) == [CANARY] * 6, "the control: central's key opens them"
    park.erase()
    with park.store.reading() as tx:
        assert seals.opened(tx, SITE, written) == [""] * 6
    with an_edge(tmp_path / "backup") as restored:
        assert [event.body for event in restored.journal.range(0, 0)] == [one.body for one in events.values()]
        keys = [restored.profiles.remark_key(), *restored.profiles.of_guest(GUEST)]
        assert keys, "the control: the backup is from before, and knows the guest"
        assert not any(hasattr(key, "private") for key in keys)
    assert CANARY.encode() not in b"".join(
        p.read_bytes() for p in (tmp_path / "backup").rglob("*") if p.is_file()
    )


def test_what_was_written_offline_after_the_erasure_arrives_unreadable(park: Park) -> None:
    park.heard()
    with park.store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
    erasure.clear(park.store)
    park.write()
    park.heard()
    assert CANARY not in park.shown()
    assert park.hits() == 0
    with park.store.reading() as tx:
        left = set(tx.execute(select(seals.seal_table.c.owner)).scalars())
    assert f"g:{GUEST}" not in left


def test_an_older_devices_remark_in_clear_is_emptied_when_it_arrives_too_late(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "central.db"), now_ms=Clockwork())
    a_site(store)
    device, _ = a_device(store)
    paper = a_journal(device)
    with store.transaction() as tx:
        guests.put_guests(tx, "park", [Guest(id=GUEST)])
        bands.add_bands(tx, "park", [BandCard(band=Band(id=b"b" * 16), guest=GUEST)])
        erasure.erase(tx, "park", GUEST)
    body = msgspec.msgpack.encode(Acted(staff="anna", reason="lost", note=CANARY))
    for band in (b"b" * 16, b"c" * 16):
        paper.append(0, body, kind=int(Kind.BAND_STATE), band=band)
    assert isinstance(intake.take(store, device, paper.batch(1, 2)), Ack)
    with store.reading() as tx:
        kept = {one.event.band: one.event for one in lanes.recent(tx, "park")}
    assert CANARY.encode() not in kept[b"b" * 16].body
    assert CANARY.encode() in kept[b"c" * 16].body, "and of nobody else"
    assert {event.h for event in kept.values()} == {event.h for event in paper.lanes[0]}
    again = intake.take(store, device, paper.batch(1, 2))
    assert isinstance(again, Ack)
    assert again.duplicates == 2
    store.close()


def test_what_is_kept_aside_of_an_erased_guest_is_emptied_and_forks_nothing(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "central.db"), now_ms=Clockwork())
    a_site(store)
    device, _ = a_device(store)
    paper, band = a_journal(device), b"b" * 16
    with store.transaction() as tx:
        guests.put_guests(tx, "park", [Guest(id=GUEST)])
        bands.add_bands(tx, "park", [BandCard(band=Band(id=band), guest=GUEST)])
    for of in (band, b"c" * 16):
        paper.append(0, b"\xc1" + CANARY.encode(), kind=int(Kind.BAND_STATE), band=of)
    assert isinstance(intake.take(store, device, paper.batch(1, 2)), Ack)
    with store.transaction() as tx:
        erasure.erase(tx, "park", GUEST)
    erasure.clear(store)
    with store.reading() as tx:
        raws = [bytes(raw) for raw in tx.execute(select(lanes.quarantine_table.c.raw)).scalars()]
    assert sorted(CANARY.encode() in raw for raw in raws) == [False, True]
    assert [one.why for one in quarantine.replay(store, "park").left].count(lanes.ERASED) == 1
    again = intake.take(store, device, paper.batch(1, 2))
    assert isinstance(again, Ack)
    assert again.duplicates == 2
    store.close()


def test_no_word_of_staff_reaches_another_gate(park: Park) -> None:
    park.write()
    park.heard()
    with park.store.reading() as tx:
        bodies = [bytes(body) for body in tx.execute(select(item_table.c.body)).scalars() if body]
    assert any(b"g:" + GUEST.encode() in body or GUEST.encode() in body for body in bodies), "the control"
    assert not [body for body in bodies if CANARY.encode() in body]


def test_a_request_of_an_erased_guest_is_forgotten_by_screens_and_by_who_waits(park: Park) -> None:
    edge = park.edge
    anna = edge.session("supervisor")
    asked = edge.service.ask_link(anna, band_of(edge, STOCK).hex(), park.band.hex(), reason=CANARY)
    assert [one.reason for one in edge.service.approvals()] == [CANARY]
    boot = edge.feed.head().rpartition("-")[0]
    park.erase()
    assert edge.service.approvals() == ()
    edge.hands.forward(s=3_600)
    edge.service._eyes.lapse()
    with edge.feed.subscribe(["approvals", "staff-north"], f"{boot}-1") as late:
        while (told := late.get(0)) is not None:
            assert told.body is None or CANARY.encode() not in msgspec.json.encode(told.body)
    with pytest.raises(PolsoError):
        edge.service.withdraw(anna, asked.id)


def test_central_without_its_keys_is_a_backup_that_opens_nothing(park: Park, tmp_path: Path) -> None:
    """What the page says of central's own backups: they open remarks while the keys are in them."""
    park.write()
    park.heard()
    with sqlite3.connect(tmp_path / "central" / "central.db") as db:
        db.execute("VACUUM INTO ?", (str(tmp_path / "copy.db"),))
    with sqlite3.connect(tmp_path / "copy.db") as db:
        assert db.execute("SELECT count(*) FROM remark_key").fetchone()[0] >= 2
        db.execute("DELETE FROM remark_key")
    copy = Store(str(tmp_path / "copy.db"), now_ms=park.clock)
    with copy.reading() as tx:
        found, _ = happenings.page(tx, SITE, Wanted())
    assert all(one.note != CANARY for one in found)
    copy.close()
