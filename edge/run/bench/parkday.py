"""A seeded park day on paper: guests, edges that hold leases by central's plan, hours without internet."""

from __future__ import annotations

import random

from edge.core.lease import (
    Grant,
    Lease,
    Placed,
    Refusal,
    free,
    give_back,
    place,
    report_of,
    spend,
    take_grant,
    take_report,
)
from sync.central.money.caps import planned
from sync.central.money.policy import Policy
from sync.central.planning.ahead import scaled
from sync.central.planning.plans import aim, lacking

SEED = 20_261_128
GUESTS, EDGES = 2_000, 1
"""One edge holds what is set aside for the site, and all its tills sell from that."""
OPEN_MIN, CUT_MIN = 600, 240
"""Ten hours open, four of them cut off, anywhere in the day."""
WALLET_MINOR = 15_000
PRICES = (250, 400, 450, 600, 900, 1_250, 1_800)
VISITS = (2, 3, 4, 5, 6)
TTL_S = 12 * 3_600
MINUTE_MS = 60_000
SHARE_PERCENT = 95


class Guest:
    """A wallet, what is set aside of it where, and when its guest buys what."""

    def __init__(self, number: int, dice: random.Random) -> None:
        """Come in the first half of the day, mostly early, and buy some meals and drinks."""
        self.name = f"w{number}"
        self.came_min = min(dice.randint(0, OPEN_MIN // 2) for _ in range(3))
        times = sorted(dice.randint(self.came_min + 1, OPEN_MIN) for _ in range(dice.choice(VISITS)))
        self.buys = [(at, dice.randrange(EDGES), dice.choice(PRICES)) for at in times]
        self.placed = [self._opened(edge) for edge in range(EDGES)]
        self.held: list[Lease | None] = [None] * EDGES
        self.spent = 0

    def _opened(self, edge: int) -> Placed:
        return Placed(
            lease=f"{self.name}-{edge}", wallet=self.name, kind="money", unit="EUR", device=f"e{edge}",
            incarnation=1,
        )  # fmt: skip

    def ready(self, edge: int) -> int:
        """What lies at an edge."""
        lease = self.held[edge]
        return 0 if lease is None else lease.spendable

    def free(self) -> int:
        """What nobody holds."""
        return free(WALLET_MINOR, self.placed)

    def fill(self, edge: int, more: int, *, at_ms: int) -> int:
        """Set more aside at an edge, if it is free; return how much it got."""
        known = self.placed[edge]
        others = [one for one in self.placed if one is not known]
        total = known.counters.granted + min(more, self.free())
        after = place(known, total, confirmed=WALLET_MINOR, others=others, doubt_ms=0)
        if isinstance(after, Refusal) or after == known:
            return 0
        self.placed[edge] = after
        grant = Grant(
            lease=known.lease, wallet=self.name, unit="EUR", device=known.device, incarnation=1,
            total=total, ttl_s=TTL_S, serial=total,
        )  # fmt: skip
        taken = take_grant(self.held[edge], grant, asked_ms=at_ms)
        if isinstance(taken, Lease):
            self.held[edge] = taken
        return total - known.counters.granted

    def report(self, edge: int) -> None:
        """Let central hear what an edge did."""
        lease = self.held[edge]
        heard = Refusal.OTHER_LEASE if lease is None else take_report(self.placed[edge], report_of(lease))
        if isinstance(heard, Placed):
            self.placed[edge] = heard

    def return_from(self, edge: int, amount: int) -> int:
        """Have an edge give a part back, and central hear of it; return how much that was."""
        before = self.ready(edge)
        lease = self.held[edge]
        after = Refusal.SHORT if lease is None else give_back(lease, min(amount, lease.spendable))
        if isinstance(after, Lease):
            self.held[edge] = after
        self.report(edge)
        return before - self.ready(edge)


class Day:
    """One day of the park, drawn from a seed."""

    def __init__(
        self, seed: int = SEED, *, expected: bool = True, device_minor_max: int | None = None
    ) -> None:
        """Draw guests, and when the internet is gone; ``expected``: central sets aside before they come."""
        self._expected = expected
        self._policy = Policy()
        dice = random.Random(seed)  # noqa: S311 - a seeded day, no secret
        cut = dice.randint(0, OPEN_MIN - CUT_MIN)
        self._cut = range(cut, cut + CUT_MIN)
        self._guests = [Guest(number, dice) for number in range(GUESTS)]
        usual = sorted(sum(price for _, _, price in guest.buys) for guest in self._guests)
        self._q95 = usual[len(usual) * SHARE_PERCENT // 100]
        plan = planned(GUESTS * max(self._policy.floor_minor, self._q95), tills=EDGES)
        self._cap = plan if device_minor_max is None else device_minor_max
        self._aside = [0] * EDGES
        self.funded = self.accepted = self.funded_offline = self.accepted_offline = 0

    def play(self) -> Day:
        """Let the day pass: what a wallet could pay is funded, what the edge there could pay is accepted."""
        if self._expected:
            self._set_aside()
        for at, guest, edge, price in self._times():
            if price:
                self._buy(guest, edge, price, at=at)
            elif at not in self._cut:
                for each in range(EDGES):
                    self._fill(guest, each, self._lacking(guest, each), at=at)
        return self

    def _times(self) -> list[tuple[int, Guest, int, int]]:
        """Return what happens in order: who comes (no price), and who buys where for how much."""
        come = [(guest.came_min, guest, 0, 0) for guest in self._guests]
        buy = [(at, guest, edge, price) for guest in self._guests for at, edge, price in guest.buys]
        return sorted(come + buy, key=lambda one: one[0])

    def _set_aside(self) -> None:
        """As central does for who is expected, days before: all get alike where an edge lacks room."""
        for edge in range(EDGES):
            wants = [self._lacking(guest, edge) for guest in self._guests]
            shares = scaled(wants, self._cap)
            for guest, share in zip(self._guests, shares, strict=True):
                self._fill(guest, edge, share, at=0)

    def _buy(self, guest: Guest, edge: int, price: int, *, at: int) -> None:
        if WALLET_MINOR - guest.spent < price:
            return
        online = at not in self._cut
        if online and guest.ready(edge) < price:
            self._gather(guest, edge, price, at=at)
        lease = guest.held[edge]
        paid = Refusal.SHORT if lease is None else spend(lease, price, now_ms=at * MINUTE_MS)
        accepted = isinstance(paid, Lease)
        if isinstance(paid, Lease):
            guest.held[edge] = paid
            guest.spent += price
            self._aside[edge] -= price
        self.funded += 1
        self.accepted += accepted
        self.funded_offline += not online
        self.accepted_offline += accepted and not online
        if online:
            guest.report(edge)
            self._fill(guest, edge, self._lacking(guest, edge), at=at)

    def _lacking(self, guest: Guest, edge: int) -> int:
        """Central's own plan: what lacks at an edge of its share, the reserve left where it is."""
        left = max(0, self._q95 - guest.spent)
        leased = sum(guest.ready(each) for each in range(EDGES))
        aims = aim(self._policy, free=guest.free(), leased=leased, q95=left)
        return lacking(aims, here=guest.ready(edge), shared=EDGES)

    def _fill(self, guest: Guest, edge: int, more: int, *, at: int) -> None:
        room = max(0, self._cap - self._aside[edge])
        self._aside[edge] += guest.fill(edge, min(more, room), at_ms=at * MINUTE_MS)

    def _gather(self, guest: Guest, edge: int, price: int, *, at: int) -> None:
        """A basket that stands here is worth more than a guess: what lies elsewhere comes back for it."""
        for other in range(EDGES):
            short = price - guest.ready(edge) - guest.free()
            if other != edge and short > 0:
                self._aside[other] -= guest.return_from(other, short)
        self._fill(guest, edge, price - guest.ready(edge), at=at)
