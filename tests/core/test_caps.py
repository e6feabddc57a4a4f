"""Caps: how much may be taken from guests in an hour, and what counts as taking."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from edge.core.bands import Band, BandState
from edge.core.caps import (
    WINDOW_MS,
    Caps,
    Taken,
    allowance,
    is_welcome,
    keeps_points,
    shuts_out,
    snapshot_shuts_out,
    within_hour,
)
from edge.core.entitlements import Entitlement, Status
from edge.core.places import Layout, Point, PointKind
from edge.core.profiles import Profile

NOW = 10 * WINDOW_MS
CAPS = Caps(revoked_percent_max=5, revoked_min=20)
RIGHT = Entitlement(id="r", product="day")
GUEST = Profile(band=Band(id=bytes(16)), rev=1, entitlements=(RIGHT,))


@pytest.mark.parametrize(
    ("known", "taken", "left"),
    [(1_000, (), 50), (100, (), 20), (0, (), 20), (1_000, (30,), 20), (1_000, (30, 30), 0)],
)
def test_an_hour_has_so_many_bands_and_no_more(known: int, taken: tuple[int, ...], left: int) -> None:
    told = [Taken(NOW - 1, count) for count in taken]
    assert allowance(CAPS, known, told, now_ms=NOW) == left


def test_what_is_an_hour_old_counts_no_more() -> None:
    old, young = Taken(NOW - WINDOW_MS, 50), Taken(NOW - WINDOW_MS + 1, 7)
    assert within_hour([old, young], NOW) == (young,)
    assert allowance(CAPS, 1_000, [old, young], now_ms=NOW) == 43


WELCOME = {
    "a right that is valid": (GUEST, True),
    "nobody": (None, False),
    "no right": (replace(GUEST, entitlements=()), False),
    "a revoked band": (replace(GUEST, band=replace(GUEST.band, state=BandState.REVOKED)), False),
    "a right unpaid": (replace(GUEST, entitlements=(replace(RIGHT, status=Status.UNPAID),)), False),
    "a right of tomorrow": (replace(GUEST, entitlements=(replace(RIGHT, valid_from_ms=NOW + 1),)), False),
    "a right of yesterday": (replace(GUEST, entitlements=(replace(RIGHT, valid_until_ms=NOW),)), False),
    "a right of today": (
        replace(GUEST, entitlements=(replace(RIGHT, valid_from_ms=NOW, valid_until_ms=NOW + 1),)),
        True,
    ),
}


@pytest.mark.parametrize(("profile", "welcome"), WELCOME.values(), ids=WELCOME.keys())
def test_who_is_welcome_now(profile: Profile | None, welcome: bool) -> None:
    assert is_welcome(profile, NOW) is welcome
    assert shuts_out(GUEST, profile, now_ms=NOW) is not welcome
    assert not shuts_out(profile, GUEST, now_ms=NOW), "a right that is given takes nothing"


def test_a_sample_speaks_for_all() -> None:
    assert snapshot_shuts_out(0, 400, known=1_000_000) == 0
    assert snapshot_shuts_out(4, 400, known=1_000_000) == 10_000
    assert snapshot_shuts_out(0, 0, known=9) == 0


def test_a_layout_keeps_the_points_that_are_read_at() -> None:
    layout = Layout(
        site="park", version=1, timezone="UTC", points=(Point(id="g", kind=PointKind.GATE, zone="z"),)
    )
    assert keeps_points(layout, ["g"])
    assert not keeps_points(layout, ["g", "h"])
    assert not keeps_points(None, [])
