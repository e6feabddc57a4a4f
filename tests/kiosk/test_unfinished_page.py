"""What was looked for elsewhere, on a kiosk's page: after a tap, with where it is, gone with its consent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.barriers import barriers
from tests.kiosk.eye import KIOSK_TALL, KIOSK_WIDE, Eye
from tests.kiosk.known import FakeNear, near_them, unfinished_things
from tests.kiosk.listener import wait_until
from tests.kiosk.stage import Stage, a_plan

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
TITLES = {
    "it": "Riprendi da qui",
    "en": "Continue",
    "fr": "Reprendre",
    "de": "Weiter, wo Sie waren",
    "es": "Continuar",
}


@pytest.fixture
def near(stage: Stage) -> Iterator[FakeNear]:
    """The stage's desk with what a guest left unfinished, beside all else that can stand there."""
    stage.rooms.near = FakeNear(now=near_them("", ask="", unfinished=unfinished_things(3)))
    yield stage.rooms.near
    stage.rooms.near = FakeNear()


@pytest.mark.parametrize("size", [KIOSK_TALL, KIOSK_WIDE])
def test_in_each_language_it_stands_there_after_a_tap_without_a_barrier_and_never_before(
    chromium: Any, stage: Stage, near: FakeNear, size: tuple[int, int]
) -> None:
    with Eye(chromium, stage, "/k/hall", size, reduced_motion="reduce") as eye:
        for language, title in TITLES.items():
            assert eye.page.locator(".left").count() == 0, "the public loop knows nothing"
            plan = msgspec.structs.replace(a_plan(language=language), tap_id=f"tap-{language}")
            stage.feed.publish("kiosk-hall", "plan", plan)
            eye.sees(title)
            assert barriers(eye.page) == []
            eye.page.locator(".left").click()
            wait_until(lambda: eye.page.locator(".item.article").count() == 3)
            assert barriers(eye.page) == []
            assert [
                eye.page.locator("#stage h1").inner_text(),
                eye.page.locator(".item.article .num").count(),
            ] == [
                title,
                3,
            ]
            eye.page.locator("#finish").click()


def test_a_touch_leads_to_where_it_is_and_back(chromium: Any, stage: Stage, near: FakeNear) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        stage.feed.publish("kiosk-hall", "plan", a_plan(language="en"))
        eye.page.get_by_role("button", name="Continue Park mug · Water bed").click()
        eye.sees("In your basket")
        words = eye.page.locator(".item.article").first.inner_text()
        assert "€12.90" in words
        assert "In stock · counted just now" in words
        assert "counted 12 min ago" in words
        eye.page.get_by_role("button", name="Set aside here").click()
        eye.sees("Set aside for you")
        assert near.did == [("reserve", "a0", "hall")]


def test_who_takes_the_consent_back_finds_nothing_of_it_when_they_turn_back(
    chromium: Any, stage: Stage, near: FakeNear
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        stage.feed.publish("kiosk-hall", "plan", a_plan(language="en"))
        eye.sees("Continue")
        eye.page.locator("#mine").click()
        wait_until(lambda: eye.page.evaluate("document.body.dataset.phase") == "mine")
        eye.page.locator("#back").click()
        eye.sees("Ready, counter 2")
        assert eye.page.locator(".left").count() == 0, "the page of what is known says: not allowed"
