"""An eye on one browser page: it remembers every request and complaint, and pushes events into the page."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from edge.codes import qr_svg
from edge.core.claimed import Became
from edge.core.decision import Family
from edge.service.noticed import AtKiosk
from kiosk.offers import Shown, shown_by
from kiosk.texts import LANGUAGES, Texts
from tests.kiosk.known import a_known, near_them, some_offers, some_shelves, some_times, unfinished_things
from tests.kiosk.stage import Stage, a_plan, a_verdict

GATE, GATE_TALL = (1280, 800), (800, 1280)
KIOSK_TALL, KIOSK_WIDE = (1080, 1920), (1920, 1080)
WAIT_MS = 15_000
"""Only whether it comes is asked; on a busy machine a page takes seconds."""
DESK, PHONE = (1366, 768), (390, 844)
EACH_LANGUAGE = [LANGUAGES[0], *(pytest.param(code, marks=pytest.mark.journey) for code in LANGUAGES[1:])]
"""For tests of seconds: the first language at each save, all of them in the whole suite."""
HEAR = """async (events) => {
  const page = await import(document.querySelector("script[type=module]").src);
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const answered = async () => {
    while (document.querySelector("[aria-busy=true]") || window.asked) await frame();
  };
  for (const event of events) {
    if (event.type === "health") window.health = "told";
    if (event.answered) await answered();
    page.hear(event.later ? { ...event, now: performance.now() + event.later } : event);
  }
  await answered();
  await frame();
  await frame();
}"""
"""An event that is ``answered`` comes after what the page itself asked, and is not undone by that answer."""
ASKED = """(() => {
  const ask = window.fetch, Source = window.EventSource;
  window.asked = 0;
  window.EventSource = class extends Source {
    addEventListener(type, hear) {
      super.addEventListener(type, (event) => type === "health" && window.health === "told" || hear(event));
    }
  };
  window.fetch = async (...what) => {
    window.asked += 1;
    try {
      const answer = await ask(...what);
      await answer.clone().text();
      return answer;
    } finally {
      requestAnimationFrame(() => { window.asked -= 1; });
    }
  };
})()"""
"""How many answers a page still waits for; and no heartbeat undoes what was told of the device's health."""
LIVE = """async () => {
  const page = await import(document.querySelector("script[type=module]").src);
  return !page.link || page.link() === "live";
}"""
"""Its stream has said hello: what is published is heard, and no late hello undoes what a test says."""


class Eye:
    """One browser page that remembers every request and every complaint."""

    def __init__(self, chromium: Any, stage: Stage, path: str, size: tuple[int, int], **context: Any) -> None:
        self.stage = stage
        context.setdefault("service_workers", "block")
        self.context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **context)
        self.context.add_init_script(ASKED)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console", lambda said: self.complaints.append(said.text) if said.type == "error" else None
        )
        self.path = path

    def __enter__(self) -> Eye:
        with self.page.expect_response(re.compile("/events")):
            self.page.goto(self.stage.url + self.path)
        self.page.wait_for_function(LIVE)
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.complaints == [], self.complaints
        assert [url for url in self.requests if not url.startswith((self.stage.url, "data:"))] == []

    def hear(self, *events: dict[str, Any]) -> None:
        self.page.evaluate(HEAR, list(events))

    def sees(self, text: str) -> None:
        self.page.get_by_text(text, exact=False).first.wait_for(timeout=WAIT_MS)

    def html(self) -> str:
        return str(self.page.evaluate("document.documentElement.outerHTML + document.title + location.href"))


def told(kind: str, body: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "body": msgspec.to_builtins(body), "age": 0, **more}


def gate_states() -> list[list[dict[str, Any]]]:
    live, lost = {"type": "link", "body": "live"}, {"online": False, "reader": "lost"}
    verdicts = [[told("decision", a_verdict(family, people=3))] for family in Family]
    return [
        [{"type": "tick"}], *verdicts, [{"type": "reading"}], [{"type": "link", "body": "stale"}],
        [live, told("health", lost)],
    ]  # fmt: skip


