"""The test provider's own book: customers, credentials, charges, refunds, and what each key was answered."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.central.psp.sandbox.cards import DECLINES, Card

Thing = dict[str, Any]
"""An object of the API as its JSON shows it."""
KEPT_MAX = 100_000
"""Objects of one kind; a demo forgets the eldest rather than growing."""


class Wrong(Exception):
    """What the API answers instead: a status and an error."""

    def __init__(self, status: int, kind: str, code: str, *, more: Mapping[str, Any] | None = None) -> None:
        """Say status, type and code, and what else belongs to them."""
        super().__init__(code)
        self.status = status
        self.error: Thing = {"type": kind, "code": code, "message": code.replace("_", " "), **(more or {})}


def missing(what: str) -> Wrong:
    """Return the answer to a name that nobody has."""
    return Wrong(404, "invalid_request_error", "resource_missing", more={"param": what})


def refused(code: str, param: str) -> Wrong:
    """Return the answer to something that cannot be."""
    return Wrong(400, "invalid_request_error", code, more={"param": param})


@dataclass
class Book:
    """All that the provider knows; whoever holds ``lock`` may change it."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    things: dict[str, Thing] = field(default_factory=dict)
    keys: dict[str, tuple[str, Any]] = field(default_factory=dict)
    """Idempotency key to (what was asked, what was answered or raised)."""
    mood: Card | None = None
    """How each new charge goes, whatever its card says; None: as its card says."""
    turned: dict[str, Card] = field(default_factory=dict)
    """Idempotency keys of charges that went so."""

    def keep(self, prefix: str, kind: str, at_s: int, **parts: object) -> Thing:
        """Write a new object down; its id holds letters, so that nothing takes it for a card's number."""
        with self.lock:
            if len(self.things) >= KEPT_MAX:
                del self.things[next(iter(self.things))]
            id_ = f"{prefix}_x{secrets.token_hex(8)}"
            made: Thing = {"id": id_, "object": kind, "created": at_s, "livemode": False, **parts}
            self.things[id_] = made
            return made

    def get(self, id_: str, kind: str) -> Thing:
        """Return an object of this kind, or raise what the API says of a wrong name."""
        with self.lock:
            found = self.things.get(id_)
            if found is None or found["object"] != kind:
                raise missing(kind)
            return found

    def all(self, kind: str, **same: str) -> list[Thing]:
        """Return the objects of a kind that are alike in these parts, the newest first."""
        with self.lock:
            found = [
                one
                for one in self.things.values()
                if one["object"] == kind and all(one.get(name) == value for name, value in same.items())
            ]
        return found[::-1]

    def card_of(self, method: str) -> Card:
        """Return which test card a credential is; a detached one is gone."""
        found = self.get(method, "payment_method")
        if found["customer"] is None:
            raise missing("payment_method")
        return Card(found["metadata"]["card"])

    def card_for(self, method: str, key: str) -> Card:
        """Return how the charge of this key goes, once and for all."""
        with self.lock:
            own = self.card_of(method)
            if self.mood is not None and key not in self.keys and key not in self.turned:
                self.turned[key] = self.mood
            return self.turned.get(key, own)

    def decline(self, intent: Thing, card: Card) -> Wrong:
        """Write a no into a charge and return what the API answers to it."""
        code, network = DECLINES[card]
        error = {"type": "card_error", "code": code, "decline_code": network, "message": network}
        with self.lock:
            intent["status"], intent["last_payment_error"] = "requires_payment_method", error
        return Wrong(402, "card_error", code, more={"decline_code": network, "payment_intent": dict(intent)})

    def pay(self, intent: Thing) -> None:
        """Take the money of a charge."""
        with self.lock:
            intent["status"], intent["amount_received"] = "succeeded", intent["amount"]

    def taken(self) -> dict[str, int]:
        """Return what was taken in all, less what was given back, by currency in the API's own units."""
        sums: dict[str, int] = {}
        with self.lock:
            for one in self.things.values():
                if one["object"] == "payment_intent" and one["status"] == "succeeded":
                    sums[one["currency"]] = sums.get(one["currency"], 0) + one["amount_received"]
                if one["object"] == "refund" and one["status"] == "succeeded":
                    sums[one["currency"]] = sums.get(one["currency"], 0) - one["amount"]
        return sums

    def given_back(self, intent: str) -> int:
        """Return how much of a charge was given back already."""
        return sum(
            one["amount"]
            for one in self.all("refund", payment_intent=intent)
            if one["status"] in ("succeeded", "pending")
        )
