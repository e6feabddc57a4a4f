"""Children: who may be a child, by anything that central knows of them."""

from __future__ import annotations

from collections.abc import Iterable

from edge.core.offers.occasion import is_young
from sync.central.registry.guests import Guest
from sync.central.registry.members import members_by_guest
from sync.central.store import Connection


def children(tx: Connection, site: str, found: Iterable[Guest]) -> frozenset[str]:
    """Return by id who of these came as a child, is young, or whose family lets them pay nothing."""
    known = {one.id: one for one in found}
    payers = members_by_guest(tx, site, known)
    return frozenset(
        guest
        for guest, one in known.items()
        if (one.party is not None and one.party.child)
        or is_young(one.age_band)
        or (guest in payers and payers[guest].no_charge)
    )
