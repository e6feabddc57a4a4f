"""A band at a till's reader: it pays the basket that stands there, takes it back, or only identifies."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from edge.core.decision import Act, Outcome, Reason, WhatNext, outcome_of
from edge.core.lease import LeaseKind, ready
from edge.core.site import Lack
from edge.core.wallet import WalletLink
from edge.errors import StoreError
from edge.service.agreeing import WAIT_MS_MAX
from edge.service.facts import Asked
from edge.service.payments import chest, rung
from edge.service.payments.cash import CashDesk
from edge.service.payments.placement import Placement
from edge.service.payments.rung import Rung
from edge.service.payments.taking import MoneyBack
from edge.service.payments.tills import Tills
from edge.service.rooms import Rooms
from edge.service.taps import Taken
from edge.service.verdict import Verdict
from edge.store.transaction import Transaction
from edge.views import StaffView

NEXT = {
    Reason.PAID: Act.GO_ON,
    Reason.ALREADY_PAID: Act.GO_ON,
    Reason.PIN_REQUIRED: Act.ANSWER,
    Reason.PIN_WRONG: Act.ANSWER,
    Reason.AGE_CONFIRM: Act.CONFIRM,
    Reason.PAYMENTS_OFF: Act.USE_BAND,
}
"""What would turn a refusal green; everything else: pay otherwise."""


class Desks(NamedTuple):
    """Whom a tap at a till may be for."""

    tills: Tills
    cash: CashDesk
    back: MoneyBack
    placement: Placement


class Reading:
    """What ``Taps`` asks at a point of kind till."""

    def __init__(self, rooms: Rooms, desks: Desks) -> None:
        """Act through these rooms; the tap itself is judged and journaled where taps are."""
        self._rooms = rooms
        self._tills, self._cash, self._back, self._placement = desks
        self._screens = desks.tills.screens

    def prepare(self, asked: Asked) -> None:
        """Have other tills pass on what is missing here, or central send it; offline this costs nothing."""
        profile = asked.profile
        link = profile.wallet if profile is not None else None
        if profile is None or link is None or not self._screens.waits(asked.point.id):
            return
        reached = self._rooms.health.reached()
        if not reached and not self._in_touch():
            return
        try:
            money, today = self._rooms.sequencer.submit(lambda tx: self._missing(tx, asked, link))
            if money > 0 and today <= 0 and self._borrowed(link, money):
                money, today = self._rooms.sequencer.submit(lambda tx: self._missing(tx, asked, link))
        except StoreError:
            return  # the tap itself says so, and better
        if reached and (money > 0 or today > 0):
            self._placement.fetch(profile, max(0, money), today=max(0, today))

    def _in_touch(self) -> bool:
        site = self._rooms.site
        return site is not None and site.in_touch()

    def _borrowed(self, link: WalletLink, minor: int) -> bool:
        """Have another till of the site pass money of a wallet on; its own journal must be the newest."""
        site, pays = self._rooms.site, not (link.blocked or link.no_charge)
        if site is None or not pays or not self._rooms.current() or not site.in_touch():
            return False
        return site.borrow(Lack(link.id, link.currency, minor), WAIT_MS_MAX)

    def seen(self, asked: Asked, view: StaffView) -> None:
        """Take who is here, and who has left."""
        self._placement.seen(asked, view)

    def take(self, tx: Transaction, verdict: Verdict) -> Taken | None:
        """Let the band do what its point waits for."""
        point, profile = verdict.facts.point.id, verdict.asked.profile
        known = rung.standing(tx, point)
        cash = self._cash.waiting(tx, point)
        badge = profile is not None and profile.staff is not None and profile.wallet is None
        if badge or (cash is None and (known is None or known.stage not in rung.ARMED)):
            return None
        if cash is not None:
            moved = self._cash.by_tap(tx, cash, verdict)
            return _taken(verdict, moved.reason, till=lambda: self._cash.tell(moved))
        if known is None:  # pragma: no cover - said above; for the type checker
            return None
        after = (self._back if known.undoing else self._tills).by_tap(tx, known, verdict)
        reason = after.last.reason if after.last is not None else Reason.INTERNAL_ERROR
        return _taken(verdict, reason, till=lambda: self._screens.tell(after, payer=profile))

    def unrecorded(self, point: str, reason: Reason, cause: str) -> None:
        """Tell a till that waits that nothing could be recorded."""
        self._screens.unrecorded(point, cause or reason.value)

    def _missing(self, tx: Transaction, asked: Asked, link: WalletLink) -> tuple[int, int]:
        """Return what the basket lacks here: of money, and of what the band may spend today."""
        known: Rung | None = rung.standing(tx, asked.point.id)
        if known is None or known.stage not in rung.ARMED or known.undoing:
            return 0, 0
        due = known.due_minor if known.asked_minor is None else known.asked_minor
        now = self._rooms.clock.monotonic_ms()
        leases = chest.leases_of(tx, link.id)
        band = asked.presented.band
        kinds = (LeaseKind.MONEY, f"{LeaseKind.DAY}:{band.hex() if band is not None else ''}")
        here = [sum(ready(one, now) for one in leases if one.kind == kind) for kind in kinds]
        return due - here[0], due - here[1] if link.day_leased else 0


def _taken(verdict: Verdict, reason: Reason, *, till: Callable[[], object]) -> Taken:
    """Return the payment's answer as the tap's; of a band that is no good here the tap says so itself."""
    decision = verdict.ruling.decision
    if decision.outcome is Outcome.GRANTED:
        act = NEXT.get(reason, Act.PAY)
        decision = replace(decision, outcome=outcome_of(reason), reason=reason, next=WhatNext(act=act))
    return Taken(decision, till)
