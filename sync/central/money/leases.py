"""Leases: central sets money and counted units aside for devices within what is free, and asks it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge.core.lease import (
    Close,
    Grant,
    Placed,
    PlacedState,
    Want,
    ask_close,
    doubtful_ms,
    left_s,
    place,
)
from edge.core.payment.limits import strictest
from edge.errors import Refused, Unknown
from sync.central.machines.devices import Device
from sync.central.money import aside, caps, placed, restored
from sync.central.money import policy as policies
from sync.central.money.ledger import Entry, Posting, post
from sync.central.money.placed import PlacedRow
from sync.central.money.placing import Placing, limits_of, placing
from sync.central.money.policy import PERMILLE, Policy
from sync.central.money.pots import MONEY, confirmed, owed_of, worth_of
from sync.central.money.rising import rising_ms
from sync.central.money.risk import RISK
from sync.central.registry import wallets
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection, now_of, wake_after
from sync.lending import COMING, GRANTS_MAX, Unplaced

BASKET = "basket"
"""A want for a basket that lies on a counter now: for that the reserve is touched, too."""
DAY_PARTS = 2
"""A device holds at most such a part of what a band may spend today, unless a basket needs more."""


def grant(tx: Connection, device: Device, want: Want, *, waits: bool = False) -> PlacedRow | Unplaced:
    """Set aside as much of a want as may be; what this returns is durable before anybody is told.

    A device gets what is free and no more, however it asks: the wallet is held while its money is counted.
    ``waits``: whoever asks was told already that the money is coming; no more is asked back for that.
    """
    try:
        asked = placing(tx, device, want)
    except (Refused, Unknown) as error:
        return Unplaced(wallet=want.wallet, kind=want.kind, why=str(error))
    withheld = restored.is_withheld(tx, device.site, want.wallet)
    rows = placed.of_wallet(tx, device.site, want.wallet, kind=want.kind, held=True)
    mine = _mine(asked, rows)
    if isinstance(mine, Unplaced):
        return mine
    others = tuple(one for one in rows if one.id != mine.id and _alike(one, mine))
    own = tuple(one for one in rows if one.id == mine.id)
    total = confirmed(tx, device.site, (*own, *others), account=asked.account, counted=asked.counted)
    free = total - sum(one.placed.set_aside for one in (*own, *others))
    leased = sum(one.placed.counters.spendable for one in (*own, *others) if one.living)
    more = 0 if withheld else _allowed(tx, asked, mine, free=free, leased=leased)
    aims = min(want.total, mine.placed.counters.granted + more)
    if asked.day is not None and want.why == BASKET and aims < want.total and not withheld:
        _bring_day(tx, device, others)
    lacks = want.total - mine.placed.counters.granted
    lacks = min(want.needs or lacks, lacks)  # what a question of before was given is here by now
    if want.kind == MONEY and want.why == BASKET and more < lacks and not withheld:
        pot = _Pot(others, free=free, leased=leased, lacks=lacks, waits=waits)
        if _comes_back(tx, asked, mine, pot=pot):
            return Unplaced(wallet=want.wallet, kind=want.kind, why=COMING, free=max(0, free))
    now_ms, granted = rising_ms(tx, device.site), mine.placed.counters.granted
    lasts = want.kind == MONEY and any(
        one.placed.state is PlacedState.OPEN and not ends(one, now_ms) for one in own
    )
    if (not own and aims <= 0) or (lasts and aims <= granted < want.total):
        # Of what is told again nothing would be new: no more money, and hardly any more time.
        why = restored.RESTORED if withheld else "short"
        return Unplaced(wallet=want.wallet, kind=want.kind, why=why, free=max(0, free))
    doubt_ms = doubtful_ms(now_ms, asked.policy.ttl_s(device.kind))
    after = place(
        mine.placed, aims, confirmed=total, others=[one.placed for one in others], doubt_ms=doubt_ms
    )
    if not isinstance(after, Placed):
        return Unplaced(wallet=want.wallet, kind=want.kind, why=after.value, free=max(0, free))
    # A lease that a device opened for cash is kept here without ever having been told to it.
    return _commit(tx, asked, mine, after=after, keep=placed.put if own else placed.add)


def _bring_day(tx: Connection, device: Device, others: tuple[PlacedRow, ...]) -> None:
    """Have the rest of the day come to where the basket lies: it is the same guest who stands there now."""
    placed.hold_serials(tx, device.site, {device.id, *(one.placed.device for one in others)})
    ask_back(tx, device.site, others, why=BASKET)


class _Pot(NamedTuple):
    """A wallet's money as a grant finds it: free, at devices, and how much more a basket takes."""

    others: tuple[PlacedRow, ...]
    free: int
    leased: int
    lacks: int
    waits: bool


