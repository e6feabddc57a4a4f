"""Ended: rights long over, and memberships of people who have none left, let go piece by piece."""

from __future__ import annotations

from edge.core.expectation import ends_ms
from sync.central.money import ledger, placed
from sync.central.money.pots import MONEY, pot
from sync.central.registry import birthdays, expected, members, profiles, rights
from sync.central.registry.turn import take_turn
from sync.central.registry.wallets import lock
from sync.central.store import Connection


def rights_before(tx: Connection, site: str, at_ms: int, *, after: str = "") -> tuple[str, int]:
    """Remove one piece of the rights that were over before a moment; returns its last one and how many.

    It has ended once it ends where it began. A right without an end stays, and one that was changed since.
    """
    end, over = _over(tx, site, at_ms, after=after)
    if not over:
        return end, 0
    take_turn(tx, site)  # nobody prolongs one between this second look and its removal
    end, over = _over(tx, site, at_ms, after=after)
    rights.remove(tx, site, list(over))
    profiles.publish_guests(tx, site, over.values())
    return end, len(over)


def members_before(tx: Connection, site: str, at_ms: int, *, after: str = "") -> tuple[str, int]:
    """Take one piece of the people who have no right left out of their wallets, as ``rights_before`` does.

    They were not seen since a moment either; the birthday that they declared goes. Where money lies, is owed
    or is set aside nobody leaves.
    """
    if not expected.gone(tx, site, at_ms, after=after):
        return after, 0
    take_turn(tx, site)
    page = expected.gone(tx, site, at_ms, after=after)
    held = members.members_by_guest(tx, site, page)
    left = [guest for guest, one in sorted(held.items()) if _is_empty(tx, site, one.wallet)]
    for guest in left:
        members.leave(tx, site, guest)
    expected.forget_seen(tx, site, page)
    birthdays.forget(tx, site, page)
    profiles.publish_guests(tx, site, left)
    return page[-1] if page else after, len(left)


def _over(tx: Connection, site: str, at_ms: int, *, after: str) -> tuple[str, dict[str, str]]:
    """Return the last right of one page, and those of the page that are over, each with its guest."""
    page = rights.old(tx, site, at_ms, after=after)
    ends = [(guest, right.id, ends_ms(right)) for guest, right in page]
    over = {id_: guest for guest, id_, end in ends if end is not None and end < at_ms}
    return page[-1][1].id if page else after, over


def _is_empty(tx: Connection, site: str, wallet: str) -> bool:
    """Whether a wallet holds, owes and has set aside nothing; it is held, so that nothing comes meanwhile."""
    lock(tx, site, wallet)
    accounts = ledger.balances(tx, site, [pot(wallet, MONEY), f"debt:{wallet}"])
    return not any(accounts.values()) and not any(one.living for one in placed.of_wallet(tx, site, wallet))
