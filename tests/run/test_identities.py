"""Who is heard by radio, through the whole house: profiles, a guest's word, states, clocks and erasure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.bands import Band, BandState
from edge.core.consent import Consent, Purpose, Source
from edge.core.onair import OnAir, octets_of
from edge.core.profiles import Cursor, Item, Profile, ProfileItem
from edge.errors import StoreError
from edge.run.identities import GONE_ROWS_MIN, Identities
from edge.service.onair import DRIFT
from hardware.ble.eid import eid
from tests.builders import a_profile
from tests.service.house import House, an_edge
from tests.sync.ends import until

K = 9
PERIOD_S = 2**K
YES = Consent(purpose=Purpose.PRESENCE.value, turns=1, source=Source.KIOSK.value)


def key_of(number: int) -> bytes:
    return (number * 7919 + 1).to_bytes(16, "little")


def band(number: int) -> bytes:
    return (number << 8).to_bytes(8, "big") + number.to_bytes(8, "big")


class Place:
    """A house that listens; bands are numbered, and ``said`` is what one of them sends."""

    def __init__(self, house: House) -> None:
        self.house, self.ids = house, Identities(house.profiles, house.service, house.clock, k=K)
        house.sequencer.after_commit(house.service.on_air.committed)

    def profile(self, number: int, rev: int = 1, **changes: object) -> Profile:
        fields = {"band": Band(id=band(number)), "guest": f"guest-{number}", "consents": (YES,), "rev": rev}
        return msgspec.structs.replace(a_profile(), **{**fields, **changes})

    def tell(self, *profiles: Profile, offset_s: int = 0, keyed: bool = True) -> None:
        items = []
        for one in profiles:
            number = int.from_bytes(one.band.id[8:], "big")
            air = octets_of(OnAir(key_of(number), offset_s)) if keyed else b""
            body = msgspec.msgpack.encode(ProfileItem(profile=one, keys={1: bytes(16)}, on_air=air))
            items.append(Item(kind="profile", key=one.band.id.hex(), version=one.rev, body=body))
        self.house.profiles.apply(items, Cursor(1, next(self.house.cursor)))

    def says(self, number: int, *, given: bool) -> None:
        """What the wearer of a band tells staff, who write it down."""
        shown = band(number).hex()
        self.house.service.consent_by_staff(self.house.session("gate"), shown, "presence", given=given)

    def settle(self) -> None:
        while self.ids.work():
            pass

    def kept(self, number: int) -> bytes | None:
        """How far off its clock was found, as it is kept."""
        return self.house.sequencer.submit(lambda tx: tx.get(DRIFT, band(number).hex()))

    def said(self, number: int, *, ahead_s: int = 0) -> bytes:
        return eid(key_of(number), self.house.clock.central_ms() // 1_000 + ahead_s, K)

    def hears(self, number: int, *, ahead_s: int = 0) -> bytes | None:
        return self.ids.lookup(self.said(number, ahead_s=ahead_s))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with an_edge(tmp_path / "edge") as house:
        yield Place(house)


def test_expected_band_whose_guest_said_yes_is_heard_and_all_others_are_nobody(place: Place) -> None:
    silent = place.profile(2, consents=())
    place.tell(place.profile(1), silent, place.profile(3, guest=None))
    place.tell(place.profile(4), keyed=False)
    assert place.hears(1) is None, "no table is made yet"
    place.settle()
    assert [place.hears(number) for number in range(1, 6)] == [band(1), None, None, None, None]
    assert place.ids.expected == 1


def test_consent_withdrawn_in_mid_epoch_makes_the_next_sighting_nobodys(place: Place) -> None:
    place.tell(place.profile(1), place.profile(2))
    place.settle()
    assert place.hears(1) == band(1)

    place.says(1, given=False)
    assert place.hears(1) is None, "before any table was made anew"
    place.settle()
    assert place.hears(1) is None
    assert place.hears(2) == band(2)

    place.says(1, given=True)
    place.settle()
    assert place.hears(1) == band(1)


def test_word_of_a_guest_holds_for_each_of_their_bands(place: Place) -> None:
    place.tell(place.profile(1, guest="guest-1"), place.profile(2, guest="guest-1"))
    place.settle()
    place.says(1, given=False)
    assert place.hears(2) is None


def test_consent_withdrawn_elsewhere_leaves_with_the_page_that_tells_it(place: Place) -> None:
    place.tell(place.profile(1))
    place.settle()
    no = msgspec.structs.replace(YES, turns=2)
    place.tell(place.profile(1, rev=2, consents=(no,)))
    place.settle()
    assert place.hears(1) is None


@pytest.mark.parametrize("state", [BandState.LOST, BandState.REPLACED, BandState.REVOKED, BandState.EXPIRED])
def test_band_in_another_state_than_active_leaves(place: Place, state: BandState) -> None:
    place.tell(place.profile(1))
    place.settle()
    assert place.hears(1) == band(1)
    place.tell(place.profile(1, rev=2, band=Band(id=band(1), state=state)))
    place.settle()
    assert place.hears(1) is None


@pytest.mark.parametrize("act", ["lost", "replace", "revoke"])
def test_band_that_staff_shut_out_leaves_at_once(place: Place, act: str) -> None:
    place.tell(place.profile(1))
    place.settle()
    session = place.house.session("supervisor")
    place.house.service.set_band_state(session, band(1).hex(), act, reason="told at the desk")
    until(lambda: place.hears(1) is None)
    place.settle()
    assert place.hears(1) is None


def test_band_whose_guest_was_linked_to_another_one_leaves(place: Place) -> None:
    place.tell(place.profile(1), place.profile(2, guest=None, consents=(), entitlements=()))
    place.settle()
    asked = place.house.service.ask_link(place.house.session(), band(2).hex(), band(1).hex(), reason="torn")
    boss = place.house.session("supervisor", staff="bruno")
    place.house.service.approve(boss, asked.id, granted=True)
    until(lambda: place.hears(1) is None)
    place.settle()
    assert place.hears(1) is None
    assert place.hears(2) == band(2), "its guest's word goes with the guest"


def test_erased_guest_is_nobody_and_leaves_no_clock_behind(place: Place) -> None:
    place.tell(place.profile(1))
    place.settle()
    assert place.hears(1, ahead_s=PERIOD_S) == band(1)
    place.settle()
    assert place.kept(1) is not None
    place.house.service.erase("guest-1", [band(1)])
    assert place.hears(1) is None
    place.settle()
    assert (place.hears(1), place.kept(1)) == (None, None)


def test_band_is_heard_until_its_last_moment(place: Place) -> None:
    end_ms = place.house.clock.now_ms() + 60_000
    place.tell(place.profile(1, band=Band(id=band(1), valid_until_ms=end_ms)))
    place.settle()
    assert place.hears(1) == band(1)
    place.house.hands.forward(s=60)
    assert place.hears(1) is None


def test_who_is_forgotten_whole_is_nobody_at_once(place: Place) -> None:
    place.tell(place.profile(1))
    place.settle()
    place.house.profiles.forget()
    assert place.hears(1) is None
    place.settle()
    assert (place.hears(1), place.ids.expected) == (None, 0)


def test_snapshot_is_read_whole_and_nothing_of_before_stays(place: Place) -> None:
    place.tell(place.profile(1))
    place.settle()
    air = octets_of(OnAir(key_of(2)))
    body = msgspec.msgpack.encode(ProfileItem(profile=place.profile(2), on_air=air))
    items = [Item(kind="profile", key=band(2).hex(), version=1, body=body)]
    built = place.house.profiles.build(items, Cursor(2, 1))
    place.house.profiles.adopt(built, place.house.sequencer.point_at)
    place.settle()
    assert (place.hears(1), place.hears(2)) == (None, band(2))


def test_store_that_fails_leaves_nobody_in_the_tables_who_was_to_be_judged(place: Place) -> None:
    place.tell(place.profile(1))
    place.settle()
    place.tell(place.profile(1, rev=2, consents=()))
    place.house.sequencer.stop()
    with pytest.raises(StoreError):
        place.settle()
    assert place.hears(1) is None


def test_word_said_while_the_band_is_judged_outweighs_the_judgement(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.tell(place.profile(1))
    judged = place.house.service.on_air.audible

    def meanwhile(bands: list[bytes]) -> object:
        found = judged(bands)
        monkeypatch.undo()
        place.says(1, given=False)
        return found

    monkeypatch.setattr(place.house.service.on_air, "audible", meanwhile)
    place.settle()
    assert place.hears(1) is None


# Clocks


def test_band_is_found_by_the_clock_that_it_had_at_registration(place: Place) -> None:
    place.tell(place.profile(1), offset_s=-1_000_000_007)
    place.settle()
    assert place.hears(1, ahead_s=-1_000_000_007) == band(1)


@pytest.mark.parametrize("step", [-1, 1])
@pytest.mark.parametrize("end_s", [65_536, 2**32], ids=["temporary key", "32-bit time"])
def test_band_early_or_late_is_found_over_each_roll_over_and_never_another_guest(
    place: Place, step: int, end_s: int
) -> None:
    now_s = place.house.clock.central_ms() // 1_000
    # Its clock begins anew two periods from now.
    offset_s = end_s - (now_s + 2 * PERIOD_S) % end_s
    place.tell(*(place.profile(number) for number in range(1, 30)), offset_s=offset_s)
    for _ in range(5):
        place.settle()
        for number in range(1, 30):
            assert place.hears(number, ahead_s=offset_s + step * PERIOD_S) == band(number)
        place.house.hands.forward(s=PERIOD_S)


def test_tables_are_made_ahead_so_that_a_roll_over_finds_everybody_without_a_slice(place: Place) -> None:
    place.tell(*(place.profile(number) for number in range(1, 30)))
    place.settle()
    for _ in range(2):
        place.house.hands.forward(s=PERIOD_S)
        assert all(place.hears(number) == band(number) for number in range(1, 30))


def test_clock_that_was_put_right_is_known_after_a_restart(place: Place) -> None:
    place.tell(place.profile(1))
    place.settle()
    assert place.hears(1, ahead_s=PERIOD_S) == band(1)
    place.settle()
    again = Place(place.house)
    again.settle()
    assert place.kept(1) is not None
    assert again.hears(1, ahead_s=2 * PERIOD_S) == band(1), "nearer than from where its clock began"


def test_recorded_identity_ages_however_often_it_is_played(place: Place) -> None:
    """Each playing is a drift of one period backwards: believed without an end, it would never grow old."""
    place.tell(place.profile(1))
    recorded, played = place.said(1), 0
    for _ in range(10):
        place.settle()
        played += place.ids.lookup(recorded) is not None
        place.house.hands.forward(s=PERIOD_S)
    assert 1 <= played <= 4
    place.settle()
    assert place.hears(1) == band(1), "and the band itself is not lost by it"


# The thread


def test_tables_that_are_mostly_of_who_left_are_made_anew(place: Place) -> None:
    place.tell(place.profile(1))
    place.settle()
    for _ in range(GONE_ROWS_MIN + 2):
        place.ids.doubt([band(1)])
        place.ids._judge()
    place.settle()
    assert place.hears(1) == band(1)
    assert len(place.ids._roster) == 1


def test_thread_judges_and_makes_tables_by_itself(place: Place) -> None:
    place.ids.start()
    try:
        place.tell(place.profile(1))
        until(lambda: place.hears(1) == band(1))
        place.says(1, given=False)
        assert place.hears(1) is None
        place.says(1, given=True)
        until(lambda: place.hears(1) == band(1))
    finally:
        place.ids.stop()
