"""Deeds: what a channel tells and asks, done in the rooms that there are."""

from __future__ import annotations

import secrets

from edge.core.consent import QUIET, Consent, Purpose, is_topic, may, merged
from edge.core.profiles import remark_owner
from edge.errors import NotAllowed, Refused
from sync.central.channels.book import Member
from sync.central.channels.messages import (
    OWN_WAY,
    CloudEvent,
    Journey,
    NotKept,
    Offered,
    Rebooking,
    Reservation,
    Reserved,
    Said,
    Shelved,
    Stands,
    Taken,
    entry_of,
    event_of,
    ms_of,
)
from sync.central.echoes import passages
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What, allowed, basis_of, namespace_of
from sync.central.journey.marks import mark_in, marked
from sync.central.near.availability import available
from sync.central.near.reserving import Booked, Wanted, change, reserve
from sync.central.registry import consents, guests, layout, profiles
from sync.central.store import Connection, now_of

PAGE_MAX = 100
AHEAD_MS_MAX = 300_000
"""How far a channel's clock may be ahead of central's."""


class Invalid(Refused):
    """What was sent is JSON, and not what the document says."""


def take(tx: Connection, channel: Member, told: list[CloudEvent]) -> Taken:
    """Keep entries that a channel tells of; call it holding the site's turn."""
    there = guests.guests_of(tx, channel.site, [one.subject for one in told])
    said = consents.consents_of(tx, channel.site, there)
    via, latest_ms = Via(channel.via.value), now_of(tx) + AHEAD_MS_MAX
    refused: list[NotKept] = []
    kept: list[Entry] = []
    for at, one in enumerate(told):
        if one.what in OWN_WAY or not _is_its_part(channel, one.what):
            refused.append(NotKept(at, "not_yours"))
        elif one.subject not in there:
            refused.append(NotKept(at, "unknown_guest"))
        elif ms_of(one.time) > latest_ms:
            refused.append(NotKept(at, "future"))
        elif not allowed(said.get(one.subject, ()), one.what, via):
            refused.append(NotKept(at, "no_consent"))
        else:
            kept.append(entry_of(one, source=channel.source, via=via))
    done = diary.put(tx, channel.site, kept)
    return Taken(new=done.new, again=done.again, refused=tuple(refused))


def say(tx: Connection, channel: Member, guest: str, *, said: Said) -> Stands:
    """Take what a guest says through a channel, tell the edges, and return what holds then."""
    guests.guest(tx, channel.site, guest)
    if not is_topic(said.topic) or said.topic == QUIET:
        raise Invalid("Unknown topic - at `$.topic`")
    if said.given and said.topic.partition("@")[2] not in ("", channel.via.value):
        raise NotAllowed("A channel takes no yes for another one.")
    at_ms = min(ms_of(said.at), now_of(tx))
    wanted = Consent(purpose=said.topic, turns=0, since_ms=at_ms, source=channel.via.value, text=said.text)
    if consents.say(tx, channel.site, guest, wanted=wanted, given=said.given):
        profiles.publish_guests(tx, channel.site, [guest])
    held = merged(consents.consents_of(tx, channel.site, [guest]).get(guest, ()))
    stands = next((one for one in held if one.purpose == said.topic), None)
    return Stands(
        topic=said.topic,
        given=stands is not None and stands.given,
        since_ms=0 if stands is None else stands.since_ms,
    )


def book_time(tx: Connection, channel: Member, asked: Reservation) -> Reserved:
    """Give a guest a time out of this channel's places."""
    wanted = Wanted(asked.id, asked.guest, asked.point, ms_of(asked.start))
    return _reserved(tx, channel, reserve(tx, channel.site, wanted, channel=channel.id), guest=asked.guest)


def change_time(tx: Connection, channel: Member, id_: str, *, asked: Rebooking) -> Reserved:
    """Give a booking of this channel another time out of this channel's places."""
    wanted = Wanted(id_, asked.guest, asked.point, ms_of(asked.start))

    def used(guest: str, right: str) -> bool:
        # The diary is written after a batch was taken in: what devices told just now is not in it yet.
        told = passages.is_used(tx, channel.site, right)
        return told or diary.entered_by(tx, channel.site, remark_owner(guest, b""), right=right)

    booked = change(tx, channel.site, wanted, channel=channel.id, used=used)
    return _reserved(tx, channel, booked, guest=asked.guest)


def _reserved(tx: Connection, channel: Member, booked: Booked, *, guest: str) -> Reserved:
    """Return what the channel is told; the diary is told what is new."""
    slot = booked.slot
    if not booked.again:
        entry = Entry(
            source=channel.source,
            id=f"reservation/{secrets.token_hex(16)}",
            owner=remark_owner(guest, b""),
            hlc=now_of(tx) << 16,
            uncertainty_ms=0,
            via=Via(channel.via.value),
            what=What.RESERVED,
            point=slot.point,
            subject=slot.product,
            ref=booked.right,
        )
        diary.put(tx, channel.site, [entry])
    return Reserved(
        id=booked.right,
        product=slot.product,
        point=slot.point,
        start_ms=slot.start_ms,
        end_ms=slot.end_ms,
        again=booked.again,
    )


def offer(tx: Connection, channel: Member, article: str, *, near: str = "") -> Offered:
    """Return what guests are told of an article, the stores next to a point first."""
    told = available(tx, channel.site, article, near=near)
    return Offered(
        article=article,
        names=told.article.names,
        price_minor=told.article.price_minor,
        currency=layout.layout(tx, channel.site).currency,
        stores=tuple(Shelved(store=one.store, word=one.word, at_ms=one.at_ms) for one in told.stores),
        delivery=told.delivery,
    )


def read(tx: Connection, channel: Member, guest: str, *, cursor: str) -> Journey:
    """Return those parts of a page of a diary that the guest lets this channel use."""
    guests.guest(tx, channel.site, guest)
    said = consents.consents_of(tx, channel.site, [guest]).get(guest, ())
    parts = {one for one in channel.namespaces if may(said, Purpose.OFFERS, one.value, channel=channel.via)}
    found = diary.of_guest(tx, channel.site, f"g:{guest}", before=mark_in(cursor), limit=PAGE_MAX)
    shown = tuple(event_of(one) for one in found if namespace_of(one.what) in parts)
    following = marked(diary.mark_of(found[-1])) if len(found) == PAGE_MAX and parts else ""
    return Journey(events=shown, next=following)


def _is_its_part(channel: Member, what: What) -> bool:
    """Whether a channel may tell of a kind: what a guest asked for, or a part that is in its list."""
    return basis_of(what) == "contract" or namespace_of(what) in channel.namespaces
