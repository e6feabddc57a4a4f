"""Unfinished: what the diary says that guests looked for in a channel and did not order or buy since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from edge.core.consent import Consent
from edge.core.profiles import remark_owner
from edge.core.unfinished import KEEP_MS, UNFINISHED_MAX, Unfinished
from sync.central.journey import diary
from sync.central.journey.diary import diary_table
from sync.central.journey.entry import Entry, Via, What, allowed
from sync.central.registry import expected, links, unfinished
from sync.central.registry.tables import parts
from sync.central.store import Connection, and_, now_of, select

BASKET = "basket"
"""What a search leads to that says what lies in a channel's open basket now: nothing, it is empty."""
DONE = frozenset({What.ORDERED, What.BOUGHT})
_BETWEEN = re.compile(r"[,\s]+")
_own = diary_table.c
Line = tuple[What, int, str, bool]
"""Which kind, when in UTC milliseconds, the articles, and whether it says what lies in the basket."""


def left_of(lines: Iterable[Line]) -> tuple[Unfinished, ...]:
    """Return what is left of a guest's lines, in the order of time: the basket first, then the latest.

    Only the last basket is open; what was ordered or bought later is finished, wherever that was.
    """
    looked: dict[str, int] = {}
    basket: dict[str, int] = {}
    for what, at_ms, articles, is_basket in lines:
        named = [one for one in _BETWEEN.split(articles) if one]
        if what in DONE:
            for one in named:
                looked.pop(one, None)
                basket.pop(one, None)
        elif is_basket:
            basket = dict.fromkeys(named, at_ms)
        else:
            looked |= dict.fromkeys(named, at_ms)
    found = [Unfinished(article=one, at_ms=at_ms, basket=True) for one, at_ms in basket.items()]
    found += [
        Unfinished(article=one, at_ms=at_ms)
        for one, at_ms in sorted(looked.items(), key=lambda known: (-known[1], known[0]))
        if one not in basket
    ]
    return tuple(found[:UNFINISHED_MAX])


def read(
    tx: Connection, site: str, said: Mapping[str, Sequence[Consent]]
) -> dict[str, tuple[Unfinished, ...]]:
    """Return what each of these guests left unfinished in the last days, under whichever of their names.

    A search counts where the channel that told of it may be used now, whatever the diary still keeps.
    """
    people = links.together(tx, site, said)
    tops = links.roots(tx, site, people)
    rows: dict[str, list[tuple[Via, Line]]] = {}
    for part in parts([remark_owner(one, b"") for one in people]):
        kinds = sorted({What.SEARCHED, *DONE})
        since = (now_of(tx) - KEEP_MS) << 16
        here = and_(_own.site_id == site, _own.owner.in_(part), _own.hlc > since, _own.what.in_(kinds))
        query = select(_own.owner, _own.what, _own.hlc, _own.subject, _own.ref, _own.via)
        for row in tx.execute(query.where(here, _own.weight > 0).order_by(_own.hlc, _own.source, _own.id)):
            one = str(row.owner).partition(":")[2]
            line = (What(row.what), int(row.hlc) >> 16, str(row.subject), row.ref == BASKET)
            rows.setdefault(tops.get(one, one), []).append((Via(row.via), line))
    found: dict[str, tuple[Unfinished, ...]] = {}
    for guest, consents in said.items():
        mine = rows.get(tops.get(guest, guest), ())
        lines = [line for via, line in mine if allowed(consents, line[0], via)]
        # The names of one person come in parts, each in its own order of time.
        found[guest] = left_of(sorted(lines, key=lambda line: line[1]))
    return found


def heed(tx: Connection, site: str, entries: Sequence[Entry]) -> None:
    """Have the edges told anew of who looked for something, or finished what they had looked for."""
    owners = {one.owner for one in entries if one.what in {What.SEARCHED, *DONE}}
    people = links.together(tx, site, {one[2:] for one in owners if one.startswith("g:")})
    searching: set[str] = set()
    for part in parts([remark_owner(one, b"") for one in people]):
        since = (now_of(tx) - KEEP_MS) << 16
        here = and_(_own.site_id == site, _own.owner.in_(part), _own.hlc > since)
        query = select(_own.owner).where(here, _own.what == What.SEARCHED.value).distinct()
        searching |= {str(owner).partition(":")[2] for owner in tx.execute(query).scalars()}
    if searching:
        expected.tell_again(tx, site, links.together(tx, site, searching))


diary.WRITTEN.append(heed)
unfinished.READERS.append(read)
