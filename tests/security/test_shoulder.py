"""Threat 6, a malicious kiosk visitor: the next guest sees nothing of the last one, wherever they look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from edge.core.decision import Family
from tests.kiosk.eye import HEAR, LIVE, told
from tests.kiosk.stage import Stage, a_plan, a_stage

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(90)]
SECRET = "Zenobia-Canary"
TIER = "tier-canary"
IDLE_MS = 31_000
"""A second after the idle limit of thirty."""
TRACES = """async () => {
  const caches_ = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const answer = await cache.match(request);
      caches_.push(request.url, await answer.text());
    }
  }
  const stores = [...Object.entries(localStorage), ...Object.entries(sessionStorage)].flat();
  const bases = (await indexedDB.databases()).map((one) => one.name);
  return [
    document.documentElement.outerHTML, document.title, location.href, document.cookie,
    JSON.stringify(history.state), ...stores, ...bases, ...caches_,
  ].join("\\n");
}"""


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with a_stage() as running:
        yield running


@pytest.fixture
def page(chromium: Any, stage: Stage) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1080, "height": 1920})
    opened = context.new_page()
    opened.goto(stage.url + "/k/hall")
    opened.wait_for_function(LIVE)
    yield opened
    context.close()


def hear(page: Any, *events: dict[str, Any]) -> None:
    page.evaluate(HEAR, list(events))


def greet(page: Any) -> None:
    plan = msgspec.structs.replace(a_plan(), name=SECRET, tier=TIER)
    hear(page, told("plan", plan))
    page.get_by_text(SECRET).first.wait_for()


def idle(page: Any) -> None:
    """Let half a minute pass for the page."""
    hear(page, {"type": "tick", "now": page.evaluate("performance.now()") + IDLE_MS})


def remembers(page: Any) -> bool:
    kept = page.evaluate(TRACES)
    return SECRET in kept or TIER in kept


def test_while_the_guest_stands_there_the_page_shows_them(page: Any) -> None:
    """The control: these eyes do see, and what they find later to be gone was there."""
    greet(page)
    assert remembers(page)


@pytest.mark.parametrize(
    "leaving",
    ["idle", "next", "stale", "verdict", "finish"],
)
def test_nothing_of_the_last_guest_is_left(page: Any, leaving: str) -> None:
    greet(page)
    match leaving:
        case "idle":
            idle(page)
        case "next":
            hear(page, told("plan", a_plan(name="Marco")))
        case "stale":
            hear(page, {"type": "link", "body": "stale"})
        case "verdict":
            hear(page, told("plan", msgspec.structs.replace(a_plan(family=Family.STAFF), name="")))
        case "finish":
            hear(page, {"type": "finish"})
    assert not remembers(page), leaving


def test_neither_the_back_button_nor_the_cache_brings_them_back(page: Any, stage: Stage) -> None:
    greet(page)
    page.goto(stage.url + "/k/hall?again=1")
    page.wait_for_function(LIVE)
    assert not remembers(page)
    page.go_back()
    page.wait_for_function(LIVE)
    assert not remembers(page)
    page.go_forward()
    page.wait_for_function(LIVE)
    assert not remembers(page)


def test_with_the_edge_gone_the_kept_page_knows_nobody(page: Any) -> None:
    """What the service worker keeps for the time when the edge is down was drawn before anybody came."""
    for _ in range(2):  # the first visit installs the worker, the second is the one it keeps
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.reload()
        page.wait_for_function(LIVE)
    greet(page)
    page.context.set_offline(True)
    page.reload(wait_until="commit")
    page.locator("body").wait_for()
    assert page.title()
    assert not remembers(page)


def test_a_screen_reader_hears_no_name_after_the_guest_has_left(page: Any) -> None:
    greet(page)
    idle(page)
    said = page.evaluate(
        "[...document.querySelectorAll('[aria-live],[role=status],[role=alert],[aria-label],[alt]')]"
        ".map((one) => one.textContent + one.getAttribute('aria-label') + one.getAttribute('alt')).join()"
    )
    assert SECRET not in said
    assert SECRET not in str(page.locator("body").aria_snapshot())
