"""Declaring: the birthday that a guest tells by a channel, or takes back; no channel can ask for it again."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from edge.core.birthday import allows
from edge.core.consent import Channel, Namespace
from edge.errors import NotAllowed
from sync.central.channels.book import Member
from sync.central.channels.deeds import Invalid
from sync.central.channels.messages import MEDIA_JSON
from sync.central.registry import birthdays, consents, guests, profiles
from sync.central.store import Connection
from sync.routes import DEVICES, Route
from sync.wire import Problem


class Born(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day of every year, in the guest's own words; the year is asked by nobody and refused."""

    month: Annotated[int, Meta(ge=1, le=12)]
    day: Annotated[int, Meta(ge=1, le=31)]


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a birthday of the guest is known now; which one is told to no channel."""

    known: bool


ASKED = (*DEVICES, Problem.TOO_OFTEN)
ROUTES = (
    Route(
        name="birthday",
        method="PUT",
        path="/v1/guests/{guest}/birthday",
        about="A guest declares day and month of their birthday, never the year; rules know how near it is.",
        body=Born,
        media=MEDIA_JSON,
        answer=Declared,
        problems=(*ASKED, Problem.INVALID),
    ),
    Route(
        name="no_birthday",
        method="DELETE",
        path="/v1/guests/{guest}/birthday",
        about="A guest takes their birthday back; told again it is the same.",
        media=MEDIA_JSON,
        answer=Declared,
        problems=ASKED,
    ),
)


def declare(tx: Connection, channel: Member, guest: str, *, born: Born) -> Declared:
    """Keep what a guest declares, tell the edges how near it is. Call it holding the site's turn.

    A yes to offers by what they declared must stand for some way: for nothing else it is kept.
    """
    guests.guest(tx, channel.site, guest)
    if Namespace.DEMOGRAPHIC not in channel.namespaces:
        raise NotAllowed(f"Channel {channel.id} has no part in what guests declare of themselves.")
    if not allows(consents.consents_of(tx, channel.site, [guest]).get(guest, ()), Channel):
        raise NotAllowed(
            "This guest allows no offers by what they declare of themselves.",
            hint="Ask them for offers and offers:demographic first.",
        )
    day = birthdays.read(born.month, born.day)
    if day is None:
        raise Invalid("No year has such a day - at `$.day`")
    birthdays.declare(tx, channel.site, guest, born=day)
    profiles.publish_guests(tx, channel.site, [guest])
    return Declared(known=True)


def take_back(tx: Connection, channel: Member, guest: str) -> Declared:
    """Keep a guest's birthday no more, whatever they allow; told again it is the same."""
    guests.guest(tx, channel.site, guest)
    birthdays.take_back(tx, channel.site, guest)
    profiles.publish_guests(tx, channel.site, [guest])
    return Declared(known=False)
