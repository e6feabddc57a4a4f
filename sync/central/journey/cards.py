"""Cards: a guest whose card ends hears of it once, in private, by their diary and whoever is told of it."""

from __future__ import annotations

from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.psp import standing
from sync.central.psp.mandates import Mandate
from sync.central.registry import guests
from sync.central.store import STEPS, Connection, now_of, text

BY_CENTRAL = "/central/cards"
"""Source of the entries; each is named by its card and that card's month, so that it is written once."""


def _unsay(tx: Connection) -> None:
    """Who stands as told of a card that ends had been told by nobody: the next look at cards asks them."""
    tx.execute(text("UPDATE wallet SET mandate_note = '' WHERE mandate_note = 'expires_soon'"))


STEPS[13] = _unsay


def ask(tx: Connection, site: str, one: Mandate) -> None:
    """Write into its guest's diary that a card ends, unless that is known. Hold the site's turn.

    Their page and their app read it there, and channels hear of it. No edge is told of diaries.
    """
    if one.guest not in guests.guests_of(tx, site, [one.guest]):
        return
    said = Entry(
        source=BY_CENTRAL,
        id=f"{one.id}/{one.expires}",
        owner=f"g:{one.guest}",
        hlc=now_of(tx) << 16,
        uncertainty_ms=0,
        via=Via.APP,
        what=What.CARD_EXPIRES,
        subject=until(one),
        ref=one.id,
    )
    diary.put(tx, site, [said])


def until(one: Mandate) -> str:
    """Return a card's last month as it is written on it, ``12/2031``; empty: it has none."""
    year, month = divmod(one.expires, 100)
    return f"{month:02}/{year}" if year else ""


standing.ENDING.append(ask)
