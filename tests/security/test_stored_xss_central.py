"""Threat 15, an offer or a name as script: through every form of central's console and back to every page."""

from __future__ import annotations

import io
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from waitress.server import create_server
from werkzeug.datastructures import MultiDict

from sync.central.app import create_app
from sync.central.console import operators
from sync.central.console.guard import SESSION_COOKIE, form_token
from sync.central.console.table import ROUTES
from sync.central.csv_lines import harmless
from sync.central.machines import devices
from sync.central.store import Store
from sync.wire import DeviceReport, ReaderState
from tests.security.scripts import FORMULAS, PAYLOADS, Watch, packed
from tests.sync.builders import KEY, SITE, Clockwork
from tests.sync.console.desk import HOME, PASSWORD, SETTINGS, Browser, an_admin, form_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(300)]
TEXTS = packed((text for text in PAYLOADS if text.isprintable()), 78)
"""As many in each text as the shortest field takes; control characters are refused at the door."""
LANGUAGES = ("it", "en", "fr", "de", "es")
EACH_MAX = 6
"""Pages of one kind that are opened in the browser; their lists show every one."""
PAGES_MAX = 200
NUMBERS = re.compile(r"/[^/]*\d+[^/]*")
TAGS = re.compile(r"[\s,;]+")


@dataclass
class Central:
    """Central, answering at ``url``, and what became of every text that was sent to it."""

    url: str
    store: Store
    taken: Counter[str]


