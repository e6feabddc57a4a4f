"""Handing: a segment as a file for a receiver that takes only batches, as far as each person in it allows."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from edge.cloudevents import rfc3339
from edge.core.consent import Consent, Purpose, topic_of
from edge.core.retention import DAY_MS
from edge.core.segments import CODE_CHARS_MAX, is_code, namespace_of
from edge.errors import NotAllowed, Refused, Unknown
from sync.central import csv_lines
from sync.central.analysis.listed import GUESTS_MIN
from sync.central.analysis.persons import Persons, persons
from sync.central.analysis.wanted import installed
from sync.central.channels import handed, occasions
from sync.central.channels.book import May, Member
from sync.central.channels.handed import Handout, Person, To
from sync.central.people import aliases
from sync.central.registry import consents, guests, segments
from sync.central.store import Connection, now_of
from sync.packing import Malformed

USED_MS = 30 * DAY_MS
"""So long a file is used before central is asked again."""
ASKED_MS = 365 * DAY_MS
"""So long a yes is used by those who only take batches, before the guest is asked again."""
MEDIA_CSV, MEDIA_PARQUET = "text/csv", "application/vnd.apache.parquet"
CURSOR_DIGITS_MAX = 18


class Form(enum.StrEnum):
    """As what a segment is written."""

    CSV = "csv"
    PARQUET = "parquet"


MEDIA = {Form.CSV: MEDIA_CSV, Form.PARQUET: MEDIA_PARQUET}
PURPOSES = (Purpose.OFFERS, Purpose.RESEARCH)
"""For what a segment is handed out; nobody is noticed from afar by a file."""


class Row(NamedTuple):
    """One person of a segment; moments are UTC milliseconds."""

    subject: str
    """By what this receiver alone knows them."""
    known_as: str
    """The number that this very receiver gave them; empty: none. Never a name or an address."""
    segment: str
    purpose: str
    channel: str
    consent_version: int
    """The eldest wording that they said yes to, of all that it takes."""
    consent_since: int
    """Since when all of it stands."""
    ask_again: int
    """Until when this may be used: then central is asked anew, and tells only who still says yes."""


class File(NamedTuple):
    """A segment as it leaves."""

    media: str
    body: bytes
    people: int


class Withdrawals(msgspec.Struct, frozen=True, kw_only=True):
    """A page of those whom a receiver has to take out of what it was handed, in order."""

    withdrawn: tuple[handed.Withdrawn, ...]
    cursor: str
    """Where to go on, now or the next time."""


class Word(NamedTuple):
    """What a yes is worth: its eldest wording, since when all of it stands, until when it is used."""

    version: int
    since_ms: int
    until_ms: int


def named(form: str, purpose: str) -> tuple[Form, Purpose]:
    """Return what is asked for; nothing said: CSV, for offers."""
    try:
        asked, why = Form(form or Form.CSV), Purpose(purpose or Purpose.OFFERS)
    except ValueError:
        why = Purpose.PRESENCE
    if why not in PURPOSES:
        raise Malformed(f"format is one of {', '.join(Form)}, purpose one of {', '.join(PURPOSES)}.")
    return asked, why


def export(tx: Connection, channel: Member, code: str, *, asked: tuple[Form, Purpose], who: str) -> File:
    """Hand a segment out; whom it named is remembered, so that a withdrawal reaches whoever has it.

    The caller holds the site's turn.
    """
    form, purpose = asked
    check(channel, code)
    if form is Form.PARQUET and not installed():
        raise Refused("Parquet is not written here.", hint="Ask for csv, or pip install 'polso[analysis]'.")
    to = To(channel.id, channel.via, code, purpose)
    rows, people = _rows(tx, channel, to)
    if len(rows) < GUESTS_MIN:
        raise Refused(
            f"Fewer than {GUESTS_MIN} people of this segment allow it.",
            hint="Of so few nothing is handed out.",
        )
    at_ms = handed.hand(tx, channel.site, to, people=people)
    made = Handout(channel.id, code, purpose.value, form.value, len(rows), who, at_ms)
    handed.note(tx, channel.site, made)
    return File(MEDIA[form], _written(rows, form), len(rows))


def check(channel: Member, code: str) -> None:
    """Raise where a receiver may not be handed a segment at all."""
    if not is_code(code):
        raise Unknown(f"There is no segment {code[:CODE_CHARS_MAX]!r}.")
    if channel.closed or May.SEGMENTS not in channel.routes or namespace_of(code) not in channel.namespaces:
        raise NotAllowed(f"Channel {channel.id} is handed no segments of {namespace_of(code)}.")


def withdrawals(tx: Connection, channel: Member, *, cursor: str) -> Withdrawals:
    """Return whom a channel has to take out since a cursor."""
    if cursor and not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= CURSOR_DIGITS_MAX):
        raise Malformed("cursor is none of ours.")
    found = handed.withdrawn(tx, channel.site, channel.id, after_ms=int(cursor or 0))
    return Withdrawals(withdrawn=found, cursor=str(found[-1].at_ms) if found else cursor or "0")


def _rows(tx: Connection, channel: Member, to: To) -> tuple[list[Row], list[Person]]:
    """Return who is in a segment and lets this receiver have it: a person once, under no name of ours."""
    site, known = channel.site, persons(tx, channel.site)
    words = _words(tx, channel, to, known=known)
    names = aliases.pseudonyms(tx, site, channel.id, guests=words)
    own = aliases.given_out(tx, site, channel.id, guests=known.guests(words))
    rows, people = [], []
    for person, word in words.items():
        number = next((own[one] for one in (person, *sorted(known.guests([person]))) if one in own), "")
        rows.append(Row(names[person], number, to.code, to.purpose, to.via, *word))
        people.append(Person(person, names[person], word.until_ms))
    # By a name of ours nobody could be told from the order.
    return sorted(rows), people


def _words(tx: Connection, channel: Member, to: To, *, known: Persons) -> dict[str, Word]:
    """Return what each person's yes is worth: all guests that they are say it, and none is a child."""
    site, now_ms = channel.site, now_of(tx)
    among = known.among(segments.holders(tx, site, to.code))
    all_ = guests.guests_of(tx, site, known.guests(among))
    stand = occasions.standings(tx, channel, all_.values())
    said = consents.consents_of(tx, site, all_)
    found = {}
    for person in sorted(among):
        mine = [one for one in known.guests([person]) if one in all_]
        open_ = [handed.allows(said.get(one, ()), to) for one in mine]
        if not open_ or not all(open_) or any(stand[one].child or stand[one].quiet for one in mine):
            continue
        word = _word([one for guest in mine for one in said[guest]], to, now_ms=now_ms)
        if word.until_ms > now_ms:
            found[person] = word
    return found


