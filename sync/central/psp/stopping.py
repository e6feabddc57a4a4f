"""Stopping: all that a guest stored, or stored for the wallet that is theirs, is charged no more."""

from __future__ import annotations

from edge.core.payment.bodies import MandateStopped
from sync.central.psp import mandates
from sync.central.psp.handshake import revoke
from sync.central.psp.mandates import ALIVE
from sync.central.registry import guests, links, members
from sync.central.store import Connection

REASON = "guest"
"""Why it ended, as where the guest says so on their own page: nobody calls it a card that failed."""


def end_all(tx: Connection, site: str, guest: str) -> list[str]:
    """End what is, or could still become, chargeable; returns what this ended.

    By whichever of a person's guests it was stored. Call it holding the site's turn.
    """
    return [one for one in _alive(tx, site, guest) if revoke(tx, site, one, reason=REASON)]


def heard(tx: Connection, site: str, said: MandateStopped) -> None:
    """Take from a device that a guest stopped it there, with their band or by staff; told again it is over.

    A wallet of which the guest is one of several, and not the head, goes on: what they stored for it ends.
    """
    if said.guest.isprintable() and guests.guests_of(tx, site, [said.guest]):
        end_all(tx, site, said.guest)


def _alive(tx: Connection, site: str, guest: str) -> list[str]:
    found: dict[str, None] = {}
    for one in links.together(tx, site, [guest]):
        held = [*mandates.of_guest(tx, site, one)]
        if wallet := members.owned(tx, site, one):
            held += mandates.of_wallet(tx, site, wallet)
        found.update({mandate.id: None for mandate in held if mandate.state in ALIVE})
    return sorted(found)
