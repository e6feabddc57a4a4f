"""Accessibility by axe: every guest page in every state, in five languages and two sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge.core.decision import Family
from kiosk.texts import LANGUAGES
from tests.barriers import barriers
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
    told,
)
from tests.kiosk.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
States = list[list[dict[str, Any]]]
TALES = (
    {"tale": "help", "scenes": [{"scene": "held", "who": "Giulia", "where": "park", "reason": "entered"}]},
    {"tale": "help", "scenes": [{"scene": "cut"}], "over": True, "failed": "Nobody came."},
)
"""A story that is being told, and one that broke off."""
PAGES: tuple[tuple[str, tuple[int, int], tuple[int, int], Callable[[], States]], ...] = (
    ("/g/park", GATE, GATE_TALL, gate_states),
    ("/k/hall", KIOSK_TALL, KIOSK_WIDE, kiosk_states),
    ("/demo", DESK, PHONE, lambda: [[{"type": "tick"}], *([{"type": "tale", "body": one}] for one in TALES)]),
)
LOOK = """() => {
  const { phase, shape } = document.body.dataset;
  return document.querySelector(".open .tile") ? `${phase} with tiles` : phase ?? shape ?? "";
}"""
LOOKS = {
    "/g/park": {"idle", "reading", "stale", "out", *Family},
    "/k/hall": {
        *(
            "attract",
            "attract with tiles",
            "reading",
            "plan",
            "mine",
            "times",
            "shelves",
            "offer",
            "taken",
            "verdict",
        ),
        *("warning", "stale", "out"),
    },
    "/demo": {""},
}
"""What each page can show; a walk that leaves one out proves nothing of it."""


def in_language(states: States, language: str) -> States:
    """The same states, of a guest who speaks ``language``."""
    for event in (event for events in states for event in events):
        if isinstance(event.get("body"), dict) and "language" in event["body"]:
            event["body"]["language"] = language
    return states


def walked(eye: Eye, states: States, *, contrast: bool) -> tuple[list[str], set[str]]:
    """What axe finds in each state, by the state's number, and every look that the page had."""
    found, looks = list[str](), set[str]()
    eye.hear({"type": "link", "body": "live"}, told("health", {"online": True, "reader": "idle"}))
    for number, events in enumerate(states):
        eye.hear(*events)
        looks.add(eye.page.evaluate(LOOK))
        found += [f"{number} {what}" for what in barriers(eye.page, contrast=contrast)]
    return found, looks


@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_axe_finds_nothing_on_any_guest_page_in_any_state(chromium: Any, stage: Stage, language: str) -> None:
    """Every state in both sizes; colours depend on neither language nor size: one walk looks at them."""
    stage.rooms.calls = []
    for path, size, other, states in PAGES:
        with Eye(chromium, stage, f"{path}?lang={language}", size, reduced_motion="reduce") as eye:
            for width, height in (size, other):
                eye.page.set_viewport_size({"width": width, "height": height})
                colours = language == LANGUAGES[0] and width == size[0]
                found = walked(eye, in_language(states(), language), contrast=colours)
                assert found == ([], LOOKS[path]), (path, width)


CONTRAST = "document.documentElement.toggleAttribute('data-contrast', true)"


@pytest.mark.parametrize(("path", "size", "_", "states"), PAGES[:2])
def test_strong_contrast_and_large_text_leave_nothing_unreadable(
    chromium: Any, stage: Stage, path: str, size: tuple[int, int], _: Any, states: Any
) -> None:
    with Eye(chromium, stage, path, size, reduced_motion="reduce") as eye:
        eye.page.evaluate(CONTRAST)
        eye.page.evaluate("document.documentElement.style.setProperty('--larger', '1.5')")
        assert walked(eye, states(), contrast=True) == ([], LOOKS[path])


SPOIL = """() => {
  const main = document.querySelector("main");
  for (const tag of ["button", "img", "input"]) main.append(document.createElement(tag));
  const at = "position: absolute; inset: 0 auto auto 0; z-index: 9;";
  const faint = document.createElement("p");
  faint.textContent = "faint";
  faint.style.cssText = `${at} color: #222; background: #111`;
  const covered = document.createElement("p");
  covered.textContent = "covered";
  covered.style.cssText = `${at} inset-block-start: 200px; color: #eee; background: url(data:,) #111`;
  main.append(faint, covered);
  for (const start of [0, 12]) {
    const small = document.createElement("button");
    small.textContent = "x";
    small.style.cssText = `${at} inset: 300px auto auto ${start}px; block-size: 10px; inline-size: 10px;
      min-inline-size: 0; min-block-size: 0; padding: 0`;
    main.append(small);
  }
  document.documentElement.removeAttribute("lang");
  document.title = "";
}"""
SPOILT = {
    *(
        "button-name",
        "color-contrast",
        "document-title",
        "html-has-lang",
        "image-alt",
        "label",
        "target-size",
    ),
    "unreviewed color-contrast",
}


def test_axe_has_teeth(chromium: Any, stage: Stage) -> None:
    """Each of these is said; one is what axe leaves to a person: words on a picture."""
    with Eye(chromium, stage, "/g/park", GATE) as eye:
        eye.page.evaluate(SPOIL)
        found = [line.split(":")[0] for line in barriers(eye.page)]
        assert set(found) == SPOILT


SHADE = """() => {
  const ground = document.createElement("p");
  ground.textContent = "faint at one end only";
  ground.style.cssText = `position: absolute; inset: 0 auto auto 0; z-index: 9;
    color: #fff; background: linear-gradient(90deg, #000, #eee)`;
  document.querySelector("main").append(ground);
}"""


def test_a_shaded_ground_is_judged_at_both_of_its_ends(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/g/park", GATE) as eye:
        eye.page.evaluate(SHADE)
        (line,) = barriers(eye.page)
        assert line.startswith("color-contrast: <p")
