"""Channels by which guests are known: a code is brought by the way it proves, and numbers are one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.consent import Channel
from edge.keys.ring import new_ring
from edge.vault import Vault
from sync.central.channels import book as channels
from sync.central.store import Store
from tests.sync.builders import Clockwork
from tests.sync.channels.test_channels import APP, Shop
from tests.sync.journey.book import GUEST

MAIL = {"kind": "email", "value": "giulia@park.example"}


@pytest.fixture
def mail(tmp_path: Path, clock: Clockwork) -> Iterator[Shop]:
    store = Store(str(tmp_path / "central.db"), now_ms=clock, seals=Vault(bytes(32), new_ring()))
    yield Shop(store, clock, msgspec.structs.replace(APP, id="mail", via=Channel.EMAIL))
    store.close()


def test_a_code_that_the_mail_system_brings_proves_an_address(mail: Shop) -> None:
    assert mail.asks("POST", "/v1/guests/find", MAIL)[0] == 404
    status, asked = mail.asks("POST", "/v1/aliases", MAIL | {"guest": GUEST})
    assert (status, asked["proven"]) == (200, False)
    assert mail.asks("POST", "/v1/guests/find", MAIL)[0] == 404, "a claim is nobody's name"
    tried = MAIL | {"guest": GUEST, "code": asked["code"]}
    assert mail.asks("POST", "/v1/aliases/codes", tried) == (200, {"told": "proven"})
    assert mail.asks("POST", "/v1/guests/find", MAIL) == (200, {"guest": GUEST, "head": GUEST})


def test_a_wrong_code_counts_although_it_is_answered(mail: Shop) -> None:
    _, asked = mail.asks("POST", "/v1/aliases", MAIL | {"guest": GUEST})
    wrong = f"{(int(asked['code']) + 1) % 1_000_000:06d}"
    for _ in range(5):
        tried = MAIL | {"guest": GUEST, "code": wrong}
        assert mail.asks("POST", "/v1/aliases/codes", tried) == (200, {"told": "wrong"})
    right = MAIL | {"guest": GUEST, "code": asked["code"]}
    assert mail.asks("POST", "/v1/aliases/codes", right) == (200, {"told": "over"})


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"kind": "loyalty", "value": "4711", "guest": GUEST}, 200),
        ({"kind": "phone", "value": "+39055123456", "guest": GUEST}, 403),
        ({"kind": "email", "value": "giulia", "guest": GUEST}, 422),
        ({"kind": "email", "value": "giulia@park.example", "guest": "nobody"}, 404),
        ({"kind": "badge", "value": "1", "guest": GUEST}, 422),
    ],
)
def test_what_a_channel_may_claim(mail: Shop, said: dict[str, Any], status: int) -> None:
    assert mail.asks("POST", "/v1/aliases", said)[0] == status


def test_a_number_of_one_channel_is_unknown_to_another(mail: Shop, clock: Clockwork) -> None:
    number = {"kind": "loyalty", "value": "4711"}
    assert mail.asks("POST", "/v1/aliases", number | {"guest": GUEST}) == (200, {"proven": True})
    assert mail.asks("POST", "/v1/guests/find", number)[0] == 200
    with mail.book.store.transaction() as tx:
        channels.add(tx, APP)
    other = mail.asks("POST", "/v1/guests/find", number, key_id=APP.key_id)
    assert other[0] == 404
