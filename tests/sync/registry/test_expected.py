"""Who may come within two days is told to the edges in full, everybody else as little as a decision needs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec
import pytest

from edge.core.bands import Band, Presented, Trust
from edge.core.decision import Act, Basis, Decision, Outcome, Reason, WhatNext
from edge.core.entitlements import Entitlement
from edge.core.events import Decided, Kind, body_of
from edge.core.places import Layout
from edge.core.profiles import Profile, ProfileItem
from edge.core.retention import DAY_MS, HOUR_MS, Keeping
from edge.service.facts import own_profile
from sync.central import intake
from sync.central.export import told_of
from sync.central.feed import head, item_table
from sync.central.privacy import erasure
from sync.central.privacy.retention import STEADY_MS, Retention
from sync.central.registry import bands, consents, expected, guests, layout, profiles, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.expected import expected_table
from sync.central.registry.guests import Guest
from sync.central.store import Store, select
from sync.central.telling.renewal import PIECE_MAX, Renewal, renew
from sync.wire import Ack
from tests.builders import a_gate, a_layout
from tests.sync.builders import NOW_MS, SITE, Clockwork, a_device, a_journal
from tests.sync.ends import until

NAME, GUEST, BAND = "Canarina-7f3e", "guest-1", b"b" * 16
COMES_MS = NOW_MS + 5 * DAY_MS


@pytest.fixture
def clock() -> Clockwork:
    return Clockwork()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: object, clock: Clockwork) -> Iterator[Store]:
    kind = request.param
    url = f"{tmp_path}/c.db" if kind == "sqlite" else request.getfixturevalue("fresh_postgres_url")
    opened = Store(url, now_ms=clock)
    yield opened
    opened.close()


def a_house(store: Store, *held: Entitlement, own: Layout | None = None, guest: Guest | None = None) -> None:
    """A site with one guest, who may come in five days unless said otherwise."""
    a_device(store)
    day = Entitlement(id="day", product="day", valid_from_ms=COMES_MS, valid_until_ms=COMES_MS + DAY_MS)
    known = guest or Guest(id=GUEST, name=NAME, language="it", tags=("vip",), age_band="8-11", height_cm=117)
    with store.transaction() as tx:
        place = own or a_layout()
        layout.put_settings(tx, SITE, place)
        for thing in (*place.zones, *place.points, *place.products):
            layout.put_thing(tx, SITE, thing)
        layout.publish_layout(tx, SITE)
        guests.put_guests(tx, SITE, [known])
        bands.add_bands(tx, SITE, [BandCard(band=Band(id=BAND), guest=known.id, keys={0: b"k" * 16})])
        rights.add_rights(tx, SITE, [(known.id, right) for right in held or (day,)])
        consents.set_here(tx, SITE, known.id, purpose="offers", given=True)
        profiles.publish_bands(tx, SITE, [bands.band(tx, SITE, BAND)])


def told(store: Store, band: bytes = BAND) -> Profile:
    """What the edges are told of a band now."""
    own = item_table.c
    with store.reading() as tx:
        query = select(own.body).where(own.kind == profiles.PROFILE, own.key == band.hex())
        body = bytes(tx.execute(query).scalar_one())
    return msgspec.msgpack.decode(body, type=ProfileItem).profile


def personal(profile: Profile) -> dict[str, object]:
    fields = ("name", "language", "tags", "age_band", "height_cm")
    found = {field: getattr(profile, field) for field in fields if getattr(profile, field)}
    return found | ({"consents": True} if any(one.given for one in profile.consents) else {})


def test_nothing_personal_of_who_is_not_expected_reaches_an_edge_and_all_in_time(
    store: Store, clock: Clockwork
) -> None:
    a_house(store)
    early = told(store)
    assert personal(early) == {}
    assert (early.guest, early.rev, early.entitlements[0].id) == (GUEST, early.rev, "day")
    clock.ms = COMES_MS - 2 * DAY_MS - 1
    assert renew(store, SITE, now=False) == 0
    clock.ms += 1
    assert renew(store, SITE, now=False) == 1
    assert renew(store, SITE, now=False) == 0
    full = told(store)
    assert set(personal(full)) == {"name", "language", "tags", "consents"}, "no point asks for the body"
    assert full.rev == early.rev, "nothing that a decision stands on has changed"


def test_names_leave_the_edges_a_day_after_the_right_has_ended_by_a_clock_that_is_believed(
    store: Store, clock: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sync.central.privacy.retention.is_postgres", lambda tx: False
    )  # its server's clock is real
    a_house(store)
    clock.ms = COMES_MS
    assert renew(store, SITE, now=False) == 1
    clock.ms = COMES_MS + 2 * DAY_MS
    assert renew(store, SITE, now=False) == 0
    assert told(store).name == NAME, "the schedule of arrivals takes nothing away"
    mono = [0]
    retention = Retention(store, Keeping(), monotonic=lambda: mono[0])
    retention.look()
    assert told(store).name == NAME, "nor does a clock that has only begun to run"
    mono[0] += STEADY_MS
    clock.ms += STEADY_MS
    retention.look()
    assert personal(told(store)) == {}


def test_who_has_no_right_is_expected_when_registered_and_when_seen(store: Store, clock: Clockwork) -> None:
    a_house(store, guest=Guest(id=GUEST, name=NAME))
    with store.transaction() as tx:
        rights.remove(tx, SITE, ["day"])
        expected.forget(tx, SITE, [GUEST])
        profiles.publish_guests(tx, SITE, [GUEST])
    assert told(store).name == NAME
    clock.ms += 2 * DAY_MS
    assert renew(store, SITE, now=True) == 1
    assert told(store).name == ""


def a_tap(outcome: Outcome = Outcome.DENIED) -> bytes:
    decision = Decision(
        outcome=outcome,
        reason=Reason.TOO_EARLY if outcome is Outcome.DENIED else Reason.ENTERED,
        next=WhatNext(act=Act.COME_BACK),
        point="north",
        direction="in",
        basis=Basis.EDGE,
        band=BAND,
        guest=GUEST,
        entitlement="day" if outcome is Outcome.GRANTED else None,
    )
    presented = Presented(tap_id="t", reader="r", band=BAND, trust=Trust.SUN)
    return msgspec.msgpack.encode(body_of(Decided(decision=decision, presented=presented, now_ms=NOW_MS)))


def test_who_is_read_though_not_expected_is_told_in_full_at_once(store: Store, clock: Clockwork) -> None:
    a_house(store)
    device, _ = a_device(store)
    paper = a_journal(device)
    for outcome in (Outcome.GRANTED, Outcome.DENIED):
        paper.append(0, a_tap(outcome), kind=int(Kind.DECIDED), band=BAND)
    assert isinstance(intake.take(store, device, paper.batch(1, 1)), Ack)
    assert told(store).name == "", "the control: who is let in had a right, and was expected by it"
    assert isinstance(intake.take(store, device, paper.batch(2, 2)), Ack)
    assert told(store).name == NAME
    clock.ms += 2 * DAY_MS
    assert renew(store, SITE, now=True) == 1
    assert told(store).name == ""


def test_what_points_begin_to_ask_is_told_of_everybody(store: Store, clock: Clockwork) -> None:
    a_house(store)
    assert told(store).height_cm is None
    with store.transaction() as tx:
        layout.put_thing(tx, SITE, a_gate(height_cm_min=100))
        layout.publish_layout(tx, SITE)
    assert renew(store, SITE, now=False) == 1
    assert personal(told(store)) == {"height_cm": 117}
    with store.transaction() as tx:
        before = head(tx, SITE)
        layout.publish_layout(tx, SITE)
        assert head(tx, SITE).seq == before.seq + 1
    assert renew(store, SITE, now=False) == 0, "what asks the same makes nobody's turn"


def test_of_who_is_expected_the_body_is_told_as_soon_as_a_point_asks_and_no_longer(
    store: Store, clock: Clockwork
) -> None:
    a_house(store)
    clock.ms = COMES_MS
    assert renew(store, SITE, now=False) == 1
    assert (told(store).name, told(store).height_cm, told(store).age_band) == (NAME, None, None)
    for least_cm, height_cm in ((100, 117), (None, None)):
        with store.transaction() as tx:
            layout.put_thing(tx, SITE, a_gate(height_cm_min=least_cm))
            layout.publish_layout(tx, SITE)
        assert renew(store, SITE, now=False) == 1
        assert (told(store).name, told(store).height_cm) == (NAME, height_cm)
        assert renew(store, SITE, now=False) == 0


def test_a_crowd_is_told_piece_by_piece(store: Store, clock: Clockwork) -> None:
    a_house(store)
    crowd = [f"g{number:04}" for number in range(PIECE_MAX + 20)]
    with store.transaction() as tx:
        guests.add_guests(tx, SITE, [Guest(id=one, name=NAME) for one in crowd])
        cards = [BandCard(band=Band(id=one.encode().ljust(16)), guest=one) for one in crowd]
        bands.add_bands(tx, SITE, cards)
        day = Entitlement(id="", product="day", valid_from_ms=COMES_MS, valid_until_ms=COMES_MS + DAY_MS)
        rights.add_rights(tx, SITE, [(one, msgspec.structs.replace(day, id=one)) for one in crowd])
        profiles.publish_bands(tx, SITE, cards)
    clock.ms = COMES_MS - DAY_MS
    assert Renewal(store).look() == len(crowd) + 1
    assert all(told(store, card.band.id).name == NAME for card in cards)


def test_it_looks_by_schedule_as_soon_as_central_runs(store: Store, clock: Clockwork) -> None:
    a_house(store)
    clock.ms = COMES_MS
    renewal = Renewal(store)
    renewal.start()
    try:
        until(lambda: told(store).name == NAME, 10)
    finally:
        renewal.stop()


def test_the_erased_and_the_removed_have_no_turn_any_more(store: Store, clock: Clockwork) -> None:
    a_house(store)
    with store.transaction() as tx:
        erasure.erase(tx, SITE, GUEST)
        assert list(tx.execute(select(expected_table))) == []
        guests.put_guests(tx, SITE, [Guest(id="guest-2")])
        expected.judge(tx, SITE, ["guest-2"], rights={})
    clock.ms += 3 * DAY_MS
    assert renew(store, SITE, now=True) == 1
    with store.reading() as tx:
        assert list(tx.execute(select(expected_table))) == [], "a guest without a band is nobody's business"


def test_the_guests_own_export_says_what_edges_are_told(store: Store) -> None:
    a_house(store)
    with store.reading() as tx:
        record = told_of(tx, SITE, GUEST)
    assert record.guest.name == NAME
    assert record.bands[0].at_edges == msgspec.structs.replace(told(store), remark_key=b"")


def test_a_band_that_was_linked_at_a_gate_stays_linked_when_its_guest_comes_into_view(store: Store) -> None:
    """Its revision does not rise, by which central's word would undo what staff did offline."""
    a_house(store)
    before = told(store)
    ours = msgspec.structs.replace(before, guest="other")

    class Linked:
        def linked(self, band: bytes) -> Profile:
            assert band == BAND
            return ours

    presented = Presented(tap_id="t", reader="r", band=BAND)
    with store.transaction() as tx:
        expected.notice(tx, SITE, [GUEST])
        profiles.publish_bands(tx, SITE, [bands.band(tx, SITE, BAND)])
    after = told(store)
    assert after.name == NAME
    assert own_profile(Linked(), presented, after) is ours  # type: ignore[arg-type]  # all that is asked of it


def test_every_hour_of_ten_days_the_edges_know_just_who_may_come(store: Store, clock: Clockwork) -> None:
    """Arrivals at all hours: in view from two days before until a day after, give or take one look."""
    a_house(store)
    starts = [NOW_MS + hours * HOUR_MS for hours in range(0, 240, 31)]
    with store.transaction() as tx:
        cards = []
        for number, start in enumerate(starts):
            one = f"v{number}"
            guests.put_guests(tx, SITE, [Guest(id=one, name=NAME)])
            cards.append(BandCard(band=Band(id=one.encode().ljust(16)), guest=one))
            day = Entitlement(id=one, product="day", valid_from_ms=start, valid_until_ms=start + DAY_MS)
            rights.add_rights(tx, SITE, [(one, day)])
        bands.add_bands(tx, SITE, cards)
        profiles.publish_bands(tx, SITE, cards)
    for _ in itertools.repeat(None, 120):
        clock.ms += 3 * HOUR_MS
        for now in (False, True):
            renew(store, SITE, now=now)
        for start, card in zip(starts, cards, strict=True):
            near = start - 2 * DAY_MS <= clock.ms < start + 2 * DAY_MS
            assert (told(store, card.band.id).name == NAME) is near