def _comes_back(tx: Connection, asked: Placing, mine: PlacedRow, *, pot: _Pot) -> bool:
    """Ask other devices for what a basket lacks, the fewest of them; False: with that it would lack it still.

    It is the same guest who stands here now. What is on its way already is counted, so that none is asked
    for nothing, but not for a device that was asked in vain the last time.
    """
    site, device = asked.device.site, asked.device.id
    living = [one for one in pot.others if one.living and one.placed.counters.spendable]
    going = [one for one in living if one.placed.closing]
    # What lies here under another name is spent here: whoever stands here does not lack it.
    staying = [one for one in living if not one.placed.closing and one.placed.device != device]
    staying.sort(key=lambda one: (-one.placed.counters.spendable, one.id))
    owes = owed_of(tx, site, asked.want.wallet, currency=asked.unit)
    chosen = going if pot.waits else _reaching([*staying, *going], pot.lacks + owes - pot.free)
    back = _worth(chosen)
    if not chosen or _allowed(tx, asked, mine, free=pot.free + back, leased=pot.leased - back) < pot.lacks:
        return False
    placed.hold_serials(tx, site, {device, *(one.placed.device for one in pot.others)})
    ask_back(tx, site, tuple(chosen), why=BASKET)
    return True


def _reaching(rows: list[PlacedRow], minor: int) -> list[PlacedRow]:
    """Return the first of these leases that come to so much together, or all of them."""
    found: list[PlacedRow] = []
    for row in rows:
        if _worth(found) >= minor:
            break
        found.append(row)
    return found


def _worth(rows: list[PlacedRow]) -> int:
    return sum(row.placed.counters.spendable for row in rows)


def ends(row: PlacedRow, now_ms: int) -> bool:
    """Say whether more than half of a lease's time has gone."""
    return row.placed.doubt_ms - now_ms < row.ttl_s * 500


def prolong(tx: Connection, device: Device, row: PlacedRow) -> bool:
    """Let a lease last its whole time from now on, and hold no more."""
    one = row.placed
    want = Want(wallet=one.wallet, kind=one.kind, lease=one.lease, total=one.counters.granted, band=one.band)
    return isinstance(grant(tx, device, want), PlacedRow)


def tell_again(tx: Connection, site: str, wallet: str) -> None:
    """Tell every device that holds money of a wallet its grant once more: the limits in it are others now."""
    rows = placed.of_wallet(tx, site, wallet, kind=MONEY, held=True)
    told = [row for row in rows if row.living and not row.placed.closing]
    placed.hold_serials(tx, site, [row.placed.device for row in told])
    moved = [
        msgspec.structs.replace(row, serial=placed.next_serial(tx, site, row.placed.device)) for row in told
    ]
    placed.put(tx, site, moved)
    wake_after(tx, site)


class Offer(NamedTuple):
    """What a device is told: grants and closes, and the number of the last."""

    grants: tuple[Grant, ...]
    closes: tuple[Close, ...]
    to: int


def offered(tx: Connection, device: Device, *, after: int) -> Offer:
    """Return every grant and close of a device newer than ``after``."""
    rows = placed.of_device(tx, device.site, device.id, after=after, limit=GRANTS_MAX)
    known = wallets.wallets_of(tx, device.site, {row.placed.wallet for row in rows if row.placed.wallet})
    chosen, now_ms = policies.policy(tx, device.site), rising_ms(tx, device.site)
    worths = worth_of(tx, device.site, {row.placed.wallet for row in rows if row.placed.kind == MONEY})
    grants = tuple(
        _grant(
            # A device that was away counts from when it asked: it gets what is left of the time.
            msgspec.structs.replace(row, ttl_s=min(row.ttl_s, left_s(row.placed.doubt_ms, now_ms))),
            known.get(row.placed.wallet),
            chosen=chosen,
            elsewhere=_elsewhere(row, worths),
        )
        for row in rows
        # What a device never spoke of it may never have heard of: it gives back what it was told it has.
        if not row.placed.closing or not row.heard_ms
    )
    closes = tuple(_close(row) for row in rows if row.placed.closing)
    return Offer(grants, closes, rows[-1].serial if rows else after)


def _elsewhere(row: PlacedRow, worths: Mapping[tuple[str, str], int]) -> int | None:
    """Return what the wallet holds beyond this lease, for the words on a screen."""
    one = row.placed
    if one.kind != MONEY or not one.wallet:
        return None
    return max(0, worths.get((one.wallet, one.unit), 0) - one.counters.spendable)


def ask_back(tx: Connection, site: str, rows: tuple[PlacedRow, ...], *, why: str) -> int:
    """Ask devices to stop and give back; the money is free when they have said so, not before."""
    moved = []
    asked = [row for row in rows if row.living and not row.placed.closing]
    placed.hold_serials(tx, site, [row.placed.device for row in asked])
    for row in asked:
        serial = placed.next_serial(tx, site, row.placed.device)
        moved.append(msgspec.structs.replace(row, placed=ask_close(row.placed), serial=serial, why=why))
    placed.put(tx, site, moved)
    if moved:
        wake_after(tx, site)
    return len(moved)


