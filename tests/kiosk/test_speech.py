"""Read aloud: the kiosk says what it shows in the guest's language, and names and amounts only when asked."""

from __future__ import annotations

from typing import Any

import pytest

from edge.core.decision import Family
from kiosk.texts import LANGUAGES
from tests.kiosk.eye import KIOSK_TALL, Eye, asked_for_all, offer_states, told
from tests.kiosk.stage import Stage, a_plan

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
VOICE = """(tongues) => {
  globalThis.said = [];
  const waiting = [];
  const stand_in = {
    getVoices: () => tongues.map((lang) => ({ lang })),
    speak: (one) => { waiting.push(one); said.push([one.lang, one.text]); },
    cancel: () => { if (waiting.length) said.push(["", "hushed"]); waiting.length = 0; },
    addEventListener: () => {},
  };
  globalThis.ends = () => { const last = waiting.at(-1); waiting.length = 0; last?.onend?.(); };
  Object.defineProperty(globalThis, "speechSynthesis", { value: stand_in });
}"""


class Listener(Eye):
    """An eye whose page has a voice that notes what it is to say."""

    def __init__(self, chromium: Any, stage: Stage, voices: tuple[str, ...] = ("en-GB", "it-IT")) -> None:
        super().__init__(chromium, stage, "/k/hall", KIOSK_TALL)
        self.page.add_init_script(f"({VOICE})({list(voices)})")

    def press(self) -> list[str]:
        """Press the button; what was said by it."""
        self.page.evaluate("said.length = 0")
        self.page.locator("#aloud").click()
        return [text for _, text in self.page.evaluate("said")]

    def label(self) -> str:
        return self.page.locator("#aloud").inner_text()


def test_the_plan_is_read_without_the_name_until_that_is_asked_for(chromium: Any, stage: Stage) -> None:
    with Listener(chromium, stage) as eye:
        eye.hear(told("plan", a_plan(language="en")))
        name = a_plan().name
        said = eye.press()
        assert any("Falcon Flight" in line for line in said), said
        assert name
        assert not any(name in line for line in said), said
        assert eye.page.evaluate("said.every(([lang]) => lang === 'en')")
        assert eye.label() == "Stop reading"
        eye.page.evaluate("ends()")
        assert eye.label() == "Names and amounts too: use headphones"
        assert any(name in line for line in eye.press())


def test_an_offer_is_read_without_its_price_until_that_is_asked_for(chromium: Any, stage: Stage) -> None:
    with Listener(chromium, stage) as eye:
        eye.hear(*offer_states()[1])
        said = eye.press()
        assert said
        assert not any("€" in line for line in said), said
        eye.page.evaluate("ends()")
        assert any("€" in line for line in eye.press())


def test_what_is_known_of_a_guest_is_read_too(chromium: Any, stage: Stage) -> None:
    with Listener(chromium, stage) as eye:
        eye.hear(*asked_for_all())
        said = eye.press()
        assert len(said) > 5
        assert not any("€" in line for line in said), said


def test_a_verdict_is_read(chromium: Any, stage: Stage) -> None:
    with Listener(chromium, stage) as eye:
        eye.hear(told("plan", a_plan(family=Family.STAFF)))
        eye.page.locator("#aloud").wait_for()
        assert eye.press()


@pytest.mark.parametrize("leaves", [{"type": "finish"}, {"type": "link", "body": "stale"}])
def test_the_voice_falls_silent_when_the_guest_leaves(
    chromium: Any, stage: Stage, leaves: dict[str, Any]
) -> None:
    with Listener(chromium, stage) as eye:
        eye.hear(told("plan", a_plan(language="en")))
        eye.press()
        eye.hear(leaves)
        assert eye.page.evaluate("said.at(-1)") == ["", "hushed"]
        assert not eye.page.locator("#aloud").is_visible()


def test_a_second_press_and_another_page_stop_it(chromium: Any, stage: Stage) -> None:
    with Listener(chromium, stage) as eye:
        eye.hear(told("plan", a_plan(language="en")))
        eye.press()
        assert eye.press() == ["hushed"]
        assert eye.label() == "Read aloud"
        eye.press()
        eye.hear({"type": "language", "body": "it"})
        assert eye.page.evaluate("said.at(-1)") == ["", "hushed"]


def test_without_a_voice_of_the_language_there_is_no_button(chromium: Any, stage: Stage) -> None:
    with Listener(chromium, stage, ("it-IT",)) as eye:
        eye.hear(told("plan", a_plan(language="en")))
        assert not eye.page.locator("#aloud").is_visible()
        eye.hear({"type": "language", "body": "it"})
        assert eye.page.locator("#aloud").is_visible()


def test_in_every_language_what_money_looks_like_is_held_back(chromium: Any, stage: Stage) -> None:
    with Listener(chromium, stage) as eye:
        found = eye.page.evaluate(
            """async (languages) => {
              const base = document.querySelector("script[type=module]").src;
              const { isPrivate } = await import(new URL("speech.js", base));
              const { money } = await import(new URL("words.js", base));
              const sums = ["EUR", "CHF", "GBP", "USD", "SEK"];
              return languages.flatMap((l) => sums.map((one) => isPrivate(`x ${money(420, one, l)} y`, "")));
            }""",
            list(LANGUAGES),
        )
        assert found == [True] * 25
