"""One browser per file of tests, and a gate with its people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.security.dishonest import Gate
from tests.service.house import an_edge


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    (tmp_path / "edge").mkdir()
    with an_edge(tmp_path / "edge") as house:
        made = Gate(house, tmp_path)
        made.open()
        yield made
