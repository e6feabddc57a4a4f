"""Every table of the console is a file, too: on every page, for every role, the same columns and rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from edge.core.bands import Band
from sync.central.console import acts
from sync.central.csv_lines import FORMULA
from sync.central.imports import jobs
from sync.central.imports.lines import Wrong
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.registry import bands, guests
from sync.central.registry.bands import BandCard
from sync.central.registry.guests import Guest
from tests.security.matrix import CONSOLE_ROLES
from tests.security.walking import PAGES, Walk, walk
from tests.sync.builders import NOW_MS, SITE
from tests.sync.console.desk import HOME

__all__ = ["walk"]
pytestmark = pytest.mark.timeout(30)  # the first test makes the site
FORMULAS = ("=HYPERLINK(1)", "+39 06", "-1+1", "@SUM(A1)", "\uff1dcmd")
NOT_TAKEN = {
    ("care", f"/sites/<site>/{name}") for name in ("bands", "care", "entitlements", "guests", "orders")
} | {("care", "/sites/<site>/mandates"), ("care", "/sites/<site>/guests/<guest>/diary")}
"""Guest care looks these up one by one; the whole of them leaves the house with an operator only."""
TABLES_MIN = {"admin": 50, "operator": 48, "care": 16, "marketer": 10}
"""So many tables the walk comes by, or it has seen nothing."""
AGE = re.compile(r"\d+ (?:s|min|h|d) ago")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
UNITS = re.compile(r"-?[\d.]+ (?:%|[A-Z]{3})")
PICTURES = "stairs"
"""A table that is the picture of the one below it."""


class Tables(HTMLParser):
    """The tables of a page as a person reads them, and the files that it offers."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.files: set[str] = set()
        self._cell = self._picture = self._form = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {key: value or "" for key, value in attrs}
        href = said.get("href", "")
        if tag == "a" and (".csv" in href or "file=" in href):
            self.files.add(href)
        self._form |= tag == "form"
        if tag == "table":
            self._picture = said.get("class") == PICTURES
            if not self._picture:
                self.tables.append([])
        if self._picture or not self.tables:
            return
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        self._form &= tag != "form"
        self._cell &= tag not in ("th", "td")

    def handle_data(self, text: str) -> None:
        if self._cell and not self._form:
            self.tables[-1][-1][-1] += text


def read(page: str) -> Tables:
    reader = Tables()
    reader.feed(page)
    return reader


def same(shown: str, kept: str, unit: str = "") -> bool:
    """Whether a cell of a file says what the page says, and no spreadsheet takes it for a formula.

    Numbers stay numbers, below their unit; of a band the page shows the beginning of its id, of an age the
    file holds since when: it is read later.
    """
    words, whole = " ".join(shown.split()), " ".join(kept.split())
    if unit and words == f"{whole} {unit}":
        return True
    if AGE.fullmatch(words):
        return MOMENT.fullmatch(whole) is not None
    if words.startswith(FORMULA) and not words.lstrip("-").isdecimal():
        return whole == f"'{words}"
    return whole == words or (len(words) == 12 and len(whole) == 32 and whole.startswith(words))


def holds(file: list[list[str]], table: list[list[str]]) -> bool:
    """Whether a file begins with the rows of a table."""
    if len(file) < len(table) or len(file[0]) != len(table[0]):
        return False
    units = [
        kept.removeprefix(f"{shown} (").removesuffix(")") if kept.startswith(f"{shown} (") else ""
        for shown, kept in zip(table[0], file[0], strict=True)
    ]
    headings = [f"{shown} ({unit})" if unit else shown for shown, unit in zip(table[0], units, strict=True)]
    return headings == file[0] and all(
        len(kept) == len(shown) and all(map(same, shown, kept, units))
        for shown, kept in zip(table[1:], file[1:], strict=False)
    )


