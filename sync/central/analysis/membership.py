"""Membership: brings who is in a computed segment into the registry, and out to the edges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sync.central.analysis.results import Move, note
from sync.central.registry import guests, profiles, segments
from sync.central.registry.segments import segment_table
from sync.central.registry.turn import take_turn
from sync.central.store import Connection, Store, and_, select

PIECE_MAX = 200
"""Guests whose profiles are published in one transaction, so that no tap's answer waits long for it."""


def bring(
    store: Store, site: str, wanted: Mapping[str, Collection[str]], *, versions: Mapping[str, int]
) -> int:
    """Let these codes be held by exactly these guests; other codes of theirs stay. Returns how many moved."""
    with store.reading() as tx:
        held = _held(tx, site, wanted)
    changed = sorted({guest for code in wanted for guest in held[code] ^ set(wanted[code])})
    moved = 0
    for start in range(0, len(changed), PIECE_MAX):
        with store.transaction() as tx:
            moved += _move(tx, site, changed[start : start + PIECE_MAX], wanted=wanted, versions=versions)
    return moved


def _held(tx: Connection, site: str, codes: Iterable[str]) -> dict[str, set[str]]:
    own, found = segment_table.c, {code: set[str]() for code in codes}
    for guest, code in tx.execute(
        select(own.guest_id, own.code).where(and_(own.site_id == site, own.code.in_(sorted(found))))
    ):
        found[code].add(guest)
    return found


def _move(
    tx: Connection,
    site: str,
    piece: list[str],
    *,
    wanted: Mapping[str, Collection[str]],
    versions: Mapping[str, int],
) -> int:
    take_turn(tx, site)
    before = segments.segments_of(tx, site, piece)
    known = guests.guests_of(tx, site, piece)  # an erased guest is in nothing any more
    moves: list[Move] = []
    for guest in known:
        had = set(before.get(guest, ()))
        has = (had - wanted.keys()) | {code for code, all_ in wanted.items() if guest in all_}
        segments.put(tx, site, guest, codes=sorted(has))
        moves += [Move(guest, code, code in has, versions[code]) for code in sorted(had ^ has)]
    note(tx, site, moves)
    profiles.publish_guests(tx, site, sorted({one.guest for one in moves}))
    return len(moves)
