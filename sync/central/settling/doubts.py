"""Doubts: leases whose time is over and whose device is silent, kept aside for days and then given up."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from edge.core.lease import PlacedState, WrittenOff, doubt, write_off
from edge.core.vouchers import VOUCHER_KINDS, base_of
from sync.central import alarms
from sync.central.money import aside, placed
from sync.central.money import policy as policies
from sync.central.money.ledger import Entry, Posting, post
from sync.central.money.placed import PlacedRow
from sync.central.money.pots import counted_in, pot
from sync.central.money.rising import advance
from sync.central.registry import wallets
from sync.central.rounds import SiteRounds
from sync.central.settling import vouchers
from sync.central.store import Connection, now_of, wake_after


class Doubts(SiteRounds):
    """Looks every few seconds: lets each site's time rise, calls leases in doubt, gives old ones up."""

    name: ClassVar[str] = "doubts"
    every_ms: ClassVar[int] = 5_000
    in_turns: ClassVar[bool] = True
    failing: ClassVar[str] = "leases were not looked at"

    def look_at(self, site: str) -> int:
        """Judge the site's leases; returns how many were given up."""
        with self._store.transaction() as tx:
            return sweep(tx, site)


def sweep(tx: Connection, site: str) -> int:
    """Let the site's time rise and judge its leases by it; returns how many were given up."""
    now_ms = advance(tx, site)
    patience_ms = policies.policy(tx, site).write_off_s * 1_000
    over = placed.in_states(tx, site, [PlacedState.OPEN], due_ms=now_ms)
    old = placed.in_states(tx, site, [PlacedState.IN_DOUBT], due_ms=now_ms - patience_ms)
    theirs = {row.placed.wallet for row in old if base_of(row.placed.kind) in VOUCHER_KINDS}
    wallets.lock_all(tx, site, theirs)
    held = _held(tx, site, (*over, *old))
    judged = [msgspec.structs.replace(row, placed=doubt(row.placed, now_ms)) for row in held]
    placed.put(tx, site, [row for row, was in zip(judged, held, strict=True) if row != was])
    silent = [row for row in judged if row.placed.doubt_ms <= now_ms - patience_ms]
    crowded = aside.crowded(tx, site)
    placed.hold_serials(tx, site, {*crowded, *(row.placed.device for row in silent)})
    for row in silent:
        give_up(tx, site, row)
    for device in crowded:
        aside.fold(tx, site, device)
    vouchers.sweep(tx, site, sorted(theirs))
    return len(silent)


def give_up(tx: Connection, site: str, row: PlacedRow) -> PlacedRow:
    """Give the rest of a lease back to its wallet, and book just that as the operator's loss.

    The device is asked to close all the same: what it still says is set against the loss.
    """
    ruled = write_off(row.placed)
    if not isinstance(ruled, WrittenOff):
        return row
    given_up = msgspec.structs.replace(ruled.placed, closing=True)
    serial = placed.next_serial(tx, site, row.placed.device)
    after = msgspec.structs.replace(row, placed=given_up, loss=ruled.loss, serial=serial, why="written_off")
    placed.put(tx, site, [after])
    if ruled.loss:
        account = pot(row.placed.wallet, row.placed.kind)
        lost = Posting(
            site=site,
            key=f"writeoff:{row.id}",
            kind="write_off",
            at_ms=now_of(tx),
            currency=counted_in(row.placed.kind, row.placed.unit, row.day),
            entries=(Entry("loss:in_doubt", -ruled.loss), Entry(account, ruled.loss)),
            device=row.placed.device,
            lease=row.id,
            wallet=row.placed.wallet,
        )
        post(tx, lost)
        _tell(tx, site, row.placed.device)
    wake_after(tx, site)
    return after


def _held(tx: Connection, site: str, rows: tuple[PlacedRow, ...]) -> tuple[PlacedRow, ...]:
    """Return these leases as they are now, and hold them: another worker may have moved one meanwhile."""
    held = placed.by_id(tx, site, [row.id for row in rows], held=True) if rows else {}
    same = {row.id: row.placed.state for row in rows}
    return tuple(row for row in held.values() if row.placed.state is same[row.id])


def _tell(tx: Connection, site: str, device: str) -> None:
    reason = "money_written_off"
    alarms.raise_alarm(
        tx, site, alarms.Alarm(device=device, id=reason, reason=reason, point="", at_ms=now_of(tx))
    )
