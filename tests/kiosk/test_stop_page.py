"""A stored card is stopped at a kiosk, in a real browser: by a button, by a PIN, again after a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.events import Kind, Lane
from edge.core.payment.bodies import MandateStopped
from tests.barriers import barriers
from tests.kiosk.desk_park import a_desk, serving
from tests.kiosk.eye import KIOSK_TALL, Eye
from tests.kiosk.stage import Stage, a_plan
from tests.kiosk.test_desk_pages import Page
from tests.service.house import OTHER_UID, worn
from tests.service.purses import a_guest

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


def test_who_is_refused_reads_that_staff_do_it(
    chromium: Any, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Eye(chromium, stage, "/k/hall", KIOSK_TALL) as eye:
        stage.feed.publish("kiosk-hall", "plan", a_plan(language="en"))
        eye.sees("Hello, Giulia")
        eye.page.get_by_role("button", name="What you know of me").click()
        eye.page.get_by_role("button", name="Stop my card").wait_for()
        monkeypatch.setattr(stage.rooms, "refuses", True)
        eye.page.get_by_role("button", name="Stop my card").click()
        eye.sees("Our staff will stop the card for you")
        assert all("403" in complaint for complaint in eye.complaints), "a browser logs each refusal"
        eye.complaints.clear()


def test_staff_stop_a_guests_card_by_a_button_in_their_own_name(chromium: Any, tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk, serving(desk) as url, Page(chromium, url) as bruno:
        payer = a_guest(desk.edge, name="Federica")
        desk.edge.tell(worn(desk.edge, OTHER_UID, name="Tommaso", guest="guest-9"))
        bruno.work_as(desk, "bruno", "north", "/staff/north")

        def stops(name: str, said: str) -> None:
            bruno.page.fill("#look-text", name)
            bruno.page.press("#look-text", "Enter")
            bruno.sees("#cards h3", name)
            bruno.page.click("#cards summary")
            bruno.page.get_by_role("button", name="Ferma la carta salvata").click()
            bruno.sees("#said", said)

        stops("Federica", "Fermata")
        assert barriers(bruno.page) == []
        stops("Tommaso", "")
        events = [
            one for one in desk.edge.journal.range(Lane.PRIORITY, 0) if one.kind == Kind.MANDATE_STOPPED
        ]
        (told,) = [msgspec.msgpack.decode(one.body, type=MandateStopped) for one in events]
        assert (told.guest, told.point, told.staff) == ("guest-1", "north", "bruno")
        assert events[0].band == payer.band.id
        assert "Fermata" not in bruno.page.inner_text("#said"), "who has no wallet has nothing to stop"
