"""Crediting: points that offers brought go into wallets when their days are over, and out with a refund."""

from __future__ import annotations

import hashlib
import logging
from typing import ClassVar

from edge.core.lease import LeaseKind
from edge.core.retention import DAY_MS
from edge.errors import Refused, Unknown
from sync.central.accounting import ops
from sync.central.money import blocks, leases, placed
from sync.central.money.basket import Op
from sync.central.money.holding import hold
from sync.central.money.ledger import balance
from sync.central.money.pots import Issue, counted_in, issue, pot, unit_for
from sync.central.offers import earned
from sync.central.offers.earned import Earned, State
from sync.central.privacy.retention import KEPT
from sync.central.registry import members, wallets
from sync.central.registry.turn import take_turn
from sync.central.rounds import SiteRounds
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Order
from sync.central.store import Connection, now_of

LOG = logging.getLogger("polso.central")
AGAIN_MS = 60_000
"""When points are looked for again that devices give back, or that the guest has spent."""
DIGEST_CHARS = 32


class Crediting(SiteRounds):
    """Looks once a minute at points that are due, and at those whose sale came back."""

    name: ClassVar[str] = "crediting"
    every_ms: ClassVar[int] = 60_000
    failing: ClassVar[str] = "points that offers brought could not be credited"

    def look_at(self, site: str) -> int:
        """Settle what is due; returns of how many redemptions."""
        done, after = 0, ("", "")
        while not self.stopping:
            with self._store.reading() as tx:
                page = earned.due(tx, site, after=after)
            if not page:
                break
            for one in page:
                with self._store.transaction() as tx:
                    settle(tx, site, one)
                after = (one.exposure, one.op_id)
                done += 1
        return done


def settle(tx: Connection, site: str, one: Earned) -> None:
    """Bring what lies in the guest's wallet to what stands of a redemption; done twice, it is done once.

    Points of a sale of which central knows nothing wait for it: without what was paid nothing is given.
    """
    take_turn(tx, site)
    now = earned.find(tx, site, one)  # another worker may have been here
    if now is None or now.look_ms is None or now.look_ms > now_of(tx):
        return
    held = members.members_by_guest(tx, site, [now.guest]).get(now.guest)
    hold(tx, site, {now.wallet, held.wallet if held is not None else ""} - {""})
    # Held, too: a refund that comes at this moment finds the points credited, or is found here.
    sale = ops.by_id(tx, site, [now.op_id]).get(now.op_id)
    if now.points and (sale is None or sale.held_minor):
        earned.put(tx, site, now._replace(look_ms=now_of(tx) + DAY_MS))
        return
    wanted = standing(now.points, sale)
    if wanted >= now.given - now.back:
        earned.put(tx, site, _credit(tx, site, now, wanted=wanted))
    else:
        earned.put(tx, site, _take_back(tx, site, now, wanted=wanted))


def standing(points: int, sale: Op | None) -> int:
    """Return what stands of points when a part of their sale came back: as much as of its money."""
    if sale is None or not sale.captured_minor:
        return points
    return points * max(0, sale.left_minor) // sale.captured_minor


def _credit(tx: Connection, site: str, one: Earned, *, wanted: int) -> Earned:
    more = wanted - (one.given - one.back)
    state = State.CREDITED if wanted else State.RETURNED
    if not more:
        return one._replace(state=state, look_ms=None)
    order = Order(id=_key(one), voucher=vouchers.points(one.point_minor), units=more, guest=one.guest)
    try:
        given = vouchers.give(tx, site, order)
    except (Refused, Unknown) as refused:
        LOG.warning("points of offer %s wait: %s", one.offer, refused)
        return one._replace(look_ms=now_of(tx) + DAY_MS)
    blocks.publish_members(tx, site, given.wallet)
    return one._replace(
        state=state,
        given=one.given + more,
        moves=one.moves + 1,
        wallet=given.wallet,
        kind=given.kind,
        look_ms=None,
    )


def _take_back(tx: Connection, site: str, one: Earned, *, wanted: int) -> Earned:
    """Take what lies free; what devices hold is asked back, what was spent is taken from what comes next."""
    wallet = wallets.lock(tx, site, one.wallet)
    unit, due = unit_for(one.kind, wallet.currency), one.given - one.back - wanted
    free = balance(tx, site, pot(wallet.id, one.kind), currency=counted_in(one.kind, unit))
    now = min(due, max(0, free))
    issue(tx, site, f"voucher:{_key(one)}", of=Issue(wallet.id, one.kind, unit, -now))
    if now < due:
        out = placed.of_wallet(tx, site, wallet.id, kind=one.kind, held=True)
        leases.ask_back(tx, site, out, why="offer_returned")
    whole = now == due
    return one._replace(
        state=State.RETURNED if whole and not wanted else State.CREDITED,
        back=one.back + now,
        moves=one.moves + 1,
        look_ms=None if whole else now_of(tx) + AGAIN_MS,
    )


def _key(one: Earned) -> str:
    """Return under which name one move of points is made, once."""
    named = f"{one.exposure}/{one.op_id}/{one.moves}"
    return f"{LeaseKind.POINTS}:{hashlib.sha256(named.encode()).hexdigest()[:DIGEST_CHARS]}"


KEPT.append(earned.delete_before)
