"""kill -9 in the middle of verdicts: a gate's screen shows no green that the journal does not hold."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests

pytest.importorskip("playwright", reason="pip install -e '.[test]'")

from edge.run.demo.park import load
from tests.conftest import FIGURES
from tests.journeys.desks import screened
from tests.journeys.devices import Device, House, a_device
from tests.journeys.park import polso, until
from tests.kiosk.conftest import chromium

__all__ = ["chromium"]
POINT = "uscita-1"
"""A way out: whoever comes is let through, again and again."""
DECISIONS_MIN, BUDGET_S, LIVES_MIN = 256, 60.0, 16
BACK_S_MAX = 20
SEED = 20_261_129
UNTIL_KILLED_S = (0.01, 0.6)


class Hand(threading.Thread):
    """Somebody at a reader beyond the network who holds one band out as fast as it is answered."""

    def __init__(self, url: str, token: str, life: int) -> None:
        super().__init__(daemon=True)
        self._url, self._life = f"{url}/api/v1/taps", life
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._uid = next(one.uid for one in load().guests if one.id == "giulia").hex()
        self.answered: dict[int, str] = {}

    def run(self) -> None:
        number = 0
        while True:
            number += 1
            said = {"tap_id": f"life{self._life:04}-{number}", "seq": number, "uid": self._uid, "trust": 3}
            try:
                answer = self._session.post(self._url, json=said, timeout=10)
            except requests.RequestException:
                return
            assert answer.status_code == 200, answer.text
            told = answer.json()
            assert told["outcome"] == "granted", told
            self.answered[told["seq"]] = told["tap_id"]


@pytest.fixture
def device(house: House, tmp_path: Path) -> Device:
    made = a_device(house, tmp_path / "exit", POINT)
    made.keep_port()
    house.publish()
    made.start()
    until(lambda: made.figure("polso_profiles") > 0, 20)
    return made


def a_screen(chromium: Any, device: Device) -> Any:
    """The gate's screen in a real browser, watched."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([screened(device, "gate", POINT)])
    page = context.new_page()
    page.add_init_script(path=Path(__file__).with_name("seen.js"))
    page.goto(f"{device.screens}/g/{POINT}")
    until(lambda: boots(page) == 1, BACK_S_MAX)
    return page


def boots(page: Any) -> int:
    """How many lives of the device the screen has met."""
    met: int = page.evaluate("new Set(seen.boots).size")
    return met


def granted(folder: Path) -> dict[int, str]:
    """Whom the journal let through: the tap of each record."""
    exported = polso("journal", "export", "--data", str(folder))
    assert exported.returncode == 0, exported.stderr
    found: dict[int, str] = {}
    for line in exported.stdout.splitlines():
        event = json.loads(line)
        said = event["data"] if ".decided." in event["type"] else {}
        if said.get("decision", {}).get("outcome") == "granted":
            found[int(event["id"])] = said["presented"]["tap_id"]
    return found


def judge(greens: Sequence[str], answered: Mapping[int, str], journal: Mapping[int, str]) -> None:
    """Every green is the journal's, is shown once, and nothing that was answered is missing."""
    told = [(int(seq), tap_id) for seq, _, tap_id in (one.partition(" ") for one in greens)]
    assert [one for one in told if journal.get(one[0]) != one[1]] == [], "a green that was never written down"
    assert len(told) == len(set(told)), "a green that was shown twice"
    assert {seq: journal.get(seq) for seq in answered} == answered, "answered and lost"
    assert len(set(journal.values())) == len(journal), "one tap let through twice"


@pytest.mark.journey
@pytest.mark.browser
@pytest.mark.timeout(240)
def test_screen_of_a_killed_gate_shows_no_green_that_is_not_written_down(
    device: Device, chromium: Any, record_property: Any
) -> None:
    page, moments = a_screen(chromium, device), random.Random(SEED)  # noqa: S311  # moments by seed
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    token = screened(device, "reader", POINT)["value"]
    answered: dict[int, str] = {}
    began, lives, back_s = time.monotonic(), 0, list[float]()
    while lives < LIVES_MIN or (len(answered) < DECISIONS_MIN and time.monotonic() - began < BUDGET_S):
        lives += 1
        hand = Hand(device.screens, token, lives)
        hand.start()
        time.sleep(moments.uniform(*UNTIL_KILLED_S))  # the moment is what is tried
        device.kill()
        hand.join(10)
        answered |= hand.answered
        device.start()
        back_s.append(until(lambda number=lives: boots(page) == number + 1, BACK_S_MAX))
    took_s = time.monotonic() - began
    assert page.evaluate("seen.page === performance.timeOrigin"), "it came back by itself, not by a reload"
    greens = page.evaluate("seen.greens")
    page.context.close()
    device.stop()
    judge(greens, answered, granted(device.folder / "kept"))
    line = (
        f"{lives} kills in {took_s:.0f} s: {len(answered)} decisions answered, {len(greens)} greens seen, "
        f"screen live {max(back_s):.1f} s after ready at most"
    )
    record_property(FIGURES, line)
    assert len(answered) >= DECISIONS_MIN // 4
    assert len(greens) > lives, "a screen that shows nothing would pass"
    assert faults == []


JOURNAL = {7: "r:a-1", 8: "r:a-2"}


@pytest.mark.parametrize(
    ("greens", "answered", "journal", "why"),
    [
        (["7 r:a-1", "9 r:a-3"], {}, JOURNAL, "never written"),
        (["7 r:a-2"], {}, JOURNAL, "never written"),
        (["7 r:a-1", "8 r:a-2", "7 r:a-1"], {}, JOURNAL, "twice"),
        (["7 r:a-1"], {9: "r:a-3"}, JOURNAL, "lost"),
        ([], {}, {7: "r:a-1", 8: "r:a-1"}, "let through twice"),
    ],
)
def test_judge_sees_each_wrong(
    greens: list[str], answered: dict[int, str], journal: dict[int, str], why: str
) -> None:
    judge(["7 r:a-1", "8 r:a-2"], {7: "r:a-1"}, JOURNAL)
    with pytest.raises(AssertionError, match=why):
        judge(greens, answered, journal)
