"""Telling: a campaign's words for a channel as every other channel has them, and as a letter to one guest."""

from __future__ import annotations

import msgspec

from edge.core.consent import Channel, Purpose, topic_of
from edge.core.offers import Offer, Worth, worth_of
from edge.core.renderings import AppSaid, Letter, app, letter, say
from edge.errors import NotAllowed, Refused, Unknown
from sync.central.channels import offering
from sync.central.channels.book import Member
from sync.central.offers import bundles
from sync.central.people import unsubscribing
from sync.central.people.unsubscribing import Mailed
from sync.central.registry import catalogue, guests, layout
from sync.central.store import Connection
from sync.central.tongues import LANGUAGES, Spoken

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
    goods, currency = catalogue.catalogue(tx, channel.site), layout.layout(tx, channel.site).currency
    made = [
        _app(offer, worth_of(offer, goods), tongue=Spoken(one, currency), version=version.version)
        for offer in found
        for one in wanted
        if one in offer.messages
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
    currency = layout.layout(tx, channel.site).currency
    spoken = Spoken(reader.language if reader.language in LANGUAGES else "it", currency)
    worth = worth_of(offer, catalogue.catalogue(tx, channel.site))
    said = say(offer, worth, version=kept.exposed.choice.bundle, tongue=spoken)
    if said is None:
        raise Unknown("This offer says nothing in that language.")
    word = unsubscribing.word(tx, Mailed(channel.site, kept.guest, BY))
    return letter(said, unsubscribing.headers(public_url, word), words=spoken("letter.away"))


def _app(offer: Offer, worth: Worth, *, tongue: Spoken, version: int) -> AppSaid | None:
    said = say(offer, worth, version=version, tongue=tongue)
    return None if said is None else app(said, worth, period=offer.period, currency=tongue.currency)
