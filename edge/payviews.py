"""What the service tells tills and guests' displays about money: a basket, its legs, what became of it."""

from __future__ import annotations

import enum
from typing import Literal

import msgspec

from edge.core.decision import Family, Reason
from edge.core.wallet import MandateNote


class BasketState(enum.StrEnum):
    """How far a basket has come, as a till shows it."""

    IDLE = "idle"
    """Nothing is rung up at this point."""
    OPEN = "basket"
    AWAITING = "await_tap"
    """The next band at this point's reader pays."""
    PIN = "pin"
    """A band was read; its PIN is asked for on the guest's side."""
    PARTLY_PAID = "partly_paid"
    """Some legs stand; another band, cash or a card pays the rest."""
    HELD = "held"
    """A deposit or an open tab: set aside until it is captured, in whole, in part or not at all."""
    SHORT = "short"
    """The band has less ready here than is due: another tender, or less in the basket."""
    DECLINED = "declined"
    """This band does not pay; the basket stays open for another one."""
    APPROVED = "approved"
    GIVEN_UP = "given_up"
    VOIDED = "voided"


CLOSED = frozenset({BasketState.APPROVED, BasketState.GIVEN_UP, BasketState.VOIDED})
"""States that a basket never leaves for an open one."""


class LineView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line as it is shown: amounts are whole minor units, gross."""

    item: str
    name: str
    quantity: int
    price_minor: int
    """Of one; discounts and returned deposits are negative."""
    amount_minor: int
    tax_permille: int = 0
    category: str = ""
    off_minor: int = 0
    """What a voucher or offers took off it, and the tax in that."""
    off_label: str = ""
    """What the offers are called."""
    voided_minor: int = 0
    """What was taken back of it."""
    left: int = 0
    """How many of it still stand: so many at most can be taken back."""


class LegView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who or what paid a part."""

    tender: str
    """``wallet``, ``risk``, ``cash``, ``card`` or the kind of a voucher."""
    amount_minor: int
    band_short: str = ""
    name: str = ""
    ready_here_minor: int | None = None
    """What the wallet could still spend at this device afterwards."""
    units: int = 0
    """Vouchers, gifts or points that it took."""


class VoucherView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A voucher that is used first, or that the guest keeps; ``units`` None: of whichever band comes."""

    kind: str
    names: dict[str, str] = {}
    units: int | None = None
    """How many of it can be used at this device."""
    minor: int | None = None
    """What they pay, where they pay like money."""
    until: str = ""
    """Last local date, ISO 8601; empty: no such end."""
    declined: bool = False
    lapsed: bool = False
    """It would have been good here but for its date."""


class BasketView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A till's whole state in one look; ``words`` is the key of the guest's sentence in the catalogues.

    ``reason``, ``band_short``, ``left_minor`` and ``cause`` are for staff: ``guest_side`` takes them out.
    """

    point: str
    state: BasketState = BasketState.IDLE
    op_id: str = ""
    rev: int = 0
    """Rises with every change of the basket; a ring with an older one is refused."""
    currency: str = ""
    lines: tuple[LineView, ...] = ()
    total_minor: int = 0
    paid_minor: int = 0
    due_minor: int = 0
    legs: tuple[LegView, ...] = ()
    vouchers: tuple[VoucherView, ...] = ()
    """Of the band read last; before one was read, what may lie here for whoever comes."""
    words: str = ""
    family: Family | None = None
    reason: Reason | None = None
    ready_here_minor: int | None = None
    """What the band read last can spend at this device."""
    kept_elsewhere_minor: int | None = None
    """What its wallet holds that is set aside for other places, as far as this device knows."""
    missing_minor: int = 0
    left_minor: int | None = None
    """What a limit of the band would still allow."""
    pin_left: int | None = None
    """Tries that are left while the PIN is asked for."""
    name: str = ""
    language: str = ""
    band_short: str = ""
    cause: str = ""
    """Why nothing could be recorded, in words for staff."""
    opened_ms: int = 0
    at_ms: int = 0
    undo_until_ms: int | None = None
    """Until then the same band at the same reader takes it back."""
    undoing: bool = False
    """It is paid, and the band that paid it takes it back by its next tap here."""
    hold: bool = False
    """The next band only sets it aside."""
    hold_minutes: int | None = None
    """For how long it does."""
    until_ms: int | None = None
    """When what is partly paid or set aside goes back by itself."""
    back_id: str = ""
    """The newest void of it, which has a receipt of its own."""
    staff: str | None = None
    seq: int = 0
    """Journal number of the answer; no approved basket is without one."""
    repeated: bool = False
    """The answer was given before: shown again, charged once."""
    tier_soon: str = ""
    """The tier that the payer has reached, until central says how it stands: a word, nothing goes by it."""
    note: MandateNote = MandateNote.NONE
    """Why the guest should hear of their stored card; for staff."""
    notice: bool = False
    """Whether staff have a word for the guest; which one, their side is not told."""


