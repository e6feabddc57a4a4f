"""A request that was signed ahead and sent over another wire is as good as any, and so is its answer."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from edge.clock import wall_ms
from sync.central.store import Store
from sync.client.presigned import Presigned, Spoken, read_head
from sync.routes import FEED
from sync.signing import IDEMPOTENCY, NotCentral
from tests.sync.ends import a_welcome, keys_of, served


def spoken(url: str, asked: Presigned) -> Spoken:
    where = urlsplit(url)
    with socket.create_connection((where.hostname, where.port)) as wire, wire.makefile("rb") as answer:
        wire.sendall(asked.written("127.0.0.1"))
        head = b"".join(iter(answer.readline, b"\r\n")).removesuffix(b"\r\n")
        status, headers = read_head(head)
        return Spoken(status=status, headers=headers, body=answer.read(int(headers["content-length"])))


def test_it_is_answered_and_only_centrals_own_answer_to_it_counts(
    empty_central: Path, tmp_path: Path
) -> None:
    store = Store(str(shutil.copy(empty_central, tmp_path)), now_ms=wall_ms)
    with served(store) as url:
        welcome = a_welcome(url, store)
        one, other = (
            Presigned(
                "GET",
                f"{url}{FEED.replace('{site}', 'park')}?epoch=0&cursor=0",
                keys_of(welcome),
                headers={IDEMPOTENCY: "once"},
            )
            for _ in range(2)
        )
        told = spoken(url, one)
    store.close()
    assert told.status == 410, "this cursor is of no epoch"
    one.demand_central(told)
    with pytest.raises(NotCentral):
        other.demand_central(told)
    with pytest.raises(NotCentral):
        one.demand_central(msgspec.structs.replace(told, body=told.body + b" "))
