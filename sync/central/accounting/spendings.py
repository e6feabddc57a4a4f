"""Spendings: what people like the holders of a wallet spend in a day here, for what is set aside ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sync.central.accounting.ops import op_table
from sync.central.registry.members import member_table
from sync.central.registry.tables import guest_table, parts
from sync.central.store import Connection, func, lately, now_of, select

DAY_MS = 86_400_000
DAYS = 28
PERCENT = 95
USUAL_MS = 600_000
"""What people of some weeks spent is worked out so often at most where guests are looked at one by one."""
_own = op_table.c
_net = func.sum(_own.captured_minor - _own.voided_minor - _own.refunded_minor)
_day = _own.at_ms // DAY_MS


def usual_q95(tx: Connection, site: str, tiers: Iterable[str]) -> int:
    """Return what 95 of 100 wallets of guests of these tiers spent at most in a day of the last weeks."""
    alike = (
        select(member_table.c.wallet_id)
        .join(
            guest_table,
            (guest_table.c.site_id == member_table.c.site_id)
            & (guest_table.c.guest_id == member_table.c.guest_id),
        )
        .where(member_table.c.site_id == site, guest_table.c.tier.in_(sorted(set(tiers))))
    )
    recent = _own.at_ms >= now_of(tx) - DAYS * DAY_MS
    sums = (
        select(_net.label("minor"))
        .where(_own.site_id == site, recent, _own.wallet_id.in_(alike))
        .group_by(_own.wallet_id, _day)
        .subquery()
    )
    count = int(tx.execute(select(func.count()).select_from(sums)).scalar_one())
    if not count:
        return 0
    at = min(count - 1, count * PERCENT // 100)
    return int(tx.execute(select(sums.c.minor).order_by(sums.c.minor).offset(at).limit(1)).scalar_one())


def spent_today(tx: Connection, site: str, wallets: Sequence[str]) -> dict[str, int]:
    """Return what each of these wallets has spent today; who spent nothing is not among them."""
    found = {}
    for part in parts(wallets):
        query = select(_own.wallet_id, _net).where(
            _own.site_id == site, _own.wallet_id.in_(part), _day == now_of(tx) // DAY_MS
        )
        found.update({row[0]: int(row[1]) for row in tx.execute(query.group_by(_own.wallet_id))})
    return found


def remaining_q95(tx: Connection, site: str, wallet: str, *, tiers: Iterable[str]) -> int:
    """Return what 95 of 100 such wallets spend at most in a day, less what this one has spent today."""
    alike = tuple(sorted(set(tiers)))
    usual = lately(tx, ("usual_q95", site, alike), lambda: usual_q95(tx, site, alike), for_ms=USUAL_MS)
    return max(0, usual - spent_today(tx, site, [wallet]).get(wallet, 0))
