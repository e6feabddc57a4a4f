"""Fields of forms: what a person sees in them, and what it means."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from edge.errors import Refused

LANGUAGES = ("it", "en", "fr", "de", "es")
"""In which a name can be given."""
ROWS_MAX = 12
NUMBER_MAX = 2**31 - 1
TEXT_CHARS_MAX = 200
MOMENT = "%Y-%m-%dT%H:%M"
SPLIT = re.compile(r"[\s,;]+")
Shown: TypeAlias = "str | bool | list[str] | dict[str, str] | list[dict[str, str]]"


class Kind(enum.StrEnum):
    """How a field looks and what it holds."""

    TEXT = "text"
    LONG = "long"
    """Several lines."""
    SECRET = "secret"  # noqa: S105 - a kind of field, not a secret
    NUMBER = "number"
    YES = "yes"
    CHOICE = "choice"
    MANY = "many"
    TAGS = "tags"
    NAMES = "names"
    """One text per language."""
    MOMENT = "moment"
    DAY = "day"
    ROWS = "rows"
    HIDDEN = "hidden"
    """Sent as it was drawn: the name of what is done, so that sending it twice does it once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field; ``choices`` are (value, label) and ``columns`` the names of a ROWS field's cells."""

    name: str
    kind: Kind = Kind.TEXT
    choices: Sequence[tuple[str, str]] = ()
    columns: tuple[str, ...] = ()
    required: bool = False
    fixed: bool = False
    """Shown, but never changed."""
    low: int = 0
    high: int = NUMBER_MAX
    chars_max: int = TEXT_CHARS_MAX
    fill: str = ""
    """What a browser may fill in by itself (HTML's autocomplete); nothing where it is empty."""


class Typed(Protocol):
    """What a browser sent."""

    def get(self, key: str, default: str, /) -> str:
        """Return one value."""

    def getlist(self, key: str, /) -> list[str]:
        """Return every value of a name."""


class Mistyped(Refused):
    """A field is not as it should be."""

    def __init__(self, field: str, why: str, **values: object) -> None:
        """Name the field and the sentence that says what is wrong with it."""
        super().__init__(f"{field}: {why}")
        self.field, self.why, self.values = field, why, values


def typed(field: Field, form: Typed) -> Shown:
    """Return what was typed into a field, as the form shows it again."""
    name = field.name
    match field.kind:
        case Kind.YES:
            return bool(form.get(name, ""))
        case Kind.MANY:
            return form.getlist(name)
        case Kind.NAMES:
            return {code: form.get(f"{name}.{code}", "").strip() for code in LANGUAGES}
        case Kind.ROWS:
            rows = [
                {column: form.get(f"{name}.{at}.{column}", "").strip() for column in field.columns}
                for at in range(ROWS_MAX)
            ]
            return [row for row in rows if any(row.values())]
        case Kind.SECRET:
            return form.get(name, "")
        case _:
            return form.get(name, "").strip()


def meant(field: Field, shown: Shown, zone: dt.tzinfo) -> object:
    """Return what a field's text means; raise ``Mistyped`` where it means nothing."""
    match field.kind:
        case Kind.NUMBER:
            return _number(field, str(shown))
        case Kind.MOMENT:
            return _moment(field, str(shown), zone)
        case Kind.DAY:
            return _day(field, str(shown))
        case Kind.TAGS:
            return tuple(word for word in SPLIT.split(str(shown)) if word)
        case Kind.CHOICE | Kind.MANY:
            return _chosen(field, shown)
        case Kind.NAMES:
            names = cast("dict[str, str]", shown)
            return {code: _text(field, name) for code, name in names.items() if name}
        case Kind.YES | Kind.ROWS:
            return shown
        case _:
            return _text(field, str(shown))


def values(fields: Sequence[Field], form: Typed, zone: dt.tzinfo) -> dict[str, object]:
    """Return what a whole form means, by field."""
    return {field.name: meant(field, typed(field, form), zone) for field in fields if not field.fixed}


def moment(at_ms: int | None, zone: dt.tzinfo) -> str:
    """Return a moment as a field of that kind shows it."""
    return "" if at_ms is None else dt.datetime.fromtimestamp(at_ms / 1000, zone).strftime(MOMENT)


def names_of(names: Mapping[str, str], language: str, default: str) -> str:
    """Return a thing's name in a language, or in any, or its id."""
    return names.get(language) or next(iter(names.values()), "") or default


def _text(field: Field, text: str) -> str:
    if field.required and not text:
        raise Mistyped(field.name, "wrong.empty")
    plain = text.replace("\r\n", " ").replace("\n", " ") if field.kind is Kind.LONG else text
    if len(text) > field.chars_max or not plain.isprintable():
        raise Mistyped(field.name, "wrong.text", most=field.chars_max)
    return text


def _number(field: Field, text: str) -> int | None:
    if not text:
        if field.required:
            raise Mistyped(field.name, "wrong.empty")
        return None
    if not text.isdecimal() or not field.low <= int(text) <= field.high:
        raise Mistyped(field.name, "wrong.number", low=field.low, high=field.high)
    return int(text)


def _moment(field: Field, text: str, zone: dt.tzinfo) -> int | None:
    if not text:
        return None
    try:
        at = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Mistyped(field.name, "wrong.moment") from None
    return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)


def _day(field: Field, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Mistyped(field.name, "wrong.day") from None


def _chosen(field: Field, shown: Shown) -> object:
    known = {value for value, _ in field.choices}
    chosen = shown if isinstance(shown, list) else [shown]
    for value in chosen:
        if value not in known and (value or field.required):
            raise Mistyped(field.name, "wrong.choice")
    return tuple(chosen) if field.kind is Kind.MANY else shown
