"""Booked times at a gate's own device: places are counted durably, given back, and judged again the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.calendar import last_reset
from edge.core.decision import Act, Reason, WhatNext
from edge.core.places import Layout
from edge.core.replay import replay
from edge.core.retention import DAY_MS
from edge.core.slots import SLOT, Slot
from edge.store.counting import Counting
from edge.views import Plan
from tests.builders import HOUR_MS, NOW_MS, ROME, a_day_ticket, a_layout, a_slot_right
from tests.service.house import Hands, House, an_edge, worn

KEY = f"castle/{NOW_MS}"
FULL, ENTERED = Reason.SLOT_FULL, Reason.ENTERED


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as made:
        yield made


def a_time(hours: int = 0, *, places: int | None = None, share: int = 0) -> Slot:
    start = NOW_MS + hours * HOUR_MS
    return Slot(
        point="castle", product="ride", start_ms=start, end_ms=start + HOUR_MS,
        shares={"edge-1": share} if share else {}, capacity_max=places,
        gates={} if places is None else {"edge-1": places},
    )  # fmt: skip


def told(house: House, *times: Slot) -> None:
    house.publish(*((SLOT, one.key, one) for one in times))


def guests(house: House, count: int) -> list[bytes]:
    """So many guests with a ride at this time, who are in the park."""
    uids = [number.to_bytes(7, "big") for number in range(1, count + 1)]
    for number, uid in enumerate(uids):
        rights = a_day_ticket(f"day-{number}"), a_slot_right(f"slot-{number}", minutes=60)
        house.tell(worn(house, uid, guest=f"guest-{number}", entitlements=rights, rev=number + 1))
        house.service.present(house.tap(uid))
    return uids


def rides(house: House, uid: bytes) -> Reason:
    return house.service.present(house.tap(uid, "reader-ride")).reason


def taken(house: House) -> dict[str, int]:
    return house.sequencer.submit(lambda tx: tx.all_taken())


def test_as_many_ride_as_there_are_places_and_the_next_guest_is_told_of_the_next_time(house: House) -> None:
    told(house, a_time(places=2), a_time(1), a_time(2, share=1))
    uids = guests(house, 3)
    assert [rides(house, uid) for uid in uids] == [ENTERED, ENTERED, FULL]
    view = house.service.present(house.tap(uids[2], "reader-ride"))
    assert view.next == WhatNext(act=Act.CHANGE_TIME, at_ms=a_time(2).start_ms)
    assert taken(house) == {KEY: 2}


def test_who_comes_too_late_is_told_of_the_next_time_too(house: House) -> None:
    (uid,) = guests(house, 1)
    house.hands.forward(s=2 * 3_600)
    told(house, a_time(3, share=1))
    view = house.service.present(house.tap(uid, "reader-ride"))
    assert (view.reason, view.next) == (
        Reason.TOO_LATE, WhatNext(act=Act.CHANGE_TIME, at_ms=a_time(3).start_ms),
    )  # fmt: skip


def test_a_kiosk_shows_of_a_missed_time_when_the_next_one_begins(house: House) -> None:
    (uid,) = guests(house, 1)
    house.hands.forward(s=2 * 3_600)
    told(house, a_time(3, share=1))
    house.service.present(house.tap(uid, "reader-kiosk"))
    plan = next(one.body for one in house.told("kiosk-kiosk") if isinstance(one.body, Plan))
    shown = {item.entitlement: item.next_ms for item in plan.items}
    assert shown == {"slot-0": a_time(3).start_ms, "day-0": None}


def test_a_place_that_was_given_away_here_is_not_offered_again(house: House) -> None:
    told(house, a_time(places=0), a_time(1, share=1))
    first, second = guests(house, 2)
    tap = house.service.present(house.tap(first, "reader-ride"))
    assert tap.next.at_ms == a_time(1).start_ms
    early = a_slot_right("slot-1", start_ms=NOW_MS + 3 * HOUR_MS)
    house.tell(worn(house, second, guest="guest-1", entitlements=(a_day_ticket("day-1"), early), rev=99))
    kiosk = house.service.present(house.tap(second, "reader-kiosk")).tap_id
    assert house.service.near.move(kiosk, "kiosk", "slot-1", start_ms=a_time(1).start_ms).done
    assert house.service.present(house.tap(first, "reader-ride")).next.act is Act.SEE_STAFF


def test_a_ride_that_is_undone_frees_its_place(house: House) -> None:
    told(house, a_time(places=1), a_time(1, share=1))
    first, second = guests(house, 2)
    ride = house.service.present(house.tap(first, "reader-ride"))
    assert rides(house, second) is FULL
    house.service.annul(ride.tap_id, cause="did not turn")
    assert taken(house) == {KEY: 0}
    assert rides(house, second) is ENTERED


def test_places_that_are_taken_stay_so_over_a_restart_and_the_nightly_reset(tmp_path: Path) -> None:
    hands, layout = Hands(), a_layout(reset_min=10 * 60 + 30)
    with an_edge(tmp_path, hands, layout=layout) as house:
        told(house, a_time(places=2))
        first = guests(house, 2)[0]
        assert rides(house, first) is ENTERED
    before = hands.wall_ms
    hands.forward(s=45 * 60)
    assert last_reset(ROME, 10 * 60 + 30, hands.wall_ms) > before, "the night lies between"
    with an_edge(tmp_path, hands, layout=layout) as house:
        assert taken(house) == {KEY: 1}


def test_central_judges_every_ride_again_and_comes_to_the_same(house: House) -> None:
    told(house, a_time(places=1), a_time(1, share=1))
    for uid in guests(house, 2):
        rides(house, uid)
    layout = house.profiles.layout()
    assert isinstance(layout, Layout)
    decided = [one for one in house.decided() if one.decision.point == "castle"]
    assert [one.decision.reason for one in decided] == [ENTERED, FULL]
    assert [dict(one.inside) for one in decided] == [{KEY: 1}, {KEY: 0}]
    for one in decided:
        profile = house.profiles.get(one.presented.band or b"")
        again = replay(one, profile, layout, timezone=ROME, rules={})
        assert again is not None
        assert again.decision == one.decision
    blind = replay(msgspec.structs.replace(decided[1], inside=()), profile, layout, timezone=ROME, rules={})
    assert blind is not None
    assert blind.decision.reason is ENTERED, "the control: the places are a fact of the decision"


def test_a_time_changed_at_a_kiosk_here_comes_out_the_same_at_central(house: House) -> None:
    told(house, a_time(1, share=1, places=1))
    (uid,) = guests(house, 1)
    later = a_slot_right("slot-0", start_ms=NOW_MS + 3 * HOUR_MS, minutes=60)
    house.tell(worn(house, uid, guest="guest-0", entitlements=(a_day_ticket("day-0"), later), rev=50))
    kiosk = house.service.present(house.tap(uid, "reader-kiosk")).tap_id
    house.service.near.move(kiosk, "kiosk", "slot-0", start_ms=a_time(1).start_ms)
    house.hands.forward(s=3_600)
    house.service.present(house.tap(uid))
    assert rides(house, uid) is ENTERED
    layout, profile = house.profiles.layout(), house.profiles.get(house.vault.band_id(uid))
    assert layout is not None
    (last,) = [one for one in house.decided() if one.decision.point == "castle"]
    again = replay(last, profile, layout, timezone=ROME, rules={})
    assert again is not None
    assert again.decision == last.decision


def test_counts_of_times_that_are_long_over_go(house: House) -> None:
    told(house, a_time(places=2))
    rides(house, guests(house, 1)[0])
    house.hands.forward(ms=3 * DAY_MS)
    house.clock.heard(house.hands.wall_ms, 10)
    house.service._retention.look()
    assert taken(house) == {}


def _some_day(house: House, seed: int) -> tuple[int, int]:
    """Let guests ride and rides be annulled by chance; return the places and how many rode at most."""
    chance = random.Random(seed)  # noqa: S311 - a story, nothing secret
    places = chance.randint(1, 4)
    told(house, a_time(places=places))
    uids, riding, most = guests(house, 7), dict[bytes, str](), 0
    for _ in range(30):
        uid = chance.choice(uids)
        if uid in riding and chance.random() < 0.5:
            house.service.annul(riding.pop(uid), cause="did not turn")
        else:
            view = house.service.present(house.tap(uid, "reader-ride"))
            if view.reason is ENTERED:
                riding[uid] = view.tap_id
        most = max(most, len(riding))
    return places, most


@pytest.mark.parametrize("seed", range(3))
def test_no_day_lets_more_guests_ride_than_there_are_places(tmp_path: Path, seed: int) -> None:
    with an_edge(tmp_path) as house:
        places, most = _some_day(house, seed)
    assert most == places


def test_a_device_that_forgets_whom_it_let_in_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the count that is read back, a time is overfilled."""
    monkeypatch.setattr(Counting, "taken", lambda self, slot: 0)
    with an_edge(tmp_path) as house:
        places, most = _some_day(house, 0)
    assert most > places
