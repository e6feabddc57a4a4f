"""Stripe behind the port, by its official library, which no other room knows and which is loaded late."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from edge.core.money import Money
from edge.errors import ConfigError, Refused
from sync.central.psp.amounts import from_provider, to_provider
from sync.central.psp.declines import card_answer
from sync.central.psp.port import (
    REASON_CHARS_MAX,
    Answer,
    Begin,
    Booked,
    Credential,
    Notice,
    NotSent,
    Order,
    Outcome,
    Return,
    Subject,
    Unreachable,
    Visit,
)

TIMEOUT_MS = 8_000
"""The library's own is 80 s; whoever waits for us has better things to do."""
TOLERANCE_S = 300
NO_NOTICE = (AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What the library and we raise over JSON of another shape, signed or not."""
PAGE_MAX = 100
PAGES_MAX = 50
STATEMENT_PAGES_MAX = 1_000
"""As many charges as many refunds of one stretch of time, a hundred a page."""
LOOK_BACK_S = 3_600
"""Provider's and our clock may differ: charges are looked for from so long before they were made."""
GONE = ("resource_missing", "payment_method_unactivated", "payment_method_not_available")
REFUNDED = {"succeeded": Answer.PAID, "pending": Answer.PENDING, "requires_action": Answer.PENDING}


class StripeKeys(NamedTuple):
    """The account's secrets."""

    api: str
    notices: str

    def __repr__(self) -> str:
        """Say nothing."""
        return "StripeKeys()"


class Stripe:
    """One account at Stripe, or at anybody who speaks its API at ``url``."""

    def __init__(
        self, keys: StripeKeys, *, url: str = "", name: str = "stripe", timeout_ms: int = TIMEOUT_MS
    ) -> None:
        """Load the library, which takes half a second, and make one client that never retries by itself."""
        try:
            import stripe
        except ImportError as error:
            raise ConfigError("Stripe's library is not installed.", hint="Install polso[stripe].") from error
        stripe.enable_telemetry = False
        self.name = name
        self._library: Any = stripe
        self._secret = keys.notices
        base: Any = {"api": url.rstrip("/")} if url else None
        client: Any = stripe.StripeClient(
            keys.api,
            base_addresses=base,
            http_client=stripe.RequestsClient(timeout=dt.timedelta(milliseconds=timeout_ms).total_seconds()),
            max_network_retries=0,  # our own outbox retries, with the same key
        )
        self._api = client.v1

    def __repr__(self) -> str:
        """Name the provider, never its keys."""
        return f"Stripe({self.name})"

    def begin(self, begin: Begin) -> Visit:
        """Make a customer and a Checkout page that stores a credential for use without the guest."""
        marked = {"mandate_id": begin.mandate}

        def opened() -> Visit:
            key = f"{begin.mandate}-customer"
            customer = self._api.customers.create({"metadata": marked}, options={"idempotency_key": key})
            asked = {
                "mode": "setup",
                "currency": begin.currency.lower(),
                "customer": customer.id,
                "client_reference_id": begin.mandate,
                "success_url": begin.back_url,
                "cancel_url": begin.back_url,
                "metadata": marked,
                "setup_intent_data": {"metadata": marked},
            }
            key = f"{begin.mandate}-page"
            session = self._api.checkout.sessions.create(asked, options={"idempotency_key": key})
            return Visit(session.url, session.id, customer.id)

        visit: Visit = self._asked(opened)
        return visit

    def finish(self, reference: str) -> Credential | None:
        """Return what the page's SetupIntent stored."""
        asked = {"expand": ["setup_intent", "setup_intent.payment_method"]}
        session = self._asked(lambda: self._api.checkout.sessions.retrieve(reference, asked))
        setup = session.setup_intent
        if session.status != "complete" or not setup or setup.status != "succeeded":
            return None
        method = setup.payment_method
        card = getattr(method, "card", None)
        shown = (card.brand, card.last4, card.exp_year * 100 + card.exp_month) if card else ("", "", 0)
        return Credential(method.id, session.customer, *shown)

    def forget(self, credential: Credential) -> None:
        """Detach the payment method; one that is detached already is as good."""
        try:
            self._asked(lambda: self._api.payment_methods.detach(credential.token))
        except Unreachable as error:
            if not isinstance(error.__cause__, self._library.InvalidRequestError):
                raise

    def charge(self, order: Order) -> Outcome:
        """Make and confirm a PaymentIntent off session, keyed by the attempt, marked with the charge."""
        try:
            amount = to_provider(order.money)
        except Refused:
            return Outcome(answer=Answer.DECLINED_SOFT, reason="amount_not_chargeable", attempt=order.attempt)
        asked = {
            "amount": amount,
            "currency": order.money.currency.lower(),
            "customer": order.credential.customer,
            "payment_method": order.credential.token,
            "off_session": True,
            "confirm": True,
            "metadata": {"charge_id": order.charge, "attempt": str(order.attempt)},
        }
        options = {"idempotency_key": order.key}
        return self._outcome(
            lambda: _charged(self._api.payment_intents.create(asked, options=options)), order
        )

    def find(self, order: Order) -> Outcome | None:
        """Look through the customer's intents: the list is current at once, Stripe's search is not."""
        return self._found(lambda: [_charged(one) for one in self._intents(order)])

    def refund(self, refund: Return) -> Outcome:
        """Refund to the PaymentIntent, keyed and marked by the refund."""
        asked = {
            "payment_intent": refund.reference,
            "amount": to_provider(refund.money),
            "metadata": {"refund_id": refund.refund},
        }
        options = {"idempotency_key": refund.refund}
        return self._outcome(lambda: _refunded(self._api.refunds.create(asked, options=options)), None)

    def find_refund(self, refund: Return) -> Outcome | None:
        """Look through the refunds of that intent."""

        def found() -> list[Outcome]:
            rows = self._pages(self._api.refunds.list, {"payment_intent": refund.reference})
            return [_refunded(one) for one in rows if _mark(one, "refund_id") == refund.refund]

        return self._found(found)

    def statement(self, since_ms: int, until_ms: int | None) -> tuple[Booked, ...]:
        """List what succeeded of PaymentIntents and refunds that are marked as ours, or refund what is."""
        created = {"gte": since_ms // 1000} | ({} if until_ms is None else {"lt": until_ms // 1000})

        def read() -> tuple[Booked, ...]:
            kinds = (
                (self._api.payment_intents.list, {"created": created}, _taken),
                (self._api.refunds.list, {"created": created, "expand": ["data.payment_intent"]}, _given),
            )
            pages = functools.partial(self._pages, pages_max=STATEMENT_PAGES_MAX)
            lines = (line(one) for ask, asked, line in kinds for one in pages(ask, asked))
            return tuple(line for line in lines if line is not None)

        booked: tuple[Booked, ...] = self._asked(read)
        return booked

    def read_notice(self, headers: Mapping[str, str], body: bytes) -> Notice | None:
        """Let the library check signature and age over the raw octets, then read what concerns us."""
        signature = headers.get("Stripe-Signature", "")
        construct = self._library.Webhook.construct_event
        if not signature.isascii():  # the library compares characters, and fails at any other
            raise NotSent
        try:
            # Decoded by us: the library would answer octets that are no text with an error of Python's own.
            event = construct(body.decode("utf-8"), signature, self._secret, tolerance=TOLERANCE_S)
            return _noticed(str(event.type), event.data.object)
        except (self._library.SignatureVerificationError, *NO_NOTICE) as error:
            raise NotSent from error

    def _intents(self, order: Order) -> Iterator[Any]:
        since = order.made_ms // 1000 - LOOK_BACK_S
        asked = {"customer": order.credential.customer, "created": {"gte": since}}
        for one in self._pages(self._api.payment_intents.list, asked):
            if _mark(one, "charge_id") == order.charge:
                yield one

    def _pages(
        self, ask: Callable[[dict[str, Any]], Any], asked: dict[str, Any], *, pages_max: int = PAGES_MAX
    ) -> Iterator[Any]:
        """Return a whole list, or raise: what lies behind the last page must not pass for absent."""
        after: dict[str, str] = {}
        for _ in range(pages_max):
            page = ask({**asked, "limit": PAGE_MAX, **after})
            yield from page.data
            if not page.has_more:
                return
            after = {"starting_after": page.data[-1].id}
        raise Unreachable(
            f"The provider lists more than {pages_max * PAGE_MAX} of one stretch of time.",
            hint="Compare that day by hand with the provider's own report.",
        )

    def _found(self, look: Callable[[], list[Outcome]]) -> Outcome | None:
        """Return the best of what is there: paid wins, then what is open, then the latest no."""
        try:
            there = look()
        except self._library.StripeError as error:
            return Outcome(answer=Answer.UNKNOWN, reason=_reason(error) or "no_answer")
        except Unreachable:
            return Outcome(answer=Answer.UNKNOWN, reason="too_many")
        for wanted in (Answer.PAID, Answer.PENDING, Answer.UNKNOWN):
            for one in there:
                if one.answer is wanted:
                    return one
        return max(there, key=lambda one: one.attempt, default=None)

    def _outcome(self, call: Callable[[], Outcome], order: Order | None) -> Outcome:
        library = self._library
        try:
            return call()
        except library.CardError as error:
            return _declined(error, order)
        except library.InvalidRequestError as error:
            # A definite no: nothing was taken. It condemns the credential only where that is gone.
            hard = order is None or error.code in GONE
            answer = Answer.DECLINED_HARD if hard else Answer.DECLINED_SOFT
            return Outcome(answer=answer, reason=_reason(error), attempt=order.attempt if order else 0)
        except library.StripeError as error:
            return Outcome(answer=Answer.UNKNOWN, reason=_reason(error) or "no_answer")

    def _asked(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401  # the library's objects stay in this room
        try:
            return call()
        except self._library.StripeError as error:
            raise Unreachable(
                f"The payment provider did not do it: {_reason(error) or 'no answer'}."
            ) from error


def _charged(intent: Any) -> Outcome:  # noqa: ANN401  # as above
    """Return what an intent's status says."""
    answer, reason, money = Answer.UNKNOWN, str(intent.status)[:REASON_CHARS_MAX], None
    error = getattr(intent, "last_payment_error", None)
    match intent.status:
        case "succeeded":
            answer, reason = Answer.PAID, ""
            money = from_provider(intent.amount_received, intent.currency)
        case "processing" | "requires_capture":
            answer, reason = Answer.PENDING, ""
        case "requires_action" | "requires_confirmation":
            answer, reason = Answer.GUEST_NEEDED, "authentication_required"
        case "canceled":
            answer = Answer.DECLINED_SOFT
        case _ if error:
            answer, reason = card_answer(getattr(error, "code", ""), getattr(error, "decline_code", ""))
    attempt = int(_mark(intent, "attempt") or 0)
    return Outcome(answer=answer, reason=reason, reference=str(intent.id), money=money, attempt=attempt)


def _refunded(refund: Any) -> Outcome:  # noqa: ANN401  # as above
    answer = REFUNDED.get(refund.status, Answer.DECLINED_HARD)
    money: Money | None = from_provider(refund.amount, refund.currency)
    reason = "" if answer is not Answer.DECLINED_HARD else str(refund.status)
    return Outcome(answer=answer, reason=reason, reference=str(refund.id), money=money)


def _taken(intent: Any) -> Booked | None:  # noqa: ANN401  # as above
    charge = _mark(intent, "charge_id")
    if intent.status != "succeeded" or not charge:
        return None
    money = from_provider(intent.amount_received, intent.currency)
    return Booked(Subject.CHARGE, str(intent.id), charge, charge, money, int(intent.created) * 1000)


def _given(refund: Any) -> Booked | None:  # noqa: ANN401  # as above
    """Return a refund that is ours, or that somebody made at the provider's own desk of a charge of ours."""
    key = _mark(refund, "refund_id")
    charge = _mark(refund.payment_intent, "charge_id") if refund.payment_intent else ""
    if refund.status != "succeeded" or not (key or charge):
        return None
    money = from_provider(refund.amount, refund.currency)
    return Booked(Subject.REFUND, str(refund.id), key, charge, money, int(refund.created) * 1000)


def _declined(error: Any, order: Order | None) -> Outcome:  # noqa: ANN401  # as above
    told = error.error
    intent = getattr(told, "payment_intent", None)
    answer, reason = card_answer(error.code or "", getattr(told, "decline_code", "") or "")
    return Outcome(
        answer=answer,
        reason=reason,
        reference=str(intent.id) if intent else "",
        attempt=order.attempt if order else 0,
    )


def _noticed(kind: str, thing: Any) -> Notice | None:  # noqa: ANN401  # as above
    family = kind.partition(".")[0]
    if family == "payment_intent" and _mark(thing, "charge_id"):
        return Notice(Subject.CHARGE, _mark(thing, "charge_id"), _charged(thing))
    if kind.startswith(("refund.", "charge.refund.")) and _mark(thing, "refund_id"):
        return Notice(Subject.REFUND, _mark(thing, "refund_id"), _refunded(thing))
    if kind == "checkout.session.completed" and _mark(thing, "mandate_id"):
        done = Outcome(answer=Answer.PAID, reference=str(thing.id))
        return Notice(Subject.MANDATE, _mark(thing, "mandate_id"), done)
    return None


def _mark(thing: Any, name: str) -> str:  # noqa: ANN401  # as above
    marks = getattr(thing, "metadata", None) or {}
    return str(marks[name]) if name in marks else ""


def _reason(error: Any) -> str:  # noqa: ANN401  # as above
    """Return the code of an error; its message may quote what was sent, and is left where it is."""
    told = getattr(error, "error", None)
    kind = getattr(told, "type", "") if told else ""
    return str(error.code or kind or "")[:REASON_CHARS_MAX]
