"""Lines: one row of the CSV file judged by itself, to what it asks for or to what is wrong with it."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from edge.core.bands import Trust
from edge.core.entitlements import Entitlement, Party, Status
from edge.errors import Refused
from sync.central.registry.guests import Guest
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX

COLUMNS = (
    "guest",
    "name",
    "language",
    "tier",
    "tags",
    "age_band",
    "height_cm",
    "party",
    "party_size",
    "party_role",
    "uid",
    "chip",
    "label",
    "entitlement",
    "product",
    "status",
    "valid_from",
    "valid_until",
)
"""Every column an import knows; only ``guest`` is demanded."""
LINE_CHARS_MAX = 4_096
UID_LENGTHS = (4, 7, 8, 10)
LANGUAGES = ("", "it", "en", "fr", "de", "es")
CHIPS = {
    "": Trust.UID,
    "ntag424": Trust.SUN,
    "felica_lite_s": Trust.UID,
    "ntag213": Trust.UID,
    "ntag216": Trust.UID,
}
"""What a kind of chip must prove at the least once it is linked; more is each point's own demand."""


STATUSES = frozenset(status.value for status in Status)


class Line(NamedTuple):
    """What one row asks for."""

    number: int
    guest: Guest
    uid: bytes | None
    chip: str
    label: str
    right: Entitlement | None


class Wrong(NamedTuple):
    """What is wrong with one row, in words for whoever wrote the file."""

    number: int
    why: str


class Terrain(NamedTuple):
    """What lines are judged against: the site's products and its time zone."""

    products: frozenset[str]
    timezone: dt.tzinfo


def read(text: Iterable[str], terrain: Terrain) -> Iterator[Line | Wrong]:
    """Judge every row after the heading; an unusable heading raises ``Refused``. Line 1 is the heading."""
    rows = csv.reader(_bounded(text))
    heading = [column.strip().lower().removeprefix("\ufeff") for column in next(rows, [])]
    _check_heading(heading)
    instants = Instants(terrain.timezone)
    for row in rows:
        if not any(row):
            continue
        if len(row) != len(heading):
            yield Wrong(rows.line_num, f"{len(row)} fields, the heading has {len(heading)}: check the commas")
            continue
        yield judge(rows.line_num, dict(zip(heading, row, strict=True)), (terrain.products, instants))


def judge(number: int, row: Mapping[str, str], terrain: tuple[frozenset[str], Instants]) -> Line | Wrong:
    """Return what one row asks for, or the first thing wrong with it."""
    try:
        return Line(
            number=number,
            guest=_guest(row),
            uid=_uid(row.get("uid", "")),
            chip=_one_of(row, "chip", CHIPS),
            label=_text(row, "label", NAME_CHARS_MAX),
            right=_right(row, *terrain),
        )
    except ValueError as wrong:
        return Wrong(number, str(wrong))


class Instants:
    """Reads dates and times; the same few stand in every row, so each is worked out once."""

    SEEN_MAX = 4_096

    def __init__(self, timezone: dt.tzinfo) -> None:
        """Read times without an offset in the site's own time."""
        self._timezone = timezone
        self._seen: dict[str, int | None] = {"": None}

    def __call__(self, column: str, text: str) -> int | None:
        """Return UTC milliseconds of an ISO 8601 date or time, None for nothing."""
        text = text.strip()
        if text not in self._seen:
            if len(self._seen) > self.SEEN_MAX:
                self._seen = {"": None}
            self._seen[text] = self._read(column, text)
        return self._seen[text]

    def _read(self, column: str, text: str) -> int:
        try:
            at = dt.datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"{column} {text!r} is no date: write it as 2026-06-30 or 2026-06-30T18:00"
            ) from None
        zoned = at if at.tzinfo else at.replace(tzinfo=self._timezone)
        return int(zoned.timestamp() * 1000)


def _bounded(text: Iterable[str]) -> Iterator[str]:
    for line in text:
        # A NUL is refused in every column, so that the long line is reported by its number.
        yield line if len(line) <= LINE_CHARS_MAX else "\0\n"


