"""Placing: what a want is about, by its kind; counted units are made here the first time they are wanted."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.lease import COUNTER_MAX, LeaseKind, Limits, Want
from edge.core.vouchers import PROMISES, base_of
from edge.core.wallet import MandateState
from edge.errors import Refused, Unknown
from sync.central.machines.devices import Device
from sync.central.money import policy as policies
from sync.central.money import risk
from sync.central.money.ledger import postings_of
from sync.central.money.placed import KIND_CHARS_MAX
from sync.central.money.policy import Policy
from sync.central.money.pots import MONEY, Issue, counted_in, issue, owed_of, pot, unit_for
from sync.central.registry import bands, layout, members, wallets
from sync.central.registry.localday import day_at
from sync.central.registry.wallets import Wallet, WalletState
from sync.central.store import Connection, now_of

BAND_HEX_CHARS = 32


class Placing(NamedTuple):
    """One want with all that decides on it: whose device, whose wallet, counted how, by which choices."""

    device: Device
    want: Want
    policy: Policy
    wallet: Wallet | None
    unit: str
    day: int | None = None

    @property
    def account(self) -> str:
        """Where it is taken from."""
        return pot(self.want.wallet, self.want.kind)

    @property
    def counted(self) -> str:
        """In what the ledger counts it."""
        return counted_in(self.want.kind, self.unit, self.day)


def placing(tx: Connection, device: Device, want: Want) -> Placing:
    """Look at a want and hold its wallet; raise what keeps anything at all from being given."""
    base = want.kind.partition(":")[0]
    known = base in frozenset(LeaseKind) and len(want.kind) <= KIND_CHARS_MAX
    if not known or not 0 <= want.total <= COUNTER_MAX or len(want.band) > BAND_HEX_CHARS:
        raise Refused("malformed")
    if not want.wallet:
        return _budget(tx, device, want)
    wallet = wallets.lock(tx, device.site, want.wallet)
    if wallet.state is not WalletState.OPEN:
        raise Refused("blocked")
    chosen = policies.policy(tx, device.site)
    unit = unit_for(want.kind, wallet.currency)
    if base in (LeaseKind.RISK, LeaseKind.RISK_TAPS):
        _make_risk(tx, device.site, wallet, chosen=chosen)
    day = today(tx, device.site) if base == LeaseKind.DAY else None
    if day is not None:
        _make_day(tx, device.site, want.kind, wallet=wallet, day=day)
    return Placing(device, want, chosen, wallet, unit, day)


def limits_of(kind: str, chosen: Policy, own: Limits) -> Limits:
    """Return the limits that a grant carries: the wallet's own for money, the operator's for risk."""
    if kind == LeaseKind.RISK:
        return Limits(tap_minor_max=chosen.risk_tap_minor_max)
    return own if kind == MONEY else Limits()


def _budget(tx: Connection, device: Device, want: Want) -> Placing:
    """What the operator may lose or give away: a device gets its slice, under no wallet's name."""
    if want.kind != LeaseKind.RISK and base_of(want.kind) not in PROMISES:
        raise Refused("malformed")
    chosen = policies.lock(tx, device.site)
    known = layout.published(tx, device.site)
    if known is not None and want.kind != LeaseKind.RISK:
        return Placing(device, want, chosen, None, unit_for(want.kind, known.currency))
    if not chosen.risk_minor or known is None:
        raise Refused("none")
    risk.hold_budget(tx, device.site, chosen, currency=known.currency)
    return Placing(device, want, chosen, None, known.currency)


def _make_risk(tx: Connection, site: str, wallet: Wallet, *, chosen: Policy) -> None:
    """Give a wallet its limits at risk: with a valid mandate, and while nothing is owed."""
    owes = owed_of(tx, site, wallet.id, currency=wallet.currency)
    if wallet.mandate is not MandateState.ACTIVE or owes or not chosen.risk_minor:
        raise Refused("no_risk")
    risk.hold_limits(tx, site, wallet, chosen=chosen)


def make_ready(tx: Connection, site: str, kind: str, *, wallet: Wallet | None, day: int | None) -> None:
    """Give a kind of which units are made when they are first wanted its units, as that want had done it."""
    base, chosen = kind.partition(":")[0], policies.policy(tx, site)
    if wallet is None and base == LeaseKind.RISK:
        known = layout.published(tx, site)
        if known is not None:
            risk.hold_budget(tx, site, policies.lock(tx, site), currency=known.currency)
    elif wallet is not None and base in (LeaseKind.RISK, LeaseKind.RISK_TAPS):
        risk.hold_limits(tx, site, wallet, chosen=chosen)
    elif wallet is not None and day is not None:
        _make_day(tx, site, kind, wallet=wallet, day=day)


def _make_day(tx: Connection, site: str, kind: str, *, wallet: Wallet, day: int) -> None:
    """Give a band what it may spend on a day, once; it is counted by the site's own day."""
    member = _member(tx, site, kind.partition(":")[2])
    if member.wallet != wallet.id or member.limits.day_minor_max is None:
        raise Refused("no_limit")
    own = Issue(wallet.id, kind, wallet.currency, member.limits.day_minor_max, day)
    if not _was_issued(tx, site, own):
        issue(tx, site, f"{kind}:{day}", of=own)


def _was_issued(tx: Connection, site: str, of: Issue) -> bool:
    """Whether anything was ever issued: what it was then stands, however the operator chose since."""
    key = f"issue:{of.kind}:{of.wallet if of.day is None else of.day}"
    return key in postings_of(tx, site, [key])


def _member(tx: Connection, site: str, band: str) -> members.Member:
    try:
        card = bands.band(tx, site, bytes.fromhex(band))
    except ValueError:
        raise Refused("malformed") from None
    held = members.members_by_guest(tx, site, [card.guest or ""]).get(card.guest or "")
    if held is None:
        raise Unknown("This band pays from no wallet.")
    return held


def today(tx: Connection, site: str) -> int:
    """Return the site's own day as a proleptic ordinal."""
    return day_at(tx, site, now_of(tx))
