"""A gate that others stand beside: what it has not asked them is said, and only policy makes it more."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge.core.decision import Outcome, Reason
from edge.core.events import Kind
from edge.core.places import Layout, Passback
from tests.builders import NOW_MS, a_day_ticket, a_gate, a_layout, some_uses
from tests.service.house import Hands, House, an_edge, worn

BESIDE = ("edge-1", "edge-2")
OLD_S = 1_000
"""Longer than a gate believes where a band is."""


def a_park(
    passback: Passback = Passback.NONE, *, gates: tuple[str, ...] = BESIDE, refer: bool = False
) -> Layout:
    gate = a_gate(passback=passback, location_age_ms_max=900_000, refer_unconfirmed=refer)
    return a_layout(gate, gates=gates)


def a_season_pass(house: House) -> None:
    house.tell(worn(house, entitlements=(a_day_ticket(uses_max=None),), rev=2))


def test_a_green_beside_other_gates_says_that_they_were_not_asked(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_park()) as house:
        view = house.service.present(house.tap())
        assert (view.outcome, view.reason) == (Outcome.GRANTED, Reason.ENTERED)
        assert view.notes == (Reason.UNCONFIRMED_OFFLINE,)
        assert house.decided()[-1].unconfirmed
        assert len(house.gate.opened) == 1


@pytest.mark.parametrize("gates", [(), ("edge-1",)])
def test_the_only_gate_of_a_site_has_nobody_to_ask(tmp_path: Path, gates: tuple[str, ...]) -> None:
    with an_edge(tmp_path, layout=a_park(gates=gates, refer=True)) as house:
        view = house.service.present(house.tap())
        assert (view.outcome, view.notes) == (Outcome.GRANTED, ())
        assert not house.decided()[-1].unconfirmed


@pytest.mark.parametrize("reader", ["reader-out", "reader-door", "reader-kiosk", "reader-till"])
def test_where_nothing_is_spent_nobody_has_to_be_asked(tmp_path: Path, reader: str) -> None:
    with an_edge(tmp_path, layout=a_park()) as house:
        view = house.service.present(house.tap(reader=reader))
        assert Reason.UNCONFIRMED_OFFLINE not in view.notes
        assert not house.decided()[-1].unconfirmed


def test_a_point_that_does_not_decide_alone_calls_staff_whose_word_lets_in(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_park(refer=True)) as house:
        view = house.service.present(house.tap())
        assert (view.outcome, view.reason) == (Outcome.REFERRED, Reason.UNCONFIRMED_OFFLINE)
        assert house.gate.opened == []
        let_in = house.service.confirm(house.session(), view.tap_id, "passage", granted=True)
        assert let_in.outcome is Outcome.GRANTED
        assert len(house.gate.opened) == 1


@pytest.mark.parametrize(("gates", "outcome"), [(BESIDE, Outcome.GRANTED), (("edge-1",), Outcome.DENIED)])
def test_an_old_place_is_believed_only_by_who_sees_every_passage(
    tmp_path: Path, gates: tuple[str, ...], outcome: Outcome
) -> None:
    """The guest may have gone out at the other gate meanwhile: a wrong block harms, a note does not."""
    with an_edge(tmp_path, Hands(), layout=a_park(Passback.HARD, gates=gates)) as house:
        a_season_pass(house)
        assert house.service.present(house.tap()).outcome is Outcome.GRANTED
        house.hands.forward(s=OLD_S)
        view = house.service.present(house.tap())
        assert view.outcome is outcome
        assert Reason.INSIDE_ALREADY in (view.reason, *view.notes)


def test_a_fresh_place_is_believed_beside_other_gates_too(tmp_path: Path) -> None:
    """Control: it is the age that makes the difference."""
    with an_edge(tmp_path, Hands(), layout=a_park(Passback.HARD)) as house:
        a_season_pass(house)
        house.service.present(house.tap())
        house.hands.forward(s=60)
        assert house.service.present(house.tap()).reason is Reason.INSIDE_ALREADY


def test_what_was_not_confirmed_is_journaled_so(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_park()) as house:
        house.service.present(house.tap())
        assert [event.kind for event in house.events(Kind.DECIDED)] == [Kind.DECIDED]
        assert [one.unconfirmed for one in house.decided()] == [True]


def test_a_right_that_another_gate_used_opens_this_one_no_more(tmp_path: Path) -> None:
    with an_edge(tmp_path, layout=a_park()) as house:
        [use] = some_uses(NOW_MS - 60_000, point="castle")
        house.remember_uses([msgspec.structs.replace(use, device="edge-2")])
        view = house.service.present(house.tap())
        assert (view.outcome, view.reason) == (Outcome.DENIED, Reason.ALREADY_USED_ELSEWHERE)
        assert view.first is not None
        assert view.first.point == "castle"
