"""Bookings: what each event of money means in the ledger, by its own body and its basket so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from edge.core.basket import Line
from edge.core.lease import LeaseKind
from edge.core.money import tax_within
from edge.core.payment import (
    Authorisation,
    CashedOut,
    HoldEnded,
    Leg,
    Payment,
    RefundAsked,
    Tender,
    ToppedUp,
    Voided,
    VoidedLine,
)
from edge.core.vouchers import campaign_of
from edge.errors import Refused
from sync.central.money.basket import Op
from sync.central.money.ledger import Entry, Posting
from sync.central.money.pots import units_back
from sync.central.money.repeats import key_of, minor_of, pays

MONEY = LeaseKind.MONEY.value
VOUCHERS = frozenset({Tender.VOUCHER, Tender.DISCOUNT})
Sums = dict[str, int]


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Whose event it is, when it was, and what each lease in it counts."""

    site: str
    device: str
    at_ms: int
    counted: Mapping[str, str]
    """Lease to the ledger's unit of it."""


class Booked(msgspec.Struct, frozen=True):
    """Postings of one event, and the basket after it."""

    postings: tuple[Posting, ...]
    op: Op | None = None


def paid(payment: Payment, before: Op | None, where: Where) -> Booked:
    """Book one accepted part of a basket: held while the rest is due, sold when it is whole."""
    if before is not None and (before.device, before.currency) != (where.device, payment.currency):
        raise Refused(f"Basket {payment.op_id} is of another device or currency.")
    op = before or _opened(payment, where)
    _demand_sum(payment, op)
    given = sum(map(minor_of, payment.legs))
    sums = _out_of(payment.legs, point=payment.point)
    if payment.state is Authorisation.CAPTURED:
        sold = op.held_minor + given
        _add(sums, f"held:{where.device}", -op.held_minor)
        _sell(sums, where.device, sold, taxes=_taxes(payment.lines, (*op.legs, *payment.legs)))
        after = msgspec.structs.replace(op, held_minor=0, captured_minor=op.captured_minor + sold)
    else:
        _add(sums, f"held:{where.device}", given)
        after = msgspec.structs.replace(op, held_minor=op.held_minor + given)
    after = msgspec.structs.replace(
        after, state=str(payment.state), legs=(*op.legs, *payment.legs), total_minor=payment.total_minor
    )
    return Booked(
        _postings((key_of(payment), "sale"), sums, where, moved=(payment.currency, payment.legs, -1)), after
    )


def _demand_sum(payment: Payment, op: Op) -> None:
    """Refuse a basket whose parts are not its whole, or in which one part pays for another."""
    parts = [leg.amount_minor for leg in (*op.legs, *payment.legs)]
    if payment.state is Authorisation.CAPTURED and sum(parts) != payment.total_minor:
        raise Refused(f"Basket {payment.op_id} costs {payment.total_minor} and was paid with {sum(parts)}.")
    if any(part * payment.total_minor < 0 for part in parts):
        raise Refused(f"Basket {payment.op_id} is paid for by taking something back.")


def voided(void: Voided, before: Op | None, where: Where) -> Booked:
    """Book what went back to each leg, out of what is held or was sold."""
    op = _known(before, void.op_id, where)
    back = sum(map(minor_of, void.legs))
    if back > op.held_minor + op.left_minor:
        raise Refused(f"{void.void_id} gives back more than is left of basket {void.op_id}.")
    sums = _into(void.legs, point=void.point or op.point)
    from_hold = min(back, op.held_minor)
    _add(sums, f"held:{where.device}", -from_hold)
    sold_back = back - from_hold
    _sell(sums, where.device, -sold_back, taxes=_taxes_of(void.lines, op.lines) if sold_back else {})
    after = msgspec.structs.replace(
        op,
        state=str(void.state),
        held_minor=op.held_minor - from_hold,
        voided_minor=op.voided_minor + back - from_hold,
        legs=_less(op.legs, void.legs),
    )
    return Booked(_postings((key_of(void), "void"), sums, where, moved=(op.currency, void.legs, 1)), after)


