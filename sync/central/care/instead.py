"""Instead: goodwill in place of a coupon whose home is away, by the rules of all goodwill."""

from __future__ import annotations

from msgspec.structs import replace

from edge.errors import Refused
from sync.central.care import anew, goodwill
from sync.central.care.anew import Ask, State
from sync.central.care.goodwill import Gift
from sync.central.money import topups
from sync.central.registry.turn import take_turn
from sync.central.store import Connection


def give(tx: Connection, site: str, id_: str, *, gift: Gift) -> Ask:
    """Give it within the limit; above it a second person is asked.

    The ask stays with the coupon's home: the old one is voided when that is back, so that nobody has both.
    Where the second person refuses, nothing was given, and the coupon can be asked for anew.
    """
    take_turn(tx, site)
    before = anew.must_find(tx, site, id_)
    if before.state is State.MADE_GOOD:
        return before
    if before.state is not State.WAITING:
        raise Refused("This ask has ended.", hint="Open the case again.")
    waited = _waiting(tx, site, before.case)
    goodwill.give(tx, site, before.case, gift=gift)
    topup = next(iter(_waiting(tx, site, before.case) - waited), "")
    now = replace(before, state=State.MADE_GOOD, topup=topup)
    anew.put(tx, site, now)
    anew.tell(tx, site, now, word="coupon_made_good", who=gift.by)
    return now


def _waiting(tx: Connection, site: str, case: str) -> set[str]:
    """Return what of a case waits for a second person."""
    why = goodwill.why(case)
    return {one.id for one in topups.topups(tx, site, waiting=True) if one.why == why}
