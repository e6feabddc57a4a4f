"""What the tests of letters do again and again."""

from __future__ import annotations

from sync.central.hooks import subscriptions
from sync.central.hooks.delivery import Delivery
from sync.central.hooks.subscriptions import Hook, Wanted
from sync.central.store import Store
from tests.sync.builders import SITE
from tests.sync.hooks.receiver import Receiver

CENTRAL = "https://central.example"
ALL = ("decided", "consent_set", "help_called", "feedback_given", "offer_shown")


def subscribe(store: Store, to: Receiver, *, kinds: tuple[str, ...] = ALL, purpose: str = "") -> Hook:
    with store.transaction() as tx:
        return subscriptions.add(
            tx,
            SITE,
            Wanted(url=to.url, kinds=kinds, purpose=purpose, token="t0ken"),
        )


def deliver(store: Store, to: Receiver, *, draw: float = 1.0) -> None:
    """One look, and all that comes of it; ``draw`` is the part of a back-off that is waited out."""
    delivery = Delivery(store, public_url=CENTRAL, line=to.session, draw=lambda: draw)
    delivery.look()
    delivery.settle()


def stands(store: Store, hook: Hook) -> Hook:
    with store.reading() as tx:
        return subscriptions.hook(tx, SITE, hook.id)
