"""Slices: parts of the loss budget lie at the tills before an outage, and guests' limits beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from edge.core.lease import Want
from edge.core.wallet import MandateState
from sync.central.machines.devices import Device
from sync.central.money import leases, placed, risk
from sync.central.money import policy as policies
from sync.central.money.ledger import standings
from sync.central.money.placed import PlacedRow
from sync.central.money.policy import PERMILLE
from sync.central.money.rising import rising_ms
from sync.central.money.risk import OF_SITE, RISK, TAPS
from sync.central.registry import layout, wallets
from sync.central.registry.wallets import Wallet, WalletState
from sync.central.store import Connection

WHY = "expected"


class Piece(NamedTuple):
    """What one till should get: more of what it holds, or only longer."""

    device: Device
    want: Want


class Aim(NamedTuple):
    """Of one kind each till should hold a part, filled up below ``low``, out of what is free of it."""

    wallet: str
    kind: str
    part: int
    low: int
    free: int


def lacking(tx: Connection, site: str, tills: Sequence[Device]) -> list[Piece]:
    """Return what the tills lack of the budget, each an equal part and never more than one slice of it."""
    chosen, known = policies.policy(tx, site), layout.published(tx, site)
    if not chosen.risk_minor or not tills or known is None:
        return []
    rows = placed.of_wallet(tx, site, OF_SITE, kind=RISK)
    free = risk.left(tx, site, chosen, currency=known.currency, rows=rows)
    part = min(chosen.risk_slice_minor, chosen.risk_minor // len(tills))
    aim = Aim(OF_SITE, RISK, part, part * chosen.refill_permille // PERMILLE, free)
    return list(_shared(tills, rows, aim, now_ms=rising_ms(tx, site)))


def limits_lacking(
    tx: Connection, site: str, tills: Sequence[Device], *, names: Iterable[str]
) -> Iterator[Piece]:
    """Yield what expected guests lack of their limits at risk: who stored a card and owes nothing.

    A limit is shared out: what all tills hold of it together is never more than the operator allows.
    """
    chosen = policies.policy(tx, site)
    if not chosen.risk_minor or not chosen.risk_taps or not tills:
        return
    able = {one.id for one in wallets.wallets_of(tx, site, names).values() if _may(one)}
    able -= {one.account.partition(":")[2] for one in standings(tx, site, prefix="debt:") if one.minor < 0}
    many, now_ms = tills[: chosen.risk_taps], rising_ms(tx, site)
    for kind, most in ((RISK, chosen.risk_wallet_minor), (TAPS, chosen.risk_taps)):
        held = placed.of_wallets(tx, site, able, kind=kind, left_since_ms=now_ms)
        part = most // len(many)
        for name in sorted(able):
            rows = [row for row in held.get(name, []) if row.living]
            free = most - sum(row.placed.counters.spendable for row in rows)
            aim = Aim(name, kind, part, part * chosen.refill_permille // PERMILLE, free)
            yield from _shared(many, rows, aim, now_ms=now_ms)


def lay(tx: Connection, piece: Piece) -> bool:
    """Lay a piece at its till, looked at once more now that the budget or the wallet is held."""
    return isinstance(leases.grant(tx, piece.device, piece.want), PlacedRow)


def _shared(tills: Iterable[Device], rows: Iterable[PlacedRow], aim: Aim, *, now_ms: int) -> Iterator[Piece]:
    """Yield each till's part where it has little of it, or only more time where that is half gone."""
    living, free = [row for row in rows if row.living], max(0, aim.free)
    for till in tills:
        mine = [row for row in living if row.placed.device == till.id]
        here = sum(row.placed.counters.spendable for row in mine)
        if any(row.placed.closing for row in mine):
            continue
        more = max(0, min(aim.part - here, free)) if here <= aim.low else 0
        free -= more
        own = mine[0] if mine else None
        if more or (own is not None and leases.ends(own, now_ms)):
            total = (own.placed.counters.granted if own is not None else 0) + more
            lease = own.id if own is not None else ""
            yield Piece(till, Want(wallet=aim.wallet, kind=aim.kind, lease=lease, total=total, why=WHY))


def _may(one: Wallet) -> bool:
    return one.state is WalletState.OPEN and one.mandate is MandateState.ACTIVE