def ask_back_wallet(tx: Connection, site: str, wallet: str, *, why: str) -> int:
    """Ask back all that devices hold of a wallet, of every kind."""
    return ask_back(tx, site, placed.of_wallet(tx, site, wallet, held=True), why=why)


def _mine(asked: Placing, rows: tuple[PlacedRow, ...]) -> PlacedRow | Unplaced:
    """Return the lease that a want would enlarge, or a new one; nobody enlarges another's."""
    device, want = asked.device, asked.want
    own = [one for one in rows if one.placed.device == device.id and one.living]
    if any(one.placed.incarnation != device.incarnation for one in own):
        return Unplaced(wallet=want.wallet, kind=want.kind, why="other_incarnation")
    fits = [one for one in own if not one.placed.closing and _fits(one, asked)]
    named = [one for one in fits if one.id == want.lease]
    if want.lease and not named:
        return Unplaced(wallet=want.wallet, kind=want.kind, why="not_open")
    if fits:
        found = (named or fits)[0]
        # Whoever asks is alive: what was in doubt is open again, and nothing was free because of the doubt.
        again = msgspec.structs.replace(found.placed, state=PlacedState.OPEN)
        return msgspec.structs.replace(found, placed=again)
    fresh = Placed(
        lease=placed.new_id(),
        wallet=want.wallet,
        kind=want.kind,
        unit=asked.unit,
        device=device.id,
        incarnation=device.incarnation,
        band=want.band,
    )
    return PlacedRow(placed=fresh, day=asked.day)


def _fits(one: PlacedRow, asked: Placing) -> bool:
    return (one.placed.unit, one.placed.band, one.day) == (asked.unit, asked.want.band, asked.day)


def _alike(one: PlacedRow, other: PlacedRow) -> bool:
    """Whether two leases are taken out of one pot: of one day, counted alike."""
    return (one.placed.unit, one.day) == (other.placed.unit, other.day)


def _allowed(tx: Connection, asked: Placing, mine: PlacedRow, *, free: int, leased: int) -> int:
    """Return how much more this lease may get now."""
    chosen, here = asked.policy, mine.placed.counters.spendable
    if asked.wallet is None and asked.want.kind == RISK:
        return max(0, min(free, chosen.risk_slice_minor - here))
    if asked.day is not None:  # one device must not hold all of a day that is spent at several
        return max(0, free if asked.want.why == BASKET else min(free, (free + leased) // DAY_PARTS - here))
    if asked.want.kind != MONEY:
        return max(0, free)
    kept = 0 if asked.want.why == BASKET else (free + leased) * chosen.reserve_permille // PERMILLE
    everywhere = aside.held(tx, asked.device.site, asked.device.id, unit=asked.unit)
    room = caps.cap_minor(tx, asked.device.site, chosen) - everywhere
    # What is owed is paid before anything is lent.
    owes = owed_of(tx, asked.device.site, asked.want.wallet, currency=asked.unit)
    return max(0, min(free - owes - kept, chosen.lease_minor_max - here, room))


def _commit(
    tx: Connection,
    asked: Placing,
    mine: PlacedRow,
    *,
    after: Placed,
    keep: Callable[[Connection, str, Sequence[PlacedRow]], None],
) -> PlacedRow:
    """Write a grant and its posting; the device hears of it once both are durable."""
    site, device = asked.device.site, asked.device.id
    row = msgspec.structs.replace(
        mine,
        placed=after,
        serial=placed.next_serial(tx, site, device),
        ttl_s=asked.policy.ttl_s(asked.device.kind),
        opened_ms=mine.opened_ms or now_of(tx),
    )
    keep(tx, site, [row])
    more = after.counters.granted - mine.placed.counters.granted
    if more:
        entries = (Entry(asked.account, -more), Entry(f"lease:{row.id}", more))
        granted = Posting(
            site=site,
            key=f"grant:{row.id}:{after.counters.granted}",
            kind="grant",
            at_ms=now_of(tx),
            currency=asked.counted,
            entries=entries,
            device=device,
            lease=row.id,
            wallet=asked.want.wallet,
        )
        post(tx, granted)
    wake_after(tx, site)
    return row


def _grant(row: PlacedRow, wallet: Wallet | None, *, chosen: Policy, elsewhere: int | None) -> Grant:
    one = row.placed
    own = strictest([chosen.limits, wallet.limits]) if wallet is not None else chosen.limits
    return Grant(
        lease=one.lease,
        wallet=one.wallet,
        kind=one.kind,
        unit=one.unit,
        device=one.device,
        incarnation=one.incarnation,
        total=one.counters.granted,
        ttl_s=row.ttl_s,
        limits=limits_of(one.kind, chosen, own),
        block_epoch=wallet.block_epoch if wallet is not None else 0,
        serial=row.serial,
        band=one.band,
        day=row.day,
        elsewhere=elsewhere,
    )


def _close(row: PlacedRow) -> Close:
    one = row.placed
    return Close(lease=one.lease, incarnation=one.incarnation, why=row.why, total=one.counters.granted)
