"""Real parts for every test: counted, required or loudly skipped, and started once."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.real.counts import Counts
from tests.real.loopback import loopback_only
from tests.real.parts import find_chromium, parts_of, require

COUNTS = pytest.StashKey[Counts]()
# A deadline per example measures the neighbours on a shared machine; the time-out per test stays.
settings.register_profile(
    "polso", deadline=None, print_blob=True, max_examples=int(os.environ.get("POLSO_EXAMPLES", "40"))
)
settings.load_profile("polso")
PROPERTY_S_MAX = 30
"""A property is many tests in one; it needs a second, and more on a busy machine."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COUNTS] = Counts()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A slow part, or a property, gives its tests a longer time-out, unless they state their own."""
    for item in items:
        longest = max((part.timeout_s or 0 for part in parts_of(item)), default=0)
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            longest = max(longest, PROPERTY_S_MAX)
        if longest and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(longest))


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    terminalreporter.section("real parts", sep="-")
    for line in config.stash[COUNTS].lines():
        terminalreporter.write_line(line)
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        terminalreporter.write_line(f"random order: replay with --randomly-seed={seed}")


@pytest.fixture(scope="session", autouse=True)
def _this_machine_only() -> Iterator[None]:
    with loopback_only():
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
