"""Judgement: what an answer of the provider makes of a charge, whenever it comes and however often."""

from __future__ import annotations

import enum
from typing import NamedTuple

import msgspec

from edge.core.money import Money
from sync.central.psp.port import Answer, Outcome

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
SOFT_MS = (HOUR_MS, 6 * HOUR_MS, 24 * HOUR_MS)
"""How long after each soft no the same charge is tried again; then it stays declined."""
ATTEMPTS_MAX = len(SOFT_MS) + 1
ASK_MS = (2_000, 10_000, MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS)
"""How long until the provider is asked once more what became of a charge; the last one for ever."""
PENDING_MS = 10 * MINUTE_MS
"""Notices get lost: a pending charge is asked about so often."""


class State(enum.StrEnum):
    """How a charge stands."""

    DUE = "due"
    """The intent is written; nothing was asked for since it is due."""
    CALLING = "calling"
    """Somebody may have asked the provider: from here on only the provider knows."""
    PENDING = "pending"
    UNKNOWN = "unknown"
    PAID = "paid"
    DECLINED = "declined"
    GUEST_NEEDED = "guest_needed"
    DROPPED = "dropped"
    """Given up before anybody asked for it."""


OPEN = (State.DUE, State.CALLING, State.PENDING, State.UNKNOWN)
"""A second charge for the same thing waits for these."""
UNSURE = (State.CALLING, State.PENDING, State.UNKNOWN)


class Purpose(enum.StrEnum):
    """What a charge is for."""

    TOP_UP = "top_up"
    DEBT = "debt"


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One charge to a stored credential, by the name that central gave it before anybody was asked."""

    id: str
    mandate: str
    wallet: str
    purpose: Purpose
    money: Money
    """What was asked for; once it is paid, what was really taken."""
    state: State = State.DUE
    reason: str = ""
    reference: str = ""
    attempt: int = 1
    asks: int = 0
    """How often the provider was asked about this attempt without a clear word."""
    next_ms: int = 0
    claims: int = 0
    about: str = ""
    """Which sales it is for, where it is for any: shown on the receipt of the charge."""
    made_ms: int = 0


class Ruling(NamedTuple):
    """What becomes of a charge; ``extra`` is money that the provider took beside what stands here."""

    charge: Charge
    extra: str = ""


def judge(charge: Charge, outcome: Outcome, now_ms: int) -> Ruling:
    """Return what a charge is after an answer: money that was taken outweighs every other word."""
    if outcome.answer is Answer.PAID:
        return _paid(charge, outcome)
    old = 0 < outcome.attempt < charge.attempt
    if old or charge.state not in OPEN:
        return Ruling(charge)
    if outcome.answer is Answer.UNKNOWN:
        return Ruling(_unsure(charge, outcome, now_ms))
    if charge.state is State.DUE and not outcome.attempt:
        return Ruling(charge)  # a word about nothing that was asked for
    told = {"reason": outcome.reason, "reference": outcome.reference or charge.reference}
    match outcome.answer:
        case Answer.PENDING:
            state, next_ms = State.PENDING, now_ms + PENDING_MS
        case Answer.GUEST_NEEDED:
            state, next_ms = State.GUEST_NEEDED, 0
        case Answer.DECLINED_SOFT if charge.attempt < ATTEMPTS_MAX:
            next_ms = now_ms + SOFT_MS[charge.attempt - 1]
            again = msgspec.structs.replace(charge, attempt=charge.attempt + 1, asks=0)
            return Ruling(msgspec.structs.replace(again, state=State.DUE, next_ms=next_ms, **told))
        case _:
            state, next_ms = State.DECLINED, 0
    return Ruling(msgspec.structs.replace(charge, state=state, next_ms=next_ms, **told))


def _paid(charge: Charge, outcome: Outcome) -> Ruling:
    if charge.state is State.PAID:
        other = bool(outcome.reference) and outcome.reference != charge.reference
        return Ruling(charge, extra=outcome.reference if other else "")
    money = outcome.money or charge.money
    reason = "" if money == charge.money else "amount_differs"
    reference = outcome.reference or charge.reference
    return Ruling(
        msgspec.structs.replace(
            charge, state=State.PAID, money=money, reason=reason, reference=reference, next_ms=0
        )
    )


def _unsure(charge: Charge, outcome: Outcome, now_ms: int) -> Charge:
    """Return a charge of which nobody knows: it keeps its place, and is asked about again."""
    if charge.state is State.DUE:
        return charge
    state = State.PENDING if charge.state is State.PENDING else State.UNKNOWN
    wait_ms = ASK_MS[min(charge.asks, len(ASK_MS) - 1)]
    return msgspec.structs.replace(
        charge, state=state, reason=outcome.reason, asks=charge.asks + 1, next_ms=now_ms + wait_ms
    )
