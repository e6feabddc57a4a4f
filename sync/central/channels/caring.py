"""Caring: cases that guests open by a channel, what they write in them, and what we answered."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.core.cards import WORDS, holds_card_number
from edge.errors import NotAllowed, Unknown
from sync.central.care import cases
from sync.central.care.case import Case, Links, State, Step, Subject, Told
from sync.central.care.cases import NOTE_CHARS_MAX
from sync.central.care.soon import answer_by
from sync.central.channels.book import May, Member
from sync.central.channels.deeds import Invalid
from sync.central.channels.messages import Id, Word
from sync.central.journey.entry import Via
from sync.central.registry import guests
from sync.central.store import Connection, now_of

HEARD = (Step.OPENED, Step.HEARD, Step.ANSWERED)
"""Steps whose words are the guest's or to the guest; what colleagues note stays among them."""
About = Literal["band", "money", "order", "right", "privacy", "other"]
Text = Annotated[str, Meta(min_length=1, max_length=NOTE_CHARS_MAX, pattern=r"^[^\x00-\x08\x0e-\x1f\x7f]*$")]


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody came with; told again under the same id it is one case."""

    id: Id
    """The channel's own."""
    subject: About
    text: Text
    guest: Word = ""
    """Nothing: nobody that we know."""
    order: Word = ""
    receipt: Word = ""


class Spoken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more word in a case; told again under the same id it is one word."""

    id: Id
    text: Text
    by: Literal["guest", "us"] = "guest"
    """``us``: somebody of ours answered in a system outside, which takes a right of its own."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one side told the other, and when."""

    at_ms: int
    by: Literal["guest", "us"]
    text: str


class Matter(msgspec.Struct, frozen=True, kw_only=True):
    """Where a case stands, and what was said in it, the oldest first."""

    case: str
    """Its number, by which staff find it."""
    state: State
    due_ms: int | None
    """Until when the guest hears from us; nothing: we owe no word."""
    said: tuple[Said, ...]


def begin(tx: Connection, channel: Member, wanted: Opening) -> Matter:
    """Open a case for somebody who came by this channel."""
    _refuse_cards(wanted.text)
    op = f"{_mine(channel)}{wanted.id}"
    known = cases.find(tx, channel.site, cases.id_of(op))
    if known is not None:
        return read(tx, channel, known.id)
    if wanted.guest:
        guests.guest(tx, channel.site, wanted.guest)
    via, at_ms = Via(channel.via.value), now_of(tx)
    first = Told(
        op=op,
        step=Step.OPENED,
        at_ms=at_ms,
        word=Subject(wanted.subject).value,
        until_ms=answer_by(tx, channel.site, via, at_ms=at_ms),
        via=via.value,
        links=Links(guest=wanted.guest, order=wanted.order, ref=wanted.receipt),
    )
    return _matter(tx, channel, cases.open_case(tx, channel.site, first, note=wanted.text))


def read(tx: Connection, channel: Member, id_: str) -> Matter:
    """Return a case that came by this channel; of others it is told nothing."""
    return _matter(tx, channel, _own(tx, channel, id_))


def speak(tx: Connection, channel: Member, id_: str, *, spoken: Spoken) -> Matter:
    """Write down what the guest says, or what was answered outside."""
    ours = spoken.by == "us"
    if ours and May.ANSWERS not in channel.routes:
        raise NotAllowed(f"Channel {channel.id} may not answer for us.")
    _refuse_cards(spoken.text)
    _own(tx, channel, id_)
    via, at_ms = Via(channel.via.value), now_of(tx)
    told = Told(
        op=f"{_mine(channel)}said/{spoken.id}",
        step=Step.ANSWERED if ours else Step.HEARD,
        at_ms=at_ms,
        who=channel.id if ours else "",
        until_ms=None if ours else answer_by(tx, channel.site, via, at_ms=at_ms),
    )
    return _matter(tx, channel, cases.tell(tx, channel.site, id_, told=told, note=spoken.text))


def _mine(channel: Member) -> str:
    return f"channel/{channel.id}/"


def _own(tx: Connection, channel: Member, id_: str) -> Case:
    case = cases.find(tx, channel.site, id_)
    steps = cases.steps_of(tx, channel.site, id_) if case is not None else []
    if case is None or not steps[0].op.startswith(_mine(channel)):
        raise Unknown("There is no such case.")
    return case


def _matter(tx: Connection, channel: Member, case: Case) -> Matter:
    told = cases.steps(tx, channel.site, case.id)
    return Matter(
        case=case.id,
        state=case.state,
        due_ms=case.due_ms,
        said=tuple(
            Said(at_ms=one.told.at_ms, by="us" if one.told.step is Step.ANSWERED else "guest", text=one.note)
            for one in told
            if one.told.step in HEARD and one.note
        ),
    )


def _refuse_cards(text: str) -> None:
    if holds_card_number(text):
        raise Invalid(f"{WORDS} - at `$.text`")
