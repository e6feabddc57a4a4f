"""What the edges of a site are told of its one guest, and what of searches by each channel is among it."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.catalogue import Article
from sync.central.feed import item_table
from sync.central.journey import diary
from sync.central.journey.entry import Basis, Entry, Via, What
from sync.central.registry import catalogue, profiles
from sync.central.registry.turn import take_turn
from sync.central.store import Store, delete, insert, select
from tests.sync.builders import SITE
from tests.sync.journey.book import GUEST, OWNER


def told_edges(store: Store) -> str:
    """All profiles, in words."""
    own = item_table.c
    with store.transaction() as tx:
        take_turn(tx, SITE)
        profiles.publish_guests(tx, SITE, [GUEST])
        wanted = select(own.body).where(own.kind == profiles.PROFILE, own.body.is_not(None))
        told = repr([msgspec.msgpack.decode(bytes(one)) for one in tx.execute(wanted).scalars()])
    assert GUEST in told
    return told


def looked_for(store: Store, at_ms: int, ways: Iterable[str]) -> set[str]:
    """By which channels a search is told that the diary has by each of them, as one that was merged may."""
    hlc, known = at_ms << 16, diary.diary_table
    made = [Entry("/looked", way, OWNER, hlc, 0, Via(way), What.SEARCHED, "", f"for-{way}") for way in ways]
    more = {"site_id": SITE, "told_ms": at_ms, "basis": Basis.INTEREST.value}
    with store.transaction() as tx:
        catalogue.put(tx, SITE, [Article(id=one.subject, price_minor=100) for one in made])
        tx.execute(insert(known), [one._asdict() | more for one in made])
    told = told_edges(store)
    with store.transaction() as tx:
        tx.execute(delete(known).where(known.c.source == "/looked"))
    return {one.id for one in made if f":{one.subject}" in told}
