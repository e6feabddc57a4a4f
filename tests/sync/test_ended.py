"""Where people were goes after its days, and so do rights long over and memberships in empty wallets."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Band
from edge.core.decision import Reason
from edge.core.entitlements import Entitlement, Status, TimeSlot
from edge.core.retention import DAY_MS, HOUR_MS, Keeping
from sync.central import alarms
from sync.central.alarms import Alarm
from sync.central.echoes import twins
from sync.central.money import pots
from sync.central.money.placed import PlacedRow
from sync.central.planning import plans
from sync.central.privacy import retention
from sync.central.privacy.ended import members_before, rights_before
from sync.central.privacy.retention import STEADY_MS, Retention
from sync.central.registry import bands, expected, guests, members, profiles, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.store import Store, func, insert, select
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.money.tills import EUR, a_till, a_wallet

KEEPING = Keeping(sealed_days=395, moved_days=30, ended_days=100)
ENDS_MS = NOW_MS + DAY_MS
A_DAY = Entitlement(id="day", product="day", valid_from_ms=NOW_MS, valid_until_ms=ENDS_MS)


class Season:
    """A site whose guest came for one day and pays from a wallet, and a clock that runs."""

    def __init__(self, store: Store, clock: Clockwork, *, minor: int = 0, held: Entitlement = A_DAY) -> None:
        self.store, self.clock, self.mono = store, clock, 0
        a_wallet(store, "w1", minor=minor, guest="anna")
        with store.transaction() as tx:
            guests.put_guests(tx, SITE, [Guest(id="anna", name="Anna")])
            bands.add_bands(tx, SITE, [BandCard(band=Band(id=b"a" * 16), guest="anna")])
            rights.add_rights(tx, SITE, [("anna", held)])
            profiles.publish_guests(tx, SITE, ["anna"])
        self.retention = Retention(store, KEEPING, monotonic=lambda: self.mono)

    def until(self, at_ms: int) -> None:
        """Time goes by to a moment as it should, central looking now and then."""
        for part in (2, 1):
            step = (at_ms - self.clock.ms) // part
            self.clock.ms += step
            self.mono += step
            self.retention.look()

    def kept(self) -> tuple[list[str], bool]:
        """The guest's rights, and whether they still pay from a wallet."""
        with self.store.reading() as tx:
            held = rights.rights_of(tx, SITE, ["anna"]).get("anna", ())
            return [one.id for one in held], "anna" in members.members_by_guest(tx, SITE, ["anna"])

    def seen_ms(self) -> int:
        own = expected.expected_table.c
        with self.store.reading() as tx:
            return int(tx.execute(select(own.seen_ms).where(own.guest_id == "anna")).scalar_one())


@pytest.fixture(autouse=True)
def _a_test_s_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    # A real PostgreSQL tells the real time, a test's clock does not; test_retention tries that one.
    monkeypatch.setattr(retention, "is_postgres", lambda tx: False)


def test_a_right_and_a_membership_go_when_their_last_day_is_long_over(store: Store, clock: Clockwork) -> None:
    season = Season(store, clock)
    season.until(ENDS_MS + 100 * DAY_MS)
    assert season.kept() == (["day"], True)
    season.until(ENDS_MS + 100 * DAY_MS + HOUR_MS)
    assert season.kept() == ([], False)
    with store.reading() as tx:
        assert guests.guest(tx, SITE, "anna").name == "Anna", "a name stays until its guest is erased"
        assert bands.band(tx, SITE, b"a" * 16).guest == "anna"


@pytest.mark.parametrize(
    "held",
    [
        Entitlement(id="day", product="day"),
        Entitlement(id="day", product="day", valid_until_ms=ENDS_MS + 60 * DAY_MS),
    ],
    ids=["without end", "later"],
)
def test_a_right_that_is_good_for_longer_stays(store: Store, clock: Clockwork, held: Entitlement) -> None:
    season = Season(store, clock, held=held)
    season.until(ENDS_MS + 101 * DAY_MS)
    assert season.kept() == (["day"], True)


@pytest.mark.parametrize(
    "held",
    [
        Entitlement(id="ride", product="ride", slot=TimeSlot(start_ms=NOW_MS, end_ms=ENDS_MS, point="volo")),
        Entitlement(id="ride", product="ride", status=Status.CANCELLED),
    ],
    ids=["slot", "cancelled"],
)
def test_a_slot_is_over_with_its_end_and_what_was_cancelled_at_once(
    store: Store, clock: Clockwork, held: Entitlement
) -> None:
    season = Season(store, clock, held=held)
    season.until(NOW_MS + 99 * DAY_MS)
    assert season.kept() == (["ride"], True)
    season.until(ENDS_MS + 101 * DAY_MS)
    assert season.kept() == ([], False)


