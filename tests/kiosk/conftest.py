"""One stage and one browser per file of tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kiosk.listener import Open, an_open_desk
from tests.kiosk.stage import Stage, a_stage
from tests.kiosk.till_park import Till, a_till


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with a_stage() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def open_desk_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with an_open_desk(tmp_path_factory.mktemp("desk")) as opened:
        yield opened


@pytest.fixture
def open_desk(open_desk_of_module: Open) -> Iterator[Open]:
    """One desk per file; every stream of a test is hung up after it."""
    yield open_desk_of_module
    open_desk_of_module.hang_up()


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    with a_till(tmp_path / "edge") as opened:
        yield opened


@pytest.fixture
def counter(chromium: Any, till: Till) -> Iterator[Any]:
    """Both sides of a counter whose shift is open; no script failed on either."""
    from tests.kiosk.counters import Counter

    made = Counter(chromium, till)
    made.open_shift()
    yield made
    assert made.faults == []
    made.page.context.close()
    made.guest.context.close()
