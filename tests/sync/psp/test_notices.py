"""The one address that takes a provider's word: short, signed, paced, and harmless when it is said again."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest
from flask.testing import FlaskClient

from sync.central import notices
from sync.central.app import create_app
from sync.central.psp.judgement import State
from sync.central.psp.mandates import State as Mandated
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.stripe import Stripe
from sync.central.settings import Settings
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.psp.shop import SEALS, Shop, a_card, a_shop

HERE = "/psp/stripe/notices"


@pytest.fixture
def shop(small_store: Store, clock: Clockwork, sandbox: Sandbox, psp: Stripe) -> Shop:
    return a_shop(small_store, clock, sandbox, psp)


@pytest.fixture
def client(shop: Shop) -> Iterator[FlaskClient]:
    with create_app(shop.store, Settings(psp=shop.saga.psp, seals=SEALS)).test_client() as opened:
        yield opened


def a_notice(sandbox: Sandbox, charge: str, status: str = "succeeded") -> bytes:
    marks = {"charge_id": f"{SITE}.{charge}", "attempt": "1"}
    thing = {"id": "pi_x1", "object": "payment_intent", "status": status, "currency": "eur"}
    thing |= {"amount_received": 2_000, "metadata": marks}
    event = sandbox.book.keep("evt", "event", 1, type="payment_intent.succeeded", data={"object": thing})
    return msgspec.json.encode(event)


def sent(client: FlaskClient, sandbox: Sandbox, body: bytes, **headers: str) -> int:
    signed = {"Stripe-Signature": sandbox.notices.signature(body), **headers}
    return client.post(HERE, data=body, headers=signed, content_type="application/json").status_code


def test_a_notice_said_three_times_posts_once(shop: Shop, client: FlaskClient) -> None:
    a_card(shop, Card.SILENT)
    id_ = shop.due()
    shop.saga.step()
    body = a_notice(shop.sandbox, id_)
    assert [sent(client, shop.sandbox, body) for _ in range(3)] == [200, 200, 200]
    assert (shop.charge(id_).state, shop.posted()) == (State.PAID, 2_000)


def test_a_notice_whose_signature_does_not_hold_does_nothing(shop: Shop, client: FlaskClient) -> None:
    a_card(shop, Card.SILENT)
    id_ = shop.due()
    shop.saga.step()
    body = a_notice(shop.sandbox, id_)
    other = shop.sandbox.notices.signature(body + b" ")
    for signature in ("", other, "t=1,v1=0"):
        assert sent(client, shop.sandbox, body, **{"Stripe-Signature": signature}) == 401
    assert (shop.charge(id_).state, shop.posted()) == (State.UNKNOWN, 0)


def test_a_signed_notice_of_somebody_elses_charge_is_taken_and_forgotten(
    shop: Shop, client: FlaskClient
) -> None:
    for name in ("nobody", "", "a" * 200):
        assert sent(client, shop.sandbox, a_notice(shop.sandbox, name)) == 200
    assert shop.posted() == 0


def test_a_long_notice_is_refused_before_it_is_read(shop: Shop, client: FlaskClient) -> None:
    body = b"{" + b" " * notices.NOTICE_BYTES_MAX + b"}"
    assert sent(client, shop.sandbox, body) == 413


def test_too_many_notices_at_once_are_told_to_come_back(
    shop: Shop, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.central.pace.monotonic_ms", lambda: 5_000)
    body = b"{}"
    answers = [sent(client, shop.sandbox, body, **{"Stripe-Signature": ""}) for _ in range(60)]
    assert answers == [401] * notices.NOTICES_PER_S_MAX + [503] * (60 - notices.NOTICES_PER_S_MAX)
    monkeypatch.setattr("sync.central.pace.monotonic_ms", lambda: 6_000)
    assert sent(client, shop.sandbox, body, **{"Stripe-Signature": ""}) == 401


def test_no_provider_of_another_name_is_listened_to(shop: Shop, client: FlaskClient) -> None:
    body = a_notice(shop.sandbox, "c")
    headers = {"Stripe-Signature": shop.sandbox.notices.signature(body)}
    assert client.post("/psp/other/notices", data=body, headers=headers).status_code == 401


def test_a_guest_who_finished_at_the_page_is_known_by_its_notice(shop: Shop, client: FlaskClient) -> None:
    from sync.central.psp.handshake import Wish, begin
    from tests.sync.psp.shop import EUR, LIMITS, WALLET

    wish = Wish(site=SITE, wallet=WALLET, guest="g1", currency=EUR, limits=LIMITS)
    begun = begin(shop.saga, shop.store, wish, back_url="http://localhost/back")
    shop.sandbox.store(begun.page, Card.PAID)
    session = dict(shop.sandbox.book.get(begun.page, "checkout.session"))
    event = shop.sandbox.book.keep(
        "evt", "event", 1, type="checkout.session.completed", data={"object": session}
    )
    body = msgspec.json.encode(event)
    assert [sent(client, shop.sandbox, body) for _ in range(2)] == [200, 200]
    assert shop.known(begun.mandate).state is Mandated.ACTIVE


def test_where_a_guest_comes_back_to_says_goodbye_in_five_languages(client: FlaskClient) -> None:
    page = client.get("/psp/back").text
    assert all(word in page for word in ("Grazie", "Thank you", "Danke", "Merci", "Gracias"))
