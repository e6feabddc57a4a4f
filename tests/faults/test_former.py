"""A former release and this one, both ways: on one wire, and one after the other in one folder."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from edge.run.waiting import until
from tests.faults.former import ends
from tests.faults.former.pack import unpack
from tests.faults.killing import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
PATIENCE_S, LOOK_S = 15, 0.1
ENDS = Path(ends.__file__)
TAPS, STRANGERS, GUESTS, ITEMS = 5, 2, 7, 9
"""What is tapped, and what central tells: guests, a layout, and one thing of a kind that nobody knows."""
UNHEARD = "unheard_of"
"""What central asks for and no device says."""
JOURNAL = "SELECT key, hlc, offset_ms, uncertainty_ms, kind, schema, band, body, h FROM journal ORDER BY key"


class End:
    """One end of the wire, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, what: str, number: int = 0) -> Any:
        """Have one thing done, and hear what came of it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what} {number}\n")
        self._process.stdin.flush()
        said = self._process.stdout.readline()
        assert said, "it has ended"
        return json.loads(said)


@contextmanager
def gone(process: subprocess.Popen[str]) -> Iterator[None]:
    """Leave no process behind, whatever came of it."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


@contextmanager
def an_end(release: Path, *said: str) -> Iterator[End]:
    """One end by the code of one release, until it is told to end."""
    command = [sys.executable, "-P", str(ENDS), *said]
    environment = os.environ | {"PYTHONPATH": str(release)}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process, gone(process):
        end = End(process)
        yield end
        end.ask("end")


class Both(NamedTuple):
    """Two releases, a central by each, and room for devices."""

    former: Path
    centrals: dict[str, End]
    folder: Path

    def a_device(self, release: str, name: str, central: str, *, enrolled: bool = False) -> Any:
        """Open a device's folder by one release; it is enrolled at the central of one."""
        at = self.centrals[central]
        code = () if enrolled else (at.ask("code"),)
        tree = self.former if release == "former" else ROOT
        return an_end(tree, "device", str(self.folder / name / "edge"), at.ask("url"), *code)

    def held(self, central: str, name: str) -> Any:
        """What a central has of a device."""
        welcome = json.loads((self.folder / name / "edge.welcome").read_bytes())
        held = self.centrals[central].ask("held")[welcome["device"]]
        return held | {"rows": sorted(held["rows"])}

    def journal(self, name: str) -> list[tuple[Any, ...]]:
        """A device's rows as a stock SQLite reads them."""
        with closing(sqlite3.connect(self.folder / name / "edge" / "state.db")) as db:
            return db.execute(JOURNAL).fetchall()

    def sent(self, name: str) -> list[list[Any]]:
        """What central has to hold of a device, as it says it."""
        rows = self.journal(name)
        return [[number, row[4], row[5], row[7].hex()] for number, row in enumerate(rows, 1)]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    former = folder / "former"
    assert len(unpack(former)) == 40, "it says which commit it is"
    with ExitStack() as stack:
        trees = {"former": former, "this": ROOT}
        centrals = {
            name: stack.enter_context(an_end(tree, "central", str(folder / f"{name}.db")))
            for name, tree in trees.items()
        }
        for central in centrals.values():
            assert central.ask("publish", GUESTS) == ITEMS
        yield Both(former, centrals, folder)


def settled(device: End) -> Callable[[], bool]:
    """Whether all of a device is told, and all that central tells is in its folder."""

    def now() -> bool:
        state = device.ask("state")
        # other devices' uses join the feed behind the first things
        return state["left"] == 0 and state["guests"] == GUESTS and state["cursor"] >= ITEMS

    return now


