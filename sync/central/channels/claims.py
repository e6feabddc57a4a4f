"""Claims: a guest asks in an app for the band that they wear, and a mail system brings the code for it."""

from __future__ import annotations

import msgspec

from edge.errors import NotAllowed, Unknown
from sync.central.channels.book import Member
from sync.central.channels.messages import Id
from sync.central.channels.naming import WAYS, Value, name_of
from sync.central.people import claiming
from sync.central.people.aliases import Kind
from sync.central.people.claiming import Claim, State
from sync.central.store import Connection
from sync.claiming import Code


class Claiming(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That a guest wants the band that they wear; told again under the same id it is one claim."""

    id: Id
    """The channel's own."""
    guest: Id


class Bringing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """To which proven address of who claims the code is brought."""

    kind: Kind
    value: Value


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """Where a claim stands."""

    claim: str
    """By which the mail system asks for its code."""
    state: State
    until_ms: int
    """Until when a code can be asked for."""


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be brought: the guest types it at a kiosk, with the band held to it."""

    code: Code
    until_ms: int


def begin(tx: Connection, channel: Member, wanted: Claiming) -> Claimed:
    """Begin a claim; it is nobody's proof, and no code is told to who asks for it."""
    op = f"channel/{channel.id}/{wanted.id}"
    return _told(claiming.begin(tx, channel.site, op=op, guest=wanted.guest, channel=channel.id))


def read(tx: Connection, channel: Member, id_: str) -> Claimed:
    """Say where a claim of this channel stands; of others it is told nothing."""
    found = claiming.find(tx, channel.site, id_)
    if found is None or found.channel != channel.id:
        raise Unknown("There is no such claim.")
    return _told(found)


def code(tx: Connection, channel: Member, id_: str, *, to: Bringing) -> Brought:
    """Return a claim's code to whoever speaks to guests by the way that the address is reached by.

    An app is never told it: who holds an app's key alone claims no band.
    """
    if WAYS.get(to.kind) is not channel.via:
        raise NotAllowed(f"A channel by {channel.via} brings no code to an address of this kind.")
    name = name_of(channel, to.kind, to.value)
    made, until_ms = claiming.code(tx, channel.site, id_, name=name)
    return Brought(code=made, until_ms=until_ms)


def _told(claim: Claim) -> Claimed:
    return Claimed(claim=claim.id, state=claim.state, until_ms=claim.until_ms)
