"""Cells: what the text of one field means, or a ``ValueError`` that says what to write instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple

from edge.core.entitlements import Status
from sync.central.imports.columns import CHIPS, LANGUAGES, PARTY_ROLES, STATUSES, TAGS_MAX, UID_LENGTHS
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX

SEEN_MAX = 4_096
"""Texts of a column that are remembered: the same few words stand in every row."""
YEARS = range(1970, 9999)


class Text(NamedTuple):
    """A column of plain text."""

    column: str
    chars_max: int

    def read(self, text: str) -> str:
        """Return the text, if it is printable and short enough."""
        text = text.strip()
        if len(text) > self.chars_max or not text.isprintable():
            raise ValueError(
                f"{self.column} is longer than {self.chars_max} characters or has unreadable ones in it"
            )
        return text

    def __call__(self, text: str) -> str:
        """Read it."""
        return self.read(text)


class Instants:
    """Reads dates and times; those without an offset are in the site's own time."""

    def __init__(self, timezone: dt.tzinfo) -> None:
        """Read times in this zone."""
        self._timezone = timezone

    def __call__(self, column: str, text: str) -> int | None:
        """Return UTC milliseconds of an ISO 8601 date or time, None for nothing."""
        text = text.strip()
        if not text:
            return None
        try:
            at = dt.datetime.fromisoformat(text)
            zoned = at if at.tzinfo else at.replace(tzinfo=self._timezone)
            if at.year in YEARS:
                return int(zoned.timestamp() * 1000)
        except (ValueError, OverflowError):
            pass  # Told below, in the words of the column.
        raise ValueError(f"{column} {text[:40]!r} is no date: write it as 2026-06-30 or 2026-06-30T18:00")


class Cells:
    """The columns whose few different texts are worked out once."""

    def __init__(self, products: frozenset[str], instants: Instants) -> None:
        """Judge products and times as they are at the site."""
        seen = lru_cache(SEEN_MAX)
        self.language: Callable[[str], str] = seen(lambda text: one_of("language", text, LANGUAGES))
        self.tier: Callable[[str], str] = seen(Text("tier", ID_CHARS_MAX).read)
        self.tags: Callable[[str], tuple[str, ...]] = seen(_tags)
        self.age_band: Callable[[str], str] = seen(_age_band)
        self.height: Callable[[str], int | None] = seen(
            lambda text: _number("height_cm", text, range(30, 260))
        )
        self.party_size: Callable[[str], int | None] = seen(
            lambda text: _number("party_size", text, range(1, 100))
        )
        self.party_role: Callable[[str], str] = seen(lambda text: one_of("party_role", text, PARTY_ROLES))
        self.chip: Callable[[str], str] = seen(lambda text: one_of("chip", text, CHIPS))
        self.status: Callable[[str], Status] = seen(_status)
        self.product: Callable[[str], str] = seen(lambda text: _product(text, products))
        self.valid_from: Callable[[str], int | None] = seen(lambda text: instants("valid_from", text))
        self.valid_until: Callable[[str], int | None] = seen(lambda text: instants("valid_until", text))


def guest_id(text: str) -> str:
    """Return a guest's id."""
    id_ = text.strip()
    if not id_:
        raise ValueError("guest is empty: give each guest an id of your own that is not their name")
    if len(id_) > ID_CHARS_MAX or not id_.isprintable() or "/" in id_:
        raise ValueError(
            f"guest is longer than {ID_CHARS_MAX} characters, or has a slash or unreadable ones in it"
        )
    return id_


def name_of(column: str, text: str) -> str:
    """Return a name or a label."""
    return Text(column, NAME_CHARS_MAX).read(text) if text else ""


def uid_of(text: str) -> bytes | None:
    """Return the identifier that a text spells, None where it spells none."""
    try:
        uid = bytes.fromhex(text.replace(":", "").replace("-", ""))
    except ValueError:
        return None
    return uid if len(uid) in UID_LENGTHS else None


def uid_in(text: str) -> bytes | None:
    """Return the identifier of the row's band, None where it brings none."""
    if not text.strip():
        return None
    uid = uid_of(text.strip())
    if uid is None:
        raise ValueError("uid is none: 4, 7, 8 or 10 octets in hexadecimal, as 04A1B2C3D4E501")
    return uid


def one_of(column: str, text: str, known: Iterable[str]) -> str:
    """Return one of the known words, or nothing."""
    text = text.strip().lower()
    if text and text not in known:
        raise ValueError(f"{column} {text[:40]!r} is none of {', '.join(word for word in known if word)}")
    return text


def _tags(text: str) -> tuple[str, ...]:
    tags = tuple(text.replace(";", " ").split())
    if len(tags) > TAGS_MAX or any(len(tag) > ID_CHARS_MAX or not tag.isprintable() for tag in tags):
        raise ValueError(f"tags are more than {TAGS_MAX}, or one is too long or unreadable")
    return tags


def _age_band(text: str) -> str:
    text = text.strip()
    low, _, high = text.partition("-")
    ages = low.isascii() and low.isdecimal() and high.isascii() and high.isdecimal() and len(text) < 8
    if text and not (ages and int(low) <= int(high) <= 120):
        raise ValueError(f"age_band {text[:40]!r} is none: write the youngest and oldest age, as 8-11")
    return text


def _number(column: str, text: str, allowed: range) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 8) or int(text) not in allowed:
        last = allowed.stop - 1
        raise ValueError(f"{column} {text[:40]!r} is no whole number from {allowed.start} to {last}")
    return int(text)


def _status(text: str) -> Status:
    text = text.strip()
    if not text:
        return Status.VALID
    if text not in STATUSES:
        raise ValueError(f"status {text[:40]!r} is none of {', '.join(STATUSES)}")
    return STATUSES[text]


def _product(text: str, products: frozenset[str]) -> str:
    text = text.strip()
    if text and text not in products:
        raise ValueError(
            f"product {text[:40]!r} does not exist at this site: make it first, or mend the spelling"
        )
    return text
