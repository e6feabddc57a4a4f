"""The past: layouts and profiles as edges were told them before: a decision is judged by its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from edge.core.places import Layout
from edge.core.profiles import Profile, ProfileItem
from sync.central.registry.tables import parts
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    insert,
    metadata,
    now_of,
    select,
)
from sync.central.traces import ALSO
from sync.wire import KEY_CHARS_MAX

LAYOUT, PROFILE = "layout", "profile"
A_PIN = "*"
"""Stands for the hash of a PIN that there was."""
past_table = Table(
    "past",
    metadata,
    Column("site_id", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("key", String(KEY_CHARS_MAX), primary_key=True),
    Column("rev", BigInteger, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
_encode = msgspec.msgpack.Encoder().encode
_layout = msgspec.msgpack.Decoder(Layout)
_profile = msgspec.msgpack.Decoder(Profile)
_item = msgspec.msgpack.Decoder(ProfileItem)
Revision = tuple[str, int]
"""Of which thing, and which of its numbers."""


def keep_layout(tx: Connection, site: str, layout: Layout) -> None:
    """Keep a layout that has just been numbered."""
    _keep(tx, site, {("", layout.version): _encode(layout)}, kind=LAYOUT)


def keep_profiles(tx: Connection, site: str, told: dict[str, tuple[bytes | None, bytes]]) -> None:
    """Keep what the edges were told of these bands till now, where its number is another than what comes."""
    past: dict[Revision, bytes] = {}
    for key, (before, after) in told.items():
        was = None if before is None else _item.decode(before).profile
        if was is not None and was.rev != _item.decode(after).profile.rev:
            past[key, was.rev] = _encode(judged_by(was))
    _keep(tx, site, past, kind=PROFILE)


def judged_by(profile: Profile) -> Profile:
    """Return what a decision stands on: no name, no keys, nothing that a guest said or is offered.

    Of a PIN only that there is one: whether it was right stands in the payment.
    """
    link = profile.wallet
    if link is not None and link.pin_hash:
        link = msgspec.structs.replace(link, pin_hash=A_PIN)
    return Profile(
        band=profile.band,
        rev=profile.rev,
        guest=profile.guest,
        entitlements=profile.entitlements,
        party=profile.party,
        tier=profile.tier,
        tags=profile.tags,
        age_band=profile.age_band,
        height_cm=profile.height_cm,
        payments=profile.payments,
        wallet=link,
        staff=profile.staff,
    )


def layouts(tx: Connection, site: str, versions: Iterable[int]) -> dict[int, Layout]:
    """Return those of the layouts that are kept, by their number."""
    found = _read(tx, site, {("", version) for version in versions}, kind=LAYOUT)
    return {rev: _layout.decode(body) for (_, rev), body in found.items()}


def profiles(tx: Connection, site: str, wanted: Iterable[Revision]) -> dict[Revision, Profile]:
    """Return those of the profiles that are kept, by band in hex and revision."""
    found = _read(tx, site, set(wanted), kind=PROFILE)
    return {one: _profile.decode(body) for one, body in found.items()}


def delete_before(tx: Connection, at_ms: int) -> int:
    """Forget what was superseded before a moment: the decisions that stood on it are gone too."""
    return tx.execute(delete(past_table).where(past_table.c.at_ms < at_ms)).rowcount


def forget(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Forget every former profile of an erased guest's bands."""
    own = past_table.c
    for part in parts(list(words)):
        there = and_(own.site_id == site, own.kind == PROFILE, own.key.in_(part))
        tx.execute(delete(past_table).where(there))


ALSO.append(forget)


def _keep(tx: Connection, site: str, bodies: dict[Revision, bytes], *, kind: str) -> None:
    known = _read(tx, site, set(bodies), kind=kind)
    rows = [
        {"site_id": site, "kind": kind, "key": key, "rev": rev, "body": body, "at_ms": now_of(tx)}
        for (key, rev), body in bodies.items()
        if (key, rev) not in known
    ]
    if rows:
        tx.execute(insert(past_table), rows)


def _read(tx: Connection, site: str, wanted: set[Revision], *, kind: str) -> dict[Revision, bytes]:
    own, found = past_table.c, dict[Revision, bytes]()
    for part in parts(sorted({key for key, _ in wanted})):
        revs = {rev for _, rev in wanted}
        there = and_(own.site_id == site, own.kind == kind, own.key.in_(part), own.rev.in_(revs))
        rows = tx.execute(select(own.key, own.rev, own.body).where(there))
        found.update({(row.key, row.rev): bytes(row.body) for row in rows if (row.key, row.rev) in wanted})
    return found
