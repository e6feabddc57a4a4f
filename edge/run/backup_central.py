"""Backup of central: its database in one file while it runs, and back with every edge told to begin anew."""

from __future__ import annotations

from pathlib import Path

from edge.run.platform import opened
from sync.central.money import restored
from sync.central.sites import begin_epoch, sites
from sync.central.store import Connection, is_dump, load, save_copy

AGAIN = (
    "Every site's feed began a new life: edges fetch a snapshot, and send again what this copy lacks.\n"
    "Guests who were erased since it was made are in it again: erase them once more.\n"
    "Devices and bands that were revoked since are good again, and lanes that were frozen since go on:\n"
    "revoke all of these once more.\n"
    "What was paid in since at desks and by cards has to be entered again. Nothing is lent at a site until\n"
    "each of its devices has reported what it holds: `polso central restored SITE` says whom it waits for.\n"
    "A device that was revoked since reports no more: revoke it, and `polso central restored SITE --give-up\n"
    "DEVICE` each, or nothing is lent.\n"
    "Of a device that was enrolled since nobody knows: what was lent to it can be lent once more."
)


def save(database: str, file: Path) -> str:
    """Copy central's database into ``file``, also while workers use it; say what has to be kept beside it."""
    save_copy(database, file)
    return (
        f"{file} holds all of central, the keys by which it speaks to its devices included: keep it as safe. "
        "The key that its sealed cells open by lies elsewhere, and is not in it."
    )


def restore(file: Path, database: str) -> str:
    """Put a backup where there is no database yet, void every cursor of every edge; say what comes of it.

    A cursor of the time after the backup could else be passed by new news, and what was said in between
    would stand at the edges for ever. PostgreSQL takes what was dumped and the new epochs in two steps: who
    is killed between them finds the database filled, and is told to drop it and to begin again.
    """
    if is_dump(file):
        load(file, database)
        begin_anew(database)
        return AGAIN
    load(file, database, first=begin_anew)
    return AGAIN


def begin_anew(database: str) -> None:
    """Begin a new epoch of every site's feed, and await all who were lent anything."""
    store = opened(database)
    try:
        with store.transaction() as tx:
            begin_lives(tx)
    finally:
        store.close()


def begin_lives(tx: Connection) -> None:
    """Void what every edge knows of its place in every site's feed; lend nothing until each was heard."""
    for site in sites(tx):
        begin_epoch(tx, site)
        restored.begin(tx, site)
