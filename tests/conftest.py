"""Real parts for every test: counted, required or loudly skipped, and started once."""

from __future__ import annotations

import gc
import itertools
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from edge.run import garbage
from tests.at_once import pytest_sessionstart as pytest_sessionstart
from tests.cheap import CHEAP, hashes
from tests.real.counts import Counts
from tests.real.loopback import loopback_only
from tests.real.parts import find_chromium, parts_of, require
from tests.routes import compiled_once
from tests.statements import statements_compiled_once
from tests.turns import Turns, workers

COUNTS = pytest.StashKey[Counts]()
MEASURED: list[str] = []
# A deadline per example measures the neighbours on a shared machine; the time-out per test stays.
EXAMPLES = os.environ.get("POLSO_EXAMPLES", "")
settings.register_profile("polso", deadline=None, print_blob=True, max_examples=int(EXAMPLES or "40"))
settings.register_profile("each save", settings.get_profile("polso"), max_examples=int(EXAMPLES or "10"))
settings.load_profile("polso")
PROPERTY_S_MAX = 30
"""A property is many tests in one; it needs a second, and more on a busy machine."""
LONG_MARKS = ("slow", "journey", "bench")
FAR_PARTS = frozenset(
    {
        "chromium",
        "postgresql",
        "pcscd",
        "etcd",
        "swtpm",
        "libosdp",
        "pyscard",
        "sqlcipher",
        "dbus-daemon",
        "disks",
        "islands",
        "libfaketime",
        "package index",
    }
)
"""Real parts that need seconds where a room's own tests need milliseconds."""
MIRRORS = ("core", "store", "service", "hardware", "sync", "kiosk")
"""Folders of tests that mirror a room; style, imports and documents have commands of their own."""
SERVED = (
    "sync/analysis",
    "sync/channels",
    "sync/console",
    "sync/hooks",
    "sync/own",
    "sync/people",
    "sync/psp",
    "sync/money/test_debt_paid",
)
"""Tests that walk central's pages, talk to others' servers, begin an engine or merge guests: whole, all."""
AWAITED = ("hardware/test_supervised_lines",)
"""Tests that wait as long as a line that is cut takes to be missed."""


UNCOUNTED_MARKS = ("slow", "bench")
UNCOUNTED_PARTS = frozenset({"chromium", "postgresql"})
COUNTED_JOURNEYS = tuple(f"journeys/test_{name}.py" for name in ("park", "device", "past", "tales"))
"""Journeys that open and close all there is, and the demo's own; the others run at their own pace."""
TRACERS = ("COVERAGE_PROCESS_CONFIG", "COVERAGE_PROCESS_START")
"""By these a process of ours counts the lines that it runs."""
FIGURES = "figures"
"""What a test measured and says to whoever reads the log: `record_property(FIGURES, line)`."""


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Answer `-n auto`, which is the house's own option."""
    return workers(config)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Hand out tests in turns, unless the command line says how else."""
    return Turns(config, log) if config.getoption("dist") == "load" else None


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Read no other folder for the suite of each save: what it does not run costs it seconds."""
    tests = config.rootpath / "tests"
    if config.option.markexpr != "fast" or not collection_path.is_relative_to(tests):
        return None
    place = collection_path.relative_to(tests).as_posix()
    return place in SERVED or (collection_path.parent == tests and place not in MIRRORS) or None


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COUNTS] = Counts()
    if config.option.markexpr == "fast":
        settings.load_profile("each save")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow parts and properties a longer time-out; mark what is near and quick as fast."""
    for item in items:
        if is_fast(item):
            item.add_marker(pytest.mark.fast)
        longest = max((part.timeout_s or 0 for part in parts_of(item)), default=0)
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            longest = max(longest, PROPERTY_S_MAX)
        if longest and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(longest))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look nothing over while tests are collected: all of it stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Set aside what was collected, and look over what tests leave as seldom as a device does.

    Both took a tenth of what tests take. What they leave is still looked over: lines that nobody closed would
    else stay open until there is no number left for another.
    """
    garbage.settle()


