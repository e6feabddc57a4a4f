"""Salvaging: a dead device's unsent sales, from the file on its second disk, as if it had sent them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge.core.checkpoint import Checkpoint, decoded
from edge.core.events import Lane
from edge.core.lease import LeaseKind
from edge.errors import Refused
from edge.signature import is_signed
from edge.unsent import Piece, pieces
from sync.central import intake
from sync.central.intake import Rejected
from sync.central.machines.devices import ACTIVE, Device, device
from sync.central.money import placed
from sync.central.sites import has_site
from sync.central.store import Connection, Store
from sync.wire import WIRE_VERSION, Batch, Problem


class NotTheirs(Refused):
    """The file holds what that device has not signed."""

    hint = (
        "Nothing of it was taken from there on. Take the disk that was in the device, and no copy of a copy."
    )


class NoSales(Refused):
    """There are no sales in this file."""

    hint = "Take the file DEVICE.sales of the second folder. It is empty where central holds all already."


class Salvaged(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file."""

    site: str
    device: str
    revoked: bool
    """Whether the device was shut out: then its key may be in other hands, and so may what it signed."""
    records: int
    """New at central."""
    known: int
    """Central held them already."""
    aside: int
    """Kept aside, for they cannot be read."""
    doubtful: tuple[tuple[str, int], ...]
    """What its leases may have spent without anybody knowing, by currency, in minor units: D at most."""


def salvage(store: Store, path: Path) -> Salvaged:
    """Take in what a file holds; again does no harm.

    Each piece is believed by the device's signature under its end, and goes the way of every batch: what
    central holds is not booked twice, and another history freezes the lane.
    """
    found = _whose(store, path)
    new = known = aside = 0
    for piece in pieces(path):
        taken = intake.take(store, found, _batch(found, piece))
        if isinstance(taken, Rejected):
            raise _refusal(taken, piece)
        left = len(taken.quarantined)
        new += len(piece.rows) - taken.duplicates - left
        known += taken.duplicates
        aside += left
    with store.reading() as tx:
        return Salvaged(
            site=found.site,
            device=found.id,
            revoked=found.state != ACTIVE,
            records=new,
            known=known,
            aside=aside,
            doubtful=_doubtful(tx, found),
        )


def in_words(done: Salvaged) -> str:
    """Say it to whoever brought the disk."""
    lines = [
        f"{done.device} of {done.site}: {done.records} records taken in, {done.known} were known, "
        f"{done.aside} kept aside",
        *(
            f"  {minor} minor units {currency} lie in its leases and are in doubt: the most that can be lost"
            for currency, minor in done.doubtful
        ),
    ]
    if done.revoked:
        lines.append("  it is revoked: look at these sales, whoever took the device could have signed them")
    return "\n".join(lines)


def _whose(store: Store, path: Path) -> Device:
    first = next(pieces(path), None)
    seen = None if first is None else decoded(first.seen)
    if seen is None:
        raise NoSales(f"{path} holds no sales.")
    with store.reading() as tx:
        if not has_site(tx, seen.site):
            raise NotTheirs(f"{path} is of a site {seen.site[:40]!r}, which is not ours.")
        return device(tx, seen.site, seen.device)


def _batch(found: Device, piece: Piece) -> Batch:
    seen = decoded(piece.seen)
    if seen is None or not _is_of(seen, found) or seen.marks[Lane.PRIORITY].seq != piece.last:
        raise NotTheirs(f"Records {piece.first} to {piece.last} were not signed by {found.id}.")
    return Batch(
        v=WIRE_VERSION,
        site=found.site,
        device=found.id,
        incarnation=found.incarnation,
        lane=Lane.PRIORITY,
        first=piece.first,
        last=piece.last,
        prev=piece.prev,
        head=seen.marks[Lane.PRIORITY].h,
        rows=tuple(map(msgspec.Raw, piece.rows)),
        schema_top=piece.schema,
        checkpoint=piece.seen,
    )


def _is_of(seen: Checkpoint, found: Device) -> bool:
    known = (found.site, found.id, found.incarnation)
    return (seen.site, seen.device, seen.incarnation) == known and is_signed(seen, found.public_key)


def _refusal(taken: Rejected, piece: Piece) -> Refused:
    where = f"records {piece.first} to {piece.last}"
    if taken.problem is Problem.GAP:
        return Refused(
            f"Central holds {taken.ack} of this lane, and {where} do not follow.",
            hint="Restore what central has lost first, from its own backup or from the device.",
        )
    return NotTheirs(f"Central refuses {where}: {taken.problem}. {taken.detail}".rstrip())


def _doubtful(tx: Connection, found: Device) -> tuple[tuple[str, int], ...]:
    sums: dict[str, int] = {}
    for row in placed.of_device(tx, found.site, found.id):
        if row.living and row.placed.kind == LeaseKind.MONEY:
            sums[row.placed.unit] = sums.get(row.placed.unit, 0) + row.placed.counters.spendable
    return tuple(sorted((unit, minor) for unit, minor in sums.items() if minor))
