"""Which store is nearest: borders of zones are counted, and who has none left comes last."""

from __future__ import annotations

from edge.core.nearness import FAR, away, rank
from edge.core.orders import Shelf
from edge.core.places import Layout, Point, PointKind, Zone

LAYOUT = Layout(
    site="park",
    version=1,
    timezone="Europe/Rome",
    zones=(Zone(id="park"), Zone(id="lake", parent="park"), Zone(id="town"), Zone(id="attic")),
    points=(
        Point(id="gate", kind=PointKind.GATE, zone="park", from_zone=None, to_zone="park"),
        Point(id="kiosk", kind=PointKind.KIOSK, zone="lake"),
        Point(id="bar", kind=PointKind.TILL, zone="lake"),
        Point(id="shop", kind=PointKind.TILL, zone="park"),
        Point(id="town-1", kind=PointKind.TILL, zone="town"),
        Point(id="lost", kind=PointKind.TILL, zone="nowhere"),
    ),
)


def test_stores_are_as_far_as_the_borders_between() -> None:
    assert away(LAYOUT, "kiosk") == {"gate": 1, "kiosk": 0, "bar": 0, "shop": 1, "town-1": 3, "lost": FAR}
    assert away(LAYOUT, "shop")["bar"] == 1


def test_from_a_place_that_is_none_nothing_is_near() -> None:
    assert away(LAYOUT, "moon") == {}
    assert away(None, "kiosk") == {}


def test_the_nearest_that_has_it_comes_first_and_who_has_none_last() -> None:
    steps = away(LAYOUT, "kiosk")
    shelves = {"bar": Shelf.NONE, "town-1": Shelf.IN_STOCK, "shop": Shelf.LAST, "unknown": Shelf.ASK}
    ordered = sorted(shelves, key=lambda store: rank(shelves[store], store, steps))
    assert ordered == ["shop", "town-1", "unknown", "bar"]
