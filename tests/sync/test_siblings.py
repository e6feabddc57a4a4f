"""Siblings: who stands where and signs by which key, told to each device of a site."""

from __future__ import annotations

import msgspec

from edge.core.siblings import SIBLING, Sibling
from sync.central.feed import item_table
from sync.central.machines import devices, keys
from sync.central.near.rounds import NearRounds
from sync.central.store import Store, select
from tests.sync.builders import KEY, SITE, a_device


def told(store: Store) -> list[Sibling]:
    own = item_table.c
    with store.reading() as tx:
        bodies = tx.execute(select(own.body).where(own.kind == SIBLING, own.body.is_not(None))).scalars()
        return sorted((msgspec.msgpack.decode(body, type=Sibling) for body in bodies), key=lambda one: one.id)


def test_who_came_changed_a_key_or_was_revoked_is_told_once(small_store: Store) -> None:
    shop, _ = a_device(small_store, points=("till",))
    hall, _ = a_device(small_store, points=("kiosk",))
    rounds = NearRounds(small_store)
    assert rounds.look_at(SITE) == 2
    assert {one.id: (one.points, one.public_key) for one in told(small_store)} == {
        shop.id: (("till",), KEY),
        hall.id: (("kiosk",), KEY),
    }
    assert rounds.look_at(SITE) == 0
    with small_store.transaction() as tx:
        keys.add_key(tx, SITE, shop.id, public_key=b"n" * 32)
        devices.revoke(tx, SITE, hall.id)
    assert rounds.look_at(SITE) == 2
    assert [(one.id, one.public_key) for one in told(small_store)] == [(shop.id, b"n" * 32)]