def hold_ended(ended: HoldEnded, before: Op | None, where: Where) -> Booked:
    """Book the end of a hold: what is captured is sold, the rest goes back to the legs it came from."""
    op = _known(before, ended.op_id, where)
    stood = {leg.number: leg for leg in op.legs}
    back = [
        msgspec.structs.replace(
            leg,
            amount_minor=leg.voided_minor - stood[leg.number].voided_minor,
            units=leg.voided_units - stood[leg.number].voided_units,
            voided_minor=0,
            voided_units=0,
        )
        for leg in ended.legs
        if leg.number in stood
    ]
    released = sum(map(minor_of, back))
    least = min((leg.amount_minor for leg in back), default=0)
    if released + ended.captured_minor != op.held_minor or least < 0:
        raise Refused(f"The end of basket {ended.op_id} does not fit what was held for it.")
    sums = _into(back, point=ended.point or op.point)
    _add(sums, f"held:{where.device}", -op.held_minor)
    lines = ended.lines or op.lines
    _sell(sums, where.device, ended.captured_minor, taxes=_taxes(lines, ended.legs))
    after = msgspec.structs.replace(
        op,
        state=str(ended.state),
        held_minor=0,
        captured_minor=op.captured_minor + ended.captured_minor,
        legs=ended.legs,
        lines=lines,
    )
    return Booked(_postings((key_of(ended), "capture"), sums, where, moved=(op.currency, back, 1)), after)


def topped_up(told: ToppedUp, where: Where) -> Booked:
    """Book money that was paid in at a device, spendable there at once."""
    till = told.drawer or told.point or where.device
    source = f"cash:{till}" if told.tender is Tender.CASH else f"card:{till}"
    lease = told.leases[0].lease if told.leases else ""
    if told.amount_minor <= 0 or not lease:
        raise Refused(f"Top-up {told.op_id} says neither how much nor where it went.")
    sums = {source: -told.amount_minor, f"lease:{lease}": told.amount_minor}
    own = Posting(
        site=where.site, key=key_of(told), kind="top_up", at_ms=where.at_ms,
        currency=told.currency, entries=_entries(sums), device=where.device, lease=lease, wallet=told.wallet,
    )  # fmt: skip
    return Booked((own,))


def cashed_out(told: CashedOut, where: Where) -> Booked:
    """Book the rest of a wallet that was paid out of a drawer."""
    till = told.drawer or told.point or where.device
    lease = told.leases[0].lease if told.leases else ""
    if told.amount_minor <= 0 or not lease:
        raise Refused(f"Pay-out {told.op_id} says neither how much nor what it came from.")
    sums = {f"lease:{lease}": -told.amount_minor, f"cash:{till}": told.amount_minor}
    own = Posting(
        site=where.site, key=key_of(told), kind="cash_out", at_ms=where.at_ms,
        currency=told.currency, entries=_entries(sums), device=where.device, lease=lease, wallet=told.wallet,
    )  # fmt: skip
    return Booked((own,))


def refunded(asked: RefundAsked, before: Op | None, where: Where) -> Booked:
    """Book a refund to whom each leg came from, never above what is left of the basket and once per refund.

    What a leg took from a wallet goes to the wallet, where it is free at once; what was paid at risk lowers
    the debt, and where that was charged already the provider gives it back. Vouchers' units go back to their
    wallet, what they were worth to their campaign.
    """
    if before is None or before.currency != asked.currency:
        raise Refused(f"Nothing is known here of basket {asked.op_id}.")
    back = sum(map(minor_of, asked.legs))
    off = sum(leg.amount_minor for leg in asked.legs if leg.tender is Tender.DISCOUNT)
    if back - off != asked.amount_minor or not 0 < back <= before.left_minor:
        raise Refused(f"{asked.refund_id} is above what is left of basket {asked.op_id}.")
    sums: Sums = defaultdict(int)
    for leg in asked.legs:
        of_wallet = leg.tender is Tender.WALLET
        account = f"wallet:{leg.wallet}" if of_wallet else _account(leg, asked.point or before.point)
        _add(sums, account, minor_of(leg))
    _sell(sums, before.device, -back, taxes=_taxes_of(asked.lines, before.lines))
    wallet = next((leg.wallet for leg in asked.legs if leg.wallet), "")
    own = Posting(
        site=where.site, key=key_of(asked), kind="refund", at_ms=where.at_ms, currency=asked.currency,
        entries=_entries(sums), device=where.device, wallet=wallet,
    )  # fmt: skip
    given = tuple(leg for leg in asked.legs if leg.tender in VOUCHERS)
    after = msgspec.structs.replace(
        before, refunded_minor=before.refunded_minor + back, legs=_less(before.legs, given)
    )
    if any(leg.voided_units > leg.units for leg in after.legs):
        raise Refused(f"{asked.refund_id} gives back more units than basket {asked.op_id} used.")
    return Booked((own, *units_back(own, given)), after)


def _opened(payment: Payment, where: Where) -> Op:
    wallet = next((leg.wallet for leg in payment.legs if leg.wallet), "")
    return Op(
        id=payment.op_id,
        device=where.device,
        currency=payment.currency,
        point=payment.point,
        staff=payment.staff,
        wallet=wallet,
        at_ms=where.at_ms,
        lines=payment.lines,
    )


