"""Payers: a guest's bands closed for payments or opened; what devices hold for them alone comes back."""

from __future__ import annotations

import msgspec

from sync.central.money import leases, placed
from sync.central.registry import bands, members, profiles
from sync.central.registry.members import Member
from sync.central.store import Connection

CLOSED = "band_closed"
"""Why a lease was asked back whose band pays no more."""


def set_closed(tx: Connection, site: str, member: Member, *, closed: bool) -> None:
    """Close a guest's bands or open them; call it last: publishing takes the site's lock."""
    members.join(tx, site, msgspec.structs.replace(member, blocked=closed))
    if closed:
        _ask_back(tx, site, member)
    profiles.publish_guests(tx, site, [member.guest])


def leave(tx: Connection, site: str, member: Member) -> None:
    """Let a guest pay from their wallet no more; likewise."""
    _ask_back(tx, site, member)
    members.leave(tx, site, member.guest)
    profiles.publish_guests(tx, site, [member.guest])


def _ask_back(tx: Connection, site: str, member: Member) -> None:
    """Ask back the sub-leases of these bands, or all of the wallet where nobody else pays from it."""
    others = [one for one in members.members(tx, site, member.wallet) if one.guest != member.guest]
    if not any(not one.blocked and not one.no_charge for one in others):
        leases.ask_back_wallet(tx, site, member.wallet, why=CLOSED)
        return
    worn = {card.band.id.hex() for card in bands.bands_of(tx, site, [member.guest])}
    held = placed.of_wallet(tx, site, member.wallet, held=True)
    leases.ask_back(tx, site, tuple(row for row in held if row.placed.band in worn), why=CLOSED)
