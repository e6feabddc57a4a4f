"""With the edge gone, a screen keeps its page, says so, and comes back by itself."""

from __future__ import annotations

from typing import Any

import pytest

from edge.core.decision import Family
from tests.kiosk.eye import GATE, KIOSK_TALL, LIVE, Eye, told
from tests.kiosk.stage import a_plan, a_stage, a_verdict

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]


def test_a_reload_without_the_edge_still_shows_the_page(chromium: Any) -> None:
    with a_stage() as stage:
        eye = Eye(chromium, stage, "/g/park", GATE, service_workers="allow")
        eye.page.goto(stage.url + "/g/park")
        eye.page.evaluate("navigator.serviceWorker.ready")
        eye.page.reload()
        eye.sees("Avvicina il braccialetto")
    eye.page.reload()
    eye.sees("Avvicina il braccialetto")
    assert eye.page.title() == "Ingresso: Ingresso Sud"
    eye.sees("Mi ricollego")
    eye.context.close()


def test_a_lost_edge_is_said_at_once_and_the_verdict_stays(chromium: Any) -> None:
    with a_stage() as stage:
        eye = Eye(chromium, stage, "/g/park", GATE)
        eye.page.goto(stage.url + "/g/park")
        eye.page.wait_for_function(LIVE)
        eye.hear(told("decision", a_verdict(Family.STAFF)))
    eye.sees("Mi ricollego")
    assert eye.page.locator("polso-verdict[data-shape=staff]").count() == 1
    eye.context.close()


def test_private_content_leaves_when_the_edge_stays_away(chromium: Any) -> None:
    with a_stage() as stage:
        eye = Eye(chromium, stage, "/k/hall", KIOSK_TALL)
        eye.page.clock.install()
        eye.page.goto(stage.url + "/k/hall")
        eye.page.wait_for_function(LIVE)
        eye.hear(told("plan", a_plan(name="Giulia")))
        eye.sees("Ciao, Giulia")
    eye.page.clock.run_for(15_600)
    eye.sees("Torniamo subito")
    assert "Giulia" not in eye.html()
    eye.context.close()
