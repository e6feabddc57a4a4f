"""How long a place stays open: its own hours, the site's last point, midnight, and what never closes."""

from __future__ import annotations

import pytest

from edge.core.calendar import closes
from edge.core.closing import to_closing_min
from edge.core.entitlements import Hours
from edge.core.places import Layout, PointKind, point_of
from tests.builders import ROME, all_week, at

DAY = all_week("09:00", "18:00")
NIGHT = all_week("18:00", "26:00")
ALWAYS = all_week("00:00", "24:00")
WEDNESDAY = "2026-07-15T"


@pytest.mark.parametrize(
    ("hours", "now", "ends"),
    [
        (DAY, "12:00", "2026-07-15T18:00"),
        (DAY, "18:00", None),
        (DAY, "08:59", None),
        (NIGHT, "23:00", "2026-07-16T02:00"),
        (NIGHT, "01:30", "2026-07-15T02:00"),
        (ALWAYS, "12:00", None),
        (Hours(weekdays={2: ((540, 720), (720, 900))}), "10:00", "2026-07-15T15:00"),
        (Hours(weekdays={2: ((540, 720),)}, closed_dates=("2026-07-15",)), "10:00", None),
    ],
)
def test_what_is_open_says_when_it_closes(hours: Hours, now: str, ends: str | None) -> None:
    assert closes(hours, ROME, at(WEDNESDAY + now)) == (None if ends is None else at(ends))


def a_site(*hours: Hours | None) -> Layout:
    names = ("kiosk", "gate", "shop")
    points = (
        point_of(PointKind.KIOSK, name, "park", hours=one) for name, one in zip(names, hours, strict=False)
    )
    return Layout(site="s", version=1, timezone="Europe/Rome", points=tuple(points))


@pytest.mark.parametrize(
    ("site", "minutes"),
    [
        (a_site(DAY, NIGHT), 30),
        (a_site(None, DAY, all_week("09:00", "20:00")), 150),
        (a_site(None, NIGHT), None),
        (a_site(None, None), None),
        (a_site(), None),
    ],
)
def test_a_point_closes_by_its_own_hours_or_with_the_last_one_of_its_site(
    site: Layout, minutes: int | None
) -> None:
    assert to_closing_min(site, "kiosk", zone=ROME, at_ms=at("2026-07-15T17:29") + 59_999) == minutes
