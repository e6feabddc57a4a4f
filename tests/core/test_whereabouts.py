"""In which zones a band is, from what all receivers hear of it and what taps tell."""

from __future__ import annotations

from edge.core.presence import Heard, Moved, Nearness, Receiver, Whereabouts
from edge.core.presence.whereabouts import REF_1M_DBM, TAPPED_MS_MAX, VENUE_SILENCE_MS

BAND = b"\x01" * 16
HALL = Receiver(name="hall-1", area="hall", point="kiosk", ref_1m_dbm=-59)
HALL_2 = Receiver(name="hall-2", area="hall", ref_1m_dbm=-59)
COURT = Receiver(name="court-1", area="court", ref_1m_dbm=-59)
GATE = Receiver(name="gate-1")
DESK = Receiver(name="desk-1", point="desk")
COARSE = Receiver(name="coarse-1", point="hatch", ref_1m_dbm=-59, coarse=True)
SITE = {one.name: one for one in (HALL, HALL_2, COURT, GATE, DESK, COARSE)}
VENUE, AREA, KIOSK = Nearness.IN_VENUE, Nearness.IN_AREA, Nearness.AT_KIOSK


class Walk:
    """One band, and a clock that goes on by 300 ms each time that it is heard."""

    def __init__(self, now_ms: int = 1_000_000) -> None:
        self.somebody, self.now_ms = Whereabouts(SITE), now_ms

    def heard(self, *told: tuple[str, int], s: float, power_1m: int | None = None) -> list[Moved]:
        found: list[Moved] = []
        for _ in range(round(s / 0.3)):
            self.now_ms += 300
            for receiver, rssi in told:
                self.somebody.hear(Heard(BAND, receiver, self.now_ms, rssi, power_1m))
            found += self.somebody.look(self.now_ms)
        return found


def test_first_sighting_is_in_the_venue_and_in_no_other_zone() -> None:
    walk = Walk()
    assert walk.heard(("gate-1", -90), s=0.3) == [Moved(VENUE, "", entered=True)]
    assert walk.heard(("gate-1", -50), s=30) == []
    assert walk.somebody.zones == {VENUE: ""}


def test_zones_are_entered_from_far_to_near_and_left_from_near_to_far() -> None:
    walk = Walk()
    walk.heard(("hall-1", -85), s=5)
    assert walk.heard(("hall-1", -55), s=8) == [
        Moved(AREA, "hall", entered=True),
        Moved(KIOSK, "kiosk", entered=True),
    ]
    assert walk.heard(s=VENUE_SILENCE_MS / 1_000 + 1) == [
        Moved(KIOSK, "kiosk", entered=False),
        Moved(AREA, "hall", entered=False),
        Moved(VENUE, "", entered=False),
    ]
    assert walk.somebody.zones == {}


def test_whoever_is_silent_a_while_is_still_in_the_venue() -> None:
    walk = Walk()
    walk.heard(("hall-1", -55), s=6)
    walk.heard(s=60)
    assert walk.somebody.zones == {VENUE: ""}


def test_area_with_several_receivers_is_one_place() -> None:
    walk = Walk()
    walk.heard(("hall-1", -72), ("hall-2", -80), s=6)
    assert walk.heard(("hall-1", -80), ("hall-2", -66), s=20) == []
    assert walk.somebody.zones == {VENUE: "", AREA: "hall"}


def test_somebody_between_two_areas_stays_where_they_were() -> None:
    walk = Walk()
    walk.heard(("hall-1", -70), ("court-1", -73), s=6)
    assert walk.heard(("hall-1", -72), ("court-1", -69), s=60) == []
    moved = walk.heard(("hall-1", -78), ("court-1", -62), s=10)
    assert moved == [Moved(AREA, "hall", entered=False), Moved(AREA, "court", entered=True)]


def test_receiver_that_nobody_knows_tells_nothing() -> None:
    walk = Walk()
    assert walk.heard(("elsewhere", -40), s=6) == []


def test_calibrated_receiver_knows_better_than_the_frame_and_the_frame_than_nobody() -> None:
    for receiver, power_1m, rssi, near in (
        ("hall-1", -90, -75, False),
        ("desk-1", -90, -75, True),
        ("desk-1", None, -75, False),
        ("desk-1", None, REF_1M_DBM, True),
    ):
        walk = Walk()
        walk.heard((receiver, rssi), s=6, power_1m=power_1m)
        assert (KIOSK in walk.somebody.zones) is near
    by_frame = {"kiosk-1": Receiver(name="kiosk-1", point="kiosk")}
    for power, near in ((-75, True), (None, False)):
        somebody = Whereabouts(by_frame)
        for now_ms in range(1_000, 8_000, 300):
            somebody.hear(Heard(BAND, "kiosk-1", now_ms, -75, power))
            somebody.look(now_ms)
        assert (somebody.zones.get(KIOSK) == "kiosk") is near
    assert REF_1M_DBM == -59


def test_tap_at_a_gate_is_in_the_venue_for_a_day_and_no_longer() -> None:
    walk = Walk()
    walk.somebody.tap(walk.now_ms, entered=True)
    assert walk.heard(s=0.3) == [Moved(VENUE, "", entered=True)]
    walk.now_ms += VENUE_SILENCE_MS * 2
    assert walk.heard(s=0.3) == []
    walk.now_ms += TAPPED_MS_MAX
    assert walk.heard(s=0.3) == [Moved(VENUE, "", entered=False)]


def test_tap_at_the_exit_leaves_all_zones_however_loud_the_band_was() -> None:
    walk = Walk()
    walk.heard(("hall-1", -55), s=6)
    walk.somebody.tap(walk.now_ms, entered=False)
    left = walk.somebody.look(walk.now_ms)
    assert [one.zone for one in left] == [KIOSK, AREA, VENUE]
    assert walk.heard(("hall-1", -55), s=0.3) == [Moved(VENUE, "", entered=True)], "and comes back if heard"


def test_samples_in_any_order_move_nobody_to_and_fro() -> None:
    walk = Walk()
    walk.heard(("hall-1", -55), s=6)
    for late_ms in (300, 3_000, 30_000):
        walk.somebody.hear(Heard(BAND, "hall-1", walk.now_ms - late_ms, -95))
    assert walk.heard(("hall-1", -55), s=6) == []


def test_levels_in_coarse_steps_must_fall_further_before_somebody_is_gone() -> None:
    for receiver, stays in (("hall-1", False), ("coarse-1", True)):
        walk = Walk()
        walk.heard((receiver, -55), s=6)
        assert KIOSK in walk.somebody.zones
        walk.heard((receiver, -73), s=8)
        assert (KIOSK in walk.somebody.zones) is stays