def _check_heading(heading: list[str]) -> None:
    unknown = [column for column in heading if column not in COLUMNS]
    if unknown or "guest" not in heading or len(set(heading)) != len(heading):
        what = (
            f"columns {', '.join(unknown)} are not known"
            if unknown
            else "column guest is missing, or one stands twice"
        )
        raise Refused(f"Line 1: {what}.", hint=f"The columns are: {', '.join(COLUMNS)}.")


def _guest(row: Mapping[str, str]) -> Guest:
    id_ = _text(row, "guest", ID_CHARS_MAX)
    if not id_:
        raise ValueError("guest is empty: give each guest an id of your own that is not their name")
    return Guest(
        id=id_,
        name=_text(row, "name", NAME_CHARS_MAX),
        language=_one_of(row, "language", LANGUAGES),
        tier=_text(row, "tier", ID_CHARS_MAX),
        tags=tuple(tag for tag in row.get("tags", "").replace(";", " ").split() if tag),
        age_band=_age_band(row.get("age_band", "").strip()),
        height_cm=_number(row, "height_cm", range(30, 260)),
        party=_party(row),
    )


def _party(row: Mapping[str, str]) -> Party | None:
    id_ = _text(row, "party", ID_CHARS_MAX)
    if not id_:
        return None
    size = _number(row, "party_size", range(1, 100)) or 1
    return Party(id=id_, size=size, role=_one_of(row, "party_role", ("adult", "child")) or "adult")


def _right(row: Mapping[str, str], products: frozenset[str], instants: Instants) -> Entitlement | None:
    product = row.get("product", "").strip()
    if not product:
        return None
    if product not in products:
        raise ValueError(
            f"product {product!r} does not exist at this site: make it first, or mend the spelling"
        )
    start, end = (
        instants("valid_from", row.get("valid_from", "")),
        instants("valid_until", row.get("valid_until", "")),
    )
    if start is not None and end is not None and end <= start:
        raise ValueError("valid_until is not after valid_from")
    status = row.get("status", "").strip() or Status.VALID.value
    if status not in STATUSES:
        raise ValueError(f"status {status!r} is none of {', '.join(Status)}")
    id_ = _text(row, "entitlement", ID_CHARS_MAX) or f"{row['guest'].strip()}.{product}"[:ID_CHARS_MAX]
    return Entitlement(
        id=id_, product=product, status=Status(status), valid_from_ms=start, valid_until_ms=end
    )


def uid_of(text: str) -> bytes | None:
    """Return the identifier that a text spells, None where it spells none."""
    try:
        uid = bytes.fromhex(text.replace(":", "").replace("-", ""))
    except ValueError:
        return None
    return uid if len(uid) in UID_LENGTHS else None


def _uid(text: str) -> bytes | None:
    if not text.strip():
        return None
    uid = uid_of(text.strip())
    if uid is None:
        raise ValueError("uid is none: 4, 7, 8 or 10 octets in hexadecimal, as 04A1B2C3D4E501")
    return uid


def _age_band(text: str) -> str:
    low, _, high = text.partition("-")
    if text and not (low.isdecimal() and high.isdecimal() and int(low) <= int(high) <= 120):
        raise ValueError(f"age_band {text!r} is none: write the youngest and oldest age, as 8-11")
    return text


def _text(row: Mapping[str, str], column: str, chars_max: int) -> str:
    text = row.get(column, "").strip()
    if len(text) > chars_max or not text.isprintable():
        raise ValueError(f"{column} is longer than {chars_max} characters or has control characters in it")
    return text


def _one_of(row: Mapping[str, str], column: str, known: Iterable[str]) -> str:
    text = row.get(column, "").strip().lower()
    if text and text not in known:
        raise ValueError(f"{column} {text!r} is none of {', '.join(word for word in known if word)}")
    return text


def _number(row: Mapping[str, str], column: str, allowed: range) -> int | None:
    text = row.get(column, "").strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) not in allowed:
        raise ValueError(f"{column} {text!r} is no whole number from {allowed.start} to {allowed.stop - 1}")
    return int(text)


Progress = Callable[[int, int], None]
"""Told (rows done, rows refused) after every chunk."""