def guest_side(view: BasketView) -> BasketView:
    """Return what the guest's display may show: everything but why, who and whose."""
    legs = tuple(msgspec.structs.replace(leg, band_short="") for leg in view.legs)
    return msgspec.structs.replace(
        view,
        reason=None,
        cause="",
        band_short="",
        left_minor=None,
        staff=None,
        legs=legs,
        note=MandateNote.NONE,
    )


class SlipView(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt beside the sale's own: of a void or a refund."""

    id: str
    kind: str
    """``void`` or ``refund``."""


class PaymentView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One finished payment in a till's list, as it stands now."""

    op_id: str
    point: str
    at_ms: int
    currency: str
    total_minor: int
    state: BasketState
    lines: tuple[LineView, ...] = ()
    legs: tuple[LegView, ...] = ()
    voided_minor: int = 0
    refund_asked_minor: int = 0
    slips: tuple[SlipView, ...] = ()
    """Of what was taken back, oldest first."""
    undo_until_ms: int | None = None
    until_ms: int | None = None
    """Of a hold: when it ends by itself."""
    name: str = ""
    """Whose band it is held on."""
    staff: str | None = None
    seq: int = 0


class CashKind(enum.StrEnum):
    """Which way cash crossed the counter."""

    TOP_UP = "top_up"
    CASH_OUT = "cash_out"


class CashView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Cash taken for a wallet, or paid out of one."""

    op_id: str
    kind: CashKind
    point: str
    state: BasketState
    currency: str
    amount_minor: int
    words: str = ""
    family: Family | None = None
    reason: Reason | None = None
    ready_here_minor: int | None = None
    band_short: str = ""
    name: str = ""
    language: str = ""
    at_ms: int = 0
    seq: int = 0
    repeated: bool = False


def cash_guest_side(view: CashView) -> CashView:
    """Return what the guest's display may show of cash: everything but why and whose."""
    return msgspec.structs.replace(view, reason=None, band_short="")


class Exposure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lies at this device and what the operator could lose with it, in minor units of its currency."""

    currency: str = ""
    leases: dict[str, int] = {}
    """How many there are in each state."""
    ready_minor: int = 0
    """What guests could spend here now without central."""
    at_stake_minor: int = 0
    """What central would have in doubt if this device never spoke again: the bound on a stolen one."""
    risk_taken_minor: int = 0
    """Accepted on the operator's loss budget and not settled yet, as far as this device knows."""
    risk_left_minor: int = 0
    """What could still be accepted so during an outage: taken and left together are the worst case."""
    holds: int = 0
    """Baskets that are authorised and wait for their end."""


class CardStopped(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a guest's word that their stored card is charged no more."""

    became: Literal["stopped", "pin", "wrong", "locked"]
    """``pin``: the guest has one and has to type it."""
