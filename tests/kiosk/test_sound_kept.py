"""The sound of a guest's screen: switched on by a touch, remembered, missed where a browser holds it back."""

from __future__ import annotations

from typing import Any

from tests.kiosk.scripts import run

SCREEN = """
const kept = new Map();
const faults = [];
const touches = [];
const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
const answer = { ok: true, status: 200, text: async () => "" };
const send = async (_, { body }) => { faults.push(JSON.parse(body).fault); return answer; };
const world = { localStorage: storage, fetch: send, location: globalThis.location ?? { pathname: "/g/x" },
  addEventListener: (name, act) => touches.push(act) };
for (const [name, value] of Object.entries(world)) {
  if (name !== "location" || !globalThis.location) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
}
const { keepSound } = await load("shell.js");
const shown = [];
const begin = (wakes, volume = 70) =>
  keepSound({ volume, wake: async () => wakes.shift() ?? true }, (awake) => shown.push(awake));
const touch = () => touches.at(-1)();
"""


def seen(script: str) -> Any:
    return run(SCREEN + script + " return { shown, faults, kept: [...kept] };")


def test_a_touch_switches_the_sound_on_and_the_screen_remembers() -> None:
    found = seen("await begin([false, true]); await touch();")
    assert found == {"shown": [False, True], "faults": [], "kept": [["polso-sound", "on"]]}


def test_a_screen_whose_sound_was_on_tells_when_its_browser_keeps_it_back() -> None:
    found = seen("await begin([false, true]); await touch(); await begin([false]);")
    assert found["faults"] == ["sound blocked"]


def test_a_silent_screen_never_asks_for_sound() -> None:
    assert seen("await begin([false], 0);") == {"shown": [True], "faults": [], "kept": []}