def forms(n: int, text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every form of the console with a text in each of its fields that takes one."""
    names = {f"names.{code}": text for code in LANGUAGES}
    rule = {"rules.0.name": "r", "rules.0.cel": "true", **{f"rules.0.text_{c}": text for c in LANGUAGES}}
    asked = {
        "questions.0.name": "q",
        "questions.0.sort": "text",
        **{f"questions.0.text_{code}": text for code in LANGUAGES},
    }
    one_word = TAGS.sub("_", text)[:60]
    one_word = TAGS.sub("_", text)[:60]
    gate = {"kind": "gate", "zone": "park", "to_zone": "park", "direction": "in"}
    yield f"{HOME}/guests/new", {"id": f"g{n}", "name": text, "tier": text, "tags": one_word}
    yield f"{HOME}/guests/new", {"id": f"h{n}", "name": text, "tier": text[:40]}
    yield f"{HOME}/zones/new", {"id": f"z{n}", **names}
    yield f"{HOME}/points/new", {"id": f"gate{n}", **gate, **names, **rule}
    yield f"{HOME}/products/new", {"id": f"x{n}", **names, **asked, "attention": "dog"}
    yield f"{HOME}/products/new", {"id": f"y{n}", **names, **rule}
    yield f"{HOME}/bands/new", {"uid": f"04{n:012X}", "chip": "ntag213", "label": text[:60]}
    yield f"{HOME}/staff/new", {"id": f"s{n}", "name": text, "roles": "gate", "pin": "246813"}
    yield f"{HOME}/guests/h{n}/grant", {"id": f"e{n}", "product": "day", "status": "valid", "seat": text[:40]}
    yield "/console/sites/new", {"site": f"site{n}", "name": text, "timezone": "Europe/Rome"}
    yield "/console/operators/new", {"operator_name": text[:40], "role": "operator", "password": PASSWORD}
    yield f"{HOME}/devices/new", {"device_name": text[:60], "points": "gate"}
    yield f"{HOME}/settings", {"timezone": "Europe/Rome", "currency": "EUR", "languages": "it", **names}


def fill(browser: Browser) -> Counter[str]:
    """Send every form with every text; count what was taken, by form."""
    taken: Counter[str] = Counter()
    drawn: dict[str, MultiDict[str, str]] = {}
    for n, text in enumerate(TEXTS):
        for path, form in forms(n, text):
            kind = NUMBERS.sub("/N", path)
            if kind not in drawn:
                drawn[kind] = form_of(browser.get(path).text)
            sent = drawn[kind].copy()
            for name, value in form.items():
                sent[name] = value
            reply = browser.send(path, sent)
            assert reply.status_code < 500, (path, text)
            taken[kind] += reply.status_code in (200, 303)
            if path.endswith("/bands/new") and reply.status_code == 303:
                at = reply.headers["Location"].partition("?")[0]
                browser.post(f"{at}/state", act="lost", reason=text[:100])
    lines = "id,name,tier\n" + "\n".join(
        f'c{n},"{text.replace(chr(34), chr(34) * 2)}",gold' for n, text in enumerate(TEXTS)
    )
    for n, text in enumerate(TEXTS[:8]):
        browser.client.post(
            f"{HOME}/imports",
            data={
                "token": token_of(browser),
                "file": (bytes_of(lines), f"{text.replace('/', '_')[:50]}{n}.csv"),
            },
            headers={"Origin": "http://localhost"},
        )
    return taken


def speak_of_devices(store: Store) -> None:
    """Let devices say of themselves what would be scripts, and be named and alarmed so."""
    for text in TEXTS:
        with store.transaction() as tx:
            new = devices.NewDevice(site=SITE, kind="edge", name=text, points=("gate",), public_key=KEY)
            device, _ = devices.add_device(tx, new)
            reader = ReaderState(device=text, kind="reader", state="lost", reason=text, point=text)
            report = DeviceReport(
                device=device.id, boot=text, version=text, writable=False, cause=text,
                frozen=text, readers=(reader,),
            )  # fmt: skip
            devices.heard(tx, SITE, device.id, report=report)
            devices.alarm(tx, SITE, device.id, why=text)


def bytes_of(text: str) -> Any:
    return io.BytesIO(text.encode())


def token_of(browser: Browser) -> str:
    return form_token(browser.session)


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    store = Store(str(tmp_path_factory.mktemp("central") / "central.db"), now_ms=Clockwork())
    taken = fill(an_admin(store))
    speak_of_devices(store)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = create_server(create_app(store, SETTINGS), sockets=[listener], threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Central(f"http://127.0.0.1:{listener.getsockname()[1]}", store, taken)
    server.close()
    server.task_dispatcher.shutdown(timeout=2)
    thread.join(3)
    store.close()


@pytest.fixture
def watched(chromium: Any, central: Central) -> Iterator[Watch]:
    context = chromium.new_context(locale="en-GB", base_url=central.url, accept_downloads=False)
    session = operators.sign_in(central.store, "olga", PASSWORD)
    context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": central.url}])
    yield Watch(context.new_page(), central.url)
    context.close()


def test_every_form_took_texts_that_would_be_scripts(central: Central) -> None:
    """What is refused at the door proves nothing about the pages behind it."""
    assert {path for path, count in central.taken.items() if count >= len(TEXTS) // 2} >= {
        f"{HOME}/guests/new", f"{HOME}/zones/new", f"{HOME}/points/new", f"{HOME}/products/new",
        f"{HOME}/bands/new", f"{HOME}/staff/new", "/console/sites/new",
    }, central.taken  # fmt: skip


def test_every_page_of_the_console_shows_them_as_text(watched: Watch, central: Central) -> None:
    page, seen, kinds = watched.page, set[str](), Counter[str]()
    waiting = ["/console/"]
    while waiting and len(seen) < PAGES_MAX:
        path = waiting.pop(0)
        kind = NUMBERS.sub("/N", path.partition("?")[0])
        if path in seen or kinds[kind] >= EACH_MAX:
            continue
        seen.add(path)
        kinds[kind] += 1
        page.goto(path)
        watched.harmless()
        found = page.eval_on_selector_all("a[href]", "(all) => all.map((a) => a.getAttribute('href'))")
        pages = (at for at in found if ".csv" not in at and "file=" not in at)
        waiting += [at for at in pages if at.startswith("/console/")]
    shown = {NUMBERS.sub("/N", row.rule.replace("<site>", SITE)) for row in ROUTES if row.method == "GET"}
    assert len(seen) >= len(shown), (len(seen), kinds)


@pytest.mark.parametrize("path", ["guests", "zones/new", "places", "products", "staff", "bands", "acts"])
def test_a_list_shows_a_text_that_looks_like_a_script_word_for_word(watched: Watch, path: str) -> None:
    page = watched.page
    page.goto(f"{HOME}/{path}")
    watched.harmless()
    if path in ("guests", "places", "products", "staff"):
        assert any(watched.shows(text) for text in TEXTS)


def test_what_a_form_says_again_and_what_is_searched_for_is_text(watched: Watch) -> None:
    page = watched.page
    for text in TEXTS[::6]:
        page.goto(f"{HOME}/guests/new")
        page.fill("input[name=id]", "g1")
        page.fill("input[name=name]", text)
        page.fill("input[name=height_cm]", text)
        page.click("button.primary")
        page.locator("[role=alert]").wait_for()
        assert page.input_value("input[name=name]") == " ".join(text.splitlines()) or watched.shows(text)
        watched.harmless()
    for text in TEXTS[::2]:
        page.goto(f"{HOME}/guests")
        page.goto(f"{HOME}/guests?{urlencode({'q': text, 'said': text})}")
        watched.harmless()


def test_what_a_device_says_of_itself_is_text(watched: Watch) -> None:
    for path in (HOME, f"{HOME}/devices"):
        watched.page.goto(path)
        watched.harmless()
    assert sum(watched.shows(text) for text in TEXTS) > len(TEXTS) // 2


def test_no_cell_of_an_export_is_a_formula(central: Central) -> None:
    assert all(harmless(text) == f"'{text}" for text in FORMULAS)
