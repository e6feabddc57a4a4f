"""Rows of a small park for figures: days are counted from day 0, keys are what the test says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Any

import ibis

from sync.central.analysis.engine import Row, load, rows_of
from sync.central.analysis.figures import FIGURES
from sync.central.analysis.segments import members

SITE, DAY, DAY_MS = "park", 400, 86_400_000
BASES = ("behaviour", "interest", "demographic", "research")
_numbers = count()


def key(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


def entry(guest: str, day: int, kind: str, **said: Any) -> Row:
    """One entry; `minute` of its day, and whatever of its columns the test says."""
    minute = said.pop("minute", 0)
    at_ms = day * DAY_MS + minute * 60_000
    known = {"site": SITE, "guest_key": key(guest), "channel": "till", "place": "", "subject": "", "ref": "",
             "quantity": 1, "minor": 0, "month": day // 30} | said  # fmt: skip
    tail = (kind, known["channel"], known["place"], known["subject"], known["ref"])
    return (known["site"], guest, known["guest_key"], next(_numbers), at_ms, day, known["month"],
            minute // 60 % 24, *tail, known["quantity"], known["minor"])  # fmt: skip


def bought(guest: str, day: int, ref: str, minor: int, **said: Any) -> Row:
    return entry(guest, day, "refunded" if minor < 0 else "bought", ref=ref, minor=minor,
                 **{"quantity": -1 if minor < 0 else 1} | said)  # fmt: skip


def yes(guests: Iterator[str] | Sequence[str], bases: Sequence[str] = BASES, site: str = SITE) -> list[Row]:
    return [(site, guest, basis) for guest in guests for basis in bases]


def everybody(rows: Mapping[str, Sequence[Row]]) -> dict[str, Sequence[Row]]:
    """The rows, with a yes of everybody in them to everything."""
    known = {(row[0], row[1]) for name in ("entries", "declared") for row in rows.get(name, ())}
    return {"consents": [(*who, basis) for who in sorted(known) for basis in BASES], **rows}


def figure(
    engine: ibis.BaseBackend, name: str, rows: Mapping[str, Sequence[Row]], day: int = DAY
) -> list[Row]:
    """A figure over rows, without the site that begins each of its rows."""
    return [row[1:] for row in rows_of(engine, FIGURES[name].over(load(engine, rows), day))]


def figures(
    engine: ibis.BaseBackend, rows: Mapping[str, Sequence[Row]], day: int = DAY
) -> dict[str, list[Row]]:
    """Every figure over rows, and every segment's members."""
    named = load(engine, rows)
    found = {name: rows_of(engine, one.over(named, day)) for name, one in FIGURES.items()}
    return {**found, "members": rows_of(engine, members(named, day))}
