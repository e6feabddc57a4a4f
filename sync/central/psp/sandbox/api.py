"""The API's objects: what each request of the official library does to the book, and what it is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sync.central.psp.sandbox.book import Book, Thing, Wrong, refused
from sync.central.psp.sandbox.cards import DECLINES, Card
from sync.central.psp.sandbox.forms import number, page_of

AMOUNT_MAX = 99_999_999
EXPIRES = (2031, 12)


class Asked(NamedTuple):
    """One request, opened."""

    method: str
    parts: tuple[str, ...]
    """The path below ``/v1``."""
    fields: Thing
    key: str = ""
    at_s: int = 0


Tell = Callable[[str, Thing], None]
"""Sends a notice: its type, and the object that it is about."""


class Api:
    """Answers requests from the book; how a charge goes on the wire is the server's part."""

    def __init__(self, book: Book, page_url: Callable[[str], str], tell: Tell) -> None:
        """Answer from ``book``; a guest's page lies at ``page_url(session)``."""
        self._book, self._page_url, self._tell = book, page_url, tell

    def answer(self, asked: Asked) -> Thing:
        """Return what a request is answered; ``Wrong`` where the API says no."""
        match asked.method, asked.parts:
            case "POST", ("customers",):
                return self._customer(asked)
            case "POST", ("checkout", "sessions"):
                return self._session(asked)
            case "GET", ("checkout", "sessions", id_):
                return self._shown(self._book.get(id_, "checkout.session"))
            case "POST", ("payment_intents",):
                return self._intent(asked)
            case "GET", ("payment_intents",):
                same = {"customer": asked.fields["customer"]} if "customer" in asked.fields else {}
                found = self._book.all("payment_intent", **same)
                return page_of(found, asked.fields, "/v1/payment_intents")
            case "POST", ("refunds",):
                return self._refund(asked)
            case "GET", ("refunds",):
                return self._refunds(asked)
            case "POST", ("payment_methods", id_, "detach"):
                return self._detach(id_)
        raise Wrong(404, "invalid_request_error", "url_invalid")

    def store(self, session: str, card: Card, at_s: int) -> Thing:
        """Do what a guest does at the page: store a card; a page that is done stays as it is."""
        book = self._book
        with book.lock:
            open_ = book.get(session, "checkout.session")
            if open_["status"] == "complete":
                return open_
            year, month = (2025, 1) if card is Card.EXPIRED else EXPIRES
            shown = {"brand": "visa", "last4": "4242", "exp_year": year, "exp_month": month}
            method = book.keep(
                "pm",
                "payment_method",
                at_s,
                customer=open_["customer"],
                card=shown,
                metadata={"card": card.value},
            )
            setup = book.get(open_["setup_intent"], "setup_intent")
            setup["status"], setup["payment_method"] = "succeeded", method["id"]
            open_["status"] = "complete"
        self._tell("checkout.session.completed", dict(open_))
        return open_

    def _customer(self, asked: Asked) -> Thing:
        return self._book.keep("cus", "customer", asked.at_s, metadata=asked.fields.get("metadata", {}))

    def _session(self, asked: Asked) -> Thing:
        fields, book = asked.fields, self._book
        if fields.get("mode") != "setup" or not fields.get("success_url"):
            raise refused("parameter_missing", "mode")
        customer = book.get(str(fields.get("customer", "")), "customer")
        marks = dict(fields.get("setup_intent_data", {})).get("metadata", {})
        setup = book.keep(
            "seti",
            "setup_intent",
            asked.at_s,
            status="requires_payment_method",
            payment_method=None,
            metadata=marks,
        )
        made = book.keep(
            "cs",
            "checkout.session",
            asked.at_s,
            mode="setup",
            status="open",
            customer=customer["id"],
            setup_intent=setup["id"],
            success_url=fields["success_url"],
            cancel_url=fields.get("cancel_url", ""),
            metadata=fields.get("metadata", {}),
        )
        made["url"] = self._page_url(made["id"])
        return made

    def _shown(self, session: Thing) -> Thing:
        """Return a session with its SetupIntent and that one's credential inside, as they are asked for."""
        setup = dict(self._book.get(session["setup_intent"], "setup_intent"))
        if setup["payment_method"]:
            setup["payment_method"] = self._book.get(setup["payment_method"], "payment_method")
        return {**session, "setup_intent": setup}

    def _intent(self, asked: Asked) -> Thing:
        fields, book = asked.fields, self._book
        amount = number(fields, "amount", low=1, high=AMOUNT_MAX)
        if fields.get("confirm") != "true" or fields.get("off_session") != "true":
            raise refused("parameter_missing", "off_session")
        card = book.card_for(str(fields.get("payment_method", "")), asked.key)
        method = book.get(str(fields["payment_method"]), "payment_method")
        if method["customer"] != fields.get("customer"):
            raise refused("payment_method_customer_mismatch", "customer")
        intent = book.keep(
            "pi",
            "payment_intent",
            asked.at_s,
            amount=amount,
            amount_received=0,
            currency=str(fields.get("currency", "")),
            customer=method["customer"],
            payment_method=method["id"],
            status="processing",
            last_payment_error=None,
            metadata=fields.get("metadata", {}),
        )
        if card in DECLINES and card is not Card.SLOW_FAILED:
            raise book.decline(intent, card)
        if card not in (Card.SLOW_PAID, Card.SLOW_FAILED):
            book.pay(intent)
        return intent

    def end(self, intent: Thing, card: Card) -> None:
        """Let a pending charge end as its card says, and tell."""
        if card is Card.SLOW_FAILED:
            self._book.decline(intent, card)
            self._tell("payment_intent.payment_failed", dict(intent))
        else:
            self._book.pay(intent)
            self._tell("payment_intent.succeeded", dict(intent))

    def _refund(self, asked: Asked) -> Thing:
        fields, book = asked.fields, self._book
        with book.lock:
            intent = book.get(str(fields.get("payment_intent", "")), "payment_intent")
            left = intent["amount_received"] - book.given_back(intent["id"])
            amount = number(fields, "amount", low=1, high=AMOUNT_MAX)
            if amount > left:
                raise refused("charge_already_refunded" if not left else "amount_too_large", "amount")
            made = book.keep(
                "re",
                "refund",
                asked.at_s,
                amount=amount,
                currency=intent["currency"],
                payment_intent=intent["id"],
                status="succeeded",
                metadata=fields.get("metadata", {}),
            )
        self._tell("refund.updated", dict(made))
        return made

    def _refunds(self, asked: Asked) -> Thing:
        """Return a page of refunds, of one charge or of all, with their charges inside where asked for."""
        fields = asked.fields
        same = {"payment_intent": str(fields["payment_intent"])} if "payment_intent" in fields else {}
        page = page_of(self._book.all("refund", **same), fields, "/v1/refunds")
        wider = fields["expand"] if isinstance(fields.get("expand"), dict) else {}
        if "data.payment_intent" in wider.values():
            page["data"] = [
                {**one, "payment_intent": dict(self._book.get(one["payment_intent"], "payment_intent"))}
                for one in page["data"]
            ]
        return page

    def _detach(self, id_: str) -> Thing:
        with self._book.lock:
            method = self._book.get(id_, "payment_method")
            if method["customer"] is None:
                raise refused("payment_method_unactivated", "payment_method")
            method["customer"] = None
        return method
