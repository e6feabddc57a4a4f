"""Naming: addresses and numbers by which channels know guests, claimed, proven by a code, and found again."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.core.consent import Channel
from edge.errors import NotAllowed, Refused, Unknown
from sync.central.channels.book import Member
from sync.central.channels.messages import NO_CONTROLS, Id
from sync.central.people import aliases, codes
from sync.central.people.aliases import EVERYBODYS, VALUE_CHARS_MAX, Claim, Kind, Name, Proof
from sync.central.people.codes import Told
from sync.central.registry import links
from sync.central.store import Connection, now_of

WAYS = {Kind.EMAIL: Channel.EMAIL, Kind.PHONE: Channel.PHONE}
"""By which way a code is brought to what: who speaks to guests in no other way cannot prove it."""
Value = Annotated[str, Meta(min_length=1, max_length=VALUE_CHARS_MAX, pattern=NO_CONTROLS)]


class NotWritten(Refused):
    """What was sent is no address or number of its kind."""


class Spelled(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address, or a number of the channel's own."""

    kind: Kind
    value: Value


class Naming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a guest says it is theirs."""

    kind: Kind
    value: Value
    guest: Id


class Tried(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The code that they told."""

    kind: Kind
    value: Value
    guest: Id
    code: Annotated[str, Meta(pattern="^[0-9]{6}$")]


class Bearer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the channel is to bring; without a code it is proven by the channel's own word."""

    proven: bool
    code: str = ""
    until_ms: int = 0


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a code."""

    told: Told


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Whose it is, and as whom that guest is known where several were found to be one person."""

    guest: str
    head: str


def claim(tx: Connection, channel: Member, wanted: Naming) -> Bearer:
    """Return a code for an address, or take the channel's word for a number that it gave out itself."""
    name = name_of(channel, wanted.kind, wanted.value)
    one = Claim(name, wanted.guest)
    if wanted.kind not in EVERYBODYS:
        aliases.prove(tx, channel.site, one, proof=Proof.CHANNEL, by=channel.id)
        return Bearer(proven=True)
    if WAYS[wanted.kind] is not channel.via:
        raise NotAllowed(f"A channel by {channel.via} brings no code to an address of this kind.")
    code = codes.begin(tx, channel.site, one)
    return Bearer(proven=False, code=code, until_ms=now_of(tx) + codes.GOOD_MS)


def tell(tx: Connection, channel: Member, tried: Tried) -> Proven:
    """Judge what a guest told of a code."""
    one = Claim(name_of(channel, tried.kind, tried.value), tried.guest)
    return Proven(told=codes.tell(tx, channel.site, one, code=tried.code, by=channel.id))


def find(tx: Connection, channel: Member, wanted: Spelled) -> Found:
    """Return who is known by this; of numbers a channel finds its own alone."""
    guest = aliases.find(tx, channel.site, name_of(channel, wanted.kind, wanted.value))
    if guest is None:
        raise Unknown("Nobody is known by this.")
    return Found(guest=guest, head=links.root(tx, channel.site, guest))


def name_of(channel: Member, kind: Kind, value: str) -> Name:
    """Return a name as it is compared, or raise ``NotWritten``; of numbers it is one of the channel's own."""
    try:
        return aliases.named(kind, value, channel=channel.id)
    except Refused as error:
        raise NotWritten(str(error), hint=error.hint) from error
