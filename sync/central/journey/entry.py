"""Entry: one line of a guest's diary, of which kind it can be, and what lets us keep it."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from edge.core.consent import Channel, Consent, Namespace, Purpose, may, topic_of

WORDS_CHARS_MAX = 120
CURRENCY_CHARS_MAX = 16
"""As much of a subject or of what an entry leads to as is kept."""


class What(enum.StrEnum):
    """Kinds of entries; each has a text in every language."""

    SEARCHED = "searched"
    ASKED = "asked"
    RESERVED = "reserved"
    ORDERED = "ordered"
    ARRIVED = "arrived"
    """Was noticed near a point."""
    ENTERED = "entered"
    DWELT = "dwelt"
    """Was near a point and left; its weight is for how many minutes."""
    OFFERED = "offered"
    """Was shown an offer."""
    REDEEMED = "redeemed"
    BOUGHT = "bought"
    REFUNDED = "refunded"
    PICKED_UP = "picked_up"
    FED_BACK = "fed_back"
    CALLED = "called"
    CASE_OPENED = "case_opened"
    CASE_ANSWERED = "case_answered"
    CASE_CLOSED = "case_closed"
    MADE_GOOD = "made_good"
    """Was given something by care: credit, a thing, points."""
    COUPON = "coupon"
    """A coupon that care was asked to make anew came one step further."""
    CONSENT_CHANGED = "consent_changed"
    CLAIMED = "claimed"
    """A band that was nobody's was claimed by who wears it."""
    CARD_EXPIRES = "card_expires"
    """The card that they stored ends, or was refused as ended."""
    MAILED = "mailed"
    OPENED = "opened"
    TIER_CHANGED = "tier_changed"
    TIER_ENDING = "tier_ending"
    """Was told that their tier ends, and when: nothing is taken yet."""
    TIER_KEPT = "tier_kept"
    """It does not end after all."""


class Via(enum.StrEnum):
    """By which channel: those that a guest can be spoken to by, and those in which nobody speaks."""

    KIOSK = Channel.KIOSK.value
    TILL = Channel.TILL.value
    APP = Channel.APP.value
    EMAIL = Channel.EMAIL.value
    PHONE = Channel.PHONE.value
    POST = Channel.POST.value
    GATE = "gate"
    RADIO = "radio"
    DESK = "desk"
    """Staff or operators, in the guest's presence or on their word."""


class Basis(enum.StrEnum):
    """What lets us keep an entry: what the guest asked for, or a consent, by its topic."""

    CONTRACT = "contract"
    PRESENCE = Purpose.PRESENCE.value
    INTEREST = topic_of(Purpose.OFFERS, Namespace.INTEREST)
    BEHAVIOUR = topic_of(Purpose.OFFERS, Namespace.BEHAVIOUR)


_BASES: Mapping[What, Basis] = MappingProxyType(
    {
        What.SEARCHED: Basis.INTEREST,
        What.ASKED: Basis.INTEREST,
        What.ARRIVED: Basis.PRESENCE,
        What.DWELT: Basis.PRESENCE,
        What.OFFERED: Basis.BEHAVIOUR,
        What.MAILED: Basis.BEHAVIOUR,
        What.OPENED: Basis.BEHAVIOUR,
    }
)
_SPOKEN_BY = frozenset(one.value for one in Channel)
MOVED = frozenset({What.ARRIVED, What.DWELT})
"""Where somebody was noticed: kept as short as where bands were read."""
PAID = frozenset({What.BOUGHT, What.REFUNDED})
"""What the books have to show, too: kept as long as the law asks."""
SAID = frozenset(What) - MOVED - PAID


class Entry(NamedTuple):
    """One line; ``source`` and ``id`` name it for ever: told again it changes nothing."""

    source: str
    id: str
    owner: str
    """``g:`` and the guest, or ``b:`` and a band that is nobody's yet."""
    hlc: int
    """Hybrid time: UTC milliseconds and 16 bits of counter; the order of the diary."""
    uncertainty_ms: int
    via: Via
    what: What
    point: str = ""
    subject: str = ""
    """What it is about: an offer, articles, a topic, a zone."""
    ref: str = ""
    """What it leads to: the exposure with its explanation, the basket, the order, the right."""
    amount_minor: int | None = None
    currency: str = ""
    weight: int = 1
    """How much it counts; below zero where it takes another one back, whichever of the two came first."""

    @property
    def at_ms(self) -> int:
        """When it happened, in UTC milliseconds."""
        return self.hlc >> 16

    @property
    def basis(self) -> Basis:
        """What lets us keep it."""
        return basis_of(self.what)


def basis_of(what: What) -> Basis:
    """Return what lets us keep entries of a kind."""
    return _BASES.get(what, Basis.CONTRACT)


def namespace_of(what: What) -> Namespace:
    """Return to which part of what is known of a guest a kind belongs."""
    return Namespace.INTEREST if basis_of(what) is Basis.INTEREST else Namespace.BEHAVIOUR


def allowed(said: Sequence[Consent], what: What, via: Via) -> bool:
    """Say whether an entry of a kind, from a channel, may be kept of a guest who said this."""
    basis = basis_of(what)
    if basis is Basis.CONTRACT:
        return True
    if basis is Basis.PRESENCE:
        return may(said, Purpose.PRESENCE)
    channel = Channel(via.value) if via.value in _SPOKEN_BY else None
    return may(said, Purpose.OFFERS, namespace_of(what), channel=channel)
