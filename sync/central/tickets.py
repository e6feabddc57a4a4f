"""Tickets: codes sold to guests without a band, signed, so that a gate that was told nothing lets them in."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from edge import tickets
from edge.core.bands import Band, Trust
from edge.core.entitlements import Product
from edge.errors import Refused, Unknown
from edge.tickets import SERIAL_BYTES, Ticket
from sync.central.days import bounds
from sync.central.machines.voice import voice
from sync.central.registry import bands, guests, profiles, rights
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from sync.central.registry.layout import things
from sync.central.registry.turn import take_turn
from sync.central.sites import band_key
from sync.central.store import Connection, Store

COUNT_MAX = 10_000
CHIP = "ticket"
"""What the operator's list of bands calls a code on paper."""


class Wanted(NamedTuple):
    """Tickets to a product, from the first local day to the end of the last one (ISO 8601)."""

    product: str
    first_day: str
    last_day: str
    number: int = 1


def issue(store: Store, site: str, wanted: Wanted) -> list[str]:
    """Make tickets, each a nameless guest with one right; returns their texts, which are kept nowhere.

    Raises ``Refused`` for a product without a number of uses: a picture of its ticket would let everybody in.
    """
    if not 1 <= wanted.number <= COUNT_MAX:
        raise Refused(f"{wanted.number} tickets at once are too many.", hint=f"Take 1 to {COUNT_MAX}.")
    from_ms, _ = bounds(store, site, wanted.first_day)
    _, until_ms = bounds(store, site, wanted.last_day)
    if until_ms <= from_ms:
        raise Refused("The last day is before the first.", hint="Name the first day first.")
    with store.transaction() as tx:
        _demand_uses(tx, site, wanted.product)
        made = [
            Ticket(secrets.token_bytes(SERIAL_BYTES), wanted.product, from_ms, until_ms)
            for _ in range(wanted.number)
        ]
        _register(tx, site, made)
        key = voice(tx, site).private_key
    return [tickets.written(ticket, key) for ticket in made]


def _demand_uses(tx: Connection, site: str, wanted: str) -> None:
    product = next((one for one in things(tx, site, Product) if one.id == wanted), None)
    if product is None:
        raise Unknown(f"There is no product {wanted!r} at {site}.", hint="The console's Products list them.")
    if product.terms.uses_max is None:
        raise Refused(
            f"{wanted!r} may be used without end, and a picture of a ticket is as good as the ticket.",
            hint="Give the product a number of uses, or sell another one on paper.",
        )


def _register(tx: Connection, site: str, made: list[Ticket]) -> None:
    """Let every device know them too: so they can be cancelled, and their uses are the site's."""
    take_turn(tx, site)
    secret = band_key(tx, site)
    cards = [
        BandCard(
            band=Band(id=bands.band_id(secret, tickets.identifier(one)), trust_min=Trust.SUN),
            guest=tickets.name(one),
            label=one.serial.hex(),
            chip=CHIP,
        )
        for one in made
    ]
    guests.add_guests(tx, site, [Guest(id=tickets.name(one)) for one in made])
    rights.add_rights(tx, site, [(tickets.name(one), tickets.right(one)) for one in made])
    bands.add_bands(tx, site, cards)
    profiles.publish_bands(tx, site, cards)
