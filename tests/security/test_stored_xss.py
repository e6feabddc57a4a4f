"""Threat 15, an offer or a name as script: a corpus through every text that reaches a screen of the edge."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from edge.core.decision import Family
from edge.core.entitlements import Product
from edge.core.places import Direction, Layout, Point, PointKind, Zone
from edge.run.web import Web
from edge.views import Card, DeviceHealth, HealthView, HelpCall, PlanItem, StaffView
from kiosk.app import create_app, serve_options, streams_of
from kiosk.listening import listening_socket
from kiosk.ops import safe_cell
from kiosk.park import DemoBand
from sync.central.csv_lines import harmless
from tests.kiosk.desk_park import PIN, Desk, a_desk, post
from tests.kiosk.eye import HEAR, LIVE, told
from tests.kiosk.stage import FakeRooms, Stage, a_park, a_plan, a_stage, a_verdict
from tests.security.scripts import FORMULAS, PAYLOADS, RUN, Watch, packed

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(180)]
LANGUAGES = ("it", "en", "fr", "de", "es")
CONTROL_RAN_MIN = 25
"""So many of the corpus run by themselves where nothing is escaped; others want a click or a template."""
TEXTS = packed(PAYLOADS, 400)


def names(text: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, text)


def hostile(layout: Layout) -> Layout:
    """A layout in which everything that has a name is called like a script."""
    zone = layout.zones[0].id
    return msgspec.structs.replace(
        layout,
        zones=(
            *(msgspec.structs.replace(one, names=names(PAYLOADS[n])) for n, one in enumerate(layout.zones)),
            *(Zone(id=f"z{n}", names=names(text)) for n, text in enumerate(PAYLOADS)),
        ),
        points=(
            *(msgspec.structs.replace(one, names=names(PAYLOADS[-n])) for n, one in enumerate(layout.points)),
            *(
                Point(id=f"p{n}", kind=PointKind.GATE, names=names(text), zone=zone, direction=Direction.IN)
                for n, text in enumerate(PAYLOADS)
            ),
        ),
        products=(*layout.products, *(Product(id=f"x{n}", names=names(t)) for n, t in enumerate(PAYLOADS))),
    )


def hear(page: Any, *events: dict[str, Any]) -> None:
    page.evaluate(HEAR, list(events))


def test_the_corpus_is_large_and_runs_where_nothing_is_escaped(chromium: Any) -> None:
    """The control: the same texts, put into a page as markup, do run; so the corpus has teeth."""
    assert len(set(PAYLOADS)) >= 60
    context = chromium.new_context()
    page = context.new_page()
    page.route("**/xss.invalid/**", lambda route: route.abort())
    ran = 0
    for payload in PAYLOADS:
        page.goto("about:blank")
        page.set_content(f"<!doctype html><title>control</title><p>{payload}</p>", wait_until="commit")
        page.wait_for_timeout(15)  # handlers of errors and loads come in a later task
        ran += bool(page.evaluate("window.__xss ?? 0"))
    page.set_content(f"<p>{PAYLOADS[9]}</p>", wait_until="commit")
    with pytest.raises(AssertionError):
        Watch(page, "about:").harmless()
    context.close()
    assert ran >= CONTROL_RAN_MIN, ran


def test_the_policy_alone_would_stop_them_too(chromium: Any, stage: Stage) -> None:
    """The second lock: with our headers even a page that escapes nothing runs none of them."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(stage.url + "/demo")
    page.evaluate("(texts) => { document.body.innerHTML = texts.join('<hr>'); }", list(PAYLOADS))
    page.wait_for_timeout(200)
    assert page.evaluate("window.__xss ?? null") is None
    context.close()


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with pytest.MonkeyPatch.context() as patch:
        plain = FakeRooms().layout()
        patch.setattr(FakeRooms, "layout", lambda self: hostile(plain))
        with a_stage() as running:
            running.park.now = hostile_park()
            yield running


