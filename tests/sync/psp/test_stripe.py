"""The official library against the test provider: each way a charge can go, and the answer to it."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.money import Money
from sync.central.psp.port import (
    Answer,
    Begin,
    Credential,
    Notice,
    NotSent,
    Order,
    Return,
    Subject,
    Unreachable,
)
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.sandbox.server import API_KEY, SECRET
from sync.central.psp.stripe import Stripe, StripeKeys

COUNT = itertools.count(1)


def a_credential(sandbox: Sandbox, psp: Stripe, card: Card) -> Credential:
    visit = psp.begin(Begin(f"m-{next(COUNT)}", "EUR", "http://localhost/back"))
    assert psp.finish(visit.reference) is None
    sandbox.store(visit.reference, card)
    found = psp.finish(visit.reference)
    assert found is not None
    assert found.customer == visit.customer
    return found


def an_order(credential: Credential, minor: int = 1_500, currency: str = "EUR") -> Order:
    return Order(f"c-{next(COUNT)}", credential, Money(minor, currency), wall_ms())


def test_a_guest_stores_a_credential_at_the_providers_page(sandbox: Sandbox, psp: Stripe) -> None:
    found = a_credential(sandbox, psp, Card.PAID)
    assert (found.brand, found.last_four, found.expires) == ("visa", "4242", 203_112)
    assert found.token not in repr(found)
    assert found.customer not in repr(found)


def test_the_same_page_asked_twice_is_one_page(sandbox: Sandbox, psp: Stripe) -> None:
    begin = Begin("m-same", "EUR", "http://localhost/back")
    assert psp.begin(begin) == psp.begin(begin)
    assert len(sandbox.book.all("checkout.session")) == 1


@pytest.mark.parametrize(
    ("card", "answer", "reason"),
    [
        (Card.PAID, Answer.PAID, ""),
        (Card.SOFT, Answer.DECLINED_SOFT, "insufficient_funds"),
        (Card.HARD, Answer.DECLINED_HARD, "stolen_card"),
        (Card.EXPIRED, Answer.DECLINED_HARD, "expired_card"),
        (Card.GUEST, Answer.GUEST_NEEDED, "authentication_required"),
        (Card.SLOW_PAID, Answer.PENDING, ""),
        (Card.SLOW_FAILED, Answer.PENDING, ""),
        (Card.SILENT, Answer.UNKNOWN, "no_answer"),
        (Card.LATE, Answer.UNKNOWN, "no_answer"),
        (Card.LOST, Answer.UNKNOWN, "no_answer"),
        (Card.CUT, Answer.UNKNOWN, "no_answer"),
        (Card.ERROR, Answer.UNKNOWN, "api_error"),
        (Card.TAKEN, Answer.UNKNOWN, "idempotency_error"),
        (Card.LIMITED, Answer.UNKNOWN, "invalid_request_error"),
    ],
)
def test_each_card_gets_the_answer_of_the_closed_list(
    sandbox: Sandbox, psp: Stripe, card: Card, answer: Answer, reason: str
) -> None:
    order = an_order(a_credential(sandbox, psp, card))
    outcome = psp.charge(order)
    assert (outcome.answer, outcome.reason) == (answer, reason)
    if answer is Answer.PAID:
        assert outcome.money == order.money
    assert len([one for one in sandbox.requests if one.parts == ("payment_intents",)]) == 1, (
        "it retried by itself"
    )


@pytest.mark.parametrize("card", [Card.LATE, Card.CUT, Card.PAID])
def test_what_was_booked_is_found_and_the_same_key_books_no_second_time(
    sandbox: Sandbox, psp: Stripe, card: Card
) -> None:
    order = an_order(a_credential(sandbox, psp, card))
    psp.charge(order)
    found = psp.find(order)
    again = psp.charge(order)
    assert found is not None
    assert (found.answer, again.answer) == (Answer.PAID, Answer.PAID)
    assert found.reference == again.reference
    assert sandbox.book.taken() == {"eur": 1_500}


@pytest.mark.parametrize("card", [Card.SILENT, Card.ERROR, Card.LIMITED])
def test_what_was_never_booked_is_not_found(sandbox: Sandbox, psp: Stripe, card: Card) -> None:
    order = an_order(a_credential(sandbox, psp, card))
    psp.charge(order)
    assert psp.find(order) is None
    assert sandbox.book.taken() == {}


@pytest.mark.parametrize("card", [Card.ERROR, Card.LIMITED])
def test_the_same_key_after_a_fault_of_the_provider_succeeds(
    sandbox: Sandbox, psp: Stripe, card: Card
) -> None:
    order = an_order(a_credential(sandbox, psp, card))
    psp.charge(order)
    assert psp.charge(order).answer is Answer.PAID


def test_a_key_that_was_used_for_another_amount_tells_what_was_really_taken(
    sandbox: Sandbox, psp: Stripe
) -> None:
    order = an_order(a_credential(sandbox, psp, Card.TAKEN))
    assert psp.charge(order).answer is Answer.UNKNOWN
    found = psp.find(order)
    assert found is not None
    assert found.money == Money(1_600, "EUR")


def test_a_second_attempt_has_a_key_of_its_own_and_is_found_by_the_charge(
    sandbox: Sandbox, psp: Stripe
) -> None:
    order = an_order(a_credential(sandbox, psp, Card.SOFT))
    outcomes = [psp.charge(order._replace(attempt=attempt)) for attempt in (1, 2, 2)]
    assert [one.attempt for one in outcomes] == [1, 2, 2]
    assert outcomes[1].reference == outcomes[2].reference != outcomes[0].reference
    found = psp.find(order._replace(attempt=2))
    assert found is not None
    assert (found.answer, found.attempt) == (Answer.DECLINED_SOFT, 2)


def test_a_charge_is_found_behind_more_than_one_page_of_others(sandbox: Sandbox, psp: Stripe) -> None:
    credential = a_credential(sandbox, psp, Card.PAID)
    order = an_order(credential)
    psp.charge(order)
    for _ in range(205):
        sandbox.book.keep(
            "pi",
            "payment_intent",
            wall_ms() // 1000,
            customer=credential.customer,
            metadata={"charge_id": "other"},
        )
    found = psp.find(order)
    assert found is not None
    assert found.answer is Answer.PAID


def test_a_refund_goes_to_its_charge_once_and_never_above_it(sandbox: Sandbox, psp: Stripe) -> None:
    paid = psp.charge(an_order(a_credential(sandbox, psp, Card.PAID)))
    refund = Return("r-1", paid.reference, Money(1_000, "EUR"))
    first, again = psp.refund(refund), psp.refund(refund)
    assert (first.answer, first.reference) == (Answer.PAID, again.reference)
    assert psp.find_refund(refund) == first
    too_much = psp.refund(Return("r-2", paid.reference, Money(501, "EUR")))
    assert too_much.answer is Answer.DECLINED_HARD
    assert psp.find_refund(Return("r-2", paid.reference, Money(501, "EUR"))) is None
    assert sandbox.book.taken() == {"eur": 500}


def test_a_forgotten_credential_is_charged_no_more_and_forgetting_it_again_is_harmless(
    sandbox: Sandbox, psp: Stripe
) -> None:
    credential = a_credential(sandbox, psp, Card.PAID)
    psp.forget(credential)
    psp.forget(credential)
    outcome = psp.charge(an_order(credential))
    assert (outcome.answer, outcome.reason) == (Answer.DECLINED_HARD, "resource_missing")


def test_a_provider_that_is_away_is_unknown_and_never_a_failure(psp: Stripe, sandbox: Sandbox) -> None:
    order = an_order(a_credential(sandbox, psp, Card.PAID))
    away = Stripe(StripeKeys(API_KEY, SECRET), url="http://127.0.0.1:9", timeout_ms=200)
    assert away.charge(order).answer is Answer.UNKNOWN
    found = away.find(order)
    assert found is not None
    assert found.answer is Answer.UNKNOWN
    with pytest.raises(Unreachable):
        away.begin(Begin("m", "EUR", "http://localhost/back"))


def test_a_wrong_account_is_unknown(psp: Stripe, sandbox: Sandbox) -> None:
    order = an_order(a_credential(sandbox, psp, Card.PAID))
    other = Stripe(StripeKeys("sk_test_other", SECRET), url=sandbox.url, timeout_ms=500)
    assert other.charge(order).answer is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("money", "amount"),
    [
        (Money(500, "JPY"), 500),
        (Money(1_050, "EUR"), 1_050),
        (Money(5_120, "KWD"), 5_120),
        (Money(5, "ISK"), 500),
        (Money(700, "MGA"), 7),
    ],
)
def test_amounts_are_told_in_the_providers_units_and_read_back(
    sandbox: Sandbox, psp: Stripe, money: Money, amount: int
) -> None:
    order = an_order(a_credential(sandbox, psp, Card.PAID), money.minor, money.currency)
    outcome = psp.charge(order)
    assert outcome.money == money
    assert sandbox.book.taken() == {money.currency.lower(): amount}


@pytest.mark.parametrize("money", [Money(5_124, "KWD"), Money(750, "MGA"), Money(5, "CLF"), Money(1, "UGX")])
def test_an_amount_that_the_provider_cannot_express_is_declined_and_never_rounded(
    sandbox: Sandbox, psp: Stripe, money: Money
) -> None:
    credential = a_credential(sandbox, psp, Card.PAID)
    outcome = psp.charge(an_order(credential, money.minor, money.currency))
    assert (outcome.answer, outcome.reason) == (Answer.DECLINED_SOFT, "amount_not_chargeable")
    assert sandbox.book.all("payment_intent") == []


def a_notice(sandbox: Sandbox, **parts: object) -> bytes:
    thing = {"id": "pi_x1", "object": "payment_intent", "status": "succeeded", "amount_received": 700}
    thing |= {"currency": "eur", "metadata": {"charge_id": "c-9", "attempt": "1"}, **parts}
    event = sandbox.book.keep("evt", "event", 1, type="payment_intent.succeeded", data={"object": thing})
    return msgspec.json.encode(event)


def test_a_notice_is_read_once_its_signature_holds(sandbox: Sandbox, psp: Stripe) -> None:
    body = a_notice(sandbox)
    read = psp.read_notice({"Stripe-Signature": sandbox.notices.signature(body)}, body)
    assert isinstance(read, Notice)
    assert (read.subject, read.key, read.outcome.answer) == (Subject.CHARGE, "c-9", Answer.PAID)
    assert read.outcome.money == Money(700, "EUR")
    other = a_notice(sandbox, metadata={})
    assert psp.read_notice({"Stripe-Signature": sandbox.notices.signature(other)}, other) is None


def test_each_octet_of_a_notice_counts(sandbox: Sandbox, psp: Stripe) -> None:
    body = a_notice(sandbox)
    headers = {"Stripe-Signature": sandbox.notices.signature(body)}
    for at in range(len(body)):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        with pytest.raises(NotSent):
            psp.read_notice(headers, changed)


@pytest.mark.parametrize("signature", ["", "t=1", "v1=00", "t=x,v1=00", "t=1,v1=00", "💶", "t=,v1="])
def test_a_notice_without_a_signature_is_not_read(sandbox: Sandbox, psp: Stripe, signature: str) -> None:
    with pytest.raises(NotSent):
        psp.read_notice({"Stripe-Signature": signature}, a_notice(sandbox))


def test_an_old_notice_is_not_read(sandbox: Sandbox, psp: Stripe) -> None:
    body, now_s = a_notice(sandbox), wall_ms() // 1000
    psp.read_notice({"Stripe-Signature": sandbox.notices.signature(body, at_s=now_s - 290)}, body)
    with pytest.raises(NotSent):
        psp.read_notice({"Stripe-Signature": sandbox.notices.signature(body, at_s=now_s - 310)}, body)


def test_octets_that_are_no_text_are_refused_as_any_other(sandbox: Sandbox, psp: Stripe) -> None:
    body = b"\xff\xfe"
    with pytest.raises(NotSent):
        psp.read_notice({"Stripe-Signature": sandbox.notices.signature(body)}, body)
