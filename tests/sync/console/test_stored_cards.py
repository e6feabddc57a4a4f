"""What an operator does with stored cards and charges: begun with the guest, resolved, given back by two."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from edge.clock import wall_ms
from edge.core.money import Money
from sync.central.app import create_app
from sync.central.console.guard import SESSION_COOKIE
from sync.central.console.operators import Role, sign_in
from sync.central.money import ledger
from sync.central.psp import charges, mandates, statement
from sync.central.psp.judgement import Charge, Purpose, State
from sync.central.psp.saga import Saga
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.sandbox.server import API_KEY, SECRET
from sync.central.psp.stripe import Stripe, StripeKeys
from sync.central.registry import members, wallets
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settings import Settings
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import HOME, PASSWORD, Browser, an_open_park, an_operator, words_of
from tests.sync.psp.shop import SEALS

AGREED = {"once": "50.00", "a_day": "100.00", "a_month": "500.00", "agrees": "yes"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    opened = Sandbox()
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def saga(small_store: Store, sandbox: Sandbox) -> Saga:
    psp = Stripe(StripeKeys(API_KEY, SECRET), url=sandbox.url, timeout_ms=2_000)
    return Saga(small_store, psp, SEALS)


def a_browser(store: Store, saga: Saga, name: str) -> Browser:
    app = create_app(store, Settings(psp=saga.psp, seals=saga.seals))
    browser = Browser(app.test_client(), sign_in(store, name, PASSWORD))
    browser.client.set_cookie(SESSION_COOKIE, browser.session)
    return browser


@pytest.fixture
def olga(small_store: Store, saga: Saga) -> Browser:
    for name, role in (("olga", Role.ADMIN), ("piero", Role.OPERATOR), ("carla", Role.CARE)):
        an_operator(small_store, name, role)
    an_open_park(small_store)
    browser = a_browser(small_store, saga, "olga")
    browser.post(f"{HOME}/guests/new", id="g1", name="Giulia")
    with small_store.transaction() as tx:
        wallets.create(tx, SITE, Wallet(id="w1", currency="EUR"))
        members.join(tx, SITE, Member(guest="g1", wallet="w1"))
    return browser


def a_stored_card(browser: Browser, sandbox: Sandbox, card: Card = Card.PAID) -> str:
    """A guest who did as the page says; the mandate's id."""
    begun = browser.post(f"{HOME}/guests/g1/mandate", **AGREED)
    assert begun.status_code == 200, words_of(begun)
    [session] = set(re.findall(r"/pay/(cs_\w+)", begun.text))
    [mandate] = set(re.findall(r"/mandates/(m\w+)", begun.text))
    sandbox.store(session, card)
    browser.post(f"{HOME}/mandates/{mandate}/check")
    return mandate


def a_charge(store: Store, saga: Saga, mandate: str) -> str:
    made = Charge(
        id=charges.new_id(), mandate=mandate, wallet="w1", purpose=Purpose.TOP_UP, money=Money(2_000, "EUR")
    )
    with store.transaction() as tx:
        charges.add(tx, SITE, made)
    saga.step()
    return made.id


def test_a_guest_is_sent_to_the_provider_and_comes_back_with_a_card(
    olga: Browser, small_store: Store, sandbox: Sandbox, saga: Saga
) -> None:
    mandate = a_stored_card(olga, sandbox)
    told = olga.says(f"{HOME}/mandates/{mandate}")
    assert "visa …4242" in told
    assert "12/2031" in told
    assert "Active" in told
    assert "visa …4242" in olga.says(f"{HOME}/mandates")
    assert "Active" in a_browser(small_store, saga, "carla").says(f"{HOME}/mandates/{mandate}")
    olga.post(f"{HOME}/mandates/{mandate}/revoke")
    assert "Revoked" in olga.says(f"{HOME}/mandates/{mandate}")


def test_nothing_is_stored_without_a_yes_or_with_limits_that_fall(olga: Browser, sandbox: Sandbox) -> None:
    unasked = {key: value for key, value in AGREED.items() if key != "agrees"}
    assert "has to agree" in words_of(olga.post(f"{HOME}/guests/g1/mandate", **unasked))
    falling = {**AGREED, "a_day": "10.00"}
    assert "one charge over a day to a month" in words_of(olga.post(f"{HOME}/guests/g1/mandate", **falling))
    assert olga.post(f"{HOME}/guests/g1/mandate", **{**AGREED, "once": "-1"}).status_code == 422
    assert "give both amounts" in words_of(olga.post(f"{HOME}/guests/g1/mandate", **AGREED, fill_to="20.00"))
    assert olga.get(f"{HOME}/guests/nobody/mandate").status_code == 404
    olga.post(f"{HOME}/guests/new", id="g2", name="Marco")
    assert "has no wallet" in words_of(olga.post(f"{HOME}/guests/g2/mandate", **AGREED))
    assert sandbox.book.all("checkout.session") == []


def test_a_wallet_has_one_stored_card(olga: Browser, sandbox: Sandbox) -> None:
    a_stored_card(olga, sandbox)
    assert "has a stored credential" in words_of(olga.post(f"{HOME}/guests/g1/mandate", **AGREED))


