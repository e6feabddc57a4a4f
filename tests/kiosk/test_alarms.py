"""Alarms on staff's screens: heard, shown to staff and to nobody else, seen by a supervisor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.core.alarms import BOOK_WENT_BACK
from edge.service.alarms import note_book_back
from hardware.port import ReadFault, Trust
from kiosk.texts import Texts
from tests.barriers import barriers
from tests.kiosk.desk_park import Desk, a_desk, post, serving
from tests.kiosk.scripts import run
from tests.kiosk.test_desk_pages import Page

AN_ALARM: dict[str, Any] = {
    "id": "b-tap_replayed", "reason": "tap_replayed", "point": "north", "at_ms": 1, "last_ms": 1,
}  # fmt: skip


def forged(desk: Desk) -> str:
    tap = desk.edge.tap(trust=Trust.NONE, fault=ReadFault.NOT_AUTHENTIC, counter=None)
    desk.edge.service.present(tap)
    return desk.edge.service.alarms()[0].id


def test_a_supervisor_sees_it_off_every_screen_and_gate_staff_cannot(tmp_path: Path) -> None:
    with a_desk(tmp_path / "e") as desk:
        alarm = forged(desk)
        assert post(desk.signed_in("bruno"), f"/api/v1/staff/alarm/{alarm}").status_code == 403
        assert len(desk.edge.service.alarms()) == 1
        answer = post(desk.signed_in("anna"), f"/api/v1/staff/alarm/{alarm}")
        assert (answer.status_code, answer.json["staff"]) == (200, "anna")
        assert desk.edge.service.alarms() == ()


@pytest.mark.browser
@pytest.mark.timeout(90)
def test_alarms_stand_on_every_page_of_staff_and_operators(chromium: Any, tmp_path: Path) -> None:
    """In a real browser: what a page's rooms lack of one another, no test of one room can see."""
    with a_desk(tmp_path / "e") as desk, serving(desk) as url:
        forged(desk)
        desk.edge.sequencer.submit(note_book_back)
        for who, point, path, width in (("anna", "north", "/staff/north", 390), ("carla", "", "/ops", 1_280)):
            with Page(chromium, url, locale="it-IT", viewport={"width": width, "height": 800}) as one:
                one.work_as(desk, who, point, path)
                one.sees("#alerts", "Il registro comune del sito")
                one.sees("#alerts", "Allarme a")
                assert barriers(one.page) == []


def test_an_open_alarm_stays_on_the_page_until_it_was_seen() -> None:
    events = [
        {"type": "alarm", "body": AN_ALARM},
        {"type": "decision", "body": {"seq": 9, "tap_id": "x", "at_ms": 5}, "age": 0},
        {"type": "alarm", "body": AN_ALARM | {"times": 2, "last_ms": 7}},
    ]
    seen = {"type": "alarm", "body": AN_ALARM | {"acknowledged_ms": 9}}
    found = run(
        f"const s = await load('staff_state.js'); const events = {json.dumps([*events, seen])};"
        "return events.map((_, n) => events.slice(0, n + 1).reduce(s.reduce, s.begin()).alarms"
        ".map((one) => [one.id, one.times ?? 1]));"
    )
    assert found == [[["b-tap_replayed", 1]], [["b-tap_replayed", 1]], [["b-tap_replayed", 2]], []]


def test_the_bell_rings_for_what_is_new_and_again_while_nobody_answers() -> None:
    found = run(
        "const b = await load('bell.js'); const one = (times) => ({ id: 'a', times });"
        "const known = new Map([['a', 1]]);"
        "return [b.due(new Map(), [one(1)], 0), b.due(known, [one(1)], 0), b.due(known, [one(2)], 0),"
        " b.due(known, [one(1)], b.AGAIN_MS), b.due(known, [], b.AGAIN_MS)];"
    )
    assert found == [True, False, True, True, False]


def test_an_alarm_of_central_names_both_places_and_one_of_this_gate_its_own() -> None:
    ours = json.dumps(AN_ALARM | {"point": "north"})
    central = json.dumps(AN_ALARM | {"point": "north", "elsewhere": "south", "times": 2})
    found = run(
        "const s = await load('staff_state.js');"
        "const said = (key, told) => `${key} ${Object.values(told ?? {})}`;"
        f"return [{ours}, {central}].map((one) => s.alarmWords(one, said, (id) => `<${{id}}>`));"
    )
    assert found[0].startswith("staff.alarm <north>")
    assert found[1].startswith("staff.alarm_elsewhere <north>")
    assert "<south>" in found[1]
    assert found[1].endswith("staff.alarm_times 2")


def test_an_alarm_about_the_sites_book_is_a_sentence_of_its_own_in_every_language() -> None:
    about = json.dumps({"id": BOOK_WENT_BACK, "reason": BOOK_WENT_BACK, "point": "", "times": 2})
    spoken = {code: json.loads(Texts.load().bundle("staff", code)) for code in ("it", "en", "fr", "de", "es")}
    found = run(
        f"const s = await load('staff_state.js'); const spoken = {json.dumps(spoken)};"
        f"const about = {about}; const words = (texts) => s.alarmWords(about, (key) => texts[key], String);"
        "return Object.values(spoken).map(words);"
    )
    assert found == [texts["staff.alarm_site_book"] for texts in spoken.values()]
