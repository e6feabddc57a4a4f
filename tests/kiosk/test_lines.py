"""A screen whose line fails: it notices by itself, forgets the guest, and comes back by itself."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from edge.core.decision import Family
from tests.faults.proxy import Faults, between
from tests.kiosk.eye import GATE, KIOSK_TALL, Eye
from tests.kiosk.stage import Stage, a_plan, a_verdict

pytestmark = [pytest.mark.browser, pytest.mark.timeout(90)]
WATCHDOG_S_MAX, FORGOTTEN_S_MAX, BACK_S_MAX = 12.0, 15.0, 3.0
PATIENCE_S = 1.5
"""The page looks twice a second, and a shared machine is late now and then."""
LINK = """async () => (await import(document.querySelector("script[type=module]").src)).link()"""


def becomes(eye: Eye, wanted: str, within_s: float) -> float:
    """Wait until the page's line stands as wanted; seconds."""
    began = time.monotonic()
    while (link := eye.page.evaluate(LINK)) != wanted:
        assert time.monotonic() - began < within_s, f"{link} after {within_s} s"
        eye.page.wait_for_timeout(50)
    return time.monotonic() - began


@pytest.mark.journey
def test_a_silent_line_is_noticed_and_the_guest_is_forgotten(chromium: Any, stage: Stage) -> None:
    faults = Faults()
    with (
        between(stage.url, faults) as url,
        Eye(chromium, replace(stage, url=url), "/k/hall", KIOSK_TALL) as eye,
    ):
        stage.feed.publish("kiosk-hall", "plan", a_plan(name="Ottavia"))
        eye.sees("Ciao, Ottavia")
        faults.blackhole = True
        began = time.monotonic()
        becomes(eye, "reconnecting", WATCHDOG_S_MAX + PATIENCE_S)
        becomes(eye, "stale", FORGOTTEN_S_MAX + PATIENCE_S - (time.monotonic() - began))
        assert "Ottavia" not in eye.html()
        faults.blackhole = False
        becomes(eye, "live", WATCHDOG_S_MAX + BACK_S_MAX)


def test_three_seconds_of_bad_gateway_end_no_screen(chromium: Any, stage: Stage) -> None:
    """A plain EventSource gives up for good at the first answer that is no stream."""
    faults = Faults()
    with between(stage.url, faults) as url, Eye(chromium, replace(stage, url=url), "/g/park", GATE) as eye:
        faults.bad_gateway = True
        assert becomes(eye, "reconnecting", 2 + PATIENCE_S) < 2 + PATIENCE_S
        eye.page.wait_for_timeout(3_000)
        faults.bad_gateway = False
        becomes(eye, "live", BACK_S_MAX)
        stage.feed.publish("gate-park", "decision", a_verdict(Family.GO))
        eye.page.locator("polso-verdict[data-shape=go]").wait_for()
        eye.complaints = [one for one in eye.complaints if "Failed to load resource" not in one]