def tables(walk: Walk, role: str, route: str) -> Iterator[tuple[list[str], bool]]:
    """The tables of a page by their columns, and whether one of its files holds each."""
    browser = walk.browsers[role]
    for here in walk.addresses(route):
        shown = browser.get(f"{here}?purpose=case" if here.endswith("/diary") else here)
        if shown.status_code != 200 or shown.mimetype != "text/html":
            continue
        found = read(shown.text)
        replies = [browser.get(href) for href in sorted(found.files)] if found.tables else []
        assert all(one.mimetype == "text/csv" for one in replies), (here, found.files)
        files = [list(csv.reader(io.StringIO(one.text.removeprefix("\ufeff")))) for one in replies]
        for table in found.tables:
            yield table[0], any(holds(file, table) for file in files)


@pytest.fixture(scope="module", autouse=True)
def formulas(walk: Walk) -> None:
    """Guests and bands whose names begin as formulas do, a visit, and a file with a wrong line."""
    with walk.store.transaction() as tx:
        for number, name in enumerate(FORMULAS):
            guests.put_guests(tx, SITE, [Guest(id=f"f-{number}", name=name)])
        worn = [
            BandCard(band=Band(id=bytes([9, n]) * 8), guest="g-1", label=one)
            for n, one in enumerate(FORMULAS)
        ]
        bands.add_bands(tx, SITE, worn)
        visit = Entry("/a", "v-1", "g:g-1", NOW_MS << 16, 0, Via.GATE, What.ENTERED, subject=FORMULAS[0])
        diary.put(tx, SITE, [visit])
        for job in walk.filled["job"]:
            jobs.keep_wrong(tx, SITE, job, wrong=[Wrong(2, FORMULAS[0])])


@pytest.mark.timeout(60)  # it saves every table there is
@pytest.mark.parametrize("role", CONSOLE_ROLES)
def test_every_table_of_every_page_can_be_saved_as_it_stands(walk: Walk, role: str) -> None:
    found = [(route, held) for route in PAGES for _, held in tables(walk, role, route)]
    assert len(found) >= TABLES_MIN[role]
    missing = {route for route, held in found if not held}
    assert missing == {route for one, route in NOT_TAKEN if one == role}


def test_the_unit_of_a_column_stands_above_it_and_its_figures_can_be_added_up(walk: Walk) -> None:
    reply = walk.browsers["operator"].get(f"{HOME}/catalogue?file=catalogue")
    heading, *lines = csv.reader(io.StringIO(reply.text.removeprefix("\ufeff")))
    assert heading[2:4] == ["Price (EUR)", "Tax (%)"]
    assert all(float(price) >= 0 and float(tax) >= 0 for _, _, price, tax, *_ in lines)
    assert not [cell for line in lines for cell in line if UNITS.fullmatch(cell)]


def test_a_file_that_is_not_the_table_is_noticed(walk: Walk) -> None:
    """The control: another row, a column less, or a formula let through."""
    table = [["Guest", "Name"], ["f-0", FORMULAS[0]]]
    assert holds([["Guest", "Name"], ["f-0", f"'{FORMULAS[0]}"]], table)
    assert not holds([["Guest", "Name"], ["f-0", FORMULAS[0]]], table)
    assert not holds([["Guest"], ["f-0"]], table)
    assert not holds([["Guest", "Name"]], table)
    priced = [["Price"], ["2.50 EUR"]]
    assert holds([["Price (EUR)"], ["2.50"]], priced)
    assert not holds([["Price"], ["2.50"]], priced), "of what?"


@pytest.mark.parametrize("page", ["guests?file=guests", "guests/g-1/diary?purpose=case&file=diary"])
def test_what_care_may_not_have_whole_it_does_not_get_page_by_page(walk: Walk, page: str) -> None:
    assert walk.browsers["care"].get(f"{HOME}/{page}").status_code == 404


def test_whoever_took_a_guests_table_along_is_on_record(walk: Walk) -> None:
    reply = walk.browsers["operator"].get(f"{HOME}/guests/g-1?file=bands")
    assert reply.mimetype == "text/csv"
    with walk.store.reading() as tx:
        newest = acts.acts(tx, SITE)[0]
    assert (newest.what, newest.target, newest.who) == ("guest_copied", "g-1", "operator")
