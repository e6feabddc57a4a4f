"""Rating: what a guest says in a channel of a purchase or a visit, once, in a face and a few words."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge.core.cards import WORDS, holds_card_number
from edge.core.feedback import FACES, TEXT_CHARS_MAX, UNHAPPY_MAX, FeedbackGiven
from edge.core.profiles import remark_owner
from edge.errors import Unknown
from sync.central.care import cases, spoken
from sync.central.care.case import Links, Step, Subject, Told
from sync.central.care.soon import answer_by
from sync.central.care.spoken import Source
from sync.central.channels.book import Member
from sync.central.channels.deeds import Invalid
from sync.central.channels.messages import Id, Word, Words
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.near import feedback, stock
from sync.central.registry import guests
from sync.central.registry.localday import began_ms
from sync.central.store import Connection, now_of

Text = Annotated[str, Meta(max_length=TEXT_CHARS_MAX, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]


class Rating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a guest says; told again under the same id it is one word."""

    id: Id
    """The channel's own."""
    score: Annotated[int, Meta(ge=FACES[0], le=FACES[-1])]
    """From 1, very bad, to 5, very good."""
    because: Literal["", "product", "staff", "waiting", "price", "place"] = ""
    guest: Word = ""
    """Nothing: they do not want to be known, and no purchase can be named."""
    purchase: Words = ""
    """What the diary's entry of it leads to; nothing: it is about the visit."""
    call: bool = False
    """Of one of the two lowest faces: somebody may speak to the guest about it."""
    text: Text = ""


class Rated(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    first: bool
    """Nothing: of this purchase, or by this guest of this day, something was said before, and that stands."""
    text: str = ""
    """What was typed, as it is kept: names and long numbers are masked."""
    case: str = ""
    """The number of the case in which the guest is answered."""


def rate(tx: Connection, channel: Member, said: Rating) -> Rated:
    """Count a word, keep what was typed, and open a case for who is unhappy and wants to be spoken to."""
    if holds_card_number(said.text):
        raise Invalid(f"{WORDS} - at `$.text`")
    if said.purchase and not said.guest:
        raise Invalid("A purchase is somebody's: name the guest - at `$.guest`")
    source = f"channel/{channel.id}/{said.id}"
    bought = _bought(tx, channel, said)
    if spoken.is_kept(tx, channel.site, source) or _is_said(tx, channel, said):
        return Rated(first=False)
    at_ms = now_of(tx)
    told = _told(tx, channel, said, bought=bought)
    feedback.take(tx, channel.site, told, at_ms=at_ms)
    text = spoken.keep(tx, channel.site, told, source=Source(source, at_ms, said.text))
    if said.guest:
        diary.put(tx, channel.site, [_entry(channel, said, at_ms)])
    return Rated(first=True, text=text, case=_case(tx, channel, said, at_ms=at_ms, note=text))


def _bought(tx: Connection, channel: Member, said: Rating) -> Entry | None:
    """Return the purchase that it is about, or raise ``Unknown``."""
    if not said.guest:
        return None
    guests.guest(tx, channel.site, said.guest)
    if not said.purchase:
        return None
    found = diary.purchase(tx, channel.site, remark_owner(said.guest, b""), ref=said.purchase)
    if found is None:
        raise Unknown("This guest has no such purchase.", hint="Read it in their diary.")
    return found


def _is_said(tx: Connection, channel: Member, said: Rating) -> bool:
    """Say whether the guest has spoken of this purchase before, or today of the visit, anywhere by name."""
    if not said.guest:
        return False
    since_ms = 0 if said.purchase else began_ms(tx, channel.site, now_of(tx))
    owner = remark_owner(said.guest, b"")
    return diary.is_spoken_of(tx, channel.site, owner, ref=said.purchase, since_ms=since_ms)


def _told(tx: Connection, channel: Member, said: Rating, *, bought: Entry | None) -> FeedbackGiven:
    articles = tuple(bought.subject.split()) if bought is not None else ()
    lots = [_lot(tx, channel.site, one, bought=bought) for one in articles] if bought is not None else []
    return FeedbackGiven(
        score=said.score,
        point=channel.via.value,
        about=said.purchase,
        because=said.because,
        guest=said.guest,
        articles=articles,
        lots=tuple(lots),
    )


def _lot(tx: Connection, site: str, article: str, *, bought: Entry) -> str:
    known = stock.find(tx, site, article, store=bought.point)
    return known.lot_at(bought.at_ms) if known is not None else ""


def _entry(channel: Member, said: Rating, at_ms: int) -> Entry:
    return Entry(
        source=channel.source,
        id=f"word/{said.id}",
        owner=remark_owner(said.guest, b""),
        hlc=at_ms << 16,
        uncertainty_ms=0,
        via=Via(channel.via.value),
        what=What.FED_BACK,
        subject=str(said.score),
        ref=said.purchase,
    )


def _case(tx: Connection, channel: Member, said: Rating, *, at_ms: int, note: str) -> str:
    """Open a case where somebody wants to be spoken to; returns its number, or nothing."""
    if not said.guest or not said.call or said.score > UNHAPPY_MAX:
        return ""
    via = Via(channel.via.value)
    first = Told(
        op=f"channel/{channel.id}/word/{said.id}",
        step=Step.OPENED,
        at_ms=at_ms,
        word=Subject.FEEDBACK.value,
        until_ms=answer_by(tx, channel.site, via, at_ms=at_ms),
        via=via.value,
        links=Links(guest=said.guest, ref=said.purchase),
    )
    return cases.open_case(tx, channel.site, first, note=note).id