def _known(before: Op | None, op_id: str, where: Where) -> Op:
    if before is None:
        raise Refused(f"Nothing is known here of basket {op_id}.")
    if before.device != where.device:
        raise Refused(f"Basket {op_id} is another device's.")
    return before


def _account(leg: Leg, point: str) -> str:
    match leg.tender:
        case Tender.WALLET:
            return f"lease:{leg.lease}"
        case Tender.RISK:
            return f"debt:{leg.wallet}"
        case Tender.VOUCHER | Tender.DISCOUNT:
            return f"voucher:{campaign_of(leg.kind)}"
        case Tender.CASH:
            return f"cash:{point}"
        case _:
            return f"card:{point}"


def _out_of(legs: Iterable[Leg], *, point: str) -> Sums:
    sums: Sums = defaultdict(int)
    for leg in legs:
        if pays(leg):
            _add(sums, _account(leg, point), -leg.amount_minor)
    return sums


def _into(legs: Iterable[Leg], *, point: str) -> Sums:
    return defaultdict(int, {account: -minor for account, minor in _out_of(legs, point=point).items()})


def _sell(sums: Sums, device: str, gross: int, *, taxes: Mapping[int, int]) -> None:
    """Add what was sold: each rate's tax for itself, the rest as the device's sales."""
    sign = -1 if gross < 0 else 1
    for permille, minor in taxes.items():
        _add(sums, f"tax:{permille}", sign * minor)
    _add(sums, f"sales:{device}", gross - sign * sum(taxes.values()))


def _taxes(lines: Iterable[Line], legs: Iterable[Leg]) -> dict[int, int]:
    """Return the tax per rate; a discount lowers its line, and the tax in it."""
    off: dict[int, int] = defaultdict(int)
    for leg in legs:
        if leg.tender is Tender.DISCOUNT and leg.line is not None:
            off[leg.line] += leg.left_minor
    taxes: dict[int, int] = defaultdict(int)
    for number, line in enumerate(lines):
        taxes[line.tax_permille] += tax_within(line.gross_minor - off[number], line.tax_permille)
    return dict(taxes)


def _taxes_of(back: Iterable[VoidedLine], lines: Sequence[Line]) -> dict[int, int]:
    """Return the tax per rate of lines that went back."""
    taxes: dict[int, int] = defaultdict(int)
    for one in back:
        if not 0 <= one.line < len(lines):
            raise Refused(f"There is no line {one.line} in that basket.")
        taxes[lines[one.line].tax_permille] += one.tax_minor
    return dict(taxes)


def _less(legs: Sequence[Leg], back: Iterable[Leg]) -> tuple[Leg, ...]:
    """Return a basket's legs after a void took something from them."""
    minor: dict[int, int] = defaultdict(int)
    units: dict[int, int] = defaultdict(int)
    for leg in back:
        minor[leg.number] += leg.amount_minor
        units[leg.number] += leg.units
    return tuple(
        msgspec.structs.replace(
            leg,
            voided_minor=leg.voided_minor + minor[leg.number],
            voided_units=leg.voided_units + units[leg.number],
        )
        for leg in legs
    )


def _postings(
    what: tuple[str, str], sums: Sums, where: Where, *, moved: tuple[str, Iterable[Leg], int]
) -> tuple[Posting, ...]:
    """Return the posting of the money, and one for each other unit that legs counted along."""
    (key, kind), (currency, legs, sign) = what, moved
    by_unit: dict[str, Sums] = {currency: sums}
    for leg in legs:
        if leg.lease and leg.kind != MONEY and leg.units:
            counted = where.counted.get(leg.lease)
            if counted is None:
                raise Refused(f"Nothing is known here of lease {leg.lease}.")
            other = by_unit.setdefault(counted, defaultdict(int))
            _add(other, f"lease:{leg.lease}", sign * leg.units)
            _add(other, f"used:{leg.kind.partition(':')[0]}", -sign * leg.units)
    wallet = next((leg.wallet for leg in legs if leg.wallet), "")
    lease = next((leg.lease for leg in legs if leg.lease and leg.kind == MONEY), "")
    made: list[Posting] = []
    for unit, moves in by_unit.items():
        entries = _entries(moves)
        if entries:
            made.append(
                Posting(
                    site=where.site,
                    key=f"{key}/{unit}" if made else key,
                    kind=kind,
                    at_ms=where.at_ms,
                    currency=unit,
                    entries=entries,
                    device=where.device,
                    lease=lease,
                    wallet=wallet,
                )
            )
    return tuple(made)


def _entries(sums: Mapping[str, int]) -> tuple[Entry, ...]:
    return tuple(Entry(account, minor) for account, minor in sums.items() if minor)


def _add(sums: Sums, account: str, minor: int) -> None:
    sums[account] = sums.get(account, 0) + minor
