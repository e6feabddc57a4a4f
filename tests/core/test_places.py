"""Zones as a tree, and points with the defaults of their kind."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.bands import Trust
from edge.core.places import DEFAULTS, Layout, Passback, PointKind, Zone, point_of
from tests.builders import a_layout, an_attraction


def test_a_zone_lies_within_all_those_around_it() -> None:
    layout = a_layout()
    assert layout.lineage("castle") == ("castle", "park")
    assert layout.lineage("moon") == ("moon",)
    assert layout.lineage(None) == ()
    assert layout.within("castle", "park")
    assert not layout.within("park", "castle")
    assert not layout.within(None, "park")


def test_zones_in_a_circle_end_where_they_began() -> None:
    layout = a_layout(zones=(Zone(id="a", parent="b"), Zone(id="b", parent="a"), Zone(id="c", parent="c")))
    assert layout.lineage("a") == ("a", "b")
    assert layout.lineage("c") == ("c",)


def test_what_is_looked_up_once_does_not_change_what_a_layout_is() -> None:
    layout = a_layout()
    assert layout.points_by_id["north"].id == "north"
    assert layout == a_layout()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(layout), type=Layout) == layout


def test_a_site_that_knows_one_walk_is_paced() -> None:
    assert not a_layout().paced
    assert a_layout(an_attraction(walk_s_min=60)).paced


@pytest.mark.parametrize("kind", PointKind)
def test_each_kind_has_its_defaults(kind: PointKind) -> None:
    point = point_of(kind, "p", "park", confirm=True)
    assert (point.id, point.kind, point.zone, point.confirm) == ("p", kind, "park", True)
    assert point.trust_min is None
    assert point.passback is {
        PointKind.GATE: Passback.HARD, PointKind.ATTRACTION: Passback.TIMED, PointKind.LOUNGE: Passback.SOFT
    }.get(kind, Passback.NONE)  # fmt: skip
    assert DEFAULTS[kind].id == ""


ASKED = {
    PointKind.GATE: Trust.SUN, PointKind.ATTRACTION: Trust.SUN, PointKind.LOUNGE: Trust.SUN,
    PointKind.DOOR: Trust.LIVE, PointKind.TILL: Trust.LIVE, PointKind.KIOSK: Trust.UID,
}  # fmt: skip


@pytest.mark.parametrize("kind", PointKind)
@pytest.mark.parametrize("said", [None, *Trust])
def test_a_point_demands_what_its_kind_does_unless_the_operator_says_otherwise(
    kind: PointKind, said: Trust | None
) -> None:
    point = point_of(kind, "p", "park", trust_min=said)
    assert point.demands is (ASKED[kind] if said is None else said)
    assert point.is_lax is (said is not None and said < ASKED[kind])


def test_a_gate_knows_whether_people_pass_at_other_devices_too() -> None:
    assert a_layout(gates=("edge-1", "edge-2")).has_others("edge-1")
    assert not a_layout(gates=("edge-1",)).has_others("edge-1")
    assert not a_layout().has_others("edge-1")
