"""Conditions: the weather and the crowd of a site, told by operators and channels, for edges."""

from __future__ import annotations

import msgspec

from edge.core.conditions import CONDITIONS, UNTOLD, Conditions, Crowd, Weather, with_words
from edge.errors import Refused
from sync.central.feed import Change, publish
from sync.central.registry.tables import thing_table
from sync.central.store import ColumnElement, Connection, and_, delete, insert, now_of, select

_thing = thing_table.c
AHEAD_MS_MAX = 60_000
"""So far a teller's clock may be before ours."""


def conditions(tx: Connection, site: str) -> Conditions:
    """Return what was told last."""
    body = tx.execute(select(_thing.body).where(_there(site))).scalar()
    return UNTOLD if body is None else msgspec.msgpack.decode(bytes(body), type=Conditions)


def tell(
    tx: Connection, site: str, *, weather: str = "", crowd: str = "", at_ms: int | None = None
) -> Conditions:
    """Take a word, with the moment it is of; return what holds now. Call it holding the site's turn.

    What is older than what is known changes nothing; ``Refused`` where it is no word, or of a time to come.
    A teller whose clock is a little before ours tells of now: else whoever tells after them is not heard.
    """
    now_ms = now_of(tx)
    at_ms = now_ms if at_ms is None else at_ms
    if at_ms > now_ms + AHEAD_MS_MAX:
        raise Refused("This is of a time to come.", hint="Tell what is now; put the clock right.")
    at_ms = min(at_ms, now_ms)
    for word, known in ((weather, Weather), (crowd, Crowd)):
        if word and word not in frozenset(known):
            raise Refused(f"{word[:20]!r} is no {known.__name__.lower()}.", hint=f"It is {', '.join(known)}.")
    before = conditions(tx, site)
    after = with_words(before, weather=weather, crowd=crowd, at_ms=at_ms, now_ms=now_ms)
    if after != before:
        body = msgspec.msgpack.encode(after)
        tx.execute(delete(thing_table).where(_there(site)))
        row = {"site_id": site, "kind": CONDITIONS, "id": "", "body": body, "changed_ms": now_ms}
        tx.execute(insert(thing_table).values(row))
        publish(tx, site, [Change(CONDITIONS, "", body)])
    return after


def _there(site: str) -> ColumnElement[bool]:
    return and_(_thing.site_id == site, _thing.kind == CONDITIONS)