def asked_for_all() -> list[dict[str, Any]]:
    """A guest is greeted and asks what is known of them."""
    greeted = a_plan()
    return [told("plan", greeted), told("mine", a_known(greeted.tap_id))]


def claim_states() -> list[list[dict[str, Any]]]:
    """A band of nobody is claimed: the keys, the wait, and everything that can come of it."""
    states = []
    for stage in ("typing", "asking", *Became, "heard", "offline", "refused"):
        plan, *known = asked_for_all()
        states.append(
            [plan, *known, {"type": "claim", "body": {"tap_id": plan["body"]["tap_id"], "stage": stage}}]
        )
    return states


def near_states() -> list[list[dict[str, Any]]]:
    """What a guest meets beside the plan: orders and a question, other times or none, shelves, a reason."""
    states = []
    for made in (
        lambda tap: [],
        lambda tap: [told("times", some_times(tap))],
        lambda tap: [told("times", some_times(tap, free=0))],
        lambda tap: [told("times", some_times(tap, done=True))],
        lambda tap: [{"type": "shelves", "body": msgspec.to_builtins(some_shelves()) | {"tap_id": tap}}],
        lambda tap: [{"type": "face", "body": 2}],
        lambda tap: [{"type": "face", "body": 5}, {"type": "said"}],
        lambda tap: [{"type": "near-refused", "body": "Gone"}],
        lambda tap: [told("beside", near_them(tap, unfinished=unfinished_things(6)), answered=True)],
    ):
        plan = a_plan()
        states.append(
            [told("plan", plan), told("beside", near_them(plan.tap_id), answered=True), *made(plan.tap_id)]
        )
    return states


def as_painted() -> Shown:
    """The three tiles as the kiosk's page is told of them."""
    return shown_by(some_offers(), Texts.load())


def offer_states() -> list[list[dict[str, Any]]]:
    """Tiles beside the plan, one large, one taken up with its code."""
    code = {"exposure": "x.1", "label": "", "svg": qr_svg("polso:x" + "0" * 500)}
    tills = [
        {"device": "edge-2", "point": "till-2", "names": {"it": "Bottega", "en": "Shop"}},
        {"device": "edge-3", "point": "till-3", "names": {"it": "Ristorante", "en": "Restaurant"}},
    ]
    states = []
    for made in (
        lambda tap: [],
        lambda tap: [{"type": "offer", "body": "x.1"}],
        lambda tap: [{"type": "offer", "body": "x.1"}, {"type": "taken", "body": code | {"tap_id": tap}}],
        lambda tap: [
            {"type": "offer", "body": "x.1"},
            {"type": "taken", "body": code | {"tap_id": tap, "elsewhere": tills}},
        ],
        lambda tap: [
            {"type": "offer", "body": "x.1"},
            {"type": "taken", "body": code | {"tap_id": tap, "elsewhere": tills[:1], "to": "edge-2"}},
        ],
    ):
        plan = a_plan()
        shown = {"type": "offers", "body": msgspec.to_builtins(as_painted()) | {"tap_id": plan.tap_id}}
        states.append([told("plan", plan), shown, *made(plan.tap_id)])
    return states


def kiosk_states() -> list[list[dict[str, Any]]]:
    call = {"id": "h", "acknowledged": False, "escalated": True}
    return [
        [{"type": "public", "body": {}}],
        [told("public", as_painted())],
        [told("plan", a_plan())],
        asked_for_all(),
        *claim_states(),
        [{"type": "reading"}],
        [told("plan", a_plan(family=Family.STAFF))],
        *near_states(),
        *offer_states(),
        [told("near", AtKiosk(point="hall", people=1, name="Hans", language="de"))],
        [told("help", call), told("plan", a_plan())],
        [{"type": "tick", "later": 31_000}],
        [{"type": "link", "body": "stale"}],
        [{"type": "link", "body": "live"}, told("health", {"online": False, "reader": "lost"})],
    ]
