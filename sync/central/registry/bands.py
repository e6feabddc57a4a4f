"""Bands: which one is whose, in what state, with which keys of its own."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from edge.core.bands import BAND_ID_BYTES, Band, BandAct, BandState, Standing, Trust, transition
from edge.core.onair import ON_AIR
from edge.errors import Refused, Unknown
from sync.central.registry.tables import band_table, master_table, parts
from sync.central.store import (
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    insert_many,
    now_of,
    or_,
    select,
    update,
)

MASTER_BYTES = 16
PAGE_MAX = 200
DONE = {
    BandAct.LOST: "lost",
    BandAct.FOUND: "found",
    BandAct.REPLACE: "replaced",
    BandAct.REVOKE: "revoked",
}
_encode = msgspec.msgpack.Encoder().encode
_keys = msgspec.msgpack.Decoder(dict[int, bytes])


class Gives(Protocol):
    """What a room does with what it keeps of a band, where somebody claims that."""

    def __call__(self, tx: Connection, site: str, band: bytes, *, guest: str) -> object:
        """Give it to them."""


CLAIMED: list[Gives] = []
"""Rooms that keep something of a band while it is nobody's: each gives it to whom the band is now."""


class Diversify(Protocol):
    """Makes a band's own keys of a site's master (NXP AN10922); hardware's knowledge, hence given in."""

    def __call__(self, master: bytes, uids: Sequence[bytes], /) -> list[dict[int, bytes]]:
        """Return the keys by key number of each band, in order."""