def hostile_park() -> Any:
    park = a_park()
    first = park.bands[0]
    bands = tuple(
        DemoBand(id=f"b{n}", name=text, story=first.story, chip=text, trust="SUN", language="it")
        for n, text in enumerate(PAYLOADS)
    )
    kept = {name: getattr(park, name) for name in park.__struct_fields__}
    return type(park)(**kept | {"bands": bands, "sign_in": {text[:80]: "2468" for text in PAYLOADS}})


def hostile_plan(text: str) -> Any:
    items = tuple(
        PlanItem(entitlement=f"e{n}", product="day", names=names(one), point="ride")
        for n, one in enumerate(PAYLOADS)
    )
    return msgspec.structs.replace(a_plan(), name=text, tier=text, items=items)


@pytest.mark.parametrize("path", ["/k/hall", "/g/park", "/demo"])
def test_a_guests_screen_shows_them_as_text(chromium: Any, stage: Stage, path: str) -> None:
    context = chromium.new_context(service_workers="block")
    page = context.new_page()
    watch = Watch(page, stage.url)
    page.goto(stage.url + path)
    page.wait_for_function(LIVE)
    if path == "/k/hall":
        for text in TEXTS:
            hear(page, told("plan", hostile_plan(text)))
            assert watch.shows(text), text
            watch.harmless()
    elif path == "/g/park":
        for n, _ in enumerate(PAYLOADS):
            verdict = a_verdict(Family.STOP)
            to = msgspec.structs.replace(verdict.next, place=f"p{n}")
            hear(page, told("decision", msgspec.structs.replace(verdict, next=to)))
    else:
        assert all(watch.shows(text) for text in PAYLOADS)
    watch.harmless()
    context.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, str]]:
    with (
        pytest.MonkeyPatch.context() as patch,
        a_desk(tmp_path_factory.mktemp("desk"), heartbeat_s=1.0) as made,
    ):
        told_layout = made.house.service.layout()
        assert told_layout is not None
        layout = hostile(told_layout)
        patch.setattr(type(made.house.service), "layout", lambda self: layout)
        rooms = dataclasses.replace(made.house, service=Hostile(made.house.service))  # type: ignore[arg-type]  # stands in for the service
        app = create_app(rooms)
        web = Web(app, listening_socket("127.0.0.1", 0), dict(serve_options(8)))
        web.start()
        yield made, web.url
        streams_of(app).end()
        web.stop()


class Hostile:
    """The edge's service, whose every answer with a free text in it speaks in scripts."""

    def __init__(self, service: Any) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def recent(self, point: str | None, limit: int = 20) -> tuple[StaffView, ...]:
        return tuple(staff_view(n, text) for n, text in enumerate(TEXTS[:limit]))

    def look_up(self, session: Any, text: str) -> tuple[Card, ...]:
        return tuple(
            Card(
                band=f"{n:032x}", band_short=f"{n:08x}", guest=one, name=one, tier=one, zone=f"z{n}",
                products=(f"x{n}", one), last=staff_view(n, one),
            )
            for n, one in enumerate(TEXTS)
        )  # fmt: skip

    def help_calls(self) -> tuple[HelpCall, ...]:
        return tuple(
            HelpCall(id=f"h{n}", point=f"p{n}", at_ms=0, staff=one) for n, one in enumerate(PAYLOADS[:20])
        )


def staff_view(n: int, text: str) -> StaffView:
    guest = a_verdict(Family.STOP)
    return StaffView(
        seq=n + 1, tap_id=f"t{n}", point="north", direction="in", outcome=guest.outcome,
        reason="wrong_gate", family=guest.family, at_ms=guest.at_ms, next=guest.next, name=text, tier=text,
        product=f"x{n}", attention=text, rule=text, staff=text, cause=text, guest=text, choices=(text,),
        choice_products=(text,), band_short="0a0b0c0d",
    )  # type: ignore[arg-type]  # a reason by its word  # fmt: skip


