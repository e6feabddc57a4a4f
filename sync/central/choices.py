"""Choices: central makes every choice of offers again, of its edges and of its channels, with one engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from edge.core.events import Kind
from edge.core.facts import Rule
from edge.core.offers import Bundle, choose
from edge.core.offers.asked import Exposed, fitted, occasion_of
from edge.errors import PolsoError
from edge.rules import compile_offer_rule
from sync.central.channels import exposures
from sync.central.machines.lanes import event_table
from sync.central.offers import bundles
from sync.central.registry import layout
from sync.central.store import Connection, Store, and_, select, tuple_

PIECE_MAX = 1_000
"""Choices made again between two looks at the store."""
DIFFERENT_MAX = 100
_EXPOSED = msgspec.msgpack.Decoder(Exposed).decode


class Other(NamedTuple):
    """One choice that comes out otherwise here: where it is, what was chosen, what is chosen now.

    One of a channel is in no journal: its place is the channel's name with the choice's, at 0.
    """

    device: str
    seq: int
    said: str
    now: str


class Choices(msgspec.Struct, kw_only=True):
    """What became of all choices of a site; ``unknown`` are of a bundle that central never made."""

    judged: int = 0
    equal: int = 0
    unknown: int = 0
    different: list[Other] = []


def judge_choices(store: Store, site: str) -> Choices:
    """Make every choice of a site again, in bounded pieces; equal means equal to the last octet."""
    found = Choices()
    with store.reading() as tx:
        zone = ZoneInfo(layout.layout(tx, site).timezone)
    known: dict[int, tuple[Bundle, Mapping[str, Rule]] | None] = {}
    for device, seq, exposed in chain(_exposed(store, site), _in_channels(store, site)):
        version = exposed.asked.bundle
        if version not in known:
            with store.reading() as tx:
                known[version] = _bundle(tx, site, version)
        _judge(found, exposed, known[version], where=(device, seq, zone))
    return found


def _judge(
    found: Choices,
    exposed: Exposed,
    by: tuple[Bundle, Mapping[str, Rule]] | None,
    *,
    where: tuple[str, int, dt.tzinfo],
) -> None:
    device, seq, zone = where
    if by is None:
        found.unknown += 1
        return
    found.judged += 1
    again = choose(occasion_of(exposed.asked, *by, timezone=zone))
    cut = fitted(exposed.asked, again).choice  # in an event; a channel's is kept whole
    if msgspec.msgpack.encode(exposed.choice) in map(msgspec.msgpack.encode, (again, cut)):
        found.equal += 1
    elif len(found.different) < DIFFERENT_MAX:
        found.different.append(Other(device, seq, exposed.choice.winner, again.winner))


def _bundle(tx: Connection, site: str, version: int) -> tuple[Bundle, Mapping[str, Rule]] | None:
    try:
        bundle = bundles.version_of(tx, site, version).draft.bundle
        return bundle, {rule.id: compile_offer_rule(rule.cel) for rule in bundle.rules}
    except PolsoError:
        return None


def _in_channels(store: Store, site: str) -> Iterator[tuple[str, int, Exposed]]:
    after = ""
    while True:
        with store.reading() as tx:
            found = exposures.page(tx, site, after=after, most=PIECE_MAX)
        if not found:
            return
        after = found[-1].exposed.choice.exposure
        yield from ((f"channel/{one.channel}/{one.exposed.choice.exposure}", 0, one.exposed) for one in found)


def _exposed(store: Store, site: str) -> Iterator[tuple[str, int, Exposed]]:
    key = (event_table.c.device_id, event_table.c.lane, event_table.c.seq)
    after: tuple[str, int, int] = ("", 0, 0)
    while True:
        query = select(*key, event_table.c.body).where(
            and_(
                event_table.c.site_id == site,
                event_table.c.kind == int(Kind.OFFERS_EXPOSED),
                tuple_(*key) > after,
            )
        )
        with store.reading() as tx:
            rows = tx.execute(query.order_by(*key).limit(PIECE_MAX)).all()
        if not rows:
            return
        yield from ((row[0], row[2], _EXPOSED(bytes(row.body))) for row in rows)
        after = (rows[-1][0], rows[-1][1], rows[-1][2])
