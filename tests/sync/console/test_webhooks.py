"""Webhooks at the console: subscribed, seen, paused, told again, removed; a token is shown to nobody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central.hooks import reach, subscriptions
from sync.central.hooks.verdict import State
from sync.central.store import Store
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.console.desk import HOME, Browser, an_admin
from tests.sync.test_echo import Gate

FORM = {"receiver": "https://shop.example/in", "bearer": "t0ken", "kinds": ["decided", "paid"]}


@pytest.fixture
def park(empty_central: Path, tmp_path: Path, clock: Clockwork) -> Iterator[Store]:
    """A store that can seal."""
    vault = Vault(bytes(32), new_ring())
    opened = Store(str(shutil.copy(empty_central, tmp_path)), now_ms=clock, seals=vault)
    yield opened
    opened.close()


@pytest.fixture
def olga(park: Store) -> Browser:
    """An admin's browser before a park."""
    return an_admin(park)


def only(store: Store) -> subscriptions.Hook:
    with store.reading() as tx:
        [one] = subscriptions.hooks(tx, SITE)
    return one


def test_a_webhook_is_subscribed_and_seen_and_its_token_is_not(olga: Browser, park: Store) -> None:
    assert "No other system" in olga.says(f"{HOME}/webhooks")
    assert olga.post(f"{HOME}/webhooks/new", **FORM, needs="offers").status_code == 303
    hook = only(park)
    assert (hook.kinds, hook.purpose, hook.state) == (("decided", "paid"), "offers", State.ASKED)
    page = olga.says(f"{HOME}/webhooks/{hook.id}")
    assert "shop.example waits for its yes" in page
    assert "Tap, Payment" in page
    assert "t0ken" not in page
    assert "subscribed a webhook" in olga.says(f"{HOME}/acts")
    assert "shop.example" in olga.get(f"{HOME}/webhooks.csv").text


def test_how_it_stands_is_seen_and_every_act_does_what_it_says(olga: Browser, park: Store) -> None:
    olga.post(f"{HOME}/webhooks/new", **FORM)
    hook, gate = only(park), Gate(park)
    gate.reads()
    assert "0 s ago" in olga.says(f"{HOME}/webhooks") or "now" in olga.says(f"{HOME}/webhooks")
    here = f"{HOME}/webhooks/{hook.id}"
    for act, state in (("pause", State.PAUSED), ("resume", State.ASKED)):
        assert olga.post(f"{here}/{act}").status_code == 303
        assert only(park).state is state
    olga.post(f"{here}/test")
    assert only(park).test_ms == NOW_MS
    with park.transaction() as tx:
        [one] = reach.pending(tx, SITE, hook.id)
        reach.move(tx, hook.id, one.stream, seq=one.settled)
    assert olga.post(f"{here}/again", again_from="2020-01-01T00:00").status_code == 303
    with park.reading() as tx:
        assert [one.told for one in reach.pending(tx, SITE, hook.id)] == [0]
    assert olga.post(f"{here}/again", again_from="").status_code == 422
    assert olga.post(f"{here}/remove").status_code == 303
    with park.reading() as tx:
        assert subscriptions.hooks(tx, SITE) == ()


@pytest.mark.parametrize(
    "wrong",
    [{"receiver": "http://shop.example/"}, {"kinds": []}, {"kinds": ["looked_up"]}, {"needs": "all"}],
)
def test_what_is_no_webhook_is_refused(olga: Browser, park: Store, wrong: dict[str, object]) -> None:
    assert olga.post(f"{HOME}/webhooks/new", **(FORM | wrong)).status_code == 422
    with park.reading() as tx:
        assert subscriptions.hooks(tx, SITE) == ()


def test_one_that_is_not_there_is_not_found(olga: Browser) -> None:
    assert olga.get(f"{HOME}/webhooks/h0").status_code == 404
    assert olga.post(f"{HOME}/webhooks/h0/pause").status_code == 404
