"""A guest's own page: opened once by link or band, it stores, limits and removes a card without staff."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from sync import passes
from sync.central import doors, sites
from sync.central.app import create_app
from sync.central.console.acts import act_table
from sync.central.console.guard import form_token
from sync.central.doors import LINK_MS, PASS_MS, SESSION_MS, NoDoor
from sync.central.machines import devices
from sync.central.machines.devices import NewDevice
from sync.central.money import ledger
from sync.central.own.cookie import COOKIE
from sync.central.own.words import LANGUAGES, words
from sync.central.privacy.erasure import erase
from sync.central.psp import charges, mandates
from sync.central.psp.declines import EXPIRED
from sync.central.psp.judgement import State
from sync.central.psp.mandates import CONSENT
from sync.central.psp.mandates import State as Mandated
from sync.central.psp.saga import Saga
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.sandbox.server import API_KEY, SECRET
from sync.central.psp.stripe import Stripe, StripeKeys
from sync.central.registry import guests, members, wallets
from sync.central.registry.guests import Guest
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.settings import Settings
from sync.central.store import Store, select
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import ORIGIN, words_of
from tests.sync.psp.shop import SEALS

AGREED = {"once": "50.00", "a_day": "100.00", "a_month": "500.00", "agrees": CONSENT}
PRIVATE = bytes(range(32))
PUBLIC = (
    Ed25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
)


class Phone:
    """The guest's own browser."""

    def __init__(self, store: Store, saga: Saga) -> None:
        self.saga = saga
        app = create_app(store, Settings(psp=saga.psp, seals=saga.seals))
        self.client: FlaskClient = app.test_client()

    @property
    def session(self) -> str:
        cookie = self.client.get_cookie(COOKIE)
        return cookie.value if cookie else ""

    def post(self, path: str, **form: str) -> TestResponse:
        sent = MultiDict({"token": form_token(self.session), **form})
        return self.client.post(f"/own{path}", data=sent, headers=ORIGIN)

    def enter(self, token: str) -> TestResponse:
        return self.post("/enter", key=token)

    def says(self, path: str = "/card") -> str:
        return words_of(self.client.get(f"/own{path}"))


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


@pytest.fixture
def phone(small_store: Store, saga: Saga) -> Phone:
    """Giulia pays alone from w1; Anna heads a family of which Leo is the child."""
    with small_store.transaction() as tx:
        sites.create_site(tx, SITE)
        people = [Guest(id="g1", name="Giulia", language="it"), Guest(id="g2", name="Anna"), Guest(id="g3")]
        guests.put_guests(tx, SITE, people)
        for id_ in ("w1", "w2"):
            wallets.create(tx, SITE, Wallet(id=id_, currency="EUR"))
        members.join(tx, SITE, Member(guest="g1", wallet="w1"))
        members.join(tx, SITE, Member(guest="g2", wallet="w2", head=True))
        members.join(tx, SITE, Member(guest="g3", wallet="w2"))
    return Phone(small_store, saga)


def a_link(store: Store, guest: str = "g1") -> str:
    with store.transaction() as tx:
        return doors.invite(tx, SITE, guest, by="carla")


def stored(phone: Phone, store: Store, sandbox: Sandbox, card: Card = Card.PAID) -> str:
    """What a guest does: agree, go to the provider, come back; the mandate's id."""
    begun = phone.post("/store", **AGREED)
    assert begun.status_code == 200, words_of(begun)
    [session] = set(re.findall(r"/pay/(cs_\w+)", begun.text))
    sandbox.store(session, card)
    assert phone.post("/check").status_code == 303
    with store.reading() as tx:
        return mandates.of_wallet(tx, SITE, "w1")[0].id


def test_a_guest_stores_limits_and_removes_a_card_alone(
    phone: Phone, small_store: Store, sandbox: Sandbox
) -> None:
    assert phone.enter(a_link(small_store)).headers["Location"] == "/own/card"
    assert "Non hai una carta salvata" in phone.says(), "in the guest's own language"
    id_ = stored(phone, small_store, sandbox)
    told = phone.says()
    assert all(word in told for word in ("visa …4242", "12/2031", "in uso", CONSENT)), told
    assert phone.post("/limits", **AGREED | {"once": "10.00", "a_day": "10.00"}).status_code == 303
    with small_store.transaction() as tx:
        assert tuple(mandates.mandate(tx, SITE, id_).limits) == (1_000, 1_000, 50_000)
    phone.post("/revoke")
    assert "tolta" in phone.says()
    with small_store.transaction() as tx:
        known = mandates.mandate(tx, SITE, id_)
        done = [row.what for row in tx.execute(select(act_table).order_by(act_table.c.act_id))]
    assert (known.state, known.reason) == (Mandated.REVOKED, "guest")
    assert done == [
        "own_page_opened", "mandate_begun", "own_limits_changed", "mandate_revoked",
    ]  # fmt: skip


