"""How often a channel may ask: told before it is used up, and each channel has its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sync.central.app import create_app
from sync.central.channels import allowance, api
from sync.central.channels import book as channels
from sync.central.channels.allowance import REQUESTS_MAX, WINDOW_S, Allowance
from sync.central.settings import Settings
from sync.central.store import Store
from tests.sync.builders import Clockwork
from tests.sync.caller import URL
from tests.sync.channels.test_channels import APP, Shop
from tests.sync.journey.book import GUEST

JOURNEY = f"/v1/guests/{GUEST}/journey"


class Tick:
    """A monotonic clock in hand."""

    ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def tick() -> Tick:
    return Tick()


@pytest.fixture
def shop(small_store: Store, clock: Clockwork, tick: Tick, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A channel that may ask twice in a window."""
    monkeypatch.setattr(allowance, "REQUESTS_MAX", 2)
    monkeypatch.setattr(api, "Allowance", lambda: Allowance(tick))
    return Shop(small_store, clock)


def asked(shop: Shop, path: str = JOURNEY) -> tuple[int, str | None, str | None]:
    status, _ = shop.asks("GET", path)
    return status, shop.answered.get("RateLimit"), shop.answered.get("Retry-After")


def test_what_is_left_is_told_and_whoever_asks_too_often_waits_for_the_next_window(
    shop: Shop, tick: Tick
) -> None:
    assert asked(shop) == (200, '"requests";r=1;t=10', None)
    tick.ms += 4_000
    assert asked(shop, "/v1/guests/nobody/journey") == (404, '"requests";r=0;t=6', None)
    assert asked(shop) == (429, '"requests";r=0;t=6', "6")
    assert shop.answered["RateLimit-Policy"].startswith('"requests";q=')
    tick.ms += 6_000
    assert asked(shop) == (200, '"requests";r=1;t=10', None)


def test_what_was_refused_is_heard_in_the_next_window(shop: Shop, tick: Tick) -> None:
    asked(shop), asked(shop)
    assert shop.says("offers", False)[0] == 429
    tick.ms += WINDOW_S * 1_000
    assert shop.says("offers", False)[0] == 200


def test_a_stranger_who_names_a_channel_uses_nothing_of_it(shop: Shop) -> None:
    for _ in range(5):
        status, _ = shop.asks("GET", JOURNEY, key=b"z" * 32)
        assert (status, shop.answered.get("RateLimit")) == (401, None)
    assert asked(shop)[0] == 200


def test_each_channel_has_its_own(shop: Shop, small_store: Store) -> None:
    other: Any = msgspec.structs.replace(APP, id="other")
    with small_store.transaction() as tx:
        channels.add(tx, other)
    shop.http = create_app(small_store, Settings(public_url=URL)).test_client()
    asked(shop), asked(shop)
    assert asked(shop)[0] == 429
    shop.member = other
    assert asked(shop)[0] == 200


def test_the_limit_lets_a_busy_channel_work() -> None:
    told = Allowance(Tick())
    assert all(told.take("a").requests >= 0 for _ in range(REQUESTS_MAX))
    assert told.take("a").requests < 0
