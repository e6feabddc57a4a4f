"""Accessibility by axe: every guest page in every state, in five languages and two sizes."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest

from kiosk.texts import LANGUAGES
from tests.kiosk.eye import (
    DESK,
    EACH_LANGUAGE,
    GATE,
    GATE_TALL,
    KIOSK_TALL,
    KIOSK_WIDE,
    PHONE,
    Eye,
    gate_states,
    kiosk_states,
)
from tests.kiosk.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
STILL: list[list[dict[str, Any]]] = [[{"type": "tick"}]]
PAGES = (
    ("/g/park", GATE, GATE_TALL, gate_states),
    ("/k/hall", KIOSK_TALL, KIOSK_WIDE, kiosk_states),
    ("/demo", DESK, PHONE, lambda: STILL),
)
AXE = """async ([states, contrast]) => {
  const page = await import(document.querySelector("script[type=module]").src);
  const found = [];
  for (const [n, events] of states.entries()) {
    for (const event of events) page.hear(event.later ? { ...event,
      now: performance.now() + event.later } : event);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const told = await axe.run(document, { preload: false, resultTypes: ["violations"],
      rules: { "color-contrast": { enabled: contrast } } });
    for (const bad of told.violations) found.push(`${n} ${bad.id}: ${bad.nodes.map((node) =>
      node.html).join(" ").slice(0, 300)}`);
  }
  return found;
}"""


def axe_source() -> str:
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def in_language(states: list[list[dict[str, Any]]], language: str) -> list[list[dict[str, Any]]]:
    """The same states, of a guest who speaks ``language``."""
    for event in (event for events in states for event in events):
        if isinstance(event.get("body"), dict) and "language" in event["body"]:
            event["body"]["language"] = language
    return states


@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_axe_finds_nothing_on_any_guest_page_in_any_state(chromium: Any, stage: Stage, language: str) -> None:
    """Every state in the first size; in the other each language takes its share in turn."""
    stage.rooms.calls = []
    turn = LANGUAGES.index(language)
    colours = turn == 0  # no colour depends on the language
    for path, size, other, states in PAGES:
        with Eye(chromium, stage, f"{path}?lang={language}", size, reduced_motion="reduce") as eye:
            eye.page.evaluate(axe_source())
            assert eye.page.evaluate(AXE, [in_language(states(), language), colours]) == [], (path, size)
            eye.page.set_viewport_size({"width": other[0], "height": other[1]})
            share = in_language(states(), language)[turn % len(states()) :: len(LANGUAGES)]
            revive = [{"type": "link", "body": "live"}]
            assert eye.page.evaluate(AXE, [[revive, *share], colours]) == [], (path, other)


CONTRAST = "document.documentElement.toggleAttribute('data-contrast', true)"


@pytest.mark.parametrize(("path", "size", "_", "states"), PAGES[:2])
def test_strong_contrast_and_large_text_leave_nothing_unreadable(
    chromium: Any, stage: Stage, path: str, size: tuple[int, int], _: Any, states: Any
) -> None:
    with Eye(chromium, stage, path, size, reduced_motion="reduce") as eye:
        eye.page.evaluate(CONTRAST)
        eye.page.evaluate("document.documentElement.style.setProperty('--larger', '1.5')")
        eye.page.evaluate(axe_source())
        assert eye.page.evaluate(AXE, [states(), True]) == []


SPOIL = """() => {
  const main = document.querySelector("main");
  for (const tag of ["button", "img", "input"]) main.append(document.createElement(tag));
  const faint = document.createElement("p");
  faint.textContent = "faint";
  faint.style.cssText = "color: #222; background: #111; position: absolute; inset: 0 auto auto 0; z-index: 9";
  main.append(faint);
  document.documentElement.removeAttribute("lang");
  document.title = "";
}"""


def test_axe_has_teeth(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/g/park", GATE) as eye:
        eye.page.evaluate(axe_source())
        eye.page.evaluate(SPOIL)
        found = " ".join(eye.page.evaluate(AXE, [[[{"type": "tick"}]], True]))
        missed = {"button-name", "color-contrast", "document-title", "html-has-lang", "image-alt", "label"}
        assert {rule for rule in missed if rule not in found} == set()
