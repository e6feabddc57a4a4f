"""What a view of the console may answer: a page, a table, a form, a way to go on, or a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from flask import Response

from sync.central.console.fields import Field


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: its text, where it leads, and the word whose colour it bears."""

    text: str
    href: str = ""
    mark: str = ""
    saved: str = ""
    """What stands in a file in place of the text."""
    unit: str = ""
    """Of what the saved figure counts: it stands above the column, where all of it agrees."""


Row: TypeAlias = Sequence[Cell | str | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page of a table; ``after`` asks for the next one."""

    name: str
    columns: tuple[str, ...]
    rows: Sequence[Row]
    after: str = ""
    whole: bool = False
    """Whether its file has an address of its own, with all pages and for those whom that lets in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form: its fields with what stands in them."""

    name: str
    fields: Sequence[Field]
    values: Mapping[str, object] = field(default_factory=dict)
    back: str
    title: str = ""
    """What the form is about, if its name does not say it all."""
    act: str = "save"


@dataclass(frozen=True, slots=True)
class Page:
    """A template and what it shows."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """Where to go on, and the sentence that says what was done."""

    to: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """A table as a file: its pages one after another."""

    name: str
    sheets: Iterable[Sheet]
    bare: bool = False
    """The columns' own words stand above: the file can be sent again."""


Answer: TypeAlias = Page | Form | Moved | Export | Response
