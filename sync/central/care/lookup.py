"""Look-up: whom and which cases a word leads to: a band, an order, a case, a guest, a proven e-mail."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import NamedTuple

from sync.central.care import cases
from sync.central.care.case import Case
from sync.central.care.cases import Wanted
from sync.central.near import orders
from sync.central.people import aliases
from sync.central.registry import bands, guests, links, members
from sync.central.store import Connection

CHARS_MIN = 4
"""Whoever types less browses through guests."""
GUESTS_MAX = 20


class Found(NamedTuple):
    """What a word leads to: cases, and guests, with a case or without; family last."""

    cases: tuple[Case, ...]
    guests: tuple[str, ...]


def look_up(tx: Connection, site: str, text: str) -> Found:
    """Return what somebody at the desk or on the telephone may mean by a word."""
    if len(text) < CHARS_MIN:
        return Found((), ())
    case = cases.find(tx, site, text.upper())
    whose = _guests(tx, site, text) if case is None else (case.links.guest,)
    own = links.together(tx, site, [one for one in whose if one][:GUESTS_MAX])
    known = (*own, *family(tx, site, own))
    found = [case] if case is not None else []
    for wanted in (Wanted(order=text), Wanted(band=text.lower()), *(Wanted(guest=one) for one in known)):
        found.extend(cases.listed(tx, site, wanted))
    return Found(tuple({one.id: one for one in found}.values()), known)


def family(tx: Connection, site: str, people: Collection[str]) -> tuple[str, ...]:
    """Return who else pays from the wallets of these people, heads first: a parent calls for a child."""
    shared = {one.wallet for one in members.members_by_guest(tx, site, people).values()}
    found = (one.guest for wallet in sorted(shared) for one in members.members(tx, site, wallet))
    return tuple(islice((guest for guest in found if guest not in people), GUESTS_MAX))


def _guests(tx: Connection, site: str, text: str) -> tuple[str, ...]:
    if "@" in text:
        return (aliases.find(tx, site, aliases.named(aliases.Kind.EMAIL, text)) or "",)
    order = orders.find(tx, site, text)
    worn = [card.guest or "" for card in bands.list_bands(tx, site, text=text)]
    own = [text] if text in guests.guests_of(tx, site, [text]) else []
    return (*own, *([order.guest] if order is not None else []), *worn)
