"""Screens come in by a code, keep their own token, and are known from the first moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge.staff import Staff
from edge.store.transaction import Transaction
from tests.kiosk.desk_park import Desk, a_desk, post

T = TypeVar("T")


class LateAnswers:
    """The sequencer, whose first answer reaches its caller only when told to."""

    def __init__(self, desk: Desk) -> None:
        self.sequencer = desk.edge.sequencer
        self.read, self.told = threading.Event(), threading.Event()

    def submit(self, act: Callable[[Transaction], T]) -> T:
        answer = self.sequencer.submit(act)
        if not self.read.is_set():
            self.read.set()
            assert self.told.wait(4)
        return answer


def test_a_screen_enrolled_while_the_list_is_first_read_is_known(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        code = desk.house.staff.new_screen("gate", "north")
        late = LateAnswers(desk)
        staff = Staff(late, desk.edge.profiles, desk.edge.vault, desk.edge.clock)
        reading = threading.Thread(target=staff.screens)
        reading.start()
        assert late.read.wait(4)
        enrolled: list[str] = []
        enrolling = threading.Thread(target=lambda: enrolled.append(staff.enrol_screen(code)[1]))
        enrolling.start()
        enrolling.join(0.2)  # it may finish now or after the list is read; both must end well
        late.told.set()
        reading.join(4)
        enrolling.join(4)
        assert staff.screen(enrolled[0]) is not None


def test_a_code_makes_this_browser_a_screen_once(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        made = post(desk.signed_in("carla", ""), "/api/v1/screens", kind="gate", point="north", language="de")
        code = made.get_json()["code"]
        client = desk.client()
        enrolled = post(client, "/api/v1/enrol", code=code)
        assert enrolled.get_json()["address"] == "/g/north"
        page = client.get("/g/north")
        assert page.status_code == 200
        assert '<html lang="de"' in page.text
        again = post(desk.client(), "/api/v1/enrol", code=code)
        assert again.status_code == 404


def test_pressing_twice_is_one_enrolment(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        code = desk.house.staff.new_screen("kiosk", "kiosk")
        client = desk.client()
        answers = [post(client, "/api/v1/enrol", code=code, op="the-same-operation") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert answers[0].get_json() == answers[1].get_json()
        assert len(desk.house.staff.screens()) == 1


def test_a_page_of_a_screen_nobody_enrolled_leads_to_the_way_in(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        answer = desk.client().get("/g/north")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/enrol?next=%2Fg%2Fnorth")
        client, _ = desk.screen("gate", "castle")
        assert client.get("/g/north").status_code == 303
        assert client.get("/g/castle").status_code == 200
        assert client.get("/").headers["Location"] == "/g/castle"


def test_the_list_of_screens_says_who_listens(tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        _, screen = desk.screen("gate")
        rows = desk.signed_in("carla", "").get("/api/v1/ops").get_json()["screens"]
        assert [(row["id"], row["live"], row["last_ms"]) for row in rows] == [(screen, False, None)]
        answer = post(desk.signed_in("carla", ""), "/api/v1/screens/gate-nobody/reload")
        assert answer.status_code == 404