HEALTH = HealthView(
    at_ms=0, writable=False, cause=TEXTS[0],
    devices=tuple(
        DeviceHealth(device=text, kind="reader", state="lost", reason=text, point=f"p{n}")
        for n, text in enumerate(TEXTS)
    ),
)  # fmt: skip


STAFF_SAID = TEXTS[:10]
"""The page shows so many taps; each of them carries a part of the corpus."""


def speak_in_scripts(desk: Desk) -> None:
    """Publish everything that a stream can carry, with scripts in every text."""
    feed = desk.house.feed
    for device in HEALTH.devices:
        feed.publish("devices", "devices", device)
    for call in Hostile(None).help_calls():
        feed.publish("help", "help", call)
        feed.publish("ops", "help", call)
    for n, text in enumerate((*TEXTS, *STAFF_SAID)):
        for topic in ("staff-north", "ops"):
            feed.publish(topic, "decision", staff_view(n + 100, text))


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("anna", "/staff/north"), ("anna", "/phone/north"), ("carla", "/ops"), ("carla", "/ops/screens"),
        ("", "/staff/north"), ("", "/"), ("", "/sign-in?next=/x"), ("", "/enrol"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["it", "de"])
def test_a_page_of_staff_shows_them_as_text(
    chromium: Any, desk: tuple[Desk, str], who: str, path: str, language: str
) -> None:
    made, url = desk
    context = chromium.new_context(service_workers="block", viewport={"width": 1366, "height": 768})
    if who:
        token = made.house.staff.sign_in(who, PIN, "north" if who == "anna" else "").token
        context.add_cookies([{"name": "polso-staff", "value": token, "url": url}])
    page = context.new_page()
    watch = Watch(page, url)
    mark = "&" if "?" in path else "?"
    page.goto(f"{url}{path}{mark}lang={language}&as={PAYLOADS[0]}")
    if who and path in ("/staff/north", "/ops"):
        page.locator("#pills .good").first.wait_for()
        speak_in_scripts(made)
        page.get_by_text(STAFF_SAID[-1][:40]).last.wait_for()
    if path == "/":
        assert all(watch.shows(text) for text in PAYLOADS)
    watch.harmless()
    context.close()


def test_a_look_up_shows_what_it_finds_as_text(chromium: Any, desk: tuple[Desk, str]) -> None:
    made, url = desk
    context = chromium.new_context(service_workers="block", viewport={"width": 1366, "height": 768})
    token = made.house.staff.sign_in("anna", PIN, "north").token
    context.add_cookies([{"name": "polso-staff", "value": token, "url": url}])
    page = context.new_page()
    watch = Watch(page, url)
    page.goto(f"{url}/staff/north")
    field = page.locator("#look-text")
    field.fill("Giulia <b>")
    field.press("Enter")
    page.get_by_text(TEXTS[0][:40]).first.wait_for()
    assert sum(watch.shows(text) for text in TEXTS) == len(TEXTS)
    watch.harmless()
    context.close()


@pytest.mark.parametrize("text", FORMULAS)
def test_no_export_holds_a_formula(text: str) -> None:
    for cell in (str(safe_cell(text)), harmless(text)):
        assert cell == "'" + text
    assert safe_cell(-1) == -1
    assert harmless("plain - text") == "plain - text"


@pytest.mark.parametrize("text", ["a\nb level=error", "\x1b[2Jx", "a\r\nb", "\x00", "\u2028x", "\u202eevil"])
def test_no_text_of_a_screen_becomes_a_second_line_of_the_log(
    desk: tuple[Desk, str], text: str, caplog: pytest.LogCaptureFixture
) -> None:
    client, screen = desk[0].screen("gate")
    with caplog.at_level(logging.WARNING):
        answer = post(client, f"/api/v1/screen-faults?screen={screen}", page=text[:40], fault=text + RUN)
    assert answer.status_code == 200
    [record] = [one for one in caplog.records if "screen fault" in one.getMessage()]
    assert record.getMessage().isprintable()
