"""Ahead: money is set aside at a site's devices for guests who are expected, before they come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import ClassVar, NamedTuple, TypeVar

from sync.central.accounting.spendings import spent_today, usual_q95
from sync.central.machines.devices import Device
from sync.central.money import aside, caps, leases, placed
from sync.central.money import policy as policies
from sync.central.money.holding import hold
from sync.central.money.ledger import balances
from sync.central.money.placed import LIVING, PlacedRow, placed_table
from sync.central.money.policy import Policy
from sync.central.money.pots import MONEY, pot
from sync.central.money.rising import rising_ms
from sync.central.planning import plans, slices
from sync.central.planning.plans import Share
from sync.central.registry import wallets
from sync.central.registry.expected import expected_table
from sync.central.registry.members import member_table
from sync.central.registry.tables import guest_table
from sync.central.registry.wallets import Wallet, WalletState
from sync.central.rounds import SiteRounds
from sync.central.store import AHEAD, Connection, Store, and_, now_of, select
from sync.rights import DeviceKind

PIECE_MAX = 100
"""Wallets whose money moves in one transaction, so that no sale waits long for its turn."""
PAGE_MAX = 500
REST_MS = 12 * 3_600_000
"""So long nothing is set aside anew for who has left: the money is needed where they are now."""
CRUMB_PERMILLE = 100
"""A device that has hardly any room left gets no crumbs of what belongs to it."""
_One = TypeVar("_One")


class Due(NamedTuple):
    """So much more of a wallet should lie at a device; nothing more: what lies there should last longer."""

    device: Device
    wallet: str
    more: int
    q95: int = 0
    lease: PlacedRow | None = None


class Ahead(SiteRounds):
    """Looks for whom nothing lies ready yet, at once for who is new; asks back of whom nobody expects."""

    name: ClassVar[str] = "ahead"
    every_ms: ClassVar[int] = 60_000
    in_turns: ClassVar[bool] = True
    failing: ClassVar[str] = "nothing was set aside for who is expected"
    woken_by: ClassVar[str] = AHEAD

    def look_at(self, site: str) -> int:
        """Look once; returns how many leases moved."""
        return look(self._store, site, lambda: self.stopping)


class Outlook(NamedTuple):
    """What is known of a site before anything moves: who sells, who is expected, what such people spend."""

    tills: tuple[Device, ...]
    tiers: Mapping[str, frozenset[str]]
    usual: Mapping[frozenset[str], int]
    chosen: Policy

    @property
    def cap(self) -> int:
        """What each till should be able to hold, by this plan."""
        wants = (max(self.chosen.floor_minor, self.usual[tiers]) for tiers in self.tiers.values())
        return caps.planned(sum(wants), tills=len(self.tills))


def look(store: Store, site: str, stopping: Callable[[], bool] = lambda: False) -> int:
    """Ask back what lies ready for nobody, then set aside for who is expected, money and parts of the risk.

    Returns how many leases moved.
    """
    with store.reading() as tx:
        seen = outlook(tx, site)
        gone = unexpected(tx, site)
    if seen.tills:
        with store.transaction() as tx:
            caps.keep(tx, site, seen.cap)
    with store.reading() as tx:
        due = wanted(tx, site, seen)
        risky = [
            *slices.lacking(tx, site, seen.tills),
            *slices.limits_lacking(tx, site, seen.tills, names=seen.tiers),
        ]
    moved = 0
    for names in _pieces(gone):
        with store.transaction() as tx:
            hold(tx, site, names)
            moved += sum(leases.ask_back_wallet(tx, site, wallet, why="unexpected") for wallet in names)
    for piece in _pieces(due):
        if stopping():
            break
        with store.transaction() as tx:
            hold(tx, site, [one.wallet for one in piece], devices=[one.device.id for one in piece])
            moved += sum(_set_aside(tx, one, len(seen.tills)) for one in piece)
    for part in _pieces(risky):
        if stopping():
            break
        with store.transaction() as tx:
            hold(tx, site, [one.want.wallet for one in part], devices=[one.device.id for one in part])
            moved += sum(slices.lay(tx, one) for one in part)
    return moved


def outlook(tx: Connection, site: str) -> Outlook:
    """Look at a site; where nobody sells nothing is planned."""
    tills = _tills(tx, site)
    tiers = _expected(tx, site) if tills else {}
    usual = {held: usual_q95(tx, site, held) for held in set(tiers.values())}
    return Outlook(tills, tiers, usual, policies.policy(tx, site))


def wanted(tx: Connection, site: str, seen: Outlook) -> list[Due]:
    """Return what lacks at the fixed devices that sell, wallet by wallet and within each device's room."""
    due: list[Due] = []
    for page in _pages(sorted(seen.tiers)):
        q95 = {wallet: seen.usual[seen.tiers[wallet]] for wallet in page}
        due += _lacking(tx, seen.tills, chosen=seen.chosen, q95=q95)
    cap = caps.cap_minor(tx, site, seen.chosen)
    fit = [one for till in seen.tills for one in _fitting(tx, till, due, cap=cap)]
    return sorted(fit, key=lambda one: (one.wallet, one.device.id))


