"""The second place in a configured folder: joined to the journal, and compared with it at the start."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from edge.core.checkpoint import Checkpoint
from edge.errors import PolsoError
from edge.signature import is_signed
from edge.store.checkpoints import Notary
from edge.store.journal import Journal
from edge.store.records import Owner
from edge.store.salvage import Salvage
from edge.store.secondplace import SecondPlace, path_of, read
from edge.unsent import newest
from edge.unsent import path_of as sales_path

LOG = logging.getLogger("polso.checkpoints")


def place(folder: str, notary: Notary, journal: Journal) -> SecondPlace | None:
    """Return what keeps checkpoints and unsent sales in the configured folder; None where there is none."""
    if not folder:
        return None
    there = Path(folder)
    salvage = Salvage(sales_path(there, notary.owner.device), journal, notary.attest)
    return SecondPlace(there, lambda: notary.newest, salvage)


def doubt(folder: str, journal: Journal, *, passed_on: Checkpoint | None = None) -> str:
    """Say why the journal is not the one that others have seen; empty: it is, or nothing was seen.

    They are the second place and central, as ``passed_on`` with the profiles: a rolled back ``state.db`` does
    not take those along. What this device has not signed is no witness: it is logged and passed over.
    """
    owner = journal.owner()
    for where, seen in [*_kept(folder, owner.device), ("the profiles", passed_on)]:
        if seen is None:
            continue
        if not is_of(seen, owner):
            LOG.warning("no witness: the checkpoint in %s was not signed by this device", where)
        elif why := journal.contradiction(seen):
            return why
    return ""


def witnessed(folder: str, journal: Journal) -> bool:
    """Say whether the second place keeps a checkpoint of this device that the journal agrees with."""
    owner = journal.owner()
    return any(
        is_of(seen, owner) and not journal.contradiction(seen) for _, seen in _kept(folder, owner.device)
    )


def is_of(seen: Checkpoint, owner: Owner) -> bool:
    """Say whether a checkpoint is this device's own: what it has not signed is no witness."""
    return (seen.site, seen.device) == (owner.site, owner.device) and is_signed(seen, owner.public_key)


def _kept(folder: str, device: str) -> Iterator[tuple[str, Checkpoint]]:
    if not folder:
        return
    path, sales = path_of(Path(folder), device), sales_path(Path(folder), device)
    try:
        if path.exists():
            yield str(path), read(path)
        if (seen := newest(sales)) is not None:
            yield str(sales), seen
    except (PolsoError, OSError) as error:
        LOG.warning("the second place is no witness: %s", error)
