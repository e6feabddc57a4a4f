"""Telling: a campaign's words for a channel as every other channel has them, and as a letter to one guest."""

from __future__ import annotations

import msgspec

from edge.core.consent import Channel, Purpose, topic_of
from edge.core.offers import Offer, worth_of
from edge.core.renderings import AppSaid, Letter, app, letter, say
from edge.core.renderings.said import Said
from edge.errors import NotAllowed, Refused, Unknown
from sync.central import bundles
from sync.central.campaigns.tongues import LANGUAGES, Spoken
from sync.central.channels import offering
from sync.central.channels.book import Member
from sync.central.people import unsubscribing
from sync.central.people.unsubscribing import Mailed
from sync.central.registry import catalogue, guests, layout
from sync.central.store import Connection

BY = topic_of(Purpose.OFFERS, channel=Channel.EMAIL)
"""What a letter is sent by, and what its reader takes back."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """What a campaign says, an entry for each offer and language; the digest is the same in every channel."""

    said: tuple[AppSaid, ...]


def words(tx: Connection, channel: Member, campaign: str, *, locale: str) -> Words:
    """Return what a campaign in force says, in one language or in all that it is written in; of nobody."""
    version = bundles.in_force(tx, channel.site)
    found = [one for one in version.draft.bundle.offers if one.campaign == campaign] if version else []
    if version is None or not found:
        raise Unknown("There is no such campaign in force.")
    wanted = [one for one in LANGUAGES if locale in ("", one)]
    made = [
        _app(tx, channel.site, offer, language=one, version=version.version)
        for offer in found
        for one in wanted
    ]
    return Words(said=tuple(one for one in made if one is not None))


def written(tx: Connection, channel: Member, exposure: str, *, public_url: str) -> Letter:
    """Return the letter of what was chosen for a guest, with the one press that ends such letters.

    Whether they still take any is asked now: a letter is made right before it is sent.
    """
    if channel.via is not Channel.EMAIL:
        raise NotAllowed(f"A channel by {channel.via} sends no letters.")
    kept, offer = offering.known(tx, channel, exposure)
    if not offering.allows(tx, channel, kept.guest):
        raise NotAllowed("This guest takes no such letters.")
    if not public_url.startswith("https://"):
        raise Refused("This central has no https address.", hint="Give it one: a letter's reader needs it.")
    reader = guests.guest(tx, channel.site, kept.guest)
    spoken = Spoken(reader.language if reader.language in LANGUAGES else "it", _currency(tx, channel.site))
    said = _said(tx, channel.site, offer, tongue=spoken, version=kept.exposed.choice.bundle)
    if said is None:
        raise Unknown("This offer says nothing in that language.")
    word = unsubscribing.word(tx, Mailed(channel.site, kept.guest, BY))
    return letter(said, unsubscribing.headers(public_url, word), words=spoken("letter.away"))


def _app(tx: Connection, site: str, offer: Offer, *, language: str, version: int) -> AppSaid | None:
    if language not in offer.messages:
        return None
    currency = _currency(tx, site)
    said = _said(tx, site, offer, tongue=Spoken(language, currency), version=version)
    worth = worth_of(offer, catalogue.catalogue(tx, site))
    return None if said is None else app(said, worth, period=offer.period, currency=currency)


def _said(tx: Connection, site: str, offer: Offer, *, tongue: Spoken, version: int) -> Said | None:
    return say(offer, worth_of(offer, catalogue.catalogue(tx, site)), version=version, tongue=tongue)


def _currency(tx: Connection, site: str) -> str:
    return layout.layout(tx, site).currency