def scaled(wants: Sequence[int], room: int) -> list[int]:
    """Share out a device's room in the ratio of what is wanted; crumbs are not worth a grant."""
    total = sum(wants)
    if total <= room:
        return list(wants)
    if room * 1_000 < total * CRUMB_PERMILLE:
        return [0] * len(wants)
    return [want * room // total for want in wants]


def unexpected(tx: Connection, site: str) -> list[str]:
    """Return the wallets of which something lies at devices and no member is expected any more."""
    lease, member, known = placed_table.c, member_table.c, expected_table.c
    query = (
        select(lease.wallet_id, known.now)
        .join(member_table, and_(member.site_id == lease.site_id, member.wallet_id == lease.wallet_id))
        .outerjoin(expected_table, and_(known.site_id == member.site_id, known.guest_id == member.guest_id))
        .where(
            lease.site_id == site,
            lease.state.in_([state.value for state in LIVING]),
            lease.closing.is_(False),
        )
        .distinct()
        .order_by(lease.wallet_id)
    )
    rows = [(str(row[0]), row[1]) for row in tx.execute(query)]
    found = {wallet: [now for _, now in told] for wallet, told in groupby(rows, key=lambda row: row[0])}
    return [wallet for wallet, told in found.items() if all(now is False for now in told)]


def _tills(tx: Connection, site: str) -> tuple[Device, ...]:
    """Return the fixed devices that sell: what is carried about holds a lease for hours, not for days."""
    return tuple(one for one in plans.sellers(tx, site) if one.kind == DeviceKind.EDGE)


def _expected(tx: Connection, site: str) -> dict[str, frozenset[str]]:
    """Return the wallets from which somebody pays who is expected, and of which tiers these people are."""
    member, known, guest = member_table.c, expected_table.c, guest_table.c
    query = (
        select(member.wallet_id, guest.tier)
        .join(expected_table, and_(known.site_id == member.site_id, known.guest_id == member.guest_id))
        .join(guest_table, and_(guest.site_id == member.site_id, guest.guest_id == member.guest_id))
        .where(
            member.site_id == site,
            known.now.is_(True),
            member.no_charge.is_(False),
            member.blocked.is_(False),
        )
        .distinct()
    )
    found: dict[str, set[str]] = {}
    for row in tx.execute(query):
        found.setdefault(str(row[0]), set()).add(str(row[1]))
    return {wallet: frozenset(tiers) for wallet, tiers in found.items()}


def _lacking(
    tx: Connection, tills: Sequence[Device], *, chosen: Policy, q95: Mapping[str, int]
) -> Iterator[Due]:
    """Yield for a page of wallets what lacks where, and what ends before long."""
    site = tills[0].site
    known = wallets.wallets_of(tx, site, q95)
    free = balances(tx, site, [pot(wallet, MONEY) for wallet in q95])
    since = now_of(tx) - REST_MS
    held = placed.of_wallets(tx, site, q95, kind=MONEY, left_since_ms=since)
    spent = spent_today(tx, site, list(q95))
    now = rising_ms(tx, site)
    for id_, usual in q95.items():
        wallet, rows = known.get(id_), held.get(id_, [])
        if wallet is None or wallet.state is not WalletState.OPEN or any(_goes(row) for row in rows):
            continue
        left = max(0, usual - spent.get(id_, 0))
        there = free.get((pot(id_, MONEY), wallet.currency), 0)
        aims = plans.aim(chosen, free=there, leased=_leased(rows, wallet), q95=left)
        for till in tills:
            here = plans.held_at(rows, till.id)
            own = next((row for row in rows if row.placed.device == till.id), None)
            most = max(0, chosen.lease_minor_max - here)
            more = min(plans.lacking(aims, here=here, shared=len(tills)), most)
            if more or (own is not None and here and leases.ends(own, now)):
                yield Due(till, id_, more, left, own)


def _fitting(tx: Connection, till: Device, due: Iterable[Due], *, cap: int) -> list[Due]:
    """Return what of it a device has room for: the worst that its theft costs is the operator's choice."""
    mine = [one for one in due if one.device.id == till.id]
    units = {one.currency for one in wallets.wallets_of(tx, till.site, [one.wallet for one in mine]).values()}
    holds = max((aside.held(tx, till.site, till.id, unit=unit) for unit in units), default=0)
    shares = scaled([one.more for one in mine], max(0, cap - holds))
    fit = [one._replace(more=share) for one, share in zip(mine, shares, strict=True)]
    return [one for one, was in zip(fit, mine, strict=True) if one.more or not was.more]


def _set_aside(tx: Connection, due: Due, tills: int) -> bool:
    """Grant what is due, looked at once more now that the wallet is held."""
    if due.more:
        share = Share(of=tills, more_max=due.more, why="expected", q95=due.q95)
        return plans.fill(tx, due.device, due.wallet, share=share)
    return due.lease is not None and leases.prolong(tx, due.device, due.lease)


def _leased(rows: Iterable[PlacedRow], wallet: Wallet) -> int:
    return sum(row.placed.counters.spendable for row in rows if row.placed.unit == wallet.currency)


def _goes(row: PlacedRow) -> bool:
    """Whether this says that money moves the other way just now: asked back, or its guest has left."""
    return row.placed.closing or not row.living


def _pages(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), PAGE_MAX):
        yield names[start : start + PAGE_MAX]


def _pieces(found: Iterable[_One]) -> Iterator[list[_One]]:
    rest = iter(found)
    while piece := list(islice(rest, PIECE_MAX)):
        yield piece
