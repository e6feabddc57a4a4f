"""A stored card is stopped at a kiosk, in a real browser: by a button, by a PIN, again after a wrong one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.barriers import barriers
from tests.kiosk.eye import KIOSK_TALL, Eye
from tests.kiosk.stage import Stage, a_plan

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


def test_a_guest_stops_their_card_and_types_their_pin_where_they_have_one(
    chromium: Any, stage: Stage
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        stage.feed.publish("kiosk-hall", "plan", a_plan(language="en"))
        eye.sees("Hello, Giulia")
        eye.page.get_by_role("button", name="What you know of me").click()
        eye.page.get_by_role("button", name="Stop my card").click()
        eye.sees("Type your PIN to stop your card.")
        assert barriers(eye.page) == []
        for pin, said in (
            ("0000", "That was not your PIN"),
            ("7193", "nothing more is charged to your card"),
        ):
            eye.page.keyboard.type(pin)
            assert pin not in eye.page.inner_text(".stop-card")
            eye.page.keyboard.press("Enter")
            eye.sees(said)
        assert stage.rooms.near.did[-3:] == [("stop", ""), ("stop", "0000"), ("stop", "7193")]
        assert eye.page.locator(".stop-card button, .stop-card polso-pad").count() == 0
        assert barriers(eye.page) == []
        eye.page.get_by_role("button", name="I am done").click()
        assert "7193" not in eye.html()


def test_who_is_refused_reads_that_staff_do_it(chromium: Any, stage: Stage) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        stage.feed.publish("kiosk-hall", "plan", a_plan(language="en"))
        eye.sees("Hello, Giulia")
        eye.page.get_by_role("button", name="What you know of me").click()
        eye.page.get_by_role("button", name="Stop my card").wait_for()
        stage.rooms.refuses = True
        eye.page.get_by_role("button", name="Stop my card").click()
        eye.sees("Our staff will stop the card for you")
        assert all("403" in complaint for complaint in eye.complaints), "a browser logs each refusal"
        eye.complaints.clear()
