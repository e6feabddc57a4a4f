"""Retention at central: acts and remarks go after their days, facts stay, no wrong clock deletes."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.events import Acted, Decided, Kind, Sealed
from edge.core.feedback import FeedbackGiven
from edge.core.retention import DAY_MS, Keeping
from sync.central import intake, seals
from sync.central.care import cases, spoken
from sync.central.care.case import Step, Told
from sync.central.care.cases import Wanted
from sync.central.care.spoken import Source
from sync.central.console import acts
from sync.central.console.acts import Act
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.machines import lanes
from sync.central.privacy import remarks, retention
from sync.central.privacy.remarks import START, forget_before, without
from sync.central.privacy.retention import STEADY_MS, Retention
from sync.central.registry import consents, guests
from sync.central.registry.guests import Guest
from sync.central.store import Store, delete, insert, select, update
from sync.wire import Ack
from tests.sync.builders import NOW_MS, SITE, Clockwork, a_device, a_journal
from tests.sync.ends import until

CANARY = "Canarina-7f3e"
DAYS = 395
KEEPING = Keeping(sealed_days=DAYS)


class Park:
    """A central with an act and a remark of now, and a clock that somebody may set."""

    def __init__(self, store: Store, clock: Clockwork) -> None:
        self.store, self.clock, self.mono = store, clock, 0
        device, _ = a_device(store)
        self.paper, self.device = a_journal(device), device
        self.write(CANARY, hlc=NOW_MS << 16)
        with store.transaction() as tx:
            acts.record(tx, Act(site=SITE, who="olga", what="guest_changed", target="g", after=CANARY))
        self.begin()

    def begin(self) -> None:
        """Start central anew."""
        self.retention = Retention(self.store, KEEPING, monotonic=lambda: self.mono)

    def write(self, note: str, *, hlc: int) -> None:
        body = msgspec.msgpack.encode(Acted(staff="anna", point="gate-1", reason="lost", note=note))
        event = self.paper.append(0, body, kind=int(Kind.BAND_STATE), hlc=hlc)
        batch = self.paper.batch(event.seq, event.seq)
        assert isinstance(intake.take(self.store, self.device, batch), Ack)

    def write_of(self, kind: Kind, who: str) -> None:
        """Journal that somebody was noticed, sealed under the site's key."""
        sealed = Sealed("s:1", who.encode())
        body = msgspec.msgpack.encode(Acted(point="kiosk-1", reason="at_kiosk", amount=1, sealed=sealed))
        event = self.paper.append(0, body, kind=int(kind), hlc=(NOW_MS << 16) + 1)
        assert isinstance(intake.take(self.store, self.device, self.paper.batch(event.seq, event.seq)), Ack)

    def holds(self, who: str) -> bool:
        """Whether any event still tells who it was."""
        with self.store.reading() as tx:
            return any(who.encode() in one.event.body for one in lanes.recent(tx, SITE))

    def passes(self, ms: int) -> None:
        """Time goes by as it should, central looking twice."""
        for _ in range(2):
            self.clock.ms += ms // 2
            self.mono += ms // 2
            self.retention.look()

    def kept(self) -> tuple[int, int]:
        """Acts, and events that still hold the remark."""
        with self.store.reading() as tx:
            found = lanes.recent(tx, SITE)
            return len(acts.acts(tx)), sum(CANARY.encode() in one.event.body for one in found)


@pytest.fixture
def park(store: Store, clock: Clockwork, monkeypatch: pytest.MonkeyPatch) -> Park:
    # A real PostgreSQL tells the real time, a test's clock does not; its own test follows below.
    monkeypatch.setattr(retention, "is_postgres", lambda tx: False)
    return Park(store, clock)


def test_acts_and_remarks_go_after_their_days_and_facts_stay(park: Park) -> None:
    park.passes((DAYS - 1) * DAY_MS)
    park.write("young", hlc=park.clock.ms << 16)
    park.passes(DAY_MS - 1)
    assert park.kept() == (1, 1)
    park.passes(DAY_MS)
    assert park.kept() == (0, 0)
    with park.store.reading() as tx:
        young, old = lanes.recent(tx, SITE)
    told = msgspec.msgpack.decode(old.event.body, type=Acted)
    assert (told.staff, told.point, told.reason, told.note) == ("anna", "gate-1", "lost", "")
    assert [old.event.h, young.event.h] == [event.h for event in park.paper.lanes[0]], (
        "the chain's hashes stay"
    )
    assert b"young" in young.event.body


