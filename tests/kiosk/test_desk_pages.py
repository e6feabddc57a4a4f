"""Staff and operators in a real browser, over the real edge: sign in, see a tap, act on it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.consent import Purpose
from edge.core.events import Kind, Lane
from edge.core.slots import SLOT, Slot
from hardware.port import DeviceState, State
from kiosk.app import streams_of
from kiosk.texts import LANGUAGES
from tests.barriers import barriers
from tests.builders import HOUR_MS, ROME, a_day_ticket, a_slot_right
from tests.kiosk.busy import OFFERED, much_to_do
from tests.kiosk.desk_park import PIN, Desk, a_desk, an_op, serving
from tests.kiosk.eye import EACH_LANGUAGE, PHONE
from tests.service.house import OTHER_UID, UID, worn

THIRD_UID = bytes.fromhex("04778899aabbcc")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
TABLET, OFFICE = {"width": 1280, "height": 800}, {"width": 1366, "height": 768}
WAIT_MS = 15_000

CONTROLLED = """() => new Promise((done) => {
  const look = () => (navigator.serviceWorker.controller ? done(true) : setTimeout(look, 20));
  look();
})"""


class Page:
    """A browser page at the desk; every complaint and every foreign request fails the test."""

    def __init__(self, chromium: Any, url: str, **context: Any) -> None:
        options = {"viewport": TABLET, "locale": "it-IT", "reduced_motion": "reduce"} | context
        self.url, self.context = url, chromium.new_context(**options)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "request", lambda asked: asked.url.startswith((url, "data:")) or self.foreign.append(asked.url)
        )

    def __enter__(self) -> Page:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()
        assert self.complaints == []
        assert self.foreign == []

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def work_as(self, desk: Desk, who: str, point: str, path: str) -> None:
        """Open a page as somebody who signed in before, and wait until it listens."""
        token = desk.house.staff.sign_in(who, PIN, point).token
        self.context.add_cookies([{"name": "polso-staff", "value": token, "url": self.url}])
        self.open(path)
        self.sees("#pills .good")

    def sees(self, selector: str, text: str = "") -> None:
        found = self.page.locator(selector)
        (found.filter(has_text=text) if text else found).first.wait_for(timeout=WAIT_MS)

    def misses(self, selector: str) -> None:
        """Wait until nothing on the page is so any more."""
        self.page.locator(selector).wait_for(state="detached", timeout=WAIT_MS)

    def types_pin(self, pad: str, pin: str = PIN) -> None:
        for digit in pin:
            self.page.click(f'{pad} button:text-is("{digit}")')
        self.page.click(f"{pad} .primary")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    with a_desk(tmp_path_factory.mktemp("desk"), heartbeat_s=1.0, watch_s=0.2) as desk, serving(desk) as url:
        yield desk, url


def test_anna_signs_in_sees_a_refusal_lets_the_guest_pass_and_takes_it_back(
    opened: tuple[Desk, str], chromium: Any
) -> None:
    desk, url = opened
    uid = bytes.fromhex("04010203040506")
    desk.edge.tell(worn(desk.edge, uid, name="Giulia"))
    desk.edge.service.present(desk.edge.tap(uid))
    with Page(chromium, url) as anna:
        anna.open("/staff/north")
        anna.page.fill("#who", "anna")
        anna.types_pin("#pad", "1111")
        anna.sees("#wrong", "Riprova")
        anna.types_pin("#pad")
        anna.sees(".floor")
        anna.sees("#pills .good", "Dal vivo")
        desk.edge.service.present(desk.edge.tap(uid))
        anna.sees("#now.deny", "già passato da qui")
        anna.sees("#now", "Prima volta: Ingresso Nord")
        anna.sees("#taps li:nth-child(2)", "Giulia")
        anna.page.click("#acts button")
        anna.page.click("#reason-do")
        anna.sees("#reason-wrong", "motivo")
        anna.page.click("#reason-chips button")
        desk.edge.hands.forward(s=1)
        anna.page.click("#reason-do")
        anna.sees("#now.allow", "Entrata registrata")
        assert desk.edge.events(Kind.OVERRIDDEN)
        anna.page.click("#acts button")
        anna.page.click("#reason-chips button:nth-child(2)")
        anna.page.click("#reason-do")
        anna.sees("#said", "Registrato")
        anna.sees("#now.deny, #now.attend, #now.neutral")
        assert desk.edge.events(Kind.UNDONE)
        anna.page.click("#sign-out")
        anna.sees("#pad")


def test_staff_read_when_the_next_free_time_of_a_guest_begins_who_came_too_late(
    opened: tuple[Desk, str], chromium: Any
) -> None:
    desk, url = opened
    uid, now_ms = bytes.fromhex("04010203040599"), desk.edge.clock.now_ms()
    rights = a_day_ticket(), a_slot_right("late", start_ms=now_ms - 2 * HOUR_MS)
    desk.edge.tell(worn(desk.edge, uid, guest="guest-late", name="Ugo", entitlements=rights))
    start = (now_ms // HOUR_MS + 2) * HOUR_MS
    later = Slot(point="castle", product="ride", start_ms=start, end_ms=start + HOUR_MS, shares={"edge-1": 1})
    desk.edge.publish((SLOT, later.key, later))
    desk.edge.service.present(desk.edge.tap(uid))
    with Page(chromium, url) as bruno:
        bruno.work_as(desk, "bruno", "castle", "/staff/castle")
        desk.edge.service.present(desk.edge.tap(uid, "reader-ride"))
        bruno.sees("#now", "Ugo")
        clock = dt.datetime.fromtimestamp(start / 1_000, ROME).strftime("%H:%M")
        bruno.sees("#now", f"Prossimo orario libero: {clock}")


def test_a_dangerous_act_after_five_idle_minutes_asks_for_the_pin_again(
    opened: tuple[Desk, str], chromium: Any
) -> None:
    desk, url = opened
    with Page(chromium, url) as anna:
        anna.work_as(desk, "anna", "north", "/staff/north")
        desk.edge.hands.forward(s=400)
        before = desk.edge.service.counters().inside.get("park", 0)
        anna.page.click("#correct")
        anna.page.fill("#reason-extra input", "5")
        anna.page.click("#reason-chips button")
        anna.page.click("#reason-do")
        anna.sees("#pin[open]")
        anna.types_pin("#pin-pad")
        anna.sees("#said", "Registrato")
        assert desk.edge.service.counters().inside["park"] == before + 5
        anna.sees("#zones strong")


def test_the_look_up_is_cleared_keeps_focus_and_checks_without_letting_pass(
    opened: tuple[Desk, str], chromium: Any
) -> None:
    desk, url = opened
    desk.edge.tell(worn(desk.edge, OTHER_UID, name="Tommaso", guest="guest-9"))
    with Page(chromium, url) as bruno:
        bruno.work_as(desk, "bruno", "north", "/staff/north")
        bruno.page.fill("#look-text", "Tomm")
        bruno.page.press("#look-text", "Enter")
        bruno.sees("#cards h3", "Tommaso")
        assert bruno.page.input_value("#look-text") == ""
        assert bruno.page.evaluate("document.activeElement.id") == "look-text"
        decided = len(desk.edge.decided())
        bruno.page.click("#cards .primary")
        bruno.sees("#now .would")
        assert len(desk.edge.decided()) == decided
        assert not bruno.page.locator("#correct").count()
        bruno.page.fill("#look-text", "Tom")
        bruno.page.press("#look-text", "Enter")
        assert len(desk.edge.events(Kind.LOOKED_UP)) >= 1


def test_staff_take_a_guests_word_on_each_purpose_from_the_card(
    opened: tuple[Desk, str], chromium: Any
) -> None:
    desk, url = opened
    profile = worn(desk.edge, THIRD_UID, name="Federica", guest="guest-11", rev=7)
    desk.edge.tell(profile)
    with Page(chromium, url) as bruno:
        bruno.work_as(desk, "bruno", "north", "/staff/north")
        bruno.page.fill("#look-text", "Fede")
        bruno.page.press("#look-text", "Enter")
        bruno.page.click("#cards summary")
        offers = "#cards [id$=-offers-turn]"
        for given in ("true", "false"):
            bruno.page.click(offers)
            bruno.sees(f"{offers}[aria-checked={given}]")
            assert desk.edge.service.may_use(profile.band.id, Purpose.OFFERS) is (given == "true")
        assert bruno.page.locator("#cards details[open]").count() == 1
        assert bruno.page.evaluate("document.activeElement.id").endswith("-offers-turn")
        assert not desk.edge.service.may_use(profile.band.id, Purpose.PRESENCE)
        bruno.page.click(offers)
        bruno.sees(f"{offers}[aria-checked=true]")
        bruno.page.fill("#look-text", "Fede")
        bruno.page.press("#look-text", "Enter")
        bruno.sees(f"{offers}[aria-checked=true]")
        assert barriers(bruno.page) == []
    said = [one for one in desk.edge.journal.range(Lane.PRIORITY, 0) if one.kind == Kind.CONSENT_SET]
    assert [msgspec.msgpack.decode(one.body)["staff"] for one in said] == ["bruno"] * 3


def test_staff_see_calls_for_help_and_a_lost_reader(opened: tuple[Desk, str], chromium: Any) -> None:
    desk, url = opened
    with Page(chromium, url) as anna:
        anna.work_as(desk, "anna", "north", "/staff/north")
        call = desk.edge.service.call_help("kiosk", f"help-{UID.hex()}")
        anna.sees(".alert.attend", "Piazza")
        anna.page.click(".alert.attend button")
        anna.misses(".alert.attend")
        assert [known.staff for known in desk.edge.service.help_calls() if known.id == call.id] == ["anna"]
        desk.edge.service.report(DeviceState("reader-1", State.LOST, "unplugged", 0))
        anna.sees("#pills .aged", "scollegato")
        desk.edge.service.report(DeviceState("reader-1", State.IDLE, "", 0))
        anna.sees("#pills .good", "pronto")


def test_staff_are_told_at_once_that_the_journal_cannot_be_written(chromium: Any, tmp_path: Path) -> None:
    with a_desk(tmp_path, heartbeat_s=0.3) as desk, serving(desk) as url, Page(chromium, url) as anna:
        anna.work_as(desk, "anna", "north", "/staff/north")
        desk.edge.sequencer.stop()
        anna.sees(".alert.deny", "Il diario non si scrive")
        desk.edge.service.present(desk.edge.tap(UID))
        anna.sees("#now .facts", "Non scritto nel diario")
        assert not anna.page.locator("#acts button").count()


def test_operators_see_figures_charts_with_tables_and_make_a_code(
    opened: tuple[Desk, str], chromium: Any
) -> None:
    desk, url = opened
    _, screen = desk.screen("gate")
    with Page(chromium, url, viewport=OFFICE) as carla:
        carla.work_as(desk, "carla", "", "/ops")
        by_place = ((State.IDLE, "Lettori pronti: 1"), (State.LOST, "Ingresso Nord: Lettore scollegato"))
        for state, words in by_place:
            desk.edge.service.report(DeviceState("reader-1", state, "", 0))
            carla.sees("#pills", words)
        desk.edge.service.present(desk.edge.tap(bytes(7)))
        for shown in ("#reasons tbody tr", "#taps tbody tr", "#per-minute canvas"):
            carla.sees(shown)
        carla.page.click("details summary")
        carla.sees("#per-minute-table tbody tr:nth-child(60)")
        carla.open("/ops/screens")
        carla.sees("th", screen)
        carla.page.click("#new button")
        carla.sees("#code")
        if carla.page.locator("#pin[open]").count():
            carla.types_pin("#pin-pad")
        carla.sees("#code-line", "/enrol")
        code = carla.page.inner_text("#code")
        with Page(chromium, url) as fresh:
            fresh.open("/enrol")
            fresh.page.fill("#code", code.lower())
            fresh.page.click("button[type=submit]")
            fresh.page.wait_for_url(re.compile("/g/north$"), timeout=WAIT_MS)


def test_the_staff_page_comes_back_by_itself_after_the_stream_broke(
    opened: tuple[Desk, str], chromium: Any
) -> None:
    desk, url = opened
    with Page(chromium, url) as anna:
        anna.work_as(desk, "anna", "north", "/staff/north")
        streams_of(desk.app).end()
        anna.sees("#pills .aging", "Mi ricollego")
        anna.sees("#pills .good", "Dal vivo")
        view = desk.edge.service.present(desk.edge.tap(bytes(7)))
        anna.sees("#now .facts", str(view.seq))


def test_a_gates_screen_shows_its_page_again_while_the_edge_is_down(chromium: Any, tmp_path: Path) -> None:
    with a_desk(tmp_path) as desk:
        client, _ = desk.screen("gate")
        [cookie] = client._cookies.values()
        with serving(desk) as url:
            one = Page(chromium, url)
            one.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])
            one.open("/g/north")
            one.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
            one.page.reload()
            one.page.evaluate(CONTROLLED)
            one.page.reload()
            one.sees("polso-verdict .word")
        one.page.reload()
        one.sees("#place", "Ingresso Nord")
        one.sees("polso-verdict .word")
        kept = one.page.evaluate(
            "caches.keys().then((names) => caches.open(names[0])).then((kept) => kept.keys())"
            ".then((asked) => asked.map((one) => new URL(one.url).pathname))"
        )
        assert [path for path in kept if path.startswith(("/events", "/api", "/staff", "/ops"))] == []
        one.context.close()


def busy_at_the_gate(one: Page, desk: Desk) -> None:
    """A refusal stands, somebody calls for help, guests are expected, offers explained, an order fetched."""
    one.page.route("**/api/v1/staff/offers", lambda asked: asked.fulfill(json={"choices": [OFFERED]}))
    one.sees("#pills .good")
    desk.edge.service.present(desk.edge.tap(bytes(7)))
    desk.edge.service.call_help("kiosk", an_op())  # a call of its own: others were answered
    one.sees("#now .headline")
    one.sees(".alert.attend")
    one.page.click("#offers summary")
    one.sees("#offers details p")
    one.page.click("#orders li:first-child .button")
    one.sees("#orders form input:focus")


@pytest.mark.parametrize("language", EACH_LANGUAGE)
def test_axe_finds_nothing_at_any_desk(opened: tuple[Desk, str], chromium: Any, language: str) -> None:
    desk, url = opened
    desk.screen("gate")
    turn = LANGUAGES.index(language)
    scheme, colours = ("light", "dark")[turn % 2], turn < 2  # no colour depends on the language
    pages = [("anna", "north", "/staff/north"), ("carla", "", "/ops"), ("carla", "", "/ops/screens")]
    with Page(chromium, url, locale=language, color_scheme=scheme) as one:
        much_to_do(one.page)
        for path in ("/enrol", "/staff/north", "/nowhere"):
            one.open(f"{path}?lang={language}")
            assert barriers(one.page, contrast=colours) == [], path
        for who, point, path in pages:
            desk.signed_in(who, point)  # the session is shared: a sign-in is slow by intention
            token = desk.tokens[who, point]
            one.context.add_cookies([{"name": "polso-staff", "value": token, "url": url}])
            one.open(f"{path}?lang={language}")
            if path == "/staff/north":
                busy_at_the_gate(one, desk)
            if path == "/ops/screens":
                one.page.click("[data-set] >> nth=0")
            assert one.page.evaluate("document.documentElement.lang") == language
            assert barriers(one.page, contrast=colours) == [], path
            assert one.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            if path == "/staff/north":
                one.page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
                assert barriers(one.page, contrast=False) == [], "on a phone"
                one.page.set_viewport_size(TABLET)
