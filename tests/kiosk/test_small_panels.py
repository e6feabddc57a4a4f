"""Kiosks on small panels on their side: whatever is said or asked, nothing lies over anything else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kiosk.eye import Eye, kiosk_states, told
from tests.kiosk.stage import Stage
from tests.kiosk.test_guest_axe import in_language

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
PANELS = ((1280, 800), (1280, 900), (1024, 768))
"""Pixels of panels that are sold for small computers."""
OVERLAPS = """() => {
  const seen = (one) => {
    const { left, top, right, bottom } = one.getBoundingClientRect();
    const box = { left: Math.max(left, 0), top: Math.max(top, 0), right, bottom };
    for (let above = one.parentElement; above; above = above.parentElement) {
      if (getComputedStyle(above).overflowY === "visible") continue;
      const by = above.getBoundingClientRect();
      Object.assign(box, { top: Math.max(box.top, by.top), bottom: Math.min(box.bottom, by.bottom) });
    }
    return box;
  };
  if (document.querySelector("dialog[open]")) return [];
  const words = (one) =>
    one.checkVisibility() && one.innerText && !one.querySelector("button, p, h1, h2, h3, dd, dt, span");
  const found = [...document.querySelectorAll("#stage *, footer *")].filter(words);
  const all = found.map((one) => [one, seen(one)]);
  const across = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const along = (a, b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return all.flatMap(([one, a], at) => all.slice(at + 1)
    .filter(([other, b]) => !one.contains(other) && across(a, b) > 2 && along(a, b) > 2)
    .map(([other]) => `${one.innerText} | ${other.innerText}`));
}"""


@pytest.mark.parametrize("language", ["it", pytest.param("de", marks=pytest.mark.journey)])
def test_nothing_lies_over_anything_else(chromium: Any, stage: Stage, language: str) -> None:
    stage.rooms.calls = []
    found = []
    with Eye(chromium, stage, f"/k/hall?lang={language}", PANELS[0], reduced_motion="reduce") as eye:
        eye.hear({"type": "link", "body": "live"}, told("health", {"online": True, "reader": "idle"}))
        for number, events in enumerate(in_language(kiosk_states(), language)):
            eye.hear(*events)
            for width, height in PANELS:
                eye.page.set_viewport_size({"width": width, "height": height})
                found += [f"{number} at {width}: {one}" for one in eye.page.evaluate(OVERLAPS)]
    assert found == []