@pytest.mark.parametrize("form", [
    {"agrees": ""}, {"agrees": "2020-01"}, {"once": "0"}, {"once": "-1"}, {"once": "x"}, {"a_day": "49.99"},
])  # fmt: skip
def test_nothing_is_stored_or_changed_without_a_yes_and_rising_limits(
    phone: Phone, small_store: Store, sandbox: Sandbox, form: dict[str, str]
) -> None:
    phone.enter(a_link(small_store))
    assert phone.post("/store", **AGREED | form).status_code == 422
    assert sandbox.book.all("checkout.session") == []
    id_ = stored(phone, small_store, sandbox)
    assert phone.post("/limits", **AGREED | form).status_code == 422
    with small_store.transaction() as tx:
        assert tuple(mandates.mandate(tx, SITE, id_).limits) == (5_000, 10_000, 50_000)


def test_a_card_that_ends_is_spoken_of_on_its_guests_own_page_until_there_is_another(
    phone: Phone, small_store: Store, sandbox: Sandbox, clock: Clockwork
) -> None:
    phone.enter(a_link(small_store))
    id_ = stored(phone, small_store, sandbox)
    assert "scade presto" not in phone.says()
    clock.ms = int(dt.datetime(2031, 11, 20, tzinfo=dt.UTC).timestamp()) * 1_000
    phone.saga.tend()
    phone.enter(a_link(small_store))
    assert "scade presto" in phone.says()
    diary = phone.says("/diary")
    assert "La tua carta salvata scade" in diary
    assert "12/2031" in diary
    with small_store.transaction() as tx:
        mandates.stand(tx, SITE, id_, state=Mandated.EXPIRED, reason=EXPIRED)
    assert "è scaduta" in phone.says()
    stored(phone, small_store, sandbox)
    with small_store.transaction() as tx:
        mandates.renew(tx, SITE, mandates.of_wallet(tx, SITE, "w1")[0].id, expires=203_401)
    told = phone.says()
    assert "scade presto" not in told
    assert "è scaduta" not in told


def test_a_link_opens_once_soon_and_by_a_press_alone(
    phone: Phone, small_store: Store, saga: Saga, clock: Clockwork
) -> None:
    token = a_link(small_store)
    for _ in range(2):
        assert "Open my page" in phone.says(f"/?t={token}"), "a look in advance spends nothing"
    assert phone.enter(token).status_code == 303
    other = Phone(small_store, saga)
    assert other.enter(token).status_code == 403
    assert "opens nothing any more" in other.says()
    late = a_link(small_store)
    clock.ms += LINK_MS
    assert other.enter(late).status_code == 403
    assert "Non hai" in phone.says()
    clock.ms += SESSION_MS - LINK_MS
    assert phone.client.get("/own/card").status_code == 403, "a session is over after a while"


def test_a_page_that_was_closed_is_nobodys(phone: Phone, small_store: Store) -> None:
    phone.enter(a_link(small_store))
    session = phone.session
    phone.post("/leave")
    phone.client.set_cookie(COOKIE, session)
    assert phone.client.get("/own/card").status_code == 403


def test_only_the_head_decides_about_a_familys_card(phone: Phone, small_store: Store) -> None:
    phone.enter(a_link(small_store, "g3"))
    assert "Only who heads the family" in phone.says()
    assert phone.post("/store", **AGREED).status_code == 403
    phone.enter(a_link(small_store, "g2"))
    assert "You have no stored card" in phone.says()


def test_more_than_fingers_can_do_in_a_minute_is_refused(
    phone: Phone, small_store: Store, clock: Clockwork
) -> None:
    phone.enter(a_link(small_store))
    answers = [phone.post("/check").status_code for _ in range(doors.ACTS_A_MINUTE_MAX + 1)]
    assert answers == [303] * doors.ACTS_A_MINUTE_MAX + [429]
    clock.ms += doors.MINUTE_MS
    assert phone.post("/check").status_code == 303


def test_the_page_names_each_charge_and_the_taps_that_it_is_for(
    phone: Phone, small_store: Store, sandbox: Sandbox, saga: Saga
) -> None:
    phone.enter(a_link(small_store))
    mandate = stored(phone, small_store, sandbox)
    with small_store.transaction() as tx:
        entries = (ledger.Entry("debt:w1", -1_240), ledger.Entry("sales:bar", 1_240))
        posting = ledger.Posting(site=SITE, key="op:tap-0001:1", kind="sale", at_ms=small_store.now_ms(),
                                 currency="EUR", entries=entries, wallet="w1")  # fmt: skip
        ledger.post(tx, posting)
    saga.wants()
    saga.step()
    told = phone.says()
    with small_store.reading() as tx:
        [charge] = charges.of_mandate(tx, SITE, mandate)
    assert charge.state is State.PAID
    assert all(word in told for word in (charge.id, "12,40 €", "pagato", "acquisto tap-0001")), told
    assert sandbox.book.taken() == {"eur": 1_240}


