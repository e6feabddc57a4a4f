"""Wallets, leases and baskets in one line each, for whatever is judged about money."""

from __future__ import annotations

import msgspec

from edge.core.bands import Trust
from edge.core.basket import Basket, Line
from edge.core.calendar import day_of
from edge.core.entry import decide
from edge.core.facts import Facts
from edge.core.lease import Counters, Lease, LeaseKind, Limits
from edge.core.payment.decide import decide_payment
from edge.core.payment.facts import Outside, Payer, PaymentFacts, PaymentRuling
from edge.core.profiles import Profile
from edge.core.wallet import MandateState, WalletLink
from tests.builders import DEVICE, HOUR_MS, NOW_MS, ROME, a_profile, a_tap, a_till, facts_for

UP_MS = 1_000_000
"""What the device's own clock says."""


def a_lease(id: str = "lease-1", granted: int = 2_000, **changes: object) -> Lease:
    """Twenty euros of the wallet, set aside for this device for an hour."""
    lease = Lease(
        id=id, wallet="wallet-1", kind=LeaseKind.MONEY, unit="EUR", device=DEVICE, incarnation=1,
        counters=Counters(granted=granted), ends_ms=UP_MS + HOUR_MS,
    )  # fmt: skip
    return msgspec.structs.replace(lease, **changes)


def a_line(price_minor: int = 600, quantity: int = 1, **changes: object) -> Line:
    """A soup at ten percent."""
    line = Line(
        item="soup",
        name="Zuppa",
        quantity=quantity,
        price_minor=price_minor,
        tax_permille=100,
        category="food",
    )
    return msgspec.structs.replace(line, **changes)


def a_basket(*lines: Line, **changes: object) -> Basket:
    """A basket at the till with these lines, or with a soup."""
    basket = Basket(op_id="op-00000001", point="till", currency="EUR", lines=lines or (a_line(),), staff="s1")
    return msgspec.structs.replace(basket, **changes)


def a_link(**changes: object) -> WalletLink:
    """A wallet in euros without limits, its guest with a PIN."""
    return msgspec.structs.replace(WalletLink(id="wallet-1", currency="EUR", pin_hash="argon"), **changes)


def a_payer(
    *leases: Lease, profile: Profile | None = None, tap: Facts | None = None, **changes: object
) -> Payer:
    """A guest with a band that proves itself LIVE, and a lease of twenty euros here."""
    known = profile or a_profile(payments=True, wallet=a_link())
    tap = tap or facts_for(known, a_till(), presented=a_tap(trust=Trust.LIVE))
    payer = Payer(tap=tap, told=decide(tap).decision, leases=leases or (a_lease(),))
    return msgspec.structs.replace(payer, **changes)


def a_payment(
    payer: Payer | Outside | None = None, basket: Basket | None = None, **changes: object
) -> PaymentFacts:
    """This payer before this basket."""
    facts = PaymentFacts(
        basket=basket or a_basket(),
        payer=payer or a_payer(),
        device=DEVICE,
        now_ms=NOW_MS,
        monotonic_ms=UP_MS,
    )
    return msgspec.structs.replace(facts, **changes)


def paid(
    payer: Payer | Outside | None = None, basket: Basket | None = None, **changes: object
) -> PaymentRuling:
    """What becomes of it."""
    return decide_payment(a_payment(payer, basket, **changes))


TODAY = day_of(ROME, 0, NOW_MS)


def a_spirit(**changes: object) -> Line:
    """A glass that only grown-ups get."""
    spirit = Line(item="grappa", name="Grappa", quantity=1, price_minor=500, tax_permille=220, age_min=18)
    return msgspec.structs.replace(spirit, **changes)


def spends(**changes: object) -> Payer:
    """A payer whose wallet, limits or own state are these."""
    limits = {name: changes.pop(name) for name in Limits.__struct_fields__ if name in changes}
    wallet = {name: changes.pop(name) for name in WalletLink.__struct_fields__ if name in changes}
    link = msgspec.structs.replace(a_link(), limits=msgspec.structs.replace(Limits(), **limits), **wallet)
    epoch = changes.pop("known_epoch", 0)
    payer = a_payer(profile=a_profile(payments=True, wallet=link), block_epoch=epoch)
    if "tap" in changes:
        known = msgspec.structs.replace(payer.tap.profile, wallet=link)
        tap = msgspec.structs.replace(changes["tap"], profile=known)
        changes |= {"tap": tap, "told": decide(tap).decision}
    return msgspec.structs.replace(payer, **changes)


def a_risk(
    *,
    here: int = 200,
    floor: int = 10_000,
    sums: int = 10_000,
    taps: int = 3,
    budget: int = 10_000,
    mandate: MandateState = MandateState.ACTIVE,
) -> Payer:
    """A guest with too little here whose mandate lets the rest be tried on risk."""
    leases = (
        a_lease(granted=here),
        a_lease("risk-1", sums, kind=LeaseKind.RISK, limits=Limits(tap_minor_max=floor)),
        a_lease("taps-1", taps, kind=LeaseKind.RISK_TAPS, unit="tap"),
        a_lease("slice-1", budget, kind=LeaseKind.RISK, wallet=""),
    )
    return a_payer(*leases, profile=a_profile(payments=True, wallet=a_link(mandate=mandate)), risk=True)
