"""Gate and kiosk in a real browser: what a guest sees, what stays hidden, and what can be reached."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from msgspec.structs import replace

from edge.core.decision import Act, Family, WhatNext
from edge.views import GuestView, HelpCall
from kiosk.texts import LANGUAGES, Texts
from tests.kiosk.eye import (
    DESK,
    GATE,
    KIOSK_TALL,
    KIOSK_WIDE,
    PHONE,
    Eye,
    asked_for_all,
    gate_states,
    kiosk_states,
    told,
)
from tests.kiosk.stage import NOON_MS, Stage, a_plan, a_verdict

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
WORDS = Texts.load()
BYTES_MAX = 60 * 1024
SIZES = """async (events) => {
  const page = await import(document.querySelector("script[type=module]").src);
  return events.map((event) => { page.hear(event); return sizes(); });
  function sizes() {
  const [word, line] = [document.querySelector(".word"), document.querySelector(".line")];
  const inside = [word, line].every((element) => {
    const box = element.getBoundingClientRect();
    return box.left >= 0 && box.right <= innerWidth && box.bottom <= innerHeight && element.scrollWidth
      <= element.clientWidth + 1;
  });
  const size = (element) => parseFloat(getComputedStyle(element).fontSize);
  return { word: size(word), line: size(line), inside };
  }
}"""


def test_a_published_verdict_is_painted_by_shape_word_colour_and_line(chromium: Any, stage: Stage) -> None:
    colours = {"go": "rgb(45, 178, 112)", "ask": "rgb(255, 231, 77)"}
    blue, plain = "rgb(22, 36, 110)", "rgb(20, 17, 14)"
    with Eye(chromium, stage, "/g/park", GATE, reduced_motion="reduce") as eye:
        for family in Family:
            stage.feed.publish("gate-park", "decision", a_verdict(family, language="en"))
            verdict = eye.page.locator(f"polso-verdict[data-shape={family}]")
            verdict.wait_for(timeout=15_000)
            assert verdict.locator(".word").inner_text() == WORDS.get("en", f"verdict.{family}")
            assert verdict.locator(f".glyph.{family}").is_visible()
            colour = verdict.evaluate("(element) => getComputedStyle(element).backgroundColor")
            assert colour == colours.get(family, plain if family is Family.AGAIN else blue)
        stage.feed.publish("gate-park", "decision", a_verdict(Family.WAIT, language="en"))
        eye.sees("Come back at 15:00")


def test_the_gate_never_names_a_guest_nor_a_security_reason(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/g/park", GATE) as eye:
        eye.hear(told("decision", a_verdict(Family.STAFF)))
        eye.sees("Il nostro personale ti aiuta")
        shown = eye.page.inner_text("body").lower()
        assert not any(word in shown for word in ("smarrito", "lost", "band_lost", "giulia"))


def late_in(language: str) -> GuestView:
    """The longest line of a gate: when the next time begins, and how to take it."""
    view = a_verdict(Family.WAIT, language=language)
    return replace(view, next=WhatNext(act=Act.CHANGE_TIME, at_ms=view.at_ms + 3_600_000), kept_s=60)


def test_the_gates_word_is_as_large_as_its_distance_asks(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/g/park", GATE) as eye:
        needed = eye.page.evaluate(
            "parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--arc2'))"
        )
        line = eye.page.evaluate(
            "parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--arc'))"
        )
        shown = [
            told("decision", a_verdict(family, language=code)) for code in LANGUAGES for family in Family
        ]
        shown += [told("decision", late_in(code)) for code in LANGUAGES]
        for event, sizes in zip(shown, eye.page.evaluate(SIZES, shown), strict=True):
            assert sizes["word"] >= needed, event
            assert sizes["line"] >= line - 0.1, event
            assert sizes["inside"], event


@pytest.mark.parametrize("size", [KIOSK_TALL, KIOSK_WIDE])
def test_a_kiosk_greets_in_the_guests_language_and_forgets_at_the_end(
    chromium: Any, stage: Stage, size: tuple[int, int]
) -> None:
    with Eye(chromium, stage, "/k/hall", size) as eye:
        eye.sees("Avvicina il braccialetto")
        stage.feed.publish("kiosk-hall", "plan", a_plan(name="Amélie", language="fr"))
        eye.sees("Bonjour, Amélie")
        eye.sees("Le Vol du Faucon")
        eye.page.get_by_role("button", name="Deutsch").click()
        eye.sees("Hallo, Amélie")
        eye.page.get_by_role("button", name="Ich bin fertig").click()
        eye.sees("Avvicina il braccialetto")
        assert "Amélie" not in eye.html()


def test_the_next_guest_sees_nothing_of_the_last(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        eye.hear(told("plan", a_plan(name="Wilhelmina", language="de")))
        eye.sees("Hallo, Wilhelmina")
        eye.hear(told("plan", a_plan(name="Marco")))
        eye.sees("Ciao, Marco")
        kept = eye.page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, history.length])"
        )
        assert "Wilhelmina" not in eye.html() + kept
        assert json.loads(kept)[:3] == [{}, {}, None]


def test_untouched_private_content_leaves_the_page_behind_the_question(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        eye.hear(told("plan", a_plan(name="Giulia")))
        eye.sees("Ciao, Giulia")
        later = eye.page.evaluate("performance.now() + 30500")
        eye.hear({"type": "tick", "now": later})
        eye.page.get_by_role("dialog", name="Ci sei ancora?").wait_for()
        assert "Giulia" not in eye.html()
        eye.page.get_by_role("button", name="Sono qui").click()
        eye.sees("Ciao, Giulia")


MINE = {"it": "Cosa sapete di me", "de": "Was Sie von mir wissen"}


@pytest.mark.parametrize("size", [KIOSK_TALL, KIOSK_WIDE])
def test_a_guest_sees_all_that_is_known_and_takes_a_consent_back(
    chromium: Any, stage: Stage, size: tuple[int, int]
) -> None:
    stage.rooms.said.clear()
    with Eye(chromium, stage, "/k/hall", size) as eye:
        stage.feed.publish("kiosk-hall", "plan", a_plan(name="Giulia"))
        eye.page.get_by_role("button", name=MINE["it"]).click()
        eye.sees("Cosa sappiamo di te")
        soon = "gold · black da oggi, la conferma arriva a breve"
        for held in ("G-2041", "168 cm", soon, "birthday, vegetarian", "12A", "395 giorni", "vegetarian?"):
            assert held in eye.page.inner_text("main"), held
        switch = eye.page.get_by_role("switch", name="Offerte scelte per te")
        assert switch.get_attribute("aria-checked") == "true"
        assert switch.evaluate("it => Math.min(it.offsetWidth, it.offsetHeight)") >= 72
        switch.click()
        eye.page.locator("[data-purpose=offers][aria-checked=false]").wait_for()
        assert stage.rooms.said == {"offers": False}
        assert eye.page.evaluate("document.activeElement.dataset.purpose") == "offers"
        eye.page.get_by_role("button", name="Deutsch").click()
        eye.sees("Was wir von Ihnen wissen")
        eye.page.get_by_role("button", name="Zurück zu meinem Tag").click()
        eye.sees("Hallo, Giulia")
        assert "G-2041" not in eye.html()


def test_what_is_known_leaves_with_the_guest_and_asks_for_the_band_again(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        eye.hear(*asked_for_all())
        assert "G-2041" in eye.html()
        eye.hear({"type": "tick", "now": eye.page.evaluate("performance.now() + 30500")})
        eye.page.get_by_role("dialog", name="Ci sei ancora?").wait_for()
        assert "G-2041" not in eye.html()
        eye.page.get_by_role("button", name="Sono qui").click()
        eye.sees("Ciao, Giulia")
        assert "G-2041" not in eye.html()
        stage.rooms.refuses = True
        eye.page.get_by_role("button", name=MINE["it"]).click()
        eye.sees("Avvicina ancora il braccialetto")
        stage.rooms.refuses = False
        assert all("403" in complaint for complaint in eye.complaints), "a browser logs each refusal"
        eye.complaints.clear()


@pytest.mark.parametrize(
    "leaves",
    [
        [{"type": "reading"}],
        [told("plan", a_plan(name="Marco"))],
        [{"type": "finish"}],
        [{"type": "link", "body": "stale"}],
    ],
    ids=["next band", "next guest", "done", "edge lost"],
)
def test_nothing_of_the_page_stays_for_the_next_guest(
    chromium: Any, stage: Stage, leaves: list[dict[str, Any]]
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        eye.hear(*asked_for_all())
        assert "G-2041" in eye.html()
        eye.hear(*leaves)
        kept = eye.page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state]) + location.href"
        )
        assert "G-2041" not in eye.html() + kept
        assert "Giulia" not in eye.html() + kept


def test_losing_the_edge_clears_what_is_private(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_WIDE) as eye:
        eye.hear(told("plan", a_plan(name="Giulia")), {"type": "link", "body": "stale"})
        eye.sees("Torniamo subito")
        assert "Giulia" not in eye.html()


def test_a_help_call_is_followed_until_somebody_comes(chromium: Any, stage: Stage) -> None:
    stage.rooms.calls = []
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        with eye.page.expect_response("**/k/hall/help"):
            eye.page.get_by_role("button", name="Chiama qualcuno").dblclick()
        eye.sees("Abbiamo chiamato")
        assert len(stage.rooms.calls) == 1
        call = stage.rooms.calls[0]
        come = HelpCall(id=call.id, point="hall", at_ms=call.at_ms, acknowledged_ms=NOON_MS, staff="Marta")
        stage.feed.publish("help", "help", come)
        eye.sees("Arriva qualcuno")
        assert "Marta" not in eye.html()
    stage.rooms.calls = []


def test_everything_to_press_is_twenty_millimetres_and_within_reach(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        eye.hear(told("plan", a_plan()))
        boxes = eye.page.evaluate(
            "[...document.querySelectorAll('footer button')].filter((b) => b.offsetParent).map((b) => "
            "b.getBoundingClientRect().toJSON())"
        )
        assert len(boxes) >= 7
        assert all(box["height"] >= 72 and box["width"] >= 72 for box in boxes)
        assert all(box["top"] >= 0.6 * KIOSK_TALL[1] and box["bottom"] <= KIOSK_TALL[1] for box in boxes)


def test_pushes_shift_nothing_and_grow_nothing(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/g/park", GATE) as eye:
        eye.page.evaluate(
            "window.shifts = 0; new PerformanceObserver((list) => { for (const one of "
            "list.getEntries()) window.shifts += one.value; })"
            ".observe({ type: 'layout-shift', buffered: true })"
        )
        families = list(Family)
        nodes = "document.querySelectorAll('*').length"
        before = eye.page.evaluate(nodes)
        for n in range(35):
            language = LANGUAGES[n % len(LANGUAGES)]
            eye.hear(told("decision", a_verdict(families[n % len(families)], language=language)))
        assert eye.page.evaluate("window.shifts") == 0
        assert eye.page.evaluate(nodes) == before


def longer(text: str) -> str:
    """Forty in a hundred more, in accented letters, places untouched."""
    words = re.split(r"(\{\w+\})", text)
    grown = "".join(
        word if word.startswith("{") else word.replace("a", "á").replace("e", "ë") for word in words
    )
    return grown + " " + "ïö"[: 1 + len(text) % 2] * max(1, int(len(text) * 0.4) // 2)


@pytest.mark.parametrize(
    ("path", "size"),
    [("/g/park", GATE), ("/k/hall", KIOSK_TALL), ("/k/hall", KIOSK_WIDE), ("/demo", DESK), ("/demo", PHONE)],
)
def test_words_half_again_as_long_break_no_layout(
    chromium: Any, stage: Stage, path: str, size: tuple[int, int]
) -> None:
    def grow(route: Any) -> None:
        words = route.fetch().json()
        route.fulfill(json={key: longer(text) for key, text in words.items()})

    eye = Eye(chromium, stage, path, size, reduced_motion="reduce")
    eye.page.route("**/texts/**", grow)
    with eye:
        for state in {"/g/park": gate_states(), "/k/hall": kiosk_states()[:4], "/demo": []}[path] or [
            [{"type": "tick"}]
        ]:
            eye.hear(*state)
            wide = eye.page.evaluate(
                "[document.documentElement.scrollWidth - innerWidth, "
                "...[...document.querySelectorAll('button, .word, .line, h1, h2, h3')]"
                ".filter((e) => e.offsetParent && e.getBoundingClientRect().right > innerWidth + 1 && "
                "!e.closest('#bands')).map((e) => e.outerHTML)]"
            )
            assert wide == [0], state


def test_nothing_moves_for_those_who_ask_for_stillness(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/g/park", GATE) as eye:
        assert eye.page.evaluate("document.getAnimations().length") > 0
    with Eye(chromium, stage, "/g/park", GATE, reduced_motion="reduce") as eye:
        eye.hear({"type": "reading"})
        assert eye.page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize(("path", "size"), [("/g/park", GATE), ("/k/hall", KIOSK_TALL)])
def test_a_guests_page_is_light_to_carry(
    chromium: Any, stage: Stage, path: str, size: tuple[int, int]
) -> None:
    with Eye(chromium, stage, path, size) as eye:
        eye.page.wait_for_function("document.querySelector('polso-verdict .word, .attract h1')?.textContent")
        carried = eye.page.evaluate(
            "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
            ".filter((one) => !one.name.includes('fonts') && !one.name.includes('/events'))"
            ".reduce((sum, one) => sum + (one.encodedBodySize || 0), 0)"
        )
        assert 5_000 < carried <= BYTES_MAX, carried


MIDDLE = """() => [...document.querySelectorAll(".word, .line")].filter((e) => e.textContent).map((e) => {
  const text = document.createRange();
  text.selectNodeContents(e);
  const box = text.getBoundingClientRect();
  return Math.abs((box.left + box.right) / 2 - innerWidth / 2);
})"""


def test_every_word_stands_in_the_middle(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/g/park", GATE) as eye:
        for state in gate_states():
            eye.hear(*state)
            assert max(eye.page.evaluate(MIDDLE)) < 12, state


def test_a_guest_s_page_is_not_drawn_anew_while_only_the_idle_page_s_words_change(
    chromium: Any, stage: Stage
) -> None:
    """Whoever goes through the plan by keys keeps their place, and nothing is read to them twice."""
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        eye.hear(told("plan", a_plan()))
        eye.page.evaluate("document.querySelector('.plan').focus()")
        for seconds in (4, 8):
            eye.hear({"type": "tick", "later": seconds * 1_000})
            assert eye.page.evaluate("document.activeElement.className") == "plan"