def test_no_page_holds_what_could_be_charged_by(phone: Phone, small_store: Store, sandbox: Sandbox) -> None:
    phone.enter(a_link(small_store))
    id_ = stored(phone, small_store, sandbox)
    with small_store.reading() as tx:
        held = mandates.held(tx, SITE, id_, seals=SEALS)
    page = phone.client.get("/own/card").text
    assert held.token
    assert [secret for secret in (held.token, held.customer, held.page) if secret in page] == []


def test_an_erased_guest_has_no_door(phone: Phone, small_store: Store) -> None:
    waiting = a_link(small_store)
    phone.enter(a_link(small_store))
    with small_store.transaction() as tx:
        erase(tx, SITE, "g1")
    assert phone.client.get("/own/card").status_code == 403
    assert phone.enter(waiting).status_code == 403


# By the band that was just held to a kiosk


def a_kiosk(store: Store) -> str:
    """A device with a key; the key's id."""
    with store.transaction() as tx:
        made = NewDevice(site=SITE, kind="edge", name="Kiosk", points=(), public_key=PUBLIC)
        return devices.add_device(tx, made)[1]


def test_a_devices_word_opens_the_page_of_whose_band_it_saw_once(
    phone: Phone, small_store: Store, saga: Saga
) -> None:
    key = a_kiosk(small_store)
    token = passes.issue(key, PRIVATE, guest="g1", at_ms=small_store.now_ms())
    assert phone.enter(token).status_code == 303
    assert "Non hai" in phone.says()
    assert Phone(small_store, saga).enter(token).status_code == 403


def test_no_other_word_opens_it(phone: Phone, small_store: Store, clock: Clockwork) -> None:
    key, now_ms = a_kiosk(small_store), small_store.now_ms()
    good = passes.issue(key, PRIVATE, guest="g1", at_ms=now_ms)
    found = passes.read(good)
    assert found is not None
    body = msgspec.msgpack.encode(msgspec.structs.replace(found[0], guest="g2"))
    other = passes.LEAD + passes.urlsafe_b64encode(found[2] + body).decode().rstrip("=")
    tokens = {
        "of another guest than was signed": other,
        "signed by another key": passes.issue(key, secrets.token_bytes(32), guest="g1", at_ms=now_ms),
        "of nobody's key": passes.issue("nobody.edge-1.1", PRIVATE, guest="g1", at_ms=now_ms),
        "of an unknown guest": passes.issue(key, PRIVATE, guest="g9", at_ms=now_ms),
        "too old": passes.issue(key, PRIVATE, guest="g1", at_ms=now_ms - PASS_MS - 1),
        "from the future": passes.issue(key, PRIVATE, guest="g1", at_ms=now_ms + doors.EARLY_MS + 1),
        "no pass at all": passes.LEAD + "x" * 40,
        "not even letters": passes.LEAD + "é",
    }
    assert {why: phone.enter(token).status_code for why, token in tokens.items()} == dict.fromkeys(
        tokens, 403
    )
    with small_store.transaction() as tx:
        devices.revoke(tx, SITE, key.split(".")[1])
    assert phone.enter(good).status_code == 403, "a device that was dismissed says nothing any more"


def test_a_request_signature_of_a_device_is_no_pass(small_store: Store, phone: Phone) -> None:
    """What a device signs otherwise begins otherwise: nobody makes a pass of it."""
    key = a_kiosk(small_store)
    body = msgspec.msgpack.encode(passes.Pass(key, "g1", small_store.now_ms(), b"n" * 12))
    plain = Ed25519PrivateKey.from_private_bytes(PRIVATE).sign(body)
    token = passes.LEAD + passes.urlsafe_b64encode(plain + body).decode().rstrip("=")
    with small_store.transaction() as tx, pytest.raises(NoDoor):
        doors.enter(tx, token)


def test_of_two_who_come_with_one_word_at_once_one_is_let_in(store: Store) -> None:
    with store.transaction() as tx:
        sites.create_site(tx, SITE)
        guests.put_guests(tx, SITE, [Guest(id="g1")])
    token = passes.issue(a_kiosk(store), PRIVATE, guest="g1", at_ms=store.now_ms())

    def comes(_: int) -> bool:
        try:
            with store.transaction() as tx:
                doors.enter(tx, token)
        except NoDoor:
            return False
        return True

    with ThreadPoolExecutor(4) as hands:
        assert sorted(hands.map(comes, range(4))) == [False, False, False, True]


# In five languages


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_door_speaks_the_browsers_language(phone: Phone, language: str) -> None:
    page = phone.client.get("/own/", headers={"Accept-Language": f"{language}-XX,en;q=0.1"})
    assert f'lang="{language}"' in page.text
    assert words(language)("door.how") in page.text