def test_what_was_changed_since_stays_for_its_days(store: Store, clock: Clockwork) -> None:
    season = Season(store, clock)
    clock.ms = ENDS_MS + 90 * DAY_MS
    with store.transaction() as tx:
        rights.put_rights(tx, SITE, [A_DAY], guest="anna")
    season.mono = clock.ms - NOW_MS
    season.until(ENDS_MS + 101 * DAY_MS)
    assert season.kept() == (["day"], True)


def test_nobody_leaves_a_wallet_with_money_in_it(store: Store, clock: Clockwork) -> None:
    season = Season(store, clock, minor=500)
    season.until(ENDS_MS + 101 * DAY_MS)
    assert season.kept() == ([], True)
    with store.transaction() as tx:
        pots.top_up(tx, SITE, "paid-out", wallet="w1", paid=("bank", -500, EUR))
    season.until(clock.ms + 2 * DAY_MS)
    assert season.kept() == ([], False), "the control: it is the money that held them"


def test_nobody_leaves_a_wallet_of_which_a_till_holds_something(store: Store, clock: Clockwork) -> None:
    season = Season(store, clock, minor=500)
    assert isinstance(a_till(store).want(500), PlacedRow)
    with store.transaction() as tx:
        rest = pots.free_of(tx, SITE, "w1", currency=EUR)
        pots.top_up(tx, SITE, "paid-out", wallet="w1", paid=("bank", -rest, EUR))
        assert pots.worth(tx, SITE, "w1", currency=EUR) == (0, 500 - rest, 0)
    season.until(ENDS_MS + 101 * DAY_MS)
    assert season.kept() == ([], True)


def test_who_has_no_right_leaves_when_nobody_has_seen_them_for_as_long(
    store: Store, clock: Clockwork
) -> None:
    season = Season(store, clock)
    with store.transaction() as tx:
        rights.remove(tx, SITE, ["day"])
        expected.forget(tx, SITE, ["anna"])
        profiles.publish_guests(tx, SITE, ["anna"])
    season.until(NOW_MS + 99 * DAY_MS)
    assert season.kept() == ([], True)
    assert season.seen_ms() == NOW_MS
    season.until(NOW_MS + 101 * DAY_MS)
    assert season.kept() == ([], False)
    assert season.seen_ms() == 0, "when they were here goes with it"


def test_a_clock_that_jumps_lets_nothing_go(store: Store, clock: Clockwork) -> None:
    season = Season(store, clock)
    season.until(NOW_MS + 2 * STEADY_MS)
    clock.ms += 400 * DAY_MS
    season.retention.look()
    assert season.kept() == (["day"], True)


def test_where_bands_were_read_and_who_is_inside_goes_after_thirty_days(
    store: Store, clock: Clockwork
) -> None:
    season = Season(store, clock)
    tables = (twins.seen_table, plans.inside_table, alarms.alarm_table)
    alarm = Alarm(device="gate", id="1", reason=Reason.BAND_CLONE_SUSPECTED.value, point="gate", at_ms=NOW_MS)
    with store.transaction() as tx:
        seen = {"site_id": SITE, "band_id": b"a" * 16, "device_id": "gate", "point": "gate", "at_ms": NOW_MS}
        tx.execute(insert(twins.seen_table).values(seen))
        tx.execute(insert(plans.inside_table).values(site_id=SITE, guest_id="anna", since_ms=NOW_MS))
        alarms.raise_alarm(tx, SITE, alarm)
        alarms.see(tx, SITE, ("gate", "1"), by="olga")
        alarms.raise_alarm(tx, SITE, msgspec.structs.replace(alarm, id="open"))

    def kept() -> list[int]:
        with store.reading() as tx:
            counted = (select(func.count()).select_from(table) for table in tables)
            return [int(tx.execute(query).scalar_one()) for query in counted]

    season.until(NOW_MS + 30 * DAY_MS)
    assert kept() == [1, 1, 2]
    season.until(NOW_MS + 30 * DAY_MS + HOUR_MS)
    assert kept() == [0, 0, 1], "an alarm stays until somebody has looked at it"


def test_pieces_meet_without_a_gap(
    small_store: Store, clock: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "OLD_MAX", 2)
    monkeypatch.setattr(expected, "GONE_MAX", 2)
    names = [f"g{number}" for number in range(5)]
    a_wallet(small_store, "w1", minor=0)
    with small_store.transaction() as tx:
        guests.put_guests(tx, SITE, [Guest(id=name) for name in names])
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=n.encode() * 8), guest=n) for n in names])
        for name in names:
            rights.add_rights(tx, SITE, [(name, Entitlement(id=name, product="day", valid_until_ms=NOW_MS))])
            members.join(tx, SITE, members.Member(guest=name, wallet="w1"))
        profiles.publish_guests(tx, SITE, names)
    clock.ms += 10 * DAY_MS
    for step in (rights_before, members_before):
        after, counts = "", []
        while True:
            with small_store.transaction() as tx:
                end, gone = step(tx, SITE, clock.ms, after=after)
            if end == after:
                break
            after = end
            counts.append(gone)
        assert counts == [2, 2, 1]