def _word(said: Sequence[Consent], to: To, *, now_ms: int) -> Word:
    """Return what words are worth that all say yes."""
    part, by = namespace_of(to.code), to.via.value
    topics = {
        topic_of(purpose, namespace, channel)
        for purpose in (Purpose.OFFERS, to.purpose)
        for namespace in ("", part)
        for channel in ("", by)
    }
    taken = [one for one in said if one.purpose in topics]
    eldest = min(one.since_ms for one in taken)
    return Word(
        version=min(one.text for one in taken),
        since_ms=max(one.since_ms for one in taken),
        until_ms=min(eldest + ASKED_MS, now_ms + USED_MS),
    )


def _written(rows: Sequence[Row], form: Form) -> bytes:
    if form is Form.PARQUET:
        from sync.central.analysis import (
            parquet,
        )  # pyarrow takes a second and 100 MB: only where it is asked for

        return parquet.written(Row._fields, rows, moments=MOMENTS)
    lines = [csv_lines.line(Row._fields)]
    for row in rows:
        moments = {name: rfc3339(getattr(row, name)) for name in MOMENTS}
        lines.append(csv_lines.line([moments.get(name, value) for name, value in row._asdict().items()]))
    return "".join(lines).encode()


MOMENTS = ("consent_since", "ask_again")
"""Columns that are moments."""
