"""A power cut at every write between a basket and its light, at GRANT, REPORT and ACK: no cent is lost."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from edge.errors import StoreError
from tests.faults.dark_till import Kit, darkened, judge, left_by, whole
from tests.faults.wares import BASKETS
from tests.portions import sample_and_whole

HOWS = ("none", "prefix", "torn")
WRITES_MIN = 100
STEPS = {"GRANT", "SALE", "ACK", "SETTLE"}
"""Steps that write; REPORT only reads, and what it told must be there whatever is cut after it."""


class Cut(NamedTuple):
    """What one cut cost, and at which step it came."""

    wrong: tuple[str, ...]
    step: str


def a_kit(folder: Path, basket: str = "money") -> Kit:
    """A till in this folder that sells baskets of this sort."""
    return Kit(folder / "template", BASKETS[basket])


def writes_of(folder: Path, kit: Kit) -> int:
    """How many writes a till's day has."""
    (folder / "count").mkdir()
    _, _, told = darkened(folder / "count", kit, 0)
    assert len(told.sales) == told.greens == 4
    return told.writes


def cut_once(kit: Kit, cut_at: int, how: str, *, synchronous: str = "full", honest: bool = True) -> Cut:
    """Cut the power at one write, judge what a stock start finds."""
    here = kit.template.with_name(f"{cut_at}-{how}")
    here.mkdir()
    disk, central, told = darkened(here, kit, cut_at, synchronous=synchronous, honest=honest)
    chance = random.Random(cut_at)  # noqa: S311  # a seeded plan, no secret
    left = left_by(here, disk, how, chance)
    try:
        wrong = judge(left, central, told)
        with closing(sqlite3.connect(left / "state.db")) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",) or not whole(left):
                wrong.append("the file is damaged")
    except (StoreError, sqlite3.Error, AssertionError) as error:
        wrong = [f"{type(error).__name__}: {error}"]
    shutil.rmtree(here)
    return Cut(tuple(wrong), told.reached)


def cut_and_judge(kit: Kit, every: int, hows: tuple[str, ...]) -> None:
    """Cut at every so-manieth write: nothing that was told is lost, and every step was cut."""
    writes = writes_of(kit.template.parent, kit)
    assert writes >= WRITES_MIN, "a day has fewer writes than must be cut"
    cuts = {
        (cut_at, how): cut_once(kit, cut_at, how) for cut_at in range(1, writes + 1, every) for how in hows
    }
    print(f"{len(cuts)} cuts over {writes} writes: {Counter(cut.step for cut in cuts.values())}")
    assert {at: cut.wrong for at, cut in cuts.items() if cut.wrong} == {}
    assert {cut.step for cut in cuts.values()} >= STEPS


@pytest.mark.timeout(600)
@pytest.mark.parametrize("every", sample_and_whole(9, 1))
def test_a_power_cut_at_any_write_loses_and_doubles_no_sale(tmp_path: Path, every: int) -> None:
    cut_and_judge(a_kit(tmp_path), every, HOWS if every == 1 else HOWS[:1])


@pytest.mark.journey
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_power_cut_at_any_write_of_a_voucher_sale_loses_and_doubles_no_unit(tmp_path: Path) -> None:
    """A free drink, gift credit and money in one basket: all three leases agree with the journal."""
    cut_and_judge(a_kit(tmp_path, "all three"), 1, HOWS)


@pytest.mark.timeout(120)
def test_without_full_synchronous_cuts_lose_what_was_told(tmp_path: Path) -> None:
    """The control: the same cuts with NORMAL lose sales that were green, grants and reports."""
    kit = a_kit(tmp_path)
    writes = writes_of(tmp_path, kit)
    cuts = [cut_once(kit, cut_at, "none", synchronous="normal") for cut_at in range(writes // 2, writes, 5)]
    assert sum(1 for cut in cuts if cut.wrong) > len(cuts) // 2


@pytest.mark.timeout(120)
@pytest.mark.parametrize("how", [{"synchronous": "off"}, {"honest": False}], ids=["off", "lies"])
def test_a_disk_that_syncs_nothing_is_beyond_help(tmp_path: Path, how: dict[str, object]) -> None:
    """The control: syncs left out, or ignored by the disk."""
    kit = a_kit(tmp_path)
    writes = writes_of(tmp_path, kit)
    cuts = [cut_once(kit, cut_at, "none", **how) for cut_at in range(writes // 2, writes, 9)]  # type: ignore[arg-type]  # two ways of one call
    assert sum(1 for cut in cuts if cut.wrong) > len(cuts) // 2
