"""Subscriptions: refused where they make no sense, and kept sealed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge.errors import Refused
from sync.central import sites
from sync.central.hooks import subscriptions
from sync.central.hooks.subscriptions import Wanted
from sync.central.store import Store, select
from tests.sync.builders import SITE
from tests.sync.hooks.acts import subscribe
from tests.sync.hooks.receiver import Receiver


def test_what_is_kept_of_it_is_sealed(park: Store, receiver: Receiver) -> None:
    subscribe(park, receiver)
    with park.reading() as tx:
        row = tx.execute(select(subscriptions.hook_table)).one()
    assert b"t0ken" not in bytes(row.token)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://example.org/"},
        {"url": "https:///path"},
        {"url": "https://user:pw@example.org/"},
        {"url": "https://example.org/" + "x" * 500},
        {"kinds": ()},
        {"kinds": ("looked_up",)},
        {"purpose": "everything"},
        {"token": "two\nlines"},
    ],
)
def test_what_is_no_subscription_is_refused(park: Store, wrong: dict[str, Any]) -> None:
    asked = msgspec.structs.replace(Wanted(url="https://example.org/", kinds=("decided",)), **wrong)
    with park.transaction() as tx, pytest.raises(Refused):
        subscriptions.add(tx, SITE, asked)


def test_a_central_without_a_key_keeps_no_token(store: Store) -> None:
    wanted = Wanted(url="https://example.org/", kinds=("decided",))
    with store.transaction() as tx:
        sites.create_site(tx, SITE)
        with pytest.raises(Refused):
            subscriptions.add(tx, SITE, wanted)
