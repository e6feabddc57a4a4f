"""Audited: one judgement out of a device's journal, and what the rulebook says of the same facts here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from edge.core.events import DECISIONS, Acted, Decided, Kind, decided_in
from edge.core.facts import Rule, Ruling
from edge.core.payment import HoldEnded, Payment, RefundAsked, Sale, Voided, payment_in, replay_payment
from edge.core.payment.acting import Act, act_again
from edge.core.payment.reckoning import Objection
from edge.core.places import Layout
from edge.core.profiles import Profile
from edge.core.replay import replay
from edge.rules import rule_or_broken, texts_of_rights
from sync.central.echoes.passages import BACK
from sync.central.registry.past import Revision
from sync.central.store import Row

ACTS: Mapping[Kind, Callable[[bytes], Act]] = MappingProxyType(
    {
        Kind.PAYMENT_VOIDED: msgspec.msgpack.Decoder(Voided).decode,
        Kind.CAPTURED: msgspec.msgpack.Decoder(HoldEnded).decode,
        Kind.REFUND_ASKED: msgspec.msgpack.Decoder(RefundAsked).decode,
    }
)
"""What is done with a sale once it was paid, and how its record is read."""
AUDITED = (*DECISIONS, *BACK, Kind.LINKED, Kind.PAID, *ACTS)
"""Kinds of events that are read: what was judged, and what changes how it is to be judged."""
_acted = msgspec.msgpack.Decoder(Acted)


class Place(NamedTuple):
    """One event that the audit reads: where it stands, and what it says."""

    device: str
    incarnation: int
    lane: int
    seq: int
    hlc: int
    kind: Kind
    band: bytes | None = None
    decided: Decided | None = None
    """What was decided; of a payment, the tap that paid."""
    payment: Payment | None = None
    acted: Acted | None = None
    done: Act | None = None
    """What was done with a sale."""

    @property
    def is_judged(self) -> bool:
        """Whether it is a judgement at all."""
        return self.decided is not None or self.payment is not None or self.done is not None

    @property
    def sale(self) -> tuple[str, str]:
        """Which sale it is about: its device, and the name that the till gave it; none for a passage."""
        told = self.payment or self.done
        return self.device, told.op_id if told is not None else ""

    @property
    def layout(self) -> int | None:
        """Which layout it was judged by; None: none, as with cash or where none had come yet."""
        return None if self.decided is None else self.decided.layout or None

    @property
    def profile(self) -> Revision | None:
        """Which of its band's profiles its device had; None: none, or what a ticket said of itself."""
        tap = self.decided
        if tap is None or tap.profile_rev is None or tap.carried:
            return None
        return (self.band or b"").hex(), tap.profile_rev


class Terms(NamedTuple):
    """A layout, and what is made of it once."""

    layout: Layout
    rules: dict[str, Rule]
    """Of its points and products; what a right carries itself is its profile's."""
    timezone: ZoneInfo


NOWHERE = Terms(Layout(site="", version=0, timezone="UTC"), {}, ZoneInfo("UTC"))
"""What is judged where no layout has a word: cash, an external card, a device that had none yet."""


class Judgement(NamedTuple):
    """What was said and what is said now; ``ruling`` is that of an entry."""

    said: Any
    now: Any
    ruling: Ruling | None = None
    sale: Sale | None = None
    """A sale as it stands after it."""

    @property
    def is_equal(self) -> bool:
        """Whether both are the same to the last field."""
        return bool(self.said == self.now)


def read(row: Row[*tuple[Any, ...]]) -> Place:
    """Return what one row of the journal says."""
    body, band = bytes(row.body), bytes(row.band) if row.band else None
    at = Place(row.device_id, row.incarnation, row.lane, row.seq, row.hlc, Kind(row.kind), band)
    if at.kind in DECISIONS:
        return at._replace(decided=decided_in(body, band))
    if at.kind in ACTS:
        return at._replace(done=ACTS[at.kind](body))
    if at.kind is not Kind.PAID:
        return at._replace(acted=_acted.decode(body))
    payment = payment_in(body)
    return at._replace(payment=payment, decided=payment.judged.tap)


def judged_again(one: Place, profile: Profile | None, terms: Terms) -> Judgement:
    """Judge one event by what its device had; ``now`` is None where that layout has no such point."""
    if one.payment is not None:
        paid = replay_payment(one.payment, one.band, profile, layout=terms.layout, timezone=terms.timezone)
        if paid is None:
            return Judgement(one.payment, None)
        return Judgement(one.payment, paid.payment, sale=paid.sale)
    assert one.decided is not None  # noqa: S101 - asked of judgements only
    rights = one.decided.carried or (profile.entitlements if profile is not None else ())
    rules = {**terms.rules, **{text: rule_or_broken(text) for text in texts_of_rights(rights)}}
    ruling = replay(one.decided, profile, terms.layout, timezone=terms.timezone, rules=rules)
    return Judgement(one.decided.decision, None if ruling is None else ruling.decision, ruling)


def done_again(done: Act, sale: Sale) -> Judgement:
    """Do an act upon a sale once more; ``now`` is an ``Objection`` where it cannot be done."""
    again = act_again(sale, done)
    if isinstance(again, Objection):
        return Judgement(done, again)
    return Judgement(done, again[0], sale=again[1])


def differing(judged: Judgement) -> tuple[str, ...]:
    """Return the names of the fields in which two answers are not the same; none where there is but one."""
    said, now = judged.said, judged.now
    if now is None or isinstance(now, Objection):
        return ()
    names: tuple[str, ...] = said.__struct_fields__
    return tuple(name for name in names if getattr(said, name) != getattr(now, name))
