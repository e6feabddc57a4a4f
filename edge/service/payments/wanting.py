"""Wanting: who is thought to be here, what should lie ready for them, and what to ask of central for that."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from edge.core.lease import Lease, LeaseKind, LeaseState, Want, ready
from edge.core.offers import Bundle
from edge.core.wallet import MandateState, WalletLink

LOW_PERMILLE = 400
"""Below this part of what was wanted it is asked for again."""
RENEW_MS = 600_000
"""A lease that ends sooner is asked to last longer."""
VOUCHERS_WANTED = 2
RISK_TAPS_WANTED = 3
PERMILLE = 1_000
AGAIN_MS, AGAIN_MS_MAX = 20_000, 10_240_000
"""So long nothing is asked again that central had no more of; twice as long each time, until it is seen."""
GIVEN_MS = 2_000
"""So long where the guest has vouchers and taps: a second one that care gives looks like the first."""


class Here(msgspec.Struct, kw_only=True):
    """A wallet that is thought to be here, by the band of it that was seen last."""

    link: WalletLink
    band: str
    why: str
    told: bool = False
    asked_ms: int | None = None
    rest_ms: int = AGAIN_MS
    needs: int = 0
    """What a basket that stands here lacks of money."""
    today: int = 0
    """What it lacks of what the band may spend today."""

    @property
    def waits(self) -> bool:
        """Whether a basket stands here that lacks something."""
        return bool(self.needs or self.today)


class Aim(msgspec.Struct, frozen=True):
    """So many units of one kind should lie here, for one band or for all of the wallet."""

    kind: str
    units: int
    band: str = ""
    needs: int = 0
    """What a basket lacks right now."""
    day: int | None = None
    """The local day that it is for; None: it is for no day."""
    promised: int = 0
    """Of what lies here, what guests were promised already: nobody else is shown an offer of it."""


def budgets_of(bundle: Bundle) -> dict[str, int]:
    """Return the budgets that a bundle's offers are paid out of, and what one redemption takes at most."""
    found: dict[str, int] = {}
    for offer in bundle.offers:
        if offer.budget is not None:
            found[offer.budget.id] = max(found.get(offer.budget.id, 0), offer.budget.each)
    return found


def aims_of(here: Here, floor: int, *, day: int) -> list[Aim]:
    """Return each kind that this band could spend here, how much of it should be ready, and for whom."""
    link = here.link
    if link.blocked:
        return []
    aims = [Aim(one.kind, floor if one.unit_minor else VOUCHERS_WANTED) for one in link.vouchers]
    if link.no_charge:
        return aims
    aims.insert(0, Aim(LeaseKind.MONEY, max(floor, here.needs), needs=here.needs))
    if link.day_leased:
        kind, most = f"{LeaseKind.DAY}:{here.band}", link.limits.day_minor_max or floor
        aims.append(Aim(kind, most, band=here.band, needs=here.today, day=day))
    if link.mandate is MandateState.ACTIVE:
        aims += [Aim(LeaseKind.RISK, floor), Aim(LeaseKind.RISK_TAPS, RISK_TAPS_WANTED)]
    return aims


def want_of(wallet: str, leases: Iterable[Lease], aim: Aim, *, now: int) -> Want | None:
    """Return what to ask of one kind; None: enough is ready, and for long enough."""
    alike = [
        lease
        for lease in leases
        if lease.kind == aim.kind and lease.band in ("", aim.band) and lease.day == aim.day
    ]
    have = max(0, sum(ready(lease, now) for lease in alike) - aim.promised)
    living = [lease for lease in alike if lease.state is not LeaseState.CLOSED]
    largest = max(living, key=lambda lease: (lease.state is LeaseState.OPEN, lease.spendable), default=None)
    ends = largest is not None and largest.ends_ms - now < RENEW_MS
    if not ends and not aim.needs and have * PERMILLE >= aim.units * LOW_PERMILLE:
        return None
    if largest is None:
        why = "basket" if aim.needs else "presence"
        return Want(wallet=wallet, kind=aim.kind, total=aim.units, band=aim.band, why=why, needs=aim.needs)
    total = largest.counters.granted + max(0, aim.needs, aim.units - have)
    why = "basket" if aim.needs else "refill"
    return Want(
        wallet=wallet,
        kind=aim.kind,
        lease=largest.id,
        total=total,
        band=aim.band,
        why=why,
        needs=aim.needs,
    )
