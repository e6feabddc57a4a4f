"""An erased guest is nowhere at central, and every edge hears of it before anything else."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.consent import Consent, Consented
from edge.core.events import Kind
from edge.errors import PolsoError, StoreError, Unknown
from sync.central.echoes import twins
from sync.central.echoes.uptake import Heeded, take_up
from sync.central.export import told_of
from sync.central.feed import item_table
from sync.central.imports import jobs
from sync.central.machines import lanes
from sync.central.planning import plans
from sync.central.privacy import erasure
from sync.central.registry import bands, consents, guests, profiles
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from sync.central.traces import ALSO
from sync.client import Cable, Line, Sender
from sync.client.pulling import Puller
from sync.client.urgent import ERASE, erasures
from sync.wire import Cursor, ErasureNotice, Item
from tests.portions import sample_and_whole
from tests.security.planted import (
    GUEST,
    IBAN,
    MAIL,
    NAME,
    NOBODYS,
    OTHER,
    POINTERS,
    POINTERS_STAY,
    SEALS,
    TABLES,
    WORDS,
    filled,
    found_in,
    planted,
)
from tests.sync.builders import Clockwork
from tests.sync.ends import a_welcome, keys_of, served, until
from tests.sync.paper import Paper

PROMISED_S = 60


# At central


@pytest.fixture
def clock() -> Clockwork:
    return Clockwork()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clockwork) -> Iterator[Store]:
    kind = request.param
    url = str(tmp_path / "c.db") if kind == "sqlite" else request.getfixturevalue("fresh_postgres_url")
    opened = Store(url, now_ms=clock, seals=SEALS)
    yield opened
    opened.close()


@pytest.fixture
def small_store(tmp_path: Path, clock: Clockwork) -> Iterator[Store]:
    opened = Store(str(tmp_path / "central.db"), now_ms=clock, seals=SEALS)
    yield opened
    opened.close()


def scanned(folder: Path) -> int:
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return sum(octets.count(word.encode()) for octets in files for word in WORDS)


def told_still(store: Store) -> set[str]:
    """Kinds of what the feed holds with a body."""
    own = item_table.c
    with store.reading() as tx:
        return set(tx.execute(select(own.kind).where(own.body.is_not(None))).scalars())


def gone(store: Store) -> erasure.Erased:
    with store.transaction() as tx:
        return erasure.erase(tx, "park", GUEST)


def test_no_table_of_central_holds_an_erased_guest(store: Store) -> None:
    planted(store)
    done = gone(store)
    erasure.clear(store)
    assert (done.bands, done.rights) == (1, 2)
    assert found_in(store, WORDS) == set()
    assert found_in(store, POINTERS) == set(POINTERS_STAY)
    assert found_in(store, ("Someone",)) == {"guest.name", "wallet.label"}, "and nobody else is touched"
    assert told_still(store) == {ERASE}
    with store.reading() as tx:
        (kept,) = jobs.jobs(tx, "park")
        with pytest.raises(Unknown):
            told_of(tx, "park", GUEST)
    assert [one.why for one in kept.first_wrong] == ["else"]


def test_each_table_of_central_is_planted_or_said_to_name_nobody(small_store: Store) -> None:
    """The control of what is scanned: a new table fails here until somebody has thought of whom it names."""
    planted(small_store)
    named = {column.partition(".")[0] for column in found_in(small_store, (*WORDS, *POINTERS))}
    assert named | NOBODYS == set(TABLES)
    assert named & NOBODYS == set()


PLACES = [*(("PLACES", place) for place in erasure.PLACES), *(("ALSO", place) for place in ALSO)]


@pytest.mark.parametrize("places", sample_and_whole(PLACES[:1], PLACES))
@pytest.mark.timeout(120)
def test_without_any_one_place_something_of_the_guest_stays(
    tmp_path: Path, clock: Clockwork, monkeypatch: pytest.MonkeyPatch, places: list[tuple[str, Any]]
) -> None:
    """The control of every place that forgets: left out, the scan finds what it would have taken away."""
    for number, (kind, one) in enumerate(places):
        store = Store(str(tmp_path / f"{number}.db"), now_ms=clock, seals=SEALS)
        planted(store)
        with monkeypatch.context() as out:
            out.setattr(erasure, kind, [place for place in getattr(erasure, kind) if place is not one])
            gone(store)
        left, told = (found_in(store, WORDS), found_in(store, POINTERS)), told_still(store)
        store.close()
        assert (left, told) != ((set(), set(POINTERS_STAY)), {ERASE}), f"{one} of {one.__module__}"


def test_where_another_guest_was_read_and_that_they_are_here_stays(small_store: Store) -> None:
    """Until their time has come (tests/sync/test_ended.py)."""
    planted(small_store)
    with small_store.transaction() as tx:
        filled(tx, twins.seen_table, band_id=b"o" * 16)
        filled(tx, plans.inside_table, guest_id="guest-2")
    gone(small_store)
    with small_store.reading() as tx:
        assert list(tx.execute(select(twins.seen_table.c.band_id)).scalars()) == [b"o" * 16]
        assert list(tx.execute(select(plans.inside_table.c.guest_id)).scalars()) == ["guest-2"]


def test_no_file_of_central_holds_one_nor_does_a_copy_made_afterwards(
    small_store: Store, tmp_path: Path
) -> None:
    planted(small_store)
    assert scanned(tmp_path) > 0
    gone(small_store)
    assert scanned(tmp_path) > 0, "the control: deleted rows still lie in the database's log"
    erasure.clear(small_store)
    assert scanned(tmp_path) == 0
    (tmp_path / "backup").mkdir()
    with sqlite3.connect(tmp_path / "central.db") as db:
        db.execute("VACUUM INTO ?", (str(tmp_path / "backup" / "copy.db"),))
    assert scanned(tmp_path) == 0


def test_what_staff_remarked_of_others_stays_and_no_event_goes(small_store: Store) -> None:
    planted(small_store)
    with small_store.reading() as tx:
        before = {one.event.h for one in lanes.recent(tx, "park")}
    gone(small_store)
    with small_store.reading() as tx:
        kept = lanes.recent(tx, "park")
    assert {one.event.h for one in kept} == before
    assert [b"somebody else" in one.event.body for one in kept].count(True) == 1


def test_a_reader_that_never_ends_is_reported_and_a_second_erasure_clears(
    small_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted(small_store)
    gone(small_store)
    with monkeypatch.context() as held:
        held.setattr(Store, "erase_ghosts", lambda self: False)
        with pytest.raises(StoreError, match="long reader"):
            erasure.clear(small_store)
    gone(small_store)
    erasure.clear(small_store)
    assert scanned(tmp_path) == 0


def test_nobody_is_erased_who_is_not_there(small_store: Store) -> None:
    planted(small_store)
    with small_store.transaction() as tx, pytest.raises(Unknown, match="no guest"):
        erasure.erase(tx, "park", "nobody")


def test_the_export_holds_everything_and_no_key(small_store: Store) -> None:
    planted(small_store)
    with small_store.reading() as tx:
        text = msgspec.json.encode(told_of(tx, "park", GUEST)).decode()
    told = json.loads(text)
    assert (told["guest"]["name"], told["bands"][0]["label"]) == (NAME, NAME)
    assert told["entitlements"][0]["product"] == "day"
    assert told["consents"][0][:2] == ["offers", 1]
    assert "a2tra2tra2s" not in text
    assert [one["id"] for one in told["orders"]] == ["o1"]
    assert [one["last_four"] for one in told["mandates"]] == ["4917"]
    assert [one["iban"] for one in told["payouts"]] == [IBAN]
    assert [one["state"] for one in told["points"]] == ["credited"]
    assert [(one["kind"], one["value"], one["proof"]) for one in told["known_by"]] == [
        ("email", MAIL, "staff")
    ]
    assert f"{NAME} called" in told["cases"][0]["notes"]
    assert OTHER.hex() not in text, "what was done about another guest's band is not this guest's to have"


# On the way


@dataclass
class Gate(Paper):
    """An edge on paper that notes in which order it was told what."""

    at: Cursor = field(default_factory=Cursor)
    told: list[str] = field(default_factory=list)

    def erased(self, guest: str, _: Any) -> None:
        self.told.append(f"erase {guest}")

    def apply(self, page: Any, cursor: Any, seq: int = 0) -> None:
        super().apply(page, cursor, seq)
        self.told.append("bind" if isinstance(page, bytes) else "apply")

    def build(self, items: Any, cursor: Cursor, *, rows_min: int = 0) -> Path:
        self.applied += list(items)
        self.told.append("build")
        self.at = cursor
        return Path("built")

    def adopt(self, path: Path, point_at: Callable[[str], None]) -> None:
        """The built file is where it was built to."""

    def count(self) -> int:
        return 0

    def puller(self, url: str, store: Store) -> Puller:
        welcome = a_welcome(url, store)
        line = Line(url, Cable(), device=welcome.device, keys=keys_of(welcome))
        ports = replace(self.ports(), erase=self.erased)
        return Puller(Sender(site="park", device=welcome.device), ports=ports, line=line)


def test_an_edge_hears_of_an_erasure_first_also_after_a_long_silence(small_store: Store) -> None:
    planted(small_store)
    with served(small_store) as url:
        gate = Gate()
        puller = gate.puller(url, small_store)
        puller.report()
        puller.pull(0)
        gate.told.clear()
        with small_store.transaction() as tx:
            guests.put_guests(tx, "park", [Guest(id="guest-2", name="Other")])
            bands.add_bands(tx, "park", [BandCard(band=Band(id=b"c" * 16), guest="guest-2")])
            profiles.publish_guests(tx, "park", ["guest-2"])
        gone(small_store)
        puller.report()
        puller.pull(0)
        assert gate.told[0] == f"erase {GUEST}"
        assert "apply" in gate.told[1:], "the control: something else waited"
        late = Gate()
        first = late.puller(url, small_store)
        first.report()
        first.pull(0)
        assert late.told[0] == f"erase {GUEST}"
        assert all(NAME.encode() not in (item.body or b"") for item in late.applied)


def test_a_waiting_edge_hears_of_it_within_the_minute_and_central_sees_that_it_did(
    small_store: Store,
) -> None:
    planted(small_store)
    with served(small_store) as url:
        gate = Gate()
        puller = gate.puller(url, small_store)
        puller.report()
        puller.pull(0)
        waiting = threading.Thread(target=lambda: puller.pull(25))
        waiting.start()
        done = gone(small_store)
        until(lambda: f"erase {GUEST}" in gate.told, PROMISED_S)
        waiting.join(30)
        with small_store.reading() as tx:
            assert erasure.spread(tx, "park", done.seq).waiting != ()
        puller.report()
        puller.report()
        with small_store.reading() as tx:
            assert erasure.spread(tx, "park", done.seq).waiting == ()


def test_an_erasure_that_makes_no_sense_changes_nothing() -> None:
    good = Item(kind=ERASE, key="k", version=1, body=msgspec.msgpack.encode(ErasureNotice(guest="g")))
    assert [one.guest for one in erasures([good, Item(kind=ERASE, key="gone", version=2)])] == ["g"]
    with pytest.raises(PolsoError, match="does not decode"):
        erasures([good, Item(kind=ERASE, key="k", version=3, body=b"\xc1")])


def test_a_consent_that_arrives_for_an_erased_guest_brings_nobody_back(
    small_store: Store,
) -> None:
    planted(small_store)
    gone(small_store)
    said = Consented(guest=GUEST, consent=Consent(purpose="offers", turns=2, source="kiosk"))
    with small_store.transaction() as tx:
        take_up(tx, "park", [Heeded(int(Kind.CONSENT_SET), msgspec.msgpack.encode(said), 0)], device="edge-1")
        assert consents.consents_of(tx, "park", [GUEST]) == {}
