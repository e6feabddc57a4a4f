"""Paying: one band, one note or one card before one basket, judged and durable in one transaction."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from edge.carried import MadeOver
from edge.core.decision import Family, Reason, family
from edge.core.events import Kind, Lane
from edge.core.lease import Lease, LeaseKind, ready
from edge.core.payment.bill import at_of, stocks_of
from edge.core.payment.bodies import Pin
from edge.core.payment.decide import decide_payment
from edge.core.payment.facts import Outside, Payer, PaymentFacts, PaymentRuling
from edge.core.payment.legs import Tender
from edge.core.payment.promised import Promised
from edge.core.payment.sale import Authorisation
from edge.core.vouchers import Stock
from edge.core.wallet import Tally, WalletLink
from edge.errors import Refused
from edge.payviews import BasketState
from edge.service.coupons import Coupon
from edge.service.payments import chest, pins, rung
from edge.service.payments.redeeming import At, Redeeming
from edge.service.payments.rung import Rung
from edge.service.payments.stopping import is_stopped
from edge.service.rooms import Rooms
from edge.service.verdict import Verdict
from edge.store.transaction import Transaction

AGE = "age"
SHORT = frozenset(
    {Reason.INSUFFICIENT_HERE, Reason.INSUFFICIENT_FUNDS, Reason.OFFLINE_LIMIT, Reason.SPEND_LIMIT}
)
"""Reasons after which a part may still be paid by the same band."""
_TALLY = msgspec.msgpack.Decoder(Tally).decode


class Payers:
    """Judges who pays, inside the transaction that keeps what comes of it."""

    def __init__(self, rooms: Rooms, redeeming: Redeeming) -> None:
        """Act through these rooms; offers that were taken up are redeemed with what is paid."""
        self._rooms, self._redeeming = rooms, redeeming

    def by_band(self, tx: Transaction, before: Rung, verdict: Verdict, *, pin: Pin = Pin.NONE) -> Rung:
        """Let a presented band pay a basket, or its part; return the basket after it."""
        profile, band = verdict.facts.profile, verdict.band
        link = profile.wallet if profile is not None else None
        # Only a PIN can be locked: without one there is nothing that was tried.
        tries = pins.tries_of(tx, profile).left if profile is not None and link and link.pin_hash else None
        if tries == 0:
            pin = Pin.LOCKED
        promised = self._redeeming.promised(tx, profile)
        risk = before.risk and not (link is not None and is_stopped(tx, self._rooms, link))
        payer = Payer(
            tap=verdict.facts,
            told=verdict.ruling.decision,
            leases=self._leases(tx, link, promised, risk=risk),
            tally=tally_of(tx, band),
            pin=pin,
            declined=before.declined,
            risk=risk,
            confirmed=frozenset(before.confirmed),
            block_epoch=chest.block_epoch(tx, link.id) if link is not None else 0,
            promised=promised,
        )
        ruling, before = self._ruled(tx, before, payer)
        after = self._written(tx, before, ruling, band=band)
        at = At(op_id=before.basket.op_id, point=before.basket.point, guest=(profile and profile.guest) or "")
        self._redeeming.spend(tx, promised, ruling.redeemed, at=at)
        if ruling.tally is not None and band is not None:
            tx.put(rung.TALLY, band.hex(), msgspec.msgpack.encode(ruling.tally))
        waits = family(ruling.payment.reason) is Family.ASK or ruling.payment.reason in SHORT
        kept = self._vouchers(payer, link, ruling)
        last = None if after.last is None else replace(after.last, tries_left=tries, vouchers=kept)
        return replace(
            after,
            presented=verdict.facts.presented if waits else None,
            tapped_ms=self._rooms.clock.monotonic_ms(),
            boot=self._rooms.boot,
            last=last,
        )

    def by_coupon(self, tx: Transaction, before: Rung, coupon: Coupon | MadeOver) -> Rung:
        """Let a coupon on paper lower what it is for; the rest is due, and given up with the basket."""
        promised = self._redeeming.by_coupon(tx, coupon)
        own = self._own(tx, promised, risk=False)
        outside = Outside(tender=Tender.DISCOUNT, amount_minor=0, promised=promised, leases=own)
        ruling, before = self._ruled(tx, before, outside)
        if not ruling.redeemed and isinstance(coupon, MadeOver) and self._is_short(own, coupon):
            raise Refused(
                "What it costs does not lie here yet.", hint="Keep it: it stays valid at this till."
            )
        if not ruling.redeemed:
            raise Refused("This coupon is for nothing in this basket.", hint="It was not spent.")
        after = self._written(tx, before, ruling, band=None)
        at = At(op_id=before.basket.op_id, point=before.basket.point)
        self._redeeming.spend(tx, promised, ruling.redeemed, at=at)
        return after

    def _is_short(self, own: tuple[Lease, ...], made: MadeOver) -> bool:
        """Say whether this device's own part of the budget does not hold what the promise may cost."""
        budget, now = made.promise.offer.budget, self._rooms.clock.monotonic_ms()
        return budget is not None and sum(ready(lease, now) for lease in own) < budget.each

    def by_outside(self, tx: Transaction, before: Rung, outside: Outside) -> Rung:
        """Let cash or an external card pay, as staff say that it is there."""
        ruling = decide_payment(self._facts(tx, before, outside))
        return self._written(tx, before, ruling, band=None)

    def _vouchers(self, payer: Payer, link: WalletLink | None, ruling: PaymentRuling) -> tuple[Stock, ...]:
        """Return what the band can use here after a payment, whatever the guest keeps this time."""
        if link is None or not link.vouchers:
            return ()
        now = {lease.id: lease for lease in (*payer.leases, *ruling.leases)}
        after = replace(payer, leases=tuple(now.values()), declined=())
        return stocks_of(after, link, at_of(payer, monotonic_ms=self._rooms.clock.monotonic_ms()))[0]

    def _leases(
        self, tx: Transaction, link: WalletLink | None, promised: Promised, *, risk: bool
    ) -> tuple[Lease, ...]:
        """Return a wallet's leases, and this device's own for risk that is asked for and for offers."""
        mine = chest.leases_of(tx, link.id, proven=self._rooms.current()) if link is not None else ()
        return mine + self._own(tx, promised, risk=risk)

    def _own(self, tx: Transaction, promised: Promised, *, risk: bool) -> tuple[Lease, ...]:
        """Return what this device holds under no wallet's name of just the kinds that are asked for."""
        wanted = promised.kinds | ({LeaseKind.RISK.value} if risk else frozenset())
        if not wanted:
            return ()
        own = chest.leases_of(tx, chest.OF_DEVICE, proven=self._rooms.current())
        return tuple(lease for lease in own if lease.kind in wanted)

    def _ruled(self, tx: Transaction, before: Rung, payer: Payer | Outside) -> tuple[PaymentRuling, Rung]:
        """Judge with what offers give away on the bill; what would not come for nothing stays off it."""
        with_gifts, given = self._redeeming.with_gifts(before, payer.promised)
        ruling = decide_payment(self._facts(tx, with_gifts, payer))
        if given <= {one.exposure for one in ruling.redeemed}:
            return ruling, with_gifts
        return decide_payment(self._facts(tx, before, payer)), before

    def _facts(self, tx: Transaction, before: Rung, payer: Payer | Outside) -> PaymentFacts:
        return PaymentFacts(
            basket=before.basket,
            payer=payer,
            device=self._rooms.device,
            now_ms=tx.now.now_ms,
            monotonic_ms=self._rooms.clock.monotonic_ms(),
            sale=before.sale,
            asked_minor=before.asked_minor,
            hold_ms=before.hold_ms,
        )

    def _written(self, tx: Transaction, before: Rung, ruling: PaymentRuling, *, band: bytes | None) -> Rung:
        """Write what a ruling says and changes; a question is no answer yet and leaves no record of money."""
        payment = ruling.payment
        asks = payment.state is None and family(payment.reason) is Family.ASK
        seq = 0 if asks else tx.append(Kind.PAID, payment, band=band, lane=Lane.PRIORITY)
        for lease in ruling.leases:
            chest.keep(tx, lease)
        last = rung.last_of(payment, seq=seq, at_ms=tx.now.now_ms, band=band)
        sale = ruling.sale or before.sale
        stage = _stage(payment.state, payment.reason)
        if stage is BasketState.PARTLY_PAID and sale is not None and sale.hold:
            stage = BasketState.HELD
        return replace(
            before,
            stage=stage,
            sale=sale,
            last=last,
            asked_minor=None,
            risk=False,
            boot=self._rooms.boot,
        )


def _stage(state: Authorisation | None, reason: Reason) -> BasketState:
    """Return what a till shows after a payment's answer."""
    if state is Authorisation.CAPTURED:
        return BasketState.APPROVED
    if state is Authorisation.AUTHORISED:
        return BasketState.PARTLY_PAID
    if reason in (Reason.PIN_REQUIRED, Reason.PIN_WRONG):
        return BasketState.PIN
    if reason in SHORT:
        return BasketState.SHORT
    return BasketState.DECLINED


def tally_of(tx: Transaction, band: bytes | None) -> Tally:
    """Return what a band has spent at this device."""
    body = tx.get(rung.TALLY, band.hex()) if band is not None else None
    return Tally() if body is None else _TALLY(body)
