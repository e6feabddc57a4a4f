"""The console in a real browser: an operator's morning, and every page without a barrier."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from waitress.server import create_server

from edge.core.bands import BandState
from edge.core.catalogue import Article
from edge.core.events import Kind
from edge.core.orders import Order, Ordered, Stock
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central import doors, intake
from sync.central.analysis.results import Result, keep
from sync.central.app import create_app
from sync.central.care import anew, cases
from sync.central.care.anew import Ask, State
from sync.central.care.case import Links, Step, Told
from sync.central.console import operators
from sync.central.console.guard import SESSION_COOKIE
from sync.central.hooks import subscriptions
from sync.central.hooks.subscriptions import Wanted
from sync.central.near import orders, stock
from sync.central.own.words import LANGUAGES
from sync.central.people import aliases, merging
from sync.central.people.aliases import Claim, Proof, named
from sync.central.people.merging import Pair
from sync.central.registry import bands, catalogue, guests, layout, members, wallets
from sync.central.store import Store
from tests.barriers import barriers
from tests.sync.builders import SITE, Clockwork, a_device, a_journal
from tests.sync.campaigns.shop import opened, scheduled
from tests.sync.console.decided import denied
from tests.sync.console.desk import HOME, PASSWORD, SETTINGS, an_open_park, an_operator
from tests.sync.imports.files import a_file, a_row

BAND = b"b" * 16
CASE = cases.id_of("browser")
pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]
PAGES = (
    *(f"{HOME}/{name}" for name in ("events", "devices", "map", "orders", "stock", "segments", "care")),
    *(f"{HOME}/reports/{name}" for name in ("funnel", "cohorts")),
    *(f"{HOME}/campaigns/soup-days{page}" for page in ("", "/preview", "/results")),
    *(f"{HOME}/care/{CASE}/anew{page}" for page in ("", "/a-issued", "/a-waiting/instead")),
    *(f"{HOME}/care?q=guest-g1", f"{HOME}/care/{CASE}", f"{HOME}/guests/g1/known", f"{HOME}/imports"),
)
"""What holds more here than in the walk through every page (`test_every_page.py`)."""
OWN_PAGES = ("card", "family", "diary", "allowed", "coupons")
BAD = "<p style='color:#999;background:#fff'>pale</p><button></button><img src='x'><input>"


@dataclass
class Central:
    """Central, answering at ``url``, and what it keeps."""

    url: str
    store: Store
    hook: str


def a_worried_guest(store: Store) -> None:
    """Somebody who was refused at a gate, telephoned, and waits for longer than we said."""
    device, _ = a_device(store)
    journal = a_journal(device)
    journal.append(0, msgspec.msgpack.encode(denied()), kind=int(Kind.DECIDED), band=BAND)
    intake.take(store, device, journal.batch(1, 1))
    links = Links(guest="g1", band=BAND.hex(), order="o1")
    told = Told(op="browser", step=Step.OPENED, at_ms=1, who="carla", word="band", via="phone", links=links)
    answered = Told(op="a", step=Step.ANSWERED, at_ms=2, who="carla")
    with store.transaction() as tx:
        cases.open_case(tx, SITE, told, note="The gate would not open for her.")
        cases.tell(tx, SITE, CASE, told=answered, note="We look into it.")
        cases.tell(tx, SITE, CASE, told=Told(op="p", step=Step.PROMISED, at_ms=3, until_ms=4))
        for state in State:
            asked = Ask(id=f"a-{state}", case=CASE, exposure=f"e-{state}.0", home=device.id, to=device.id,
                        offer="soup", bundle=1, guest="g1", state=state, until="2099-06-30", point="gate",
                        used_ms=int(state is State.USED), code="m.code" * 60)  # fmt: skip
            anew.put(tx, SITE, asked, new=True)
            anew.tell(tx, SITE, asked, word="coupon_asked")


def somebody_entered_twice(store: Store) -> None:
    """Who is known by an address and was merged, and of whom a second merge is asked."""
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [guests.Guest(id=one, name="Anna R.") for one in ("g2", "g3")])
        mail = Claim(named(aliases.Kind.EMAIL, "anna@park.example"), "g1")
        aliases.prove(tx, SITE, mail, proof=Proof.CODE, by="mail")
        asked = [merging.ask(tx, SITE, Pair(one, "g1"), by="carla", why="documents") for one in ("g2", "g3")]
        merging.rule(tx, SITE, asked[0].id, by="otto", given=True)


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Central]:
    store = Store(
        str(tmp_path_factory.mktemp("central") / "central.db"),
        now_ms=Clockwork(),
        seals=Vault(bytes(32), new_ring()),
    )
    an_operator(store)
    an_open_park(store)
    with store.transaction() as tx:
        guests.put_guests(tx, SITE, [guests.Guest(id="g1", name="Anna")])
        steps = ((SITE, 1, "came", 200), (SITE, 2, "offered", 50))
        keep(tx, SITE, [Result("funnel", 1, 20_000, 2, 1_000, "", steps)])
        again = ((SITE, 24_300, 0, 40), (SITE, 24_300, 1, 36), (SITE, 24_300, 2, 12), (SITE, 24_301, 0, 20))
        keep(tx, SITE, [Result("cohorts", 1, 20_000, 4, 1_000, "", again)])
        keep(tx, SITE, [Result("behaviour:weekly", 1, 20_000, 120, 1_000, "", ())])
        bands.add_bands(tx, SITE, [bands.BandCard(band=bands.Band(id=BAND), guest="g1", chip="ntag213")])
        wallets.create(tx, SITE, wallets.Wallet(id="w1", currency="EUR"))
        members.join(tx, SITE, members.Member(guest="g1", wallet="w1", head=True))
        told = Wanted(url="https://shop.example/letters", kinds=("decided", "paid"), purpose="offers")
        hook = subscriptions.add(tx, SITE, told).id
        catalogue.put(tx, SITE, [Article(id="cup", names={"en": "Mug"}, price_minor=900)])
        for number in range(5):
            stock.put(tx, SITE, [Stock(article="cup", store=f"shop-{number}", device="", on_hand=number * 2,
                                       at_ms=store.now_ms() - (number == 4) * 3_600_000)])  # fmt: skip
            orders.place(tx, SITE, Order(id=f"o{number}", guest="g1", store=f"shop-{number}", device="",
                                         lines=(Ordered(article="cup"),)))  # fmt: skip
    opened(store)
    scheduled(store)
    a_worried_guest(store)
    somebody_entered_twice(store)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = create_server(create_app(store, SETTINGS), sockets=[listener], threads=8)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield Central(f"http://127.0.0.1:{listener.getsockname()[1]}", store, hook)
    server.close()
    server.task_dispatcher.shutdown(timeout=2)
    thread.join(3)
    store.close()


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, central: Central) -> Iterator[Any]:
    """A page that is signed in and may complain of nothing."""
    context = chromium.new_context(
        viewport={"width": 1366, "height": 768}, locale="en-GB", base_url=central.url
    )
    opened, complaints, asked = context.new_page(), [], []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    session = operators.sign_in(central.store, "olga", PASSWORD)
    context.add_cookies([{"name": SESSION_COOKIE, "value": session, "url": central.url}])
    yield opened
    context.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((central.url, "blob:"))] == []


def test_an_operator_signs_in_enters_a_guest_a_band_and_a_ticket_and_revokes_the_band(
    chromium: Any, central: Central
) -> None:
    context = chromium.new_context(locale="en-GB", base_url=central.url)
    page = context.new_page()
    page.goto("/console/")
    page.get_by_label("Name").fill("olga")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").get_by_text("Name and password do not fit").wait_for()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Parco Aurora").click()
    page.get_by_role("link", name="People").click()
    page.get_by_role("link", name="Guests").click()
    page.get_by_role("link", name="New guest").click()
    page.get_by_label("Id").fill("giulia-7")
    page.get_by_label("Name", exact=True).fill("Giulia")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="Add a band").click()
    page.get_by_label("UID of the band").fill("04:A1:B2:C3:D4:E5:77")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("status").get_by_text("The band is saved").wait_for()
    page.get_by_role("link", name="giulia-7").click()
    page.get_by_role("link", name="Grant").click()
    page.get_by_label("Product").select_option(label="Day ticket")
    page.get_by_role("button", name="Grant").click()
    page.locator("td").get_by_text("Valid", exact=True).wait_for()
    page.locator("section").filter(has_text="Bands").locator("td a").first.click()
    page.get_by_label("Reason").fill("stolen")
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("status").get_by_text("Every gate is being told now").wait_for()
    with central.store.reading() as tx:
        (card,) = bands.bands_of(tx, SITE, ["giulia-7"])
    assert card.band.state is BandState.REVOKED
    context.close()


def test_a_file_in_parts_shows_its_progress_and_its_wrong_lines_by_number(
    page: Any, central: Central
) -> None:
    rows = [a_row(number) for number in range(100, 6_100)]
    rows[4], rows[5_500] = "g4,Anna,nonsense,,,,", "g5,Anna,,,moon,,"
    page.goto(f"{HOME}/imports")
    page.evaluate("document.querySelector('form.upload').dataset.parts = '100000'")
    page.get_by_label("File of guests").set_input_files(
        {"name": "guests.csv", "mimeType": "text/csv", "buffer": a_file(rows)}
    )
    with page.expect_request(lambda request: "/parts/100000" in request.url):
        page.get_by_role("button", name="Import").click()
    page.get_by_role("progressbar", name="Import").wait_for()
    page.get_by_text("Done", exact=True).wait_for(timeout=20_000)
    told = page.locator("tbody tr").all_inner_texts()
    assert [row.split("\t")[0] for row in told] == ["6", "5502"]
    assert "as 04A1B2C3D4E501" in told[0]
    assert "make it first" in told[1]
    page.reload()
    page.get_by_text("5998").wait_for()
    with central.store.reading() as tx:
        assert guests.count_guests(tx, SITE) >= 5_998


def test_a_live_page_shows_what_changed_until_it_is_paused(page: Any, central: Central) -> None:
    looks: list[str] = []
    page.clock.install()
    page.goto(f"{HOME}/devices")
    page.locator(".card").first.wait_for()
    before = page.locator(".card").count()
    a_device(central.store)
    page.clock.fast_forward(6_000)
    page.locator(".card").nth(before).wait_for()
    page.get_by_role("button", name="Pause").click()
    page.on("request", lambda request: looks.append(request.url))
    page.clock.fast_forward(60_000)
    page.evaluate("fetch('/healthz')")
    assert [url for url in looks if not url.endswith("/healthz")] == []


def test_no_full_page_has_a_barrier_in_light_or_dark_wide_or_narrow(page: Any, central: Central) -> None:
    found = {}
    for number, path in enumerate((*PAGES, f"{HOME}/webhooks/{central.hook}")):
        page.emulate_media(color_scheme="dark" if number % 2 else "light")
        page.set_viewport_size({"width": 390 if number % 3 == 0 else 1366, "height": 844})
        assert page.goto(path).status == 200, path
        found[path] = barriers(page)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{path} is {wide} px too wide"
    assert {path: bad for path, bad in found.items() if bad} == {}
    page.set_content(BAD)
    assert len(barriers(page)) >= 3, "the check has no teeth"


def test_italian_is_one_press_away_and_stays(page: Any) -> None:
    page.goto(f"{HOME}/guests")
    page.get_by_role("button", name="Italiano").click()
    page.get_by_role("heading", name="Ospiti").wait_for()
    page.goto(HOME)
    assert page.locator("html").get_attribute("lang") == "it"


def test_changes_are_published_with_the_keyboard_alone(page: Any, central: Central) -> None:
    page.goto(f"{HOME}/zones/new")
    page.get_by_label("Id").focus()
    page.keyboard.type("garden")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Publish").focus()
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Published").wait_for()
    with central.store.reading() as tx:
        told = layout.published(tx, SITE)
    assert told is not None
    assert "garden" in {zone.id for zone in told.zones}


def test_a_guest_s_own_page_has_no_barrier_in_any_language(chromium: Any, central: Central) -> None:
    for language in LANGUAGES:
        with central.store.transaction() as tx:
            link = doors.invite(tx, SITE, "g1", by="carla")
        size = {"width": 390, "height": 844}
        context = chromium.new_context(viewport=size, locale=language, base_url=central.url)
        page = context.new_page()
        page.goto(f"/own/?t={link}")
        page.locator("main button.primary").click()
        for name in OWN_PAGES:
            page.goto(f"/own/{name}")
            assert page.evaluate("document.documentElement.lang") == language
            for colours in ("light", "dark"):
                page.emulate_media(color_scheme=colours)
                assert barriers(page, contrast=language == "en") == [], (name, language, colours)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, language)
        context.close()


def test_a_guest_allows_by_one_press_of_a_switch(chromium: Any, central: Central) -> None:
    with central.store.transaction() as tx:
        link = doors.invite(tx, SITE, "g1", by="carla")
    context = chromium.new_context(locale="en", base_url=central.url)
    page = context.new_page()
    page.goto(f"/own/?t={link}")
    page.locator("main button.primary").click()
    page.goto("/own/allowed")
    switch = page.get_by_role("switch", name="Knowing that you are near")
    assert switch.get_attribute("aria-checked") == "false"
    switch.click()
    page.get_by_role("status").get_by_text("holds now").wait_for()
    assert switch.get_attribute("aria-checked") == "true"
    context.close()
