"""Who is about: noticed with their yes alone, told to screens that get ready, and never a ground to grant."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest

from edge.core.consent import Consent, Source
from edge.core.decision import Outcome, Reason, outcome_of
from edge.core.events import Acted, Kind
from edge.core.presence import Heard, Nearness
from edge.core.profiles import Profile, in_words
from edge.errors import StoreError
from edge.feed import RESYNC
from edge.payviews import BasketState
from edge.service.noticed import AtKiosk, Away, Noticed
from edge.service.retention import EVERY_MS
from edge.service.zonebook import ZONES
from tests.service.house import OTHER_UID, UID, House, an_edge, band_of, worn
from tests.service.purses import WALLET, a_guest, granted, rung_up
from tests.tidy.source import ROOT

YES = (Consent(purpose="presence", turns=1, since_ms=5, source=Source.CONSOLE),)
NO = (Consent(purpose="presence", turns=2, since_ms=6, source=Source.CONSOLE),)
EVERY_300_MS = 300
WALK_AWAY_S_MAX = 10


@pytest.fixture
def edge(tmp_path: Path) -> Iterator[House]:
    with an_edge(tmp_path / "edge") as house:
        house.tell(guest(house))
        yield house


def guest(house: House, uid: bytes = UID, **changes: object) -> Profile:
    return worn(house, uid, **({"rev": 5, "consents": YES, "tags": in_words("it")} | changes))


def other(house: House, **changes: object) -> Profile:
    return guest(house, OTHER_UID, **({"guest": "guest-2", "name": "Marco"} | changes))


def heard(house: House, *uids: bytes, s: float, rssi: int = -58, receiver: str = "hall") -> None:
    """Let bands be heard three times a second, and look after each time."""
    for _ in range(round(s * 1_000 / EVERY_300_MS)):
        house.hands.forward(ms=EVERY_300_MS)
        for uid in uids:
            now_ms = house.clock.monotonic_ms()
            house.service.hear(Heard(band_of(house, uid), receiver, now_ms, rssi))
        house.service.nearby.look()


def silent(house: House, s: float) -> None:
    heard(house, s=s)


def zones(house: House) -> list[tuple[str, str]]:
    return [(one.zone, one.place) for one in house.service.nearby.expected()]


def kept(house: House) -> list[str]:
    return house.sequencer.submit(lambda tx: [key for key, _ in tx.rows(ZONES)])


def told_at_kiosk(house: House) -> list[msgspec.Struct | None]:
    return [one.body for one in house.told("kiosk-kiosk") if one.event in ("near", "away")]


def tapped(house: House, uid: bytes = UID) -> str:
    tap_id = house.service.present(house.tap(uid, "reader-kiosk")).tap_id
    passed(house)
    return tap_id


def passed(house: House) -> None:
    """Tell of the last tap, as the journal tells of each one once it is committed."""
    house.service.nearby.committed((), house.events(Kind.DECIDED)[-1:])
    house.service.nearby.look()


def test_guest_who_said_yes_is_noticed_in_every_zone_from_afar_to_the_kiosk(edge: House) -> None:
    heard(edge, UID, s=6, rssi=-95)
    assert zones(edge) == [(Nearness.IN_VENUE, "")]
    heard(edge, UID, s=6, rssi=-72)
    assert zones(edge) == [(Nearness.IN_AREA, "hall")]
    heard(edge, UID, s=6)
    assert zones(edge) == [(Nearness.AT_KIOSK, "kiosk")]
    (one,) = edge.service.nearby.at("kiosk")
    assert (one.guest, one.name, one.allows) == ("guest-1", "Giulia", ("presence",))


def test_screens_hear_who_comes_near_and_staff_what_they_allow(edge: House) -> None:
    heard(edge, UID, s=6)
    bodies = [one.body for one in edge.told("presence")]
    assert [body.zone for body in bodies if isinstance(body, Noticed)][-1] is Nearness.AT_KIOSK
    heard(edge, UID, s=0.3)
    silent(edge, 9)
    assert told_at_kiosk(edge) == [AtKiosk(point="kiosk", people=0)]


@pytest.mark.parametrize("changes", [{"consents": ()}, {"consents": NO}, {"guest": None, "consents": YES}])
def test_whoever_did_not_say_yes_leaves_no_trace(edge: House, changes: dict[str, object]) -> None:
    edge.tell(other(edge, **changes))
    heard(edge, OTHER_UID, s=70)
    assert edge.service.nearby.expected() == ()
    assert edge.told("presence") == []
    assert edge.events(Kind.ZONE_ENTERED, Kind.ZONE_LEFT) == []
    assert kept(edge) == []


def test_band_that_nobody_knows_leaves_no_trace(edge: House) -> None:
    heard(edge, b"\x04nobody", s=70)
    assert edge.service.nearby.expected() == ()
    assert edge.events(Kind.ZONE_ENTERED) == []


def test_zones_are_journaled_to_the_minute_and_name_nobody(edge: House) -> None:
    began_min = edge.clock.now_ms() // 60_000
    heard(edge, UID, s=10)
    assert edge.events(Kind.ZONE_ENTERED) == [], "the minute is not over"
    silent(edge, 70)
    events = edge.events(Kind.ZONE_ENTERED)
    acted = [msgspec.msgpack.decode(event.body, type=Acted) for event in events]
    assert {(one.reason, one.point) for one in acted} == {
        ("in_venue", ""),
        ("in_area", "hall"),
        ("at_kiosk", "kiosk"),
    }
    assert {one.amount for one in acted} <= {began_min, began_min + 1}
    named = (band_of(edge).hex().encode(), band_of(edge), b"guest-1", b"Giulia")
    assert all(event.band is None for event in events)
    assert not any(word in event.body for event in events for word in named)


def test_what_can_be_read_of_zones_is_forgotten_after_a_day(edge: House) -> None:
    heard(edge, UID, s=10)
    silent(edge, 130)
    assert len(kept(edge)) >= 3
    edge.hands.forward(s=23 * 3_600)
    edge.clock.heard(edge.hands.wall_ms, 10)
    edge.service._retention.look()
    assert len(kept(edge)) >= 3
    edge.hands.forward(s=2 * 3_600, ms=EVERY_MS)
    edge.clock.heard(edge.hands.wall_ms, 10)
    edge.service._retention.look()
    assert kept(edge) == []


def test_withdrawal_holds_before_it_is_answered_and_takes_what_was_written(edge: House) -> None:
    heard(edge, UID, s=10)
    silent(edge, 61)
    heard(edge, UID, s=6)
    assert zones(edge) == [(Nearness.AT_KIOSK, "kiosk")]
    assert kept(edge)
    tap = tapped(edge)
    told_at_kiosk(edge)
    edge.service.consent(tap, "kiosk", "presence", given=False)
    assert edge.service.nearby.expected() == ()
    assert kept(edge) == []
    assert told_at_kiosk(edge)[-1] == AtKiosk(point="kiosk", people=0)
    before = len(edge.events(Kind.ZONE_ENTERED, Kind.ZONE_LEFT))
    heard(edge, UID, s=70)
    assert edge.service.nearby.expected() == ()
    assert len(edge.events(Kind.ZONE_ENTERED, Kind.ZONE_LEFT)) == before
    told = edge.feed.subscribe(["presence"], f"{edge.feed.boot}-0").get(0)
    assert told is not None
    assert told.event == RESYNC, "nobody who comes back is told of them again"


def test_withdrawal_told_by_central_holds_at_the_next_look(edge: House) -> None:
    heard(edge, UID, s=10)
    edge.tell(guest(edge, rev=6, consents=NO))
    edge.service.nearby.look()
    assert edge.service.nearby.expected() == ()


def test_other_words_of_a_guest_do_not_send_them_away(edge: House) -> None:
    heard(edge, UID, s=6)
    tap = tapped(edge)
    told_at_kiosk(edge)
    edge.service.consent(tap, "kiosk", "offers", given=True)
    edge.service.nearby.look()
    assert zones(edge) == [(Nearness.AT_KIOSK, "kiosk")]
    assert told_at_kiosk(edge) == []
    assert edge.service.nearby.expected()[0].allows == ("offers", "presence")


def test_of_two_at_a_kiosk_nobody_is_named(edge: House) -> None:
    edge.tell(other(edge))
    heard(edge, UID, s=6)
    assert [one.name for one in edge.service.nearby.at("kiosk")] == ["Giulia"]
    heard(edge, UID, OTHER_UID, s=6)
    assert [one.name for one in edge.service.nearby.at("kiosk")] == ["", ""]
    assert told_at_kiosk(edge)[-1] == AtKiosk(point="kiosk", people=2)
    heard(edge, UID, s=10)
    assert told_at_kiosk(edge)[-1] == AtKiosk(point="kiosk", people=1, name="Giulia", language="it")


def test_band_that_walks_away_is_told_to_the_kiosk_with_its_tap(edge: House) -> None:
    heard(edge, UID, s=6)
    tap = tapped(edge)
    told_at_kiosk(edge)
    heard(edge, UID, s=WALK_AWAY_S_MAX, rssi=-80)
    assert told_at_kiosk(edge) == [Away(point="kiosk", tap_id=tap), AtKiosk(point="kiosk", people=0)]


def test_area_changes_with_the_clearly_louder_receiver_alone(edge: House) -> None:
    heard(edge, UID, s=6, rssi=-70)
    assert zones(edge) == [(Nearness.IN_AREA, "hall")]
    for _ in range(20):
        heard(edge, UID, s=0.3, rssi=-70)
        heard(edge, UID, s=0.3, rssi=-67, receiver="court")
    assert zones(edge) == [(Nearness.IN_AREA, "hall")]
    for _ in range(20):
        heard(edge, UID, s=0.3, rssi=-74)
        heard(edge, UID, s=0.3, rssi=-60, receiver="court")
    assert zones(edge) == [(Nearness.IN_AREA, "court")]


def test_tap_at_the_gate_is_in_the_venue_and_one_at_the_exit_is_not(edge: House) -> None:
    edge.service.present(edge.tap())
    passed(edge)
    assert zones(edge) == [(Nearness.IN_VENUE, "")]
    silent(edge, 900)
    assert zones(edge) == [(Nearness.IN_VENUE, "")], "who came in by a tap is there, heard or not"
    edge.service.present(edge.tap(reader="reader-out"))
    passed(edge)
    assert zones(edge) == []


def test_erased_guest_is_about_no_more(edge: House) -> None:
    heard(edge, UID, s=10)
    edge.service.erase("guest-1", [band_of(edge)])
    assert edge.service.nearby.expected() == ()
    assert kept(edge) == []


def test_being_heard_grants_nothing_and_charges_nobody(edge: House) -> None:
    """Rule 1 of ble.md: whatever is heard, no decision is made and no money moves."""
    profile = a_guest(edge)
    edge.tell(msgspec.structs.replace(profile, consents=YES, rev=profile.rev + 1))
    granted(edge)
    rung_up(edge)
    before = len(edge.events())
    heard(edge, UID, s=30, rssi=-40)
    assert zones(edge) == [(Nearness.AT_KIOSK, "kiosk")]
    assert edge.gate.opened == []
    assert edge.decided() == []
    assert edge.service.basket("till").state is BasketState.AWAITING
    assert {Kind(event.kind) for event in edge.events()[before:]} <= {Kind.ZONE_ENTERED, Kind.ZONE_LEFT}
    assert edge.service.placement.presences() == ((WALLET, "sighting", False),)


GRANTS = [reason for reason in Reason if outcome_of(reason) is Outcome.GRANTED]
NEARBY = "edge/service/nearby.py"
FORBIDDEN = ("edge.core.presence", "edge.presence", "edge.service.nearby", "edge.service.zonebook")


@pytest.mark.parametrize("reason", GRANTS)
def test_no_room_that_says_a_granting_reason_knows_who_was_heard(reason: Reason) -> None:
    """But for the one that hears which tap went out, to say who is about no more."""
    says = {path: known for path, said, known in rooms() if reason.name in said}
    guilty = [path for path, known in says.items() if known & set(FORBIDDEN)]
    assert says
    assert guilty == ([NEARBY] if reason is Reason.EXITED else [])


@cache
def rooms() -> list[tuple[str, set[str], set[str]]]:
    """Each file of the rulebook's two rooms with the reasons that it says and the modules that it knows."""
    paths = [path for room in ("edge/core", "edge/service") for path in sorted((ROOT / room).rglob("*.py"))]
    trees = [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]
    return [(str(path.relative_to(ROOT)), set(reasons(tree)), set(imported(tree))) for path, tree in trees]


def reasons(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
            yield node.attr


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)


def test_guest_sees_where_their_band_was_noticed(edge: House) -> None:
    heard(edge, UID, s=10)
    silent(edge, 70)
    known = edge.service.what_you_know(tapped(edge), "kiosk")
    assert {(one.point, one.granted) for one in known.noticed} >= {
        ("", True),
        ("hall", True),
        ("kiosk", False),
    }
    assert known.keeps["zones"] == 1


def test_store_that_fails_meanwhile_forgets_and_writes_as_soon_as_it_can(
    edge: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard(edge, UID, s=10)
    silent(edge, 61)
    assert kept(edge)
    heard(edge, UID, s=6)

    def fails(act: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(edge.sequencer, "submit", fails)
        edge.service.nearby.forget([band_of(edge)])
        assert edge.service.nearby.expected() == ()
        silent(edge, 3)
    assert kept(edge)
    edge.service.nearby.look()
    assert kept(edge) == []


def test_movements_of_a_minute_wait_for_a_store_that_fails(
    edge: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard(edge, UID, s=10)

    def fails(act: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(edge.sequencer, "submit", fails)
        silent(edge, 70)
    assert kept(edge) == []
    edge.service.nearby.look()
    assert len(kept(edge)) >= 3
