"""The day's page: what happened, what was promised, whether it held; the same words on paper and screen."""

from __future__ import annotations

import msgspec

WIDE = 64
STORY = "What went wrong, on purpose, and how soon all was well"


class Section(msgspec.Struct, frozen=True):
    """Rows under a title: what, and how much of it."""

    title: str
    rows: tuple[tuple[str, str], ...]
    note: str = ""


class Chart(msgspec.Struct, frozen=True):
    """Columns or bars of one series after the other; what is drawn stands in a table as well."""

    title: str
    what: str
    """The head of the first column: what the labels are."""
    labels: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]
    lying: bool = False
    """Bars that lie, for labels that are sentences; else columns side by side through the day."""
    note: str = ""


class Promise(msgspec.Struct, frozen=True):
    """One promise, what was looked at, and whether it held."""

    words: str
    looked: str
    held: bool


class Page(msgspec.Struct, frozen=True):
    """Everything on it; ``timed`` alone differs from one run of a seed to the next."""

    title: str
    subtitle: str
    tiles: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    promises: tuple[Promise, ...]
    timed: Section
    charts: tuple[Chart, ...] = ()
    timed_charts: tuple[Chart, ...] = ()

    @property
    def held(self) -> bool:
        """Whether every promise did."""
        return all(one.held for one in self.promises)

    @property
    def verdict(self) -> str:
        """The whole page in one line."""
        kept = sum(one.held for one in self.promises)
        return f"{kept} of {len(self.promises)} promises held"


def in_text(page: Page, *, timed: bool = True) -> str:
    """Return the page for a terminal; without ``timed`` a seed always comes to the same words."""
    lines = [page.title, page.subtitle, ""]
    for section in (*page.sections, *((page.timed,) if timed else ())):
        lines += [section.title, *(_row(*row) for row in section.rows)]
        lines += [f"  {section.note}"] if section.note else []
        lines.append("")
    lines.append("Promises")
    lines += [
        f"  {'held    ' if one.held else 'BROKEN  '} {one.words}: {one.looked}" for one in page.promises
    ]
    return "\n".join([*lines, "", page.verdict])


def _row(what: str, much: str) -> str:
    return f"  {what} {'.' * max(2, WIDE - len(what))} {much}"
