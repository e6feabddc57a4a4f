"""The demo page in a real browser: by keyboard, by hand, and with everything going wrong."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kiosk.tales import DemoScene, DemoTale, Scene, Tale
from tests.barriers import barriers
from tests.kiosk.eye import DESK, Eye
from tests.kiosk.stage import Stage
from tests.kiosk.tray import Telling

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


def test_a_band_is_held_to_a_reader_by_keyboard_alone(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/demo?lang=it", DESK) as eye:
        stage.park.taps.clear()
        band = eye.page.get_by_role("button", name="Orlando")
        band.focus()
        eye.page.keyboard.press("Enter")
        eye.page.get_by_role("button", name="Avvicina: Orlando, Ingresso Sud").focus()
        eye.page.keyboard.press("Space")
        eye.sees("Dichiarato smarrito")
        eye.sees("23,9 ms in tutto")
        eye.page.locator("[data-reader=park-reader] polso-verdict[data-shape=staff]").wait_for()
        assert stage.park.taps == [("orlando", "park-reader")]


def test_a_band_is_carried_to_a_reader_by_hand(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/demo?lang=en", DESK) as eye:
        stage.park.taps.clear()
        start = eye.page.locator("[data-band=giulia]").bounding_box()
        end = eye.page.locator("[data-reader=hall-reader]").bounding_box()
        eye.page.mouse.move(start["x"] + 30, start["y"] + 20)
        eye.page.mouse.down()
        eye.page.mouse.move(end["x"] + 90, end["y"] + 90, steps=4)
        eye.page.mouse.up()
        eye.sees("Ciao, Giulia")
        assert stage.park.taps == [("giulia", "hall-reader")]
        assert eye.page.locator(".hand").count() == 0


def test_the_paper_of_a_till_is_shown_and_its_cable_is_pulled(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/demo?lang=it", DESK) as eye:
        eye.sees("Parco Aurora")
        paper = eye.page.locator(".paper")
        assert paper.evaluate("one => one.scrollWidth <= one.clientWidth"), "48 signs stand on the paper"
        with eye.page.expect_response("**/demo/printer"):
            eye.page.get_by_role("switch", name="Cavo: Stampante, Bar del Lago").click()
        eye.page.wait_for_function("!document.querySelector('.printer input').checked")
        assert stage.park.now.printers[0].plugged is False
        stage.park.reset()


def test_the_next_charge_of_a_stored_card_is_chosen_and_what_is_owed_is_paid(
    chromium: Any, stage: Stage
) -> None:
    with Eye(chromium, stage, "/demo?lang=en", DESK) as eye:
        eye.sees("Giulia owes €12.40. Tills say: please see our staff.")
        with eye.page.expect_response("**/demo/card"):
            eye.page.select_option("#card-next", "declined")
        assert stage.park.now.card.next == "declined"
        eye.page.click("#debt")
        eye.sees("Giulia owes nothing")
        assert eye.page.is_disabled("#debt")
        stage.park.reset()


def test_a_new_band_is_written_by_a_button_and_the_page_says_what_comes_next(
    chromium: Any, stage: Stage
) -> None:
    with Eye(chromium, stage, "/demo?lang=en", DESK) as eye:
        eye.sees("Fresh from its maker")
        eye.page.get_by_role("button", name="Write Nina").click()
        eye.sees("band: 9 steps, 812 ms. Now hold it to the gate.")
        stage.park.reset()


def test_the_demos_switches_show_what_they_change_and_reset_undoes_it(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/demo?lang=en", DESK) as eye:
        eye.page.get_by_role("switch", name=re.compile("^Internet")).click()
        eye.sees("Waiting for central: 3")
        eye.page.get_by_role("switch", name="Cable: South Gate").click()
        eye.page.locator("[data-reader=park-reader] polso-verdict[data-shape=out]").wait_for()
        assert eye.page.get_by_role("button", name="Hold here: South Gate").is_disabled()
        eye.page.get_by_role("button", name="Start the day again").click()
        eye.sees("Central has received everything")
        eye.page.locator("[data-reader=park-reader] polso-verdict[data-shape=idle]").wait_for()


def test_a_band_is_walked_past_the_radios_by_keyboard(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/demo?lang=en", DESK) as eye:
        eye.sees("Choose a wristband, then move it")
        slider = eye.page.get_by_role("slider", name="Carried past the radios")
        assert slider.is_disabled(), "nobody's band can be carried"
        eye.page.get_by_role("button", name="Giulia").click()
        slider.focus()
        with eye.page.expect_response("**/demo/walk"):
            eye.page.keyboard.press("End")
        eye.sees("Giulia: before the kiosk")
        assert slider.get_attribute("aria-valuetext") == "before the kiosk"
        assert stage.park.now.walk is not None
        assert stage.park.now.walk.at == {"giulia": "kiosk"}
        eye.page.get_by_role("button", name="Orlando").click()
        eye.page.wait_for_function("document.getElementById('walk-others').textContent.startsWith('Giulia')")
        stage.park.reset()


def test_the_last_step_of_a_long_story_is_in_sight(
    chromium: Any, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    long_one = DemoTale(tale=Tale.WATER_BED, scenes=(DemoScene(scene=Scene.CUT),) * 30, over=True)
    monkeypatch.setattr(Telling, "play", lambda *_, **__: long_one)
    with Eye(chromium, stage, "/demo?lang=it", DESK) as eye:
        eye.page.locator("[data-tale=water_bed]").click()
        last = eye.page.locator("#scenes li:nth-child(30)")
        last.wait_for()
        box, seen_through = last.bounding_box(), eye.page.locator("#told").bounding_box()
        assert seen_through["height"] <= 0.4 * DESK[1]
        ground = eye.page.eval_on_selector("#told", "(one) => getComputedStyle(one).backgroundColor")
        assert ground == "rgba(0, 0, 0, 0)", "it lies on its card: the verdict's colours swallow the numbers"
        assert seen_through["y"] <= box["y"] < seen_through["y"] + seen_through["height"]
        assert barriers(eye.page, contrast=False) == [], "a step at the edge is half hidden, by intent"


def test_whoever_reads_an_earlier_step_of_a_story_is_not_taken_to_the_last_one(
    chromium: Any, stage: Stage
) -> None:
    def told(count: int) -> dict[str, Any]:
        return {"type": "tale", "body": {"tale": "water_bed", "scenes": [{"scene": "cut"}] * count}}

    with Eye(chromium, stage, "/demo?lang=en", DESK) as eye:
        eye.hear(told(30))
        assert eye.page.eval_on_selector("#told", "(one) => one.scrollTop") > 0, "it follows the story"
        eye.page.eval_on_selector("#told", "(one) => { one.scrollTop = 0; }")
        eye.hear(told(31))
        assert eye.page.locator("#scenes li").count() == 31
        assert eye.page.eval_on_selector("#told", "(one) => one.scrollTop") == 0
        eye.hear({"type": "tale", "body": {"tale": "water_bed"}}, told(2))
        assert eye.page.locator("#scenes li").count() == 2, "told once more it begins anew"
