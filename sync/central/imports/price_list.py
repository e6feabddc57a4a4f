"""A price list: a small CSV file of articles, taken whole or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from edge.core.cards import holds_card_number, masked, without_trade_codes
from edge.core.catalogue import (
    AGE_MAX,
    CODE_CHARS_MAX,
    CODES_MAX,
    LANGUAGES,
    PRICE_MINOR_MAX,
    TAX_PERMILLE_MAX,
    Article,
    Catalogue,
    faults_of,
)
from edge.core.delivery import Delivery, fault_of
from edge.core.money import minor_in, spelled
from edge.errors import Refused
from sync.central.imports.cells import Text
from sync.central.imports.columns import LINE_CHARS_MAX
from sync.central.imports.lines import DELIMITERS, Wrong, cut
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX

DELIVERED = ("delivered_from", "delivered_until", "delivered_before")
"""Days, as 2030-12-31; the last one is what was promised before."""
COLUMNS = (
    "id",
    *(f"name_{code}" for code in LANGUAGES),
    *("price", "tax", "category", "age_min", "deposit", "group", "codes", "position", "off"),
    *DELIVERED,
)
"""Every column that a price list knows; ``id`` and ``price`` are demanded."""
DEMANDED = ("id", "price")
QUOTED = "'"
"""What our own export puts before a sign, so that no spreadsheet takes it for a formula."""
YES, NO = ("yes", "1", "x"), ("", "no", "0")
FILE_BYTES_MAX = 2 * 1024 * 1024
POSITION_MAX = 9_999
AMOUNT, PERCENT = "an amount, as 4.50", "a per cent, as 22 or 5.5"


class PriceList(NamedTuple):
    """What a file says: its articles, and what is wrong with its lines."""

    articles: tuple[Article, ...]
    wrong: tuple[Wrong, ...]


def read_price_list(content: bytes, now: Catalogue, currency: str) -> PriceList:
    """Read a file over the catalogue as it stands; an unusable heading (line 1) raises ``Refused``."""
    lines = _text_of(content).splitlines()
    first = lines[0] if lines else ""
    delimiter = max(DELIMITERS, key=first.count)
    heading = [column.strip().lower() for column in cut(first, delimiter)]
    _check_heading(heading)
    places, wrong = dict[str, tuple[int, Article]](), list[Wrong]()
    for number, line in enumerate(lines[1:], 2):
        if not line.strip(" \t\r,;"):
            continue
        try:
            article = _article(_cells(line, heading, delimiter), currency)
            if article.id in places:
                raise ValueError(f"id {article.id} stands in line {places[article.id][0]} already")
            places[article.id] = (number, article)
        except ValueError as error:
            wrong.append(Wrong(number, str(error)))
    articles = tuple(article for _, article in places.values())
    if not wrong:
        wrong = _unfitting(articles, now, {id_: number for id_, (number, _) in places.items()})
    return PriceList(articles, tuple(sorted(wrong)))


def rows_of(now: Catalogue, currency: str) -> Iterable[tuple[str | int, ...]]:
    """Return the catalogue as the rows of such a file, so that what was exported can be sent again."""
    for one in now.articles:
        yield (
            one.id,
            *(one.names.get(code, "") for code in LANGUAGES),
            *(spelled(one.price_minor, currency), percent(one.tax_permille), one.category),
            *(one.age_min or "", one.deposit, one.group, " ".join(one.codes), one.position or ""),
            "yes" if one.off else "",
            *delivered(one.delivery),
        )


def delivered(told: Delivery | None) -> tuple[str, str, str]:
    """Return the three days of a promise as they are written; nothing for what is not sent."""
    if told is None:
        return "", "", ""
    before = "" if told.instead_of is None else told.instead_of.isoformat()
    return told.first.isoformat(), told.last.isoformat(), before


def percent(permille: int) -> str:
    """Return thousandths as per cent: 220 as ``22``, 55 as ``5.5``."""
    whole, rest = divmod(permille, 10)
    return f"{whole}.{rest}" if rest else str(whole)


def permille_in(text: str) -> int | None:
    """Return the thousandths that a per cent spells; None where it spells none a tax can have."""
    whole, _, rest = text.replace(",", ".").partition(".")
    if not (whole + rest).isascii() or not whole.isdecimal() or not (rest or "0").isdecimal():
        return None
    if len(rest) > 1 or len(whole) > 2:
        return None
    return int(whole) * 10 + int(rest or "0")


def codes_in(text: str) -> tuple[str, ...]:
    """Return the codes that a cell names, parted by blanks."""
    codes = tuple(dict.fromkeys(text.split()))
    if len(codes) > CODES_MAX or any(len(code) > CODE_CHARS_MAX or not code.isprintable() for code in codes):
        raise ValueError(f"codes are more than {CODES_MAX}, or one is longer than {CODE_CHARS_MAX}")
    if holds_card_number(without_trade_codes(text)):
        raise ValueError("codes looks like the number of a payment card: take it out of the file")
    return codes


def _text_of(content: bytes) -> str:
    if len(content) > FILE_BYTES_MAX:
        raise Refused(f"The file is larger than {FILE_BYTES_MAX >> 20} MiB.", hint="Cut it in two.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("This is no CSV file in UTF-8.", hint="Save it as CSV UTF-8.") from error
    if "\0" in text:
        raise Refused("This is no CSV file in UTF-8.", hint="Save it as CSV UTF-8.")
    return text


def _check_heading(heading: list[str]) -> None:
    unknown = [masked(column)[:40] for column in heading if column not in COLUMNS]
    missing = [column for column in DEMANDED if column not in heading]
    if unknown or missing or len(set(heading)) != len(heading):
        what = f"columns {', '.join(unknown)} are not known" if unknown else "id or price is missing or twice"
        raise Refused(f"Line 1: {what}.", hint=f"The columns are: {', '.join(COLUMNS)}.")


def _cells(line: str, heading: list[str], delimiter: str) -> dict[str, str]:
    if len(line) > LINE_CHARS_MAX:
        raise ValueError(f"the line is longer than {LINE_CHARS_MAX} characters: is a quote missing?")
    row = cut(line, delimiter)
    if len(row) != len(heading):
        raise ValueError(f"{len(row)} fields, the heading has {len(heading)}: check the commas")
    for column, text in zip(heading, row, strict=True):
        if column != "codes" and holds_card_number(text):
            raise ValueError(f"{column} looks like the number of a payment card: take it out of the file")
    return {column: text.strip() for column, text in zip(heading, row, strict=True)}


def _article(cells: Mapping[str, str], currency: str) -> Article:
    def cell(column: str) -> str:
        return cells.get(column, "")

    id_ = Text("id", ID_CHARS_MAX)(cell("id"))
    if not id_ or "/" in id_ or " " in id_:
        raise ValueError("id is empty, or has a slash or a blank in it: give each article a short word")
    price = _told("price", minor_in(cell("price").removeprefix(QUOTED), currency), cell, what=AMOUNT)
    if abs(price) > PRICE_MINOR_MAX:
        raise ValueError(f"price is more than {spelled(PRICE_MINOR_MAX, currency)}")
    names = {code: Text(f"name_{code}", NAME_CHARS_MAX)(cell(f"name_{code}")) for code in LANGUAGES}
    tax = _told("tax", permille_in(cell("tax") or "0"), cell, what=PERCENT)
    if tax > TAX_PERMILLE_MAX:
        raise ValueError("tax is more than 99.9 per cent")
    return Article(
        id=id_,
        names={code: name for code, name in names.items() if name},
        price_minor=price,
        tax_permille=tax,
        category=Text("category", ID_CHARS_MAX)(cell("category")),
        age_min=_number("age_min", cell("age_min"), AGE_MAX),
        deposit=Text("deposit", ID_CHARS_MAX)(cell("deposit")),
        group=Text("group", ID_CHARS_MAX)(cell("group")),
        codes=codes_in(cell("codes")),
        position=_number("position", cell("position"), POSITION_MAX),
        off=_yes("off", cell("off")),
        delivery=delivery_of(*(_day(name, cell(name)) for name in DELIVERED)),
    )


def delivery_of(first: dt.date | None, last: dt.date | None, before: dt.date | None) -> Delivery | None:
    """Return what three days promise; one alone is the day itself; or raise ``ValueError``."""
    days = [day for day in (first, last) if day is not None]
    if not days and before is None:
        return None
    if not days:
        raise ValueError("delivered_before says what was promised before: say what is promised now")
    told = Delivery(first=days[0], last=days[-1], instead_of=before)
    why = fault_of(told)
    if why:
        raise ValueError(f"the delivery cannot be: {why}")
    return told


def _day(column: str, text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ValueError(f"{column} {text[:40]!r} is no day, as 2030-12-31") from error


def _told(column: str, told: int | None, cell: Callable[[str], str], *, what: str) -> int:
    if told is None:
        raise ValueError(f"{column} {cell(column)[:40]!r} is not {what}")
    return told


def _number(column: str, text: str, most: int) -> int:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 8 and int(text) <= most):
        raise ValueError(f"{column} {text[:40]!r} is no whole number from 0 to {most}")
    return int(text or "0")


def _yes(column: str, text: str) -> bool:
    if text.lower() not in (*YES, *NO):
        raise ValueError(f"{column} {text[:40]!r} is neither yes nor no")
    return text.lower() in YES


def _unfitting(articles: tuple[Article, ...], now: Catalogue, lines: Mapping[str, int]) -> list[Wrong]:
    """Return what the catalogue would not fit together by, at the line that says so."""
    whole = {**now.by_id, **{article.id: article for article in articles}}
    after = Catalogue(articles=tuple(whole.values()), groups=now.groups)
    return [Wrong(lines.get(fault.split(" ", 1)[0], 1), fault) for fault in faults_of(after)]