@pytest.mark.parametrize(("device", "central"), [("former", "this"), ("this", "former")])
def test_either_release_tells_the_other_all_and_hears_all(both: Both, device: str, central: str) -> None:
    with both.a_device(device, device, central) as end:
        assert end.ask("tap", TAPS) == ["granted"] * TAPS
        assert end.ask("refuse", STRANGERS) == ["referred"] * STRANGERS
        newest = end.ask("newest", 1)
        end.ask("sync")
        assert until(settled(end), PATIENCE_S, look_s=LOOK_S)
        state = end.ask("state")
        assert (state["alarm"], state["frozen"]) == ("", "")
    assert both.held(central, device) == {"alarm": "", "rows": both.sent(device)}
    assert both.sent(device)[-1][1] == newest
    assert both.centrals[central].ask("held")["aside"] == 0


def test_this_release_knows_kinds_of_which_the_former_never_heard(both: Both) -> None:
    """Else what is kept raw in the tests around this one would be nothing new."""
    assert both.centrals["former"].ask("kinds") < both.centrals["this"].ask("kinds")


def test_a_folder_goes_to_this_release_and_back_and_no_row_is_rewritten(both: Both) -> None:
    with both.a_device("former", "moved", "this") as end:
        end.ask("tap", TAPS)
    first = both.journal("moved")
    with both.a_device("this", "moved", "this", enrolled=True) as end:
        end.ask("newest", TAPS)
        end.ask("tap", TAPS)
    second = both.journal("moved")
    with both.a_device("former", "moved", "this", enrolled=True) as end:
        end.ask("tap", TAPS)
        end.ask("sync")
        assert until(settled(end), PATIENCE_S, look_s=LOOK_S), end.ask("state")
        assert len(end.ask("state")["kinds"]) == 4 * TAPS
    last = both.journal("moved")
    assert (second[:TAPS], last[: 3 * TAPS]) == (first, second)
    assert both.held("this", "moved") == {"alarm": "", "rows": both.sent("moved")}


def test_below_the_floor_a_former_device_says_so_loses_nothing_and_drains_once_it_is_updated(
    both: Both,
) -> None:
    central = both.centrals["this"]
    central.ask("floor", 2)
    try:
        with both.a_device("former", "old", "this") as end:
            end.ask("tap", TAPS)
            end.ask("sync")
            assert until(lambda: end.ask("state")["alarm"], PATIENCE_S, look_s=LOOK_S)
            assert end.ask("state")["left"] == TAPS
        assert both.held("this", "old")["rows"] == []
    finally:
        central.ask("floor", 1)
    with both.a_device("this", "old", "this", enrolled=True) as end:
        end.ask("sync")
        assert until(settled(end), PATIENCE_S, look_s=LOOK_S), end.ask("state")
    assert both.held("this", "old") == {"alarm": "", "rows": both.sent("old")}


def test_control_a_row_that_an_upgrade_rewrites_is_seen_here_and_at_central(both: Both) -> None:
    with both.a_device("former", "rewritten", "this") as end:
        end.ask("tap", TAPS)
    before = both.journal("rewritten")
    with closing(sqlite3.connect(both.folder / "rewritten" / "edge" / "state.db")) as db:
        db.execute("UPDATE journal SET schema = schema + 1")
        db.commit()
    with both.a_device("this", "rewritten", "this", enrolled=True) as end:
        end.ask("sync")
        assert until(
            lambda: end.ask("state")["frozen"] or end.ask("state")["alarm"], PATIENCE_S, look_s=LOOK_S
        )
    assert both.journal("rewritten")[:TAPS] != before
    assert both.held("this", "rewritten")["rows"] == []


def test_control_a_central_that_asks_for_what_former_devices_never_said_is_seen(both: Both) -> None:
    with an_end(ROOT, "central", str(both.folder / "breaking.db")) as central:
        central.ask("demand")
        broken = both._replace(centrals={"breaking": central})
        with broken.a_device("former", "unheard", "breaking") as end:
            end.ask("tap", TAPS)
            end.ask("sync")
            assert until(lambda: UNHEARD in end.ask("state")["alarm"], PATIENCE_S, look_s=LOOK_S)
            left = end.ask("state")["left"]
        # It may note, too, that it does not obey a central which would shut everybody out.
        assert TAPS <= left <= len(broken.journal("unheard"))
        assert broken.held("breaking", "unheard")["rows"] == []