def is_fast(item: pytest.Item) -> bool:
    """Say whether a test belongs to the suite that is run at each save."""
    place = item.path.relative_to(item.config.rootpath / "tests").as_posix()
    room = place.partition("/")[0]
    # A module that starts a server (tests/sync/ends.py) speaks HTTP with a whole central.
    served = place.startswith((*SERVED, *AWAITED)) or hasattr(getattr(item, "module", None), "served")
    far = served or not FAR_PARTS.isdisjoint(part.name for part in parts_of(item))
    return room in MIRRORS and not far and not any(map(item.get_closest_marker, LONG_MARKS))


@pytest.fixture(scope="session", autouse=True)
def keys_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keys that a test's device makes for itself go where tests go, never into the account's own folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    parts = parts_of(item)
    item.config.stash[COUNTS].note_missing(parts)
    for part in parts:
        require(part.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Counted only when the body ends by itself: passed or failed, not skipped half-way."""
    skipped = False
    try:
        return (yield)
    except pytest.skip.Exception:
        skipped = True
        raise
    finally:
        if not skipped:
            item.config.stash[COUNTS].note_run(parts_of(item))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of `pytest -n` hands its counts over to the one that prints them."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["real_parts"] = session.config.stash[COUNTS].told()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take in a worker's counts; one that died has told none."""
    told = getattr(node, "workeroutput", {}).get("real_parts")
    if told is not None:
        node.config.stash[COUNTS].add(told)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what was measured, on whichever worker."""
    if report.when == "call":
        MEASURED.extend(str(line) for name, line in report.user_properties if name == FIGURES)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.section("real parts", sep="-")
    for line in (*MEASURED, *config.stash[COUNTS].lines()):
        terminalreporter.write_line(line)
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line(f"random order: replay with --randomly-seed={seed}")


@pytest.fixture(scope="session", autouse=True)
def _this_machine_only() -> Iterator[None]:
    with loopback_only():
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Count no lines where what counts is elsewhere, or where one thing is done thousands of times.

    A screen's server and a store are counted on the way to what has neither browser nor PostgreSQL. What a
    test begins with belongs to it: a park that is opened for uncounted tests counts nothing either.
    """
    counting = Coverage.current()
    if counting is None or is_counted(item):
        return (yield)
    kept = {name: os.environ.pop(name) for name in TRACERS if name in os.environ}
    counting.stop()
    try:
        return (yield)
    finally:
        counting.start()
        os.environ.update(kept)


def is_counted(item: pytest.Item) -> bool:
    """Say whether the lines that a test runs count for the coverage of the house.

    What is added to a count (`--cov-append`) finds the rulebook counted by its own tests before.
    """
    place = item.path.relative_to(item.config.rootpath / "tests").as_posix()
    elsewhere = place.startswith("journeys/") and not place.startswith(COUNTED_JOURNEYS)
    before = place.startswith("core/") and item.config.getoption("cov_append", False)
    if elsewhere or before or any(map(item.get_closest_marker, UNCOUNTED_MARKS)):
        return False
    return UNCOUNTED_PARTS.isdisjoint(part.name for part in parts_of(item))


@pytest.fixture(scope="session", autouse=True)
def _hashes_are_cheap() -> Iterator[None]:
    with hashes(CHEAP):
        yield


@pytest.fixture(scope="session", autouse=True)
def _addresses_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_compiled_once() -> Iterator[None]:
    with statements_compiled_once():
        yield


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The machine's Chromium, for Playwright's `executable_path`."""
    require("chromium")
    found = find_chromium()
    assert found is not None, "require() has just seen it"
    return found


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL, started at the first test that asks and stopped after the last."""
    require("postgresql")
    from tests.real.postgres import running_server  # not everybody has it: imported by those who need it

    with running_server() as url:
        yield url


DATABASE_NUMBERS = itertools.count(1)


@pytest.fixture
def fresh_postgres_url(postgres_url: str) -> Iterator[str]:
    """An empty database of its own for one test, so that tests may run in any order."""
    from tests.real.postgres import fresh_database  # as above

    with fresh_database(postgres_url, f"polso_test_{next(DATABASE_NUMBERS)}") as url:
        yield url
