"""Nobody: by whom a band is worn, and whether that is somebody: what is known of them by anybody."""

from __future__ import annotations

from edge.core.bands import BandState
from edge.core.claimed import Became
from edge.core.offers.occasion import is_young
from sync.central.people import aliases
from sync.central.psp import mandates
from sync.central.registry import bands, guests, links, members
from sync.central.registry.bands import BandCard
from sync.central.registry.staff import badges
from sync.central.store import Connection


def whose(tx: Connection, site: str, band: bytes, *, guest: str) -> tuple[Became, str]:
    """Say whether a band can be claimed by a guest, and who wears it; only nobody's can be.

    Nobody's is a band whose guest has no name of their own and none on their card, stored no means to pay, is
    no child, is no part of a person or of a family that pays together, and is none of the staff.
    """
    card = next(iter(bands.bands_by_id(tx, site, [band])), None)
    worn = _wearer(tx, site, card)
    if card is None or not worn:
        return Became.STAFF, ""
    if links.root(tx, site, worn) == links.root(tx, site, guest):
        return Became.YOURS, worn
    taken = len(links.together(tx, site, [worn])) > 1 or bool(aliases.of_guest(tx, site, worn))
    if taken or band in badges(tx, site) or _is_registered(tx, site, worn) or _has_payer(tx, site, worn):
        return Became.STAFF, worn
    return Became.CLAIMED, worn


def _is_registered(tx: Connection, site: str, worn: str) -> bool:
    """Say whether a guest was registered as somebody, or is a child, whom somebody looks after."""
    card = guests.guest(tx, site, worn)
    return bool(card.name) or is_young(card.age_band) or (card.party is not None and card.party.child)


def _has_payer(tx: Connection, site: str, worn: str) -> bool:
    """Say whether a card was ever stored by, or for, a guest, or whether others pay with them."""
    held = members.members_by_guest(tx, site, [worn]).get(worn)
    if held is not None and (held.no_charge or len(members.members(tx, site, held.wallet)) > 1):
        return True
    stored = mandates.of_wallet(tx, site, held.wallet) if held is not None else ()
    return bool(stored or mandates.of_guest(tx, site, worn))


def _wearer(tx: Connection, site: str, card: BandCard | None) -> str:
    if card is None or card.guest is None or card.band.state is not BandState.ACTIVE:
        return ""
    return card.guest if card.guest in guests.guests_of(tx, site, [card.guest]) else ""
