"""The judges of cut lives notice each protection that is taken away."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from edge.errors import Refused, StoreError
from sync.central.machines import lanes
from sync.central.machines.lanes import End
from sync.central.store import IntegrityError
from tests.faults.judges import (
    Central,
    behind,
    demand_killed,
    empty_handed,
    judge_central,
    judge_enrolment,
    judge_page,
    judge_push,
    judge_snapshot,
    judge_start,
    judge_tap,
    killed,
    of_its_own,
    with_a_code,
)
from tests.faults.killing import Lives
from tests.faults.lives import Asked, Lived
from tests.faults.steps import STEPS
from tests.store.house import OWNER

pytestmark = pytest.mark.timeout(60)


def spoilt(lives: Lives, asked: Asked, spoil: str, *, at: str, side: str = "after") -> Lived:
    """Have a life lived without one of its protections, and killed beside a step."""
    number = next(place for place, step in enumerate(STEPS) if str(step) == at)
    return killed(lives, msgspec.structs.replace(asked, spoil=spoil), number, side)


def test_control_an_answer_before_its_commit_is_seen(lives: Lives, place: Path) -> None:
    asked = Asked("tap", str(place / "edge"))
    lived = spoilt(lives, asked, "answered_before_its_commit", at="tap, screens told")
    with pytest.raises(AssertionError, match="opened twice"):
        judge_tap(place / "edge", lived)


def test_control_what_is_pruned_by_an_ack_that_nobody_gave_is_missed(
    lives: Lives, central: Central, place: Path
) -> None:
    asked, site = of_its_own(central, place / "edge", "uplink")
    lived = spoilt(lives, asked, "acked_unsent", at="uplink, prune committed")
    with pytest.raises((AssertionError, StoreError), match=r"history is not believed|here it begins at"):
        judge_push(place / "edge", central, asked, site=site, lived=lived)


def test_control_without_its_cursor_central_takes_a_batch_twice_and_it_is_seen(
    lives: Lives, empty: tuple[Path, str], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(empty[0], place)
    asked = Asked("central", str(place), code=empty[1])
    number = next(at for at, step in enumerate(STEPS) if str(step) == "central, commit returned")
    lived = killed(lives, asked, number, "after")
    monkeypatch.setattr(lanes, "lock", lambda tx, stream, start: End(0, start, frozen=False))
    with pytest.raises(IntegrityError, match="UNIQUE constraint failed: event"):
        judge_central(place / "central.db", empty[1], lived)


def test_control_a_cursor_committed_before_its_items_is_seen(
    lives: Lives, central: Central, place: Path
) -> None:
    asked = behind(central, place / "edge")
    spoilt(lives, asked, "cursor_before_its_items", at="downlink, applied")
    with pytest.raises(AssertionError, match="a cursor without its items"):
        judge_page(place / "edge", asked, central)


def test_control_a_copy_that_is_built_in_place_is_seen(lives: Lives, central: Central, place: Path) -> None:
    asked = empty_handed(central, place / "edge")
    spoilt(lives, asked, "built_in_place", at="snapshot, each 10,000 rows")
    with pytest.raises(AssertionError, match="half a copy is live"):
        judge_snapshot(place / "edge", asked, central)


def test_control_a_file_that_says_it_is_up_to_date_too_early_is_seen(lives: Lives, place: Path) -> None:
    asked = Asked("first start", str(place / "edge"))
    lived = spoilt(lives, asked, "version_before_its_steps", at="life, migration step", side="after")
    with pytest.raises(AssertionError, match="no such table: owner"):
        judge_start(place / "edge", lived, OWNER)


def test_control_a_key_that_is_kept_in_memory_alone_is_seen(
    lives: Lives, central: Central, place: Path
) -> None:
    asked, site = with_a_code(central, place / "edge")
    spoilt(lives, asked, "key_in_memory_alone", at="life, code used")
    with pytest.raises(Refused, match="does not work"):
        judge_enrolment(central, asked, site, done=False)


def test_control_a_step_that_no_life_comes_to_is_seen(lives: Lives, place: Path) -> None:
    number = next(at for at, step in enumerate(STEPS) if step.path == "uplink")
    with pytest.raises(AssertionError, match="never comes to"):
        demand_killed(lives.live(Asked("tap", str(place / "edge"), step=number)), STEPS[number])
