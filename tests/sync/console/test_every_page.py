"""Every page of the console in a real browser: no barrier, and nothing wider than the screen."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from waitress.server import create_server

from sync.central.console.guard import SESSION_COOKIE
from tests.barriers import barriers
from tests.security.walking import PAGES, RIGHT, Walk, walk

__all__ = ["walk"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
FRAMES = (("light", 1366), ("dark", 390), ("dark", 1366), ("light", 390))
"""Colours and widths, in turn."""
PAGES_MIN = 95
HEIGHTS = """cells => cells.map((one) => {
  const text = document.createRange();
  text.selectNodeContents(one);
  return text.getBoundingClientRect().height;
})"""
LINE_PX_MAX = 32


@pytest.fixture(scope="module")
def page(walk: Walk, chromium_path: Path) -> Iterator[Any]:
    """A page that an admin of the walk is signed in to."""
    from playwright.sync_api import sync_playwright

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    admin = walk.browsers["admin"]
    server = create_server(admin.client.application, sockets=[listener], threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        context = browser.new_context(base_url=url, locale="en-GB")
        context.add_cookies([{"name": SESSION_COOKIE, "value": admin.session, "url": url}])
        yield context.new_page()
        browser.close()
    server.close()
    server.task_dispatcher.shutdown(timeout=2)
    thread.join(3)


def test_no_page_has_a_barrier_in_light_or_dark_wide_or_narrow(walk: Walk, page: Any) -> None:
    found: dict[str, list[str]] = {}
    for number, route in enumerate(one for one in PAGES if not one.endswith((".csv", "/state", "/export"))):
        colours, wide = FRAMES[number % len(FRAMES)]
        page.emulate_media(color_scheme=colours)
        page.set_viewport_size({"width": wide, "height": 844})
        here = next(walk.addresses(route))
        reply = page.goto(f"{here}?purpose=case" if here.endswith("/diary") else here)
        if "html" not in reply.headers["content-type"]:
            continue
        over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        found[here] = [*barriers(page), *([f"{over} px too wide"] if over > 0 else [])]
    assert len(found) >= PAGES_MIN
    assert {here: bad for here, bad in found.items() if bad} == {}


def test_a_long_name_stays_within_a_phone_and_a_moment_on_its_line(walk: Walk, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(next(one for one in walk.addresses("/sites/<site>/entitlements/<right>") if RIGHT in one))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(next(walk.addresses("/sites/<site>/events")))
    heights = page.eval_on_selector_all("td.figure", HEIGHTS)
    assert heights, "a table of moments"
    assert max(heights) <= LINE_PX_MAX, "a day is not torn from its year"
