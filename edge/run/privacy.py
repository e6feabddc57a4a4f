"""What a guest may demand of central: everything that is held of them, and that nothing of it stays."""

from __future__ import annotations

import msgspec

from edge.errors import Refused, Unknown
from edge.run.platform import opened
from sync.central.console import acts
from sync.central.console.acts import Act
from sync.central.export import told_of
from sync.central.privacy import erasure
from sync.central.registry.turn import take_turn
from sync.central.sites import sites
from sync.central.store import Connection

BY_COMMAND = "polso erase"
"""Who is named in the record of operators' acts."""


def erase(database: str, guest: str, *, site: str) -> str:
    """Erase a guest; return in words what went, and which devices still have to hear of it."""
    store = opened(database)
    try:
        with store.transaction() as tx:
            place = _site(tx, site)
            take_turn(tx, place)
            gone = erasure.erase(tx, place, guest)
            acts.record(tx, Act(site=place, who=BY_COMMAND, what="guest_erased", target=guest))
        erasure.clear(store)
        with store.reading() as tx:
            spread = erasure.spread(tx, place, gone.seq)
    finally:
        store.close()
    words = f"{guest} is erased: {gone.bands} bands, {gone.rights} entitlements, all consents and names."
    waiting = ", ".join(spread.waiting)
    return f"{words}\nThese devices hear of it before anything else: {waiting}." if waiting else words


def export(database: str, guest: str, *, site: str) -> str:
    """Return as JSON everything that central holds of a guest."""
    store = opened(database)
    try:
        with store.reading() as tx:
            told = told_of(tx, _site(tx, site), guest)
    finally:
        store.close()
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode()


def _site(tx: Connection, wanted: str) -> str:
    known = sites(tx)
    if wanted and wanted not in known:
        raise Unknown(f"There is no site {wanted}.", hint=f"There are {', '.join(known) or 'none yet'}.")
    if not wanted and len(known) != 1:
        raise Refused(f"Central has {len(known)} sites.", hint="Name the guest's with --site.")
    return wanted or known[0]