def test_who_was_noticed_goes_with_the_days_of_where_bands_were_read(park: Park) -> None:
    park.write_of(Kind.ZONE_ENTERED, "Vitalba-31c4")
    park.passes((KEEPING.moved_days - 1) * DAY_MS)
    assert park.holds("Vitalba-31c4")
    park.write("young", hlc=park.clock.ms << 16)
    park.passes(4 * DAY_MS)
    assert not park.holds("Vitalba-31c4")
    assert park.kept() == (1, 1), "what staff wrote stays longer"


def test_a_device_may_still_send_again_what_was_emptied_here(park: Park) -> None:
    with park.store.transaction() as tx:
        assert forget_before(tx, SITE, NOW_MS + 1)[1] == 1
    again = park.paper.batch(1, 1)
    answer = intake.take(park.store, park.device, again)
    assert isinstance(answer, Ack)
    assert answer.duplicates == 1
    assert park.kept() == (1, 0)


@pytest.mark.parametrize(
    "jump", [20 * 365 * DAY_MS, 400 * DAY_MS, -NOW_MS], ids=["20 years", "400 days", "1970"]
)
def test_a_clock_that_jumps_deletes_nothing_before_or_after_a_start(park: Park, jump: int) -> None:
    park.passes(2 * STEADY_MS)
    park.clock.ms += jump
    park.passes(STEADY_MS // 2)
    assert park.kept() == (1, 1)
    park.begin()
    park.passes(STEADY_MS // 2)
    assert park.kept() == (1, 1)


def test_a_jump_alone_holds_every_deletion_for_hours_where_no_device_bears_witness(park: Park) -> None:
    with park.store.transaction() as tx:
        tx.execute(delete(lanes.event_table))
    park.passes(2 * STEADY_MS)
    park.clock.ms += 400 * DAY_MS
    park.passes(STEADY_MS // 2)
    park.begin()
    park.passes(STEADY_MS - 1_000)
    assert park.kept() == (1, 0)
    park.passes(2_000)
    assert park.kept() == (0, 0), "the control: it is the hours that held it"


def test_a_wrong_clock_that_keeps_on_is_contradicted_by_the_devices_own(park: Park) -> None:
    """The control is the last line: the same clock, with nobody who speaks against it."""
    years = 20 * 365 * DAY_MS
    park.clock.ms += years
    park.write("now", hlc=park.clock.ms << 16)
    with park.store.transaction() as tx:
        tx.execute(update(lanes.event_table).where(lanes.event_table.c.seq == 2).values(offset_ms=years))
    park.passes(3 * STEADY_MS)
    assert park.kept() == (1, 1)
    with park.store.transaction() as tx:
        tx.execute(update(lanes.event_table).values(offset_ms=0))
    park.passes(3 * STEADY_MS)
    assert park.kept() == (0, 0)


def test_the_schedule_looks_by_itself_and_ends_when_told(park: Park, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Retention, "every_ms", 10)
    park.clock.ms += (DAYS + 1) * DAY_MS
    park.write("now", hlc=park.clock.ms << 16)
    park.begin()
    park.clock.ms, park.mono = park.clock.ms + STEADY_MS, park.mono + STEADY_MS
    park.retention.start()
    until(lambda: park.kept() == (0, 0), 10)
    park.retention.stop()
    assert not park.retention._thread.is_alive()


def test_rows_of_a_later_time_hold_every_deletion(park: Park) -> None:
    park.passes((DAYS + 1) * DAY_MS - STEADY_MS)
    park.write("now", hlc=park.clock.ms << 16)
    with park.store.transaction() as tx:
        tx.execute(update(lanes.lane_table).values(moved_ms=park.clock.ms + 2 * DAY_MS))
    park.passes(STEADY_MS)
    assert park.kept() == (1, 1)
    park.passes(2 * DAY_MS)
    assert park.kept() == (0, 0)


@pytest.mark.postgres
def test_the_servers_clock_must_agree(fresh_postgres_url: str) -> None:
    clock = Clockwork()
    store = Store(fresh_postgres_url, now_ms=clock)
    try:
        with store.reading() as tx:
            assert "another time" in retention._doubt(tx, clock.ms)
    finally:
        store.close()


def test_bodies_of_every_shape_lose_the_remark_alone() -> None:
    acted = msgspec.msgpack.encode({"staff": "anna", "note": CANARY, "later": [1.5, b"x", None]})
    assert msgspec.msgpack.decode(without(acted) or b"") == {"staff": "anna", "later": [1.5, b"x", None]}
    place = Decided.__struct_fields__.index("note")
    decided = [None] * place + [CANARY, "of a later version"]
    assert msgspec.msgpack.decode(without(msgspec.msgpack.encode(decided)) or b"") == [
        *[None] * place,
        "",
        "of a later version",
    ]
    for body in (b"\xc1", b"", msgspec.msgpack.encode({"staff": "anna"}), msgspec.msgpack.encode([1])):
        assert without(body) is None


def test_the_pieces_of_a_large_journal_meet_without_a_gap(
    park: Park, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at in range(5):
        park.write(CANARY, hlc=(NOW_MS + 1 << 16) + at)
    monkeypatch.setattr(remarks, "PIECE_MAX", 2)
    after, counts = START, []
    while True:
        with park.store.transaction() as tx:
            end, gone = forget_before(tx, SITE, NOW_MS + 10, after=after)
        if end == after:
            break
        after = end
        counts.append(gone)
    assert counts == [2, 2, 2]
    assert park.kept() == (1, 0)


@pytest.mark.parametrize(
    ("what", "days"),
    [(What.DWELT, KEEPING.moved_days), (What.FED_BACK, DAYS), (What.BOUGHT, KEEPING.booked_days)],
)
def test_a_diary_is_kept_as_long_as_what_it_speaks_of(park: Park, what: What, days: int) -> None:
    entry = Entry("/a", "1", "g:anna", NOW_MS << 16, 0, Via.KIOSK, what)
    with park.store.transaction() as tx:
        consents.set_here(tx, SITE, "anna", purpose="presence", given=True)
        row = {**entry._asdict(), "site_id": SITE, "basis": "contract", "told_ms": NOW_MS}
        tx.execute(insert(diary.diary_table).values(row))

    def holds() -> bool:
        with park.store.reading() as tx:
            return any(one.source == "/a" for one in diary.of_guest(tx, SITE, "g:anna"))

    park.clock.ms += 20 * 365 * DAY_MS
    park.retention.look()
    assert holds(), "no clock that jumps deletes"
    park.clock.ms -= 20 * 365 * DAY_MS
    park.begin()
    park.passes((days - 1) * DAY_MS)
    assert holds()
    park.write("young", hlc=park.clock.ms << 16)
    park.passes(2 * DAY_MS)
    assert not holds()


def test_what_guests_typed_goes_after_its_two_years_and_not_before(park: Park) -> None:
    with park.store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id="g-1")])
        for whose in ("", "g-1"):
            said = FeedbackGiven(score=2, point="bar", articles=("soup",), guest=whose)
            spoken.keep(tx, SITE, said, source=Source(f"w{whose}", NOW_MS, "Vitalba soup"))
        first = Told(op="c", step=Step.OPENED, at_ms=NOW_MS, word="other")
        cases.open_case(tx, SITE, first, note="Vitalba case")

    def left() -> tuple[int, int, set[str]]:
        with park.store.reading() as tx:
            nobodys = seals.seal_table.c.owner.like("w:%")
            keys = set(tx.execute(select(seals.seal_table.c.owner).where(nobodys)).scalars())
            return len(spoken.newest(tx, SITE, since_ms=0)), len(cases.listed(tx, SITE, Wanted())), keys

    words_ms = KEEPING.words_days * DAY_MS
    assert (words_ms, left()[:2]) == (730 * DAY_MS, (2, 1))
    park.passes(words_ms - DAY_MS)
    park.write("young", hlc=park.clock.ms << 16)
    assert left()[:2] == (2, 1)
    park.passes(2 * DAY_MS)
    assert left()[:2] == (0, 0)
    park.passes(30 * DAY_MS)
    park.write("younger", hlc=park.clock.ms << 16)
    park.passes(STEADY_MS)
    assert left() == (0, 0, set()), "and the keys go that sealed nobody's"
