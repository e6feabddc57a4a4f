"""A band of nobody is claimed at a kiosk, in a real browser: by keys, again after a wrong code, online."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kiosk.eye import KIOSK_TALL, Eye, asked_for_all, told
from tests.kiosk.stage import Stage, a_plan

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


def test_a_band_of_nobody_is_claimed_by_keys_and_says_so_and_a_wrong_code_can_be_typed_again(
    chromium: Any, stage: Stage
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        stage.feed.publish("kiosk-hall", "plan", a_plan(language="en"))
        eye.sees("Hello, Giulia")
        eye.page.get_by_role("button", name="What you know of me").click()
        for code, said in (
            ("1234567", "not good"),
            ("87654321", "not good"),
            ("12345678", "it is yours now"),
        ):
            eye.page.get_by_role("button", name="This band is mine").click()
            eye.page.keyboard.type(code)
            assert eye.page.inner_text(".claim .dots") == code
            eye.page.keyboard.press("Enter")
            eye.sees(said)
        assert stage.rooms.near.did[-2:] == [("claim", "87654321"), ("claim", "12345678")]
        assert eye.page.locator(".claim button").count() == 0
        eye.page.get_by_role("button", name="I am done").click()
        assert "12345678" not in eye.html()


def test_nothing_is_switched_after_a_claim_before_this_device_heard_which_choices_hold(
    chromium: Any, stage: Stage
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        stage.feed.publish("kiosk-hall", "plan", a_plan(language="en"))
        eye.sees("Hello, Giulia")
        eye.page.get_by_role("button", name="What you know of me").click()
        offers = eye.page.locator('[data-purpose="offers"]')
        eye.page.get_by_role("button", name="This band is mine").click()
        assert offers.is_enabled()
        eye.page.keyboard.type("12345678")
        eye.page.keyboard.press("Enter")
        eye.sees("it is yours now")
        assert (offers.is_disabled(), offers.get_attribute("aria-checked")) == (True, "true")
        stage.rooms.said["offers"], stage.rooms.rev = False, 2
        eye.page.wait_for_selector('[data-purpose="offers"][aria-checked="false"]:not([disabled])')
        eye.sees("it is yours now")
        offers.click()
        eye.page.wait_for_selector('[data-purpose="offers"][aria-checked="true"]')
        assert stage.rooms.said["offers"] is True


def test_without_the_internet_no_code_is_asked_for(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        eye.hear(told("health", {"online": False, "reader": "idle"}), *asked_for_all())
        eye.sees("Serve internet, che ora manca")
        assert eye.page.locator(".claim button").count() == 0
