"""Load: judged lines into the registry and the feed, a chunk a transaction, so that nothing done is lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import structs

from edge.core.bands import Band
from sync.central.feed import publish_new
from sync.central.imports.columns import CHIPS, KEYED_CHIPS
from sync.central.imports.lines import Line, Progress, Wrong
from sync.central.registry import bands, guests, profiles, rights
from sync.central.registry.bands import BandCard, Diversify
from sync.central.registry.guests import Guest
from sync.central.registry.turn import take_turn
from sync.central.sites import band_key
from sync.central.store import Connection, Store, is_postgres

CHUNK_MAX = 20_000
"""Rows in one transaction: bands fall all over their index, so few large chunks write far fewer pages."""
CACHE_KIB = 128 * 1024
"""What SQLite keeps of its indexes in memory while a file is loaded."""
WRONG_MAX = 1_000
"""Wrong rows that are kept to be shown; further ones are only counted."""


class Loaded(NamedTuple):
    """What became of a file."""

    done: int
    wrong: int
    first_wrong: tuple[Wrong, ...]


class Desk(NamedTuple):
    """Where a file goes: the store, the site, and who makes its bands' keys."""

    store: Store
    site: str
    diversify: Diversify | None


def load(desk: Desk, lines: Iterable[Line | Wrong], progress: Progress) -> Loaded:
    """Store every good line and keep the bad ones' reasons; told twice the same file changes nothing more."""
    done, refused = 0, 0
    first: list[Wrong] = []
    for chunk in _chunks(lines):
        good = [line for line in chunk if isinstance(line, Line)]
        wrong = [line for line in chunk if isinstance(line, Wrong)]
        with desk.store.transaction() as tx:
            wrong += _store(tx, desk, good)
        refused += len(wrong)
        done += len(chunk) - len(wrong)
        first += sorted(wrong)[: WRONG_MAX - len(first)]
        progress(done, refused)
    return Loaded(done, refused, tuple(first))


def _chunks(lines: Iterable[Line | Wrong]) -> Iterator[list[Line | Wrong]]:
    waiting = iter(lines)
    while chunk := list(itertools.islice(waiting, CHUNK_MAX)):
        yield chunk


def _store(tx: Connection, desk: Desk, lines: Sequence[Line]) -> list[Wrong]:
    """Store one chunk; returns the lines that clash with what the site already has."""
    if not is_postgres(tx):
        tx.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIB}")
    take_turn(tx, desk.site)
    known = guests.guests_of(tx, desk.site, [line.guest.id for line in lines])
    cards, unserved = _cards(tx, desk, lines)
    clashes, kept = _clashes(tx, desk.site, lines, cards=cards)
    clashes += unserved
    taken = {wrong.number for wrong in clashes}
    good = [line for line in lines if line.number not in taken]
    mine = {line.guest.id: line.guest for line in good}
    guests.put_guests(tx, desk.site, [guest for id_, guest in mine.items() if id_ in known])
    guests.add_guests(tx, desk.site, [guest for id_, guest in mine.items() if id_ not in known])
    new = {cards[line.number].band.id: cards[line.number] for line in good if line.number in cards}
    bands.add_bands(tx, desk.site, [card for id_, card in new.items() if id_ not in kept])
    for id_ in kept & new.keys():
        bands.put_band(tx, desk.site, bands.linked(bands.band(tx, desk.site, id_), new[id_]))
    _store_rights(tx, desk.site, good, known=frozenset(known))
    _publish(tx, desk.site, mine, known=frozenset(known), new=new.values())
    return clashes


def _cards(tx: Connection, desk: Desk, lines: Sequence[Line]) -> tuple[dict[int, BandCard], list[Wrong]]:
    """Return the bands that the lines bring, by line, each with its keys; and lines that nobody can serve."""
    secret = band_key(tx, desk.site)
    keyed = [line for line in lines if line.uid and line.chip in KEYED_CHIPS]
    if keyed and desk.diversify is None:
        why = "this central makes no keys for bands: start it by `polso central`"
        return _without_keys(secret, [line for line in lines if line not in keyed]), [
            Wrong(line.number, why) for line in keyed
        ]
    make = desk.diversify
    made = make(bands.master(tx, desk.site), [line.uid or b"" for line in keyed]) if make else []
    cards = _without_keys(secret, lines)
    for line, own in zip(keyed, made, strict=True):
        cards[line.number] = structs.replace(cards[line.number], keys=own)
    return cards, []


def _without_keys(secret: bytes, lines: Iterable[Line]) -> dict[int, BandCard]:
    return {
        line.number: BandCard(
            band=Band(id=bands.band_id(secret, line.uid), trust_min=CHIPS[line.chip]),
            guest=line.guest.id,
            label=line.label,
            chip=line.chip,
        )
        for line in lines
        if line.uid
    }


def _clashes(
    tx: Connection, site: str, lines: Sequence[Line], *, cards: dict[int, BandCard]
) -> tuple[list[Wrong], set[bytes]]:
    """Return the lines whose band or right is somebody else's, and the bands that are there already."""
    owners = dict(bands.owners(tx, site, [card.band.id for card in cards.values()]))
    there = set(owners)
    holders = rights.holders(tx, site, [line.right.id for line in lines if line.right])
    wrong = []
    for line in lines:
        card = cards.get(line.number)
        if card and (owners.get(card.band.id) or line.guest.id) != line.guest.id:
            wrong.append(Wrong(line.number, "this band is already another guest's: take another band"))
            continue
        if card:
            owners[card.band.id] = line.guest.id
        if line.right and holders.setdefault(line.right.id, line.guest.id) != line.guest.id:
            wrong.append(Wrong(line.number, f"entitlement {line.right.id} is already another guest's"))
    return wrong, there


def _store_rights(tx: Connection, site: str, lines: Sequence[Line], *, known: frozenset[str]) -> None:
    fresh = {line.right.id: (line.guest.id, line.right) for line in lines if line.right}
    rights.remove(tx, site, [id_ for id_, (guest, _) in fresh.items() if guest in known])
    rights.add_rights(tx, site, list(fresh.values()))


def _publish(
    tx: Connection,
    site: str,
    mine: Mapping[str, Guest],
    *,
    known: frozenset[str],
    new: Iterable[BandCard],
) -> None:
    """Publish the new bands from what is at hand, and every band of guests who were known before."""
    profiles.publish_guests(tx, site, [id_ for id_ in mine if id_ in known])
    fresh = [card for card in new if card.guest not in known]
    held = rights.rights_of(tx, site, {card.guest for card in fresh if card.guest})
    publish_new(tx, site, profiles.changes(tx, site, fresh, known=profiles.Known(mine, held)))