class BandCard(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One band as the operator sees it; ``keys`` are the band's own and never shown."""

    band: Band
    guest: str | None = None
    label: str = ""
    """What is printed on it, if anything."""
    chip: str = ""
    rev: int = 0
    keys: dict[int, bytes] = {}

    def __repr__(self) -> str:
        """Leave the keys out."""
        return f"BandCard(band={self.band.id.hex()[:8]}, guest={self.guest!r}, label={self.label!r})"


def band_id(band_key: bytes, uid: bytes) -> bytes:
    """Return the BandId of a raw identifier: HMAC-SHA256 under the site's key, cut to 128 bits."""
    return hmac.digest(band_key, uid, "sha256")[:BAND_ID_BYTES]


def master(tx: Connection, site: str) -> bytes:
    """Return the site's band master key, made at the first call."""
    found = tx.execute(select(master_table.c.master).where(master_table.c.site_id == site)).scalar()
    if found is not None:
        return bytes(found)
    made = secrets.token_bytes(MASTER_BYTES)
    tx.execute(insert(master_table).values(site_id=site, master=made))
    return made


def add_bands(tx: Connection, site: str, cards: Sequence[BandCard]) -> None:
    """Store bands that are known to be new; profiles are not published by this."""
    now_ms = now_of(tx)
    insert_many(tx, band_table, [tuple(_row(site, card, now_ms).values()) for card in cards])


def put_band(tx: Connection, site: str, card: BandCard) -> None:
    """Store one band whole, new or changed, with its revision raised."""
    row = _row(site, card, now_of(tx))
    row["rev"] += 1
    if card.guest:
        nobodys = (*_is(site, card.band.id), band_table.c.guest_id.is_(None))
        claimed = tx.execute(select(band_table.c.band_id).where(*nobodys)).first() is not None
        for give in CLAIMED if claimed else ():
            give(tx, site, card.band.id, guest=card.guest)
    changed = tx.execute(update(band_table).where(*_is(site, card.band.id)).values(row))
    if not changed.rowcount:
        tx.execute(insert(band_table).values(row))


def forget(tx: Connection, site: str, guest_id: str) -> None:
    """Delete every band of a guest, keys and all; whoever hands one out again enters it anew."""
    tx.execute(delete(band_table).where(band_table.c.site_id == site, band_table.c.guest_id == guest_id))


def band(tx: Connection, site: str, id_: bytes) -> BandCard:
    """Return one band or raise ``Unknown``."""
    row = tx.execute(select(band_table).where(*_is(site, id_))).first()
    if row is None:
        raise Unknown(f"There is no band {id_.hex()[:8]} at this site.")
    return _card(row)


def bands_of(tx: Connection, site: str, guests: Iterable[str]) -> tuple[BandCard, ...]:
    """Return all bands of the named guests."""
    found: list[BandCard] = []
    for part in parts(sorted(set(guests))):
        there = and_(band_table.c.site_id == site, band_table.c.guest_id.in_(part))
        found += [_card(row) for row in tx.execute(select(band_table).where(there))]
    return tuple(found)


def bands_by_id(tx: Connection, site: str, ids: Iterable[bytes]) -> tuple[BandCard, ...]:
    """Return those of the bands that exist."""
    wanted, found = sorted(set(ids)), []
    for start in range(0, len(wanted), PAGE_MAX):
        part = band_table.c.band_id.in_(wanted[start : start + PAGE_MAX])
        rows = tx.execute(select(band_table).where(band_table.c.site_id == site, part))
        found += [_card(row) for row in rows]
    return tuple(found)


def owners(tx: Connection, site: str, ids: Sequence[bytes]) -> Iterable[tuple[bytes, str | None]]:
    """Return those of the bands that exist, each with its guest."""
    for part in parts(ids):
        query = select(band_table.c.band_id, band_table.c.guest_id).where(
            band_table.c.site_id == site, band_table.c.band_id.in_(part)
        )
        yield from ((bytes(row.band_id), row.guest_id) for row in tx.execute(query))


def list_bands(tx: Connection, site: str, *, text: str = "", after: str = "") -> tuple[BandCard, ...]:
    """Return one page of bands by BandId: all, or those whose label, guest or BandId begins with ``text``."""
    rules = [band_table.c.site_id == site, band_table.c.band_id > bytes.fromhex(after)]
    if text:
        begins = [
            func.lower(band_table.c.label).startswith(text.lower(), autoescape=True),
            band_table.c.guest_id.startswith(text, autoescape=True),
        ]
        start = _octets(text)
        if start:
            begins.append(and_(band_table.c.band_id >= start, band_table.c.band_id <= start + b"\xff" * 16))
        rules.append(or_(*begins))
    query = select(band_table).where(and_(*rules)).order_by(band_table.c.band_id).limit(PAGE_MAX)
    return tuple(_card(row) for row in tx.execute(query))


def count_bands(tx: Connection, site: str) -> dict[BandState, int]:
    """Return how many bands are in each state."""
    query = select(band_table.c.state, func.count()).where(band_table.c.site_id == site)
    return {BandState(state): count for state, count in tx.execute(query.group_by(band_table.c.state))}


def acted(card: BandCard, act: BandAct) -> BandCard:
    """Return the band after an act of somebody; what its state does not allow is refused."""
    after = transition(Standing(card.band.epoch, card.band.state), act)
    if after is None:
        raise Refused(
            f"A {card.band.state.name.lower()} band cannot be {DONE[act]}.",
            hint="Hand out another band and link it.",
        )
    return msgspec.structs.replace(
        card, band=msgspec.structs.replace(card.band, state=after.state, epoch=after.epoch)
    )


def linked(card: BandCard, wanted: BandCard) -> BandCard:
    """Return a stock band as ``wanted`` says: its guest, least trust and keys; one of somebody's refuses."""
    if card.guest is not None and card.guest != wanted.guest:
        raise Refused("This band already has a guest.", hint="Take another band from the stock.")
    if card.band.state is not BandState.ACTIVE:
        raise Refused(
            f"This band is {card.band.state.name.lower()}.", hint="Take another band from the stock."
        )
    if card.guest == wanted.guest:
        return card
    least = wanted.band.trust_min
    kept = msgspec.structs.replace(card.band, epoch=card.band.epoch + 1, active=True, trust_min=least)
    radio = {ON_AIR: card.keys[ON_AIR]} if ON_AIR in card.keys else {}
    keys, chip = {**(wanted.keys or card.keys), **radio}, wanted.chip or card.chip
    return msgspec.structs.replace(card, band=kept, guest=wanted.guest, keys=keys, chip=chip)


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text)[:BAND_ID_BYTES]
    except ValueError:
        return b""


def _is(site: str, id_: bytes) -> tuple[Any, Any]:
    return band_table.c.site_id == site, band_table.c.band_id == id_


def _row(site: str, card: BandCard, now_ms: int) -> dict[str, Any]:
    return {
        "site_id": site,
        "band_id": card.band.id,
        "guest_id": card.guest,
        "label": card.label,
        "chip": card.chip,
        "state": int(card.band.state),
        "epoch": card.band.epoch,
        "active": card.band.active,
        "valid_until_ms": card.band.valid_until_ms,
        "trust_min": int(card.band.trust_min),
        "keys": _encode(card.keys),
        "rev": card.rev,
        "changed_ms": now_ms,
    }


def _card(row: Row[Any]) -> BandCard:
    state = Band(
        id=bytes(row.band_id),
        state=BandState(row.state),
        epoch=row.epoch,
        active=row.active,
        valid_until_ms=row.valid_until_ms,
        trust_min=Trust(row.trust_min),
    )
    keys: Mapping[int, bytes] = _keys.decode(bytes(row.keys))
    return BandCard(
        band=state, guest=row.guest_id, label=row.label, chip=row.chip, rev=row.rev, keys=dict(keys)
    )
