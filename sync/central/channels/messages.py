"""Messages of the channel API: entries of a diary as CloudEvents 1.0, and what guests allow."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.core.orders import Shelf
from sync.central.journey.entry import Entry, Via, What

MEDIA_EVENTS = "application/cloudevents-batch+json"
MEDIA_EVENT = "application/cloudevents+json"
MEDIA_JSON = "application/json"
TOUCHES_MAX = 500
PREFIX = "org.polso.diary."
TIERS = frozenset({What.TIER_CHANGED, What.TIER_ENDING, What.TIER_KEPT})
OWN_WAY = TIERS | {
    What.CLAIMED,
    What.CONSENT_CHANGED,
    What.CARD_EXPIRES,
    What.MADE_GOOD,
    What.COUPON,
    What.ARRIVED,
    What.DWELT,
    What.ENTERED,
}
"""Kinds that no channel tells of: claims, consents and cards have other ways, a site notices the rest.

Of tiers, and of what care gave, central alone tells.
"""
NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
MINOR_MAX = 2**53
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=NO_CONTROLS)]
Word = Annotated[str, Meta(max_length=64, pattern=NO_CONTROLS)]
Words = Annotated[str, Meta(max_length=120, pattern=NO_CONTROLS)]
Type = Annotated[str, Meta(pattern=f"^{PREFIX.replace('.', '[.]')}({'|'.join(What)})$")]
Minor = Annotated[int, Meta(gt=-MINOR_MAX, lt=MINOR_MAX)]
Moment = Annotated[dt.datetime, Meta(tz=True)]


class Touched(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What happened, as a diary keeps it."""

    point: Word = ""
    about: Words = ""
    ref: Words = ""
    amount_minor: Minor | None = None
    currency: Word = ""
    weight: Annotated[int, Meta(ge=-1, le=1_000)] = 1
    via: Word = ""
    """Told to whoever reads; of what a channel tells it is the channel's own."""


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One entry: ``source`` and ``id`` are the receiver's key for what it knows already."""

    specversion: Literal["1.0"]
    id: Id
    source: Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROLS)]
    type: Type
    subject: Id
    """The guest."""
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    told: Touched = msgspec.field(default=Touched(), name="data")

    @property
    def what(self) -> What:
        """Which kind it is."""
        return What(self.type.removeprefix(PREFIX))


Batch = Annotated[list[CloudEvent], Meta(min_length=1, max_length=TOUCHES_MAX)]


class NotKept(msgspec.Struct, frozen=True):
    """One entry of a batch that was not kept: its place, and why."""

    at: int
    why: Literal["unknown_guest", "not_yours", "no_consent", "future"]


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch; sent again it changes nothing."""

    new: int
    again: int
    refused: tuple[NotKept, ...] = ()


class Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guest says of one topic, as ``offers:interest@app``."""

    topic: Id
    given: bool
    at: Moment
    """When they said so: a yes from before a no does not bring back what that took."""
    text: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    """Which wording they were asked by."""


class Stands(msgspec.Struct, frozen=True, kw_only=True):
    """What holds of the topic now."""

    topic: str
    given: bool
    since_ms: int


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a guest's diary, the newest first, of those parts that may be used in this channel."""

    events: tuple[CloudEvent, ...]
    next: str = ""
    """The cursor of the page after it; nothing: there is none."""


class Reservation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time that a guest books; told again under the same id it is one booking."""

    id: Id
    """The channel's own."""
    guest: Id
    point: Id
    start: Moment


class Rebooking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another time for a booking; told again it is changed once."""

    guest: Id
    """For whom it was booked, or who is one person with them."""
    point: Id
    start: Moment


class Reserved(msgspec.Struct, frozen=True, kw_only=True):
    """The right that the guest holds now: it opens the gate at its time, and a kiosk can change it."""

    id: str
    product: str
    point: str
    start_ms: int
    end_ms: int
    again: bool
    """It was booked under this id, or had this time, before."""


class Shelved(msgspec.Struct, frozen=True, kw_only=True):
    """What a store's shelf is spoken of, and when it was counted: an old figure promises nothing."""

    store: str
    word: Shelf
    at_ms: int


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest is told of an article, in every channel the same."""

    article: str
    names: dict[str, str]
    price_minor: int
    currency: str
    stores: tuple[Shelved, ...]
    delivery: dict[str, str]
    """When it comes to whom it is sent, a sentence for each language; empty: it is not sent."""


def event_of(one: Entry) -> CloudEvent:
    """Return an entry as a CloudEvent."""
    return CloudEvent(
        specversion="1.0",
        id=one.id,
        source=one.source,
        type=f"{PREFIX}{one.what}",
        subject=one.owner[2:],
        time=dt.datetime.fromtimestamp(one.at_ms / 1000, dt.UTC),
        told=Touched(
            point=one.point,
            about=one.subject,
            ref=one.ref,
            amount_minor=one.amount_minor,
            currency=one.currency,
            weight=one.weight,
            via=one.via.value,
        ),
    )


def entry_of(told: CloudEvent, *, source: str, via: Via) -> Entry:
    """Return what a channel tells as an entry under the channel's own name."""
    told_of = told.told
    return Entry(
        source=f"{source}#{told.source}",
        id=told.id,
        owner=f"g:{told.subject}",
        hlc=ms_of(told.time) << 16,
        uncertainty_ms=0,
        via=via,
        what=told.what,
        point=told_of.point,
        subject=told_of.about,
        ref=told_of.ref,
        amount_minor=told_of.amount_minor,
        currency=told_of.currency,
        weight=told_of.weight,
    )


def ms_of(time: dt.datetime) -> int:
    """Return a moment in UTC milliseconds; before 1970 nothing of ours happened."""
    return max(0, int(time.timestamp() * 1000))
