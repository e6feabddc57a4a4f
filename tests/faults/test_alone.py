"""A gate without any contact decides on, hour by hour; each decision comes out equal when judged again."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.core.decision import Family
from edge.core.entitlements import Reentry
from edge.core.events import DECISIONS, Event, decided_in
from edge.core.places import Passback
from edge.core.profiles import Profile
from edge.core.replay import replay
from edge.views import StaffView
from hardware.port import Tap
from tests.builders import HOUR_MS, MINUTE_MS, ROME, a_day_ticket, a_gate, a_layout, a_slot_right
from tests.faults.test_kill_sale import memory
from tests.portions import sample_and_whole
from tests.service.house import Hands, House, an_edge, worn

__all__ = ["memory"]
HOURS = int(os.environ.get("POLSO_ALONE_HOURS", "24"))
GUESTS_HOUR = int(os.environ.get("POLSO_ALONE_GUESTS", "1050"))
TAPS_GUEST = 4
"""In, in again, out, and one of the other families."""
PAGE = 500
GROWN_MAX = 2.0
"""How much slower, against a bare commit, the best late hour may be at its p99 than the best early one."""
ENOUGH = 1_000
"""Taps of an hour of which a p99 says anything."""


def uid_of(number: int) -> bytes:
    return b"\x04" + number.to_bytes(6, "big")


def a_guest(house: House, number: int) -> Profile:
    """A guest of a kind of their own: of each ten, some come too early, too late, or must be seen first."""
    now_ms, id_ = house.clock.now_ms(), f"right-{number}"
    rights = (
        a_day_ticket(id_, reentry=Reentry.NEVER),
        a_slot_right(id_, start_ms=now_ms + HOUR_MS),
        a_slot_right(id_, start_ms=now_ms - 2 * HOUR_MS),
        a_day_ticket(id_, confirm=True),
        a_day_ticket(id_),
    )
    return worn(house, uid_of(number), guest=f"guest-{number}", entitlements=(rights[number % len(rights)],))


def taps_of(house: House, number: int) -> Iterator[Tap]:
    """What one guest does, and beside it somebody whom nobody knows, or a band that was torn away."""
    uid, reader = uid_of(number), "reader-ride" if number % 5 in (1, 2) else "reader-1"
    yield house.tap(uid, reader=reader)
    yield house.tap(uid, reader=reader)
    yield house.tap(uid, reader="reader-out")
    yield house.torn() if number % 2 else house.tap(b"\x05" + number.to_bytes(6, "big"))


def journaled(house: House) -> Iterator[Event]:
    """Everything that was decided, page by page."""
    after = 0
    while page := house.journal.range(0, after, PAGE):
        yield from (event for event in page if event.kind in DECISIONS)
        after = page[-1].seq


def a_bare_commit_ms(house: House) -> float:
    """What a durable word costs in the same moments: the neighbours of a busy machine are in both."""
    began_ns = time.monotonic_ns()
    house.sequencer.submit(lambda tx: tx.put("bare", "commit", b"1"))
    return (time.monotonic_ns() - began_ns) / 1e6


def p99(took_ms: list[float]) -> float:
    return sorted(took_ms)[len(took_ms) * 99 // 100]


@pytest.mark.timeout(max(900, HOURS * GUESTS_HOUR // 20))
@pytest.mark.parametrize("guests_hour", sample_and_whole(10, GUESTS_HOUR))
def test_a_gate_alone_for_a_day_decides_on_and_is_judged_equal(
    memory: Path, guests_hour: int, record_property: Callable[[str, object], None]
) -> None:
    """The sample makes 960 decisions, the whole 100,800.

    The goal is a week, 1,008,000 decisions: `POLSO_ALONE_HOURS=168 POLSO_ALONE_GUESTS=1500`.
    """
    layout = a_layout(a_gate(passback=Passback.HARD), reset_min=4 * 60)
    known: dict[bytes, Profile] = {}
    families: Counter[Family] = Counter()
    hourly: list[float] = []
    with an_edge(memory / "edge", Hands(), layout=layout) as house:
        for hour in range(HOURS):
            guests = range(hour * guests_hour, (hour + 1) * guests_hour)
            profiles = [a_guest(house, number) for number in guests]
            known |= {one.band.id: one for one in profiles}
            house.tell(*profiles)
            took: list[float] = []
            bare: list[float] = []
            for number in guests:
                for tap in taps_of(house, number):
                    view: StaffView = house.service.present(tap)
                    assert view.seq > 0, "decided and not written"
                    families[view.family] += 1
                    took.append(view.took_ms)
                    house.hands.forward(ms=60 * MINUTE_MS // (guests_hour * TAPS_GUEST))
                bare.append(a_bare_commit_ms(house))
            hourly.append(p99(took) / p99(bare))
        told = house.profiles.layout()
        assert told is not None
        judged = equal = 0
        for event in journaled(house):
            decided = decided_in(event.body, event.band)
            again = replay(decided, known.get(event.band or b""), told, timezone=ROME, rules={})
            judged += 1
            equal += again is not None and again.decision == decided.decision
        assert house.health.sync_age_ms() is None, "the control: nobody was heard"
    assert set(families) == set(Family), families
    assert judged == equal == HOURS * guests_hour * TAPS_GUEST
    early, late = min(hourly[: HOURS // 2]), min(hourly[HOURS // 2 :])
    record_property(
        "figures",
        f"{judged} decisions alone, p99 {early:.2f} x a commit early, {late:.2f} x late "
        f"({late / early - 1:+.0%}; goal +10 %)",
    )
    assert late <= GROWN_MAX * early or guests_hour * TAPS_GUEST < ENOUGH


def test_a_decision_under_other_terms_is_not_judged_equal(tmp_path: Path) -> None:
    """The control: what is compared hangs on the profile."""
    with an_edge(tmp_path, Hands(), layout=a_layout()) as house:
        house.tell(a_guest(house, 0))
        house.service.present(house.tap(uid_of(0)))
        [event] = journaled(house)
        told = house.profiles.layout()
        assert told is not None
        decided = decided_in(event.body, event.band)
        again = replay(decided, a_guest(house, 1), told, timezone=ROME, rules={})
        assert again is not None
        assert again.decision != decided.decision
