"""kill -9 before and after every named step: nothing told is lost or doubled, and all goes on unaided."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.faults.judges import (
    Central,
    behind,
    cuts,
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
from tests.faults.lives import SIGNING, Asked
from tests.faults.steps import STEPS
from tests.store.house import OWNER, a_record, a_sequencer

pytestmark = pytest.mark.timeout(60)


@cuts("tap")
def test_no_cut_tap_is_lost_or_doubled(lives: Lives, place: Path, number: int, side: str) -> None:
    folder = place / "edge"
    judge_tap(folder, killed(lives, Asked("tap", str(folder)), number, side))


@cuts("uplink")
def test_no_cut_push_loses_or_doubles_an_event(
    lives: Lives, central: Central, place: Path, number: int, side: str
) -> None:
    asked, site = of_its_own(central, place / "edge", "uplink")
    judge_push(place / "edge", central, asked, site=site, lived=killed(lives, asked, number, side))


@cuts("central")
def test_a_cut_central_keeps_a_whole_batch_or_none_of_it_and_takes_it_once(
    lives: Lives, empty: tuple[Path, str], place: Path, number: int, side: str
) -> None:
    shutil.copy(empty[0], place)
    lived = killed(lives, Asked("central", str(place), code=empty[1]), number, side)
    judge_central(place / "central.db", empty[1], lived)


@cuts("downlink")
def test_no_cut_page_leaves_a_cursor_before_its_items_or_a_notice_twice(
    lives: Lives, central: Central, place: Path, number: int, side: str
) -> None:
    asked = behind(central, place / "edge")
    killed(lives, asked, number, side)
    judge_page(place / "edge", asked, central)


@cuts("snapshot")
def test_a_cut_snapshot_leaves_the_old_copy_or_the_new_one_and_nothing_beside_it(
    lives: Lives, central: Central, place: Path, number: int, side: str
) -> None:
    asked = empty_handed(central, place / "edge")
    killed(lives, asked, number, side)
    judge_snapshot(place / "edge", asked, central)


@cuts("life", "first start")
def test_a_cut_start_or_stop_is_begun_again_and_loses_no_record(
    lives: Lives, place: Path, number: int, side: str
) -> None:
    folder, before = place / "edge", 0
    if STEPS[number].lived_by == "life":
        with a_sequencer(folder, owner=SIGNING) as sequencer:
            before = sequencer.submit(a_record())
    lived = killed(lives, Asked("", str(folder)), number, side)
    judge_start(folder, lived, SIGNING if STEPS[number].lived_by == "life" else OWNER, before=before)


@cuts("enrolment")
def test_a_cut_enrolment_is_finished_with_the_same_code(
    lives: Lives, central: Central, place: Path, number: int, side: str
) -> None:
    asked, site = with_a_code(central, place / "edge")
    killed(lives, asked, number, side)
    done = STEPS[number].name == "identity kept" and side == "after"
    judge_enrolment(central, asked, site, done=done)
