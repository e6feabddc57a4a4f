"""What operators set about a screen: kept over restarts, taken over at once, seen on the guest's page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.events import Kind
from edge.errors import NotAllowed, Refused, Unknown
from edge.staff import ScreenSettings
from kiosk.app import streams_of
from tests.kiosk.desk_park import Desk, a_desk, post, serving
from tests.kiosk.listener import Open, wait_until
from tests.kiosk.scripts import run
from tests.kiosk.test_desk_pages import OFFICE, Page

WANTED = {
    "language": "de", "ppi": 141, "distance_m": 2.5, "volume": 35, "quiet_from_min": 1320,
    "quiet_until_min": 420, "contrast": True, "text_percent": 150, "low_buttons": True,
}  # fmt: skip


def test_an_operator_sets_a_screen_and_a_restart_keeps_it(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        _, screen = desk.screen("gate")
        answer = post(desk.signed_in("carla", ""), f"/api/v1/screens/{screen}/settings", settings=WANTED)
        assert answer.status_code == 200
        [event] = desk.edge.acted(Kind.SCREEN_SET)
        assert (event.staff, event.target) == ("carla", screen)
    with a_desk(tmp_path) as desk:
        [found] = desk.house.staff.screens()
        assert msgspec.to_builtins(found.settings) == WANTED


def test_only_operators_set_screens_and_only_within_bounds(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        _, screen = desk.screen("gate")
        where, staff = f"/api/v1/screens/{screen}/settings", desk.house.staff
        assert post(desk.signed_in("anna"), where, settings=WANTED).status_code == 403
        loud = WANTED | {"volume": 101}
        assert post(desk.signed_in("carla", ""), where, settings=loud).status_code == 422
        nowhere = "/api/v1/screens/gate-nobody/settings"
        assert post(desk.signed_in("carla", ""), nowhere, settings=WANTED).status_code == 404
        operator, supervisor = desk.edge.session("operator"), desk.edge.session("supervisor")
        with pytest.raises(NotAllowed):
            staff.set_screen(supervisor, screen, ScreenSettings(volume=5))
        with pytest.raises(Unknown):
            staff.set_screen(operator, "gate-nobody", ScreenSettings(volume=5))
        with pytest.raises(Refused):
            staff.set_screen(operator, screen, ScreenSettings(volume=500))
        staff.revoke_screen(screen)
        with pytest.raises(Unknown):
            staff.set_screen(operator, screen, ScreenSettings(volume=5))
        assert desk.edge.events(Kind.SCREEN_SET) == []


@pytest.mark.timeout(20)
def test_the_screen_is_told_at_once_and_no_other(open_desk: Open) -> None:
    _, screen, one = open_desk.gate()
    _, _, other = open_desk.gate()
    for listener in (one, other):
        listener.until("resync")
    carla = open_desk.desk.signed_in("carla", "")
    assert post(carla, f"/api/v1/screens/{screen}/settings", settings=WANTED).status_code == 200
    assert one.until("reload").body == {"reason": "settings"}
    assert other.until("hb", "reload").type == "hb"


FORM = """
const { filled, minutesOf, timeOf } = await load("screen_settings.js");
const form = new FormData();
const said = { language: "de", ppi: "141", distance_m: "2.5", volume: "35", text_percent: "150",
  quiet_from_min: "22:00", quiet_until_min: "07:00", contrast: "on", low_buttons: "on" };
for (const [name, value] of Object.entries(said)) form.set(name, value);
const whole = filled(form);
form.set("quiet_until_min", "");
const half = filled(form);
form.set("quiet_from_min", "");
form.delete("contrast");
const { quiet_from_min, contrast } = filled(form);
const times = [timeOf(0), timeOf(1325), minutesOf("22:05")];
return { whole, half, none: [quiet_from_min, contrast], times };
"""


def test_the_form_says_what_was_typed_and_wants_both_ends_of_the_quiet_hours() -> None:
    assert run(FORM) == {
        "whole": WANTED, "half": None, "none": [None, False], "times": ["00:00", "22:05", 1325],
    }  # fmt: skip


LOW = """
const { begin, reduce } = await load("kiosk_state.js");
const act = (state, type, body, now = 0) => reduce(state, { type, body, now, age: 0 });
const plan = act(begin(true), "plan", { tap_id: "t", at_ms: 1, items: [] });
return [begin().low, begin(true).low, plan.low, act(plan, "low", false).low,
  act(act(plan, "low", false), "finish").low];
"""


def test_a_kiosk_with_low_buttons_returns_to_them_after_each_guest() -> None:
    assert run(LOW) == [False, True, True, False, True]


SEEN = """() => {
  const root = getComputedStyle(document.documentElement);
  return { lang: document.documentElement.lang, contrast: root.getPropertyValue("--paper"),
    arc: parseFloat(root.getPropertyValue("--arc")), low: document.body.hasAttribute("data-low") };
}"""


@pytest.mark.browser
@pytest.mark.timeout(60)
def test_carla_sets_a_kiosk_and_it_takes_it_over_while_nobody_uses_it(tmp_path: Path, chromium: Any) -> None:
    with a_desk(tmp_path, heartbeat_s=1.0, watch_s=0.2) as desk, serving(desk) as url:
        client, screen = desk.screen("kiosk", "kiosk")
        [cookie] = client._cookies.values()  # type: ignore[union-attr]  # a client has cookies
        with Page(chromium, url) as kiosk, Page(chromium, url, viewport=OFFICE) as carla:
            kiosk.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
            kiosk.open(f"/k/{screen}")
            kiosk.sees(".attract h1")
            wait_until(streams_of(desk.app).open)
            before = kiosk.page.evaluate(SEEN)
            _set(desk, carla, screen)
            kiosk.page.locator("html[lang=de]").wait_for(state="attached", timeout=8000)
            kiosk.sees("body[data-low]")
            after = kiosk.page.evaluate(SEEN)
    assert (before["lang"], before["low"]) == ("it", False)
    assert (after["contrast"], after["low"]) == ("#ffffff", True)
    assert after["arc"] == pytest.approx(before["arc"] * 1.5, rel=0.01)


def _set(desk: Desk, carla: Page, screen: str) -> None:
    """Fill in the form as an operator does."""
    desk.signed_in("carla", "")
    token = desk.tokens["carla", ""]
    carla.context.add_cookies([{"name": "polso-staff", "value": token, "url": carla.url}])
    carla.open("/ops/screens?lang=it")
    carla.page.click(f'[data-set="{screen}"]')
    carla.page.select_option('[name="language"]', "de")
    carla.page.fill('[name="text_percent"]', "150")
    carla.page.check('[name="contrast"]')
    carla.page.check('[name="low_buttons"]')
    carla.page.fill('[name="quiet_from_min"]', "22:00")
    carla.page.click("#settings .primary")
    carla.sees("#settings-wrong", "silenzio")
    carla.page.fill('[name="quiet_until_min"]', "07:00")
    carla.page.click("#settings .primary")
    carla.sees("#said", "Registrato")
