"""Who waits at central for news: each device for itself, and one that dies gives its place to others."""

from __future__ import annotations

import secrets

import msgspec
import pytest
import requests

from sync.central import feed
from sync.central.settings import Settings
from sync.central.store import Store
from sync.central.telling.pages import AGAIN_MS
from sync.signing import IDEMPOTENCY, Keys, Signer
from sync.wire import MEDIA, Page
from tests.sync.builders import PRIVATE_KEY, a_device
from tests.sync.ends import served, until

DIES_S = 0.3


class Waiting:
    """A device that asks for news over a real line."""

    def __init__(self, store: Store, url: str) -> None:
        _, self.key_id = a_device(store)
        self.store, self.url = store, url

    def ask(self, wait_s: int, *, patience_s: float = 10) -> Page:
        with self.store.reading() as tx:
            epoch = feed.head(tx, "park").epoch
        keys = Keys(key_id=self.key_id, private_key=PRIVATE_KEY)
        told = requests.get(
            f"{self.url}/v1/sites/park/feed?epoch={epoch}&wait={wait_s}",
            headers={IDEMPOTENCY: secrets.token_hex(16), "Content-Type": MEDIA},
            auth=Signer(keys, self.store.now_ms, dialled=self.url),
            timeout=patience_s,
        )
        told.raise_for_status()
        return msgspec.msgpack.decode(told.content, type=Page)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("news", [True, False], ids=["with the next news", "when its time is over"])
def test_a_device_that_dies_while_it_waits_gives_its_place_back(small_store: Store, *, news: bool) -> None:
    """Nobody waits for a whole site: who is sent home asks again by itself, and waits once there is room."""
    with served(small_store, Settings(polls_max=1)) as url:
        device = Waiting(small_store, url)
        with pytest.raises(requests.ReadTimeout):
            device.ask(25 if news else 1, patience_s=DIES_S)
        assert device.ask(1).again_ms == AGAIN_MS, "nobody has noticed yet"
        if news:
            with small_store.transaction() as tx:
                feed.publish(tx, "park", [feed.Change("profile", "a", b"x")])
        until(lambda: device.ask(1).again_ms == 0)
