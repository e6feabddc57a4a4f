"""The simulated air: the same for a seed, and each effect of the model where it should be."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from statistics import mean, pstdev

import pytest

from hardware.virtual.air import Air, Level, levels

STILL = Air(
    shadow_db=0, channel_db=0, bias_db=0, body_share=0, rician_k=1e9, loss=0, sway_m_per_s=0, delay_ms_max=0
)
"""Nothing but distance."""
S = 600.0


def heard(air: Air, metres: float = 1.0, *, seed: int = 1, s: float = S) -> list[Level]:
    return list(levels(lambda _: metres, s, air, draw=random.Random(seed)))  # noqa: S311  # the same air each time


def test_same_seed_is_the_same_air_and_another_one_is_not() -> None:
    assert heard(Air()) == heard(Air())
    assert heard(Air()) != heard(Air(), seed=2)


@pytest.mark.parametrize(("metres", "dbm"), [(1.0, -59), (10.0, -81), (0.1, -37), (0.01, -37)])
def test_level_falls_with_the_distance_and_with_nothing_else(metres: float, dbm: int) -> None:
    assert {level.rssi for level in heard(STILL, metres)} == {dbm}


def test_times_rise_by_the_interval_and_its_random_delay() -> None:
    times = [level.at_ms for level in heard(replace(STILL, delay_ms_max=10))]
    gaps = [after - before for before, after in pairwise(times)]
    assert min(gaps) >= 299
    assert max(gaps) <= 311
    assert mean(gaps) == pytest.approx(305, abs=1)


def test_so_much_is_lost_as_is_said() -> None:
    assert len(heard(replace(STILL, loss=0.5))) == pytest.approx(len(heard(STILL)) / 2, rel=0.1)


def test_below_its_floor_a_receiver_hears_nothing() -> None:
    assert heard(STILL, 60.0) == []


@pytest.mark.parametrize(
    ("air", "deviation"),
    [
        (replace(STILL, bias_db=2.0), 2.0),
        (replace(STILL, shadow_db=3.0), 3.0),
        (replace(STILL, channel_db=2.0), 2.0 / 3**0.5),
    ],
)
def test_bands_places_and_channels_differ_as_they_are_said_to(air: Air, deviation: float) -> None:
    of_each = [mean(level.rssi for level in heard(air, seed=seed, s=30)) for seed in range(250)]
    assert pstdev(of_each) == pytest.approx(deviation, rel=0.2)


def test_shadow_of_a_place_stays_while_nobody_moves_and_fades_with_the_way() -> None:
    shadowed = replace(STILL, shadow_db=3.0)
    assert len({level.rssi for level in heard(shadowed)}) == 1
    assert len({level.rssi for level in heard(replace(shadowed, sway_m_per_s=0.05))}) > 5


def test_somebody_stands_between_for_a_share_of_the_time_and_for_seconds_each_time() -> None:
    blocked = [level.rssi < -60 for level in heard(replace(STILL, body_share=0.25, body_s=3.0), s=9_000)]
    assert mean(blocked) == pytest.approx(0.25, abs=0.05)
    begins = sum(now and not before for before, now in pairwise(blocked))
    assert sum(blocked) / begins * 0.3 == pytest.approx(3.0, rel=0.3)


def test_fading_keeps_the_mean_power_and_is_deeper_without_a_direct_path() -> None:
    for k in (0.0, 4.0):
        powers = [10 ** (level.rssi / 10) for level in heard(replace(STILL, rician_k=k), s=2_500)]
        assert mean(powers) == pytest.approx(10**-5.9, rel=0.1)
    assert pstdev([one.rssi for one in heard(replace(STILL, rician_k=0))]) > pstdev(
        [one.rssi for one in heard(replace(STILL, rician_k=4))]
    )


def test_coarse_levels_change_by_eight_or_not_at_all() -> None:
    told = [level.rssi for level in heard(Air(step_db=8))]
    steps = {abs(after - before) for before, after in pairwise(told)}
    assert 0 in steps
    assert min(steps - {0}) >= 8