def test_what_nobody_knows_is_listed_until_it_is_resolved(
    olga: Browser, small_store: Store, sandbox: Sandbox, saga: Saga, clock: Clockwork
) -> None:
    id_ = a_charge(small_store, saga, a_stored_card(olga, sandbox, Card.ERROR))
    assert id_ in olga.says(f"{HOME}/unresolved")
    assert "charges nothing a second time" in olga.says(f"{HOME}/charges/{id_}")
    olga.post(f"{HOME}/charges/{id_}/hurry")
    saga.step()
    assert id_ not in olga.says(f"{HOME}/unresolved")
    assert "Paid" in olga.says(f"{HOME}/charges/{id_}")
    with small_store.reading() as tx:
        assert ledger.balance(tx, SITE, "wallet:w1", currency="EUR") == 2_000
        assert charges.counted(tx, SITE) == {State.PAID: 1}


def test_a_refund_takes_two_operators(
    olga: Browser, small_store: Store, sandbox: Sandbox, saga: Saga
) -> None:
    id_ = a_charge(small_store, saga, a_stored_card(olga, sandbox))
    here = f"{HOME}/charges/{id_}"
    [refund] = set(re.findall(r'value="(r\w{20})"', olga.get(f"{here}/refund").text))
    for _ in range(2):
        asked = olga.post(f"{here}/refund", refund=refund, amount="15.00", why="it rained")
        assert asked.status_code == 303, words_of(asked)
    assert "does not agree" in words_of(olga.post(f"{HOME}/refunds/{refund}/agree"))
    piero = a_browser(small_store, saga, "piero")
    assert "Waits for a second person" in piero.says(here)
    piero.post(f"{HOME}/refunds/{refund}/agree")
    saga.step()
    assert "Given back" in piero.says(here)
    assert sandbox.book.taken() == {"eur": 500}
    with small_store.reading() as tx:
        assert ledger.balance(tx, SITE, f"psp:{saga.psp.name}", currency="EUR") == -500, "both books say so"
        assert ledger.balance(tx, SITE, "wallet:w1", currency="EUR") == 500
        assert set(ledger.trial_balance(tx, SITE).values()) <= {0}
    assert "can be given back" in words_of(
        olga.post(f"{here}/refund", refund="r-2", amount="5.01", why="more")
    )
    assert "piero" in olga.says(f"{HOME}/acts")


def test_a_refund_that_is_turned_down_leaves_the_money_where_it_was(
    olga: Browser, small_store: Store, sandbox: Sandbox, saga: Saga
) -> None:
    id_ = a_charge(small_store, saga, a_stored_card(olga, sandbox))
    olga.post(f"{HOME}/charges/{id_}/refund", refund="r-1", amount="15.00", why="it rained")
    piero = a_browser(small_store, saga, "piero")
    piero.post(f"{HOME}/refunds/r-1/turn-down")
    with small_store.reading() as tx:
        assert ledger.balance(tx, SITE, "wallet:w1", currency="EUR") == 2_000
    assert "Turned down" in olga.says(f"{HOME}/charges/{id_}")
    piero.post(f"{HOME}/refunds/r-1/agree")
    saga.step()
    assert sandbox.book.taken() == {"eur": 2_000}


def test_no_page_file_or_record_holds_what_could_be_charged_by(
    olga: Browser, small_store: Store, sandbox: Sandbox, saga: Saga
) -> None:
    mandate = a_stored_card(olga, sandbox)
    id_ = a_charge(small_store, saga, mandate)
    with small_store.reading() as tx:
        held = mandates.held(tx, SITE, mandate, seals=SEALS)
    paths = (
        f"mandates/{mandate}", "mandates", "mandates.csv", f"charges/{id_}", "charges", "charges.csv", "acts",
        "guests/g1", "guests/g1/export", "unresolved",
    )  # fmt: skip
    for path in paths:
        page = olga.get(f"{HOME}/{path}").text
        assert len(page) > 20
        secrets = (held.token, held.customer, held.page)
        assert [secret for secret in secrets if not secret or secret in page] == [], path


def test_without_a_provider_the_form_says_what_to_do(olga: Browser, small_store: Store, saga: Saga) -> None:
    app = create_app(small_store, Settings())
    bare = Browser(app.test_client(), olga.session)
    bare.client.set_cookie(SESSION_COOKIE, bare.session)
    assert "--psp" in words_of(bare.post(f"{HOME}/guests/g1/mandate", **AGREED))


def test_the_page_of_a_day_sets_the_providers_book_beside_ours(
    olga: Browser, small_store: Store, saga: Saga, sandbox: Sandbox, clock: Clockwork
) -> None:
    clock.ms = wall_ms()
    today = dt.datetime.fromtimestamp(clock.ms / 1000, ZoneInfo("Europe/Rome")).date()
    olga = a_browser(small_store, saga, "olga")
    charge = a_charge(small_store, saga, a_stored_card(olga, sandbox))
    saga.step()
    clock.ms += statement.EVERY_MS
    assert saga.read_book()
    said = olga.says(f"{HOME}/day?day={today}")  # it may be over meanwhile
    assert "Proven" in said
    assert re.search(r"stripe EUR 20\.00 20\.00", said), said
    sandbox.book.all("payment_intent")[0]["amount_received"] += 100
    clock.ms += statement.CLAIM_MS
    assert saga.read_book()
    said = olga.says(f"{HOME}/day?day={today}")
    assert "Not proven" in said
    assert f"charge:{charge}" in said
