"""Looks: whom an operator was shown, when and by which page, kept among the acts without what was typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from edge.core.outliers import Figure, Happened, Outlier, judge_outliers
from sync.central.console.acts import STATE_CHARS_MAX, Act, act_table, record_once
from sync.central.console.answers import Cell, Sheet
from sync.central.console.ask import Ask
from sync.central.store import Connection, select, update
from sync.central.traces import ALSO

LIVE_MS = 600_000
"""A page that looks again by itself is one look in this time."""
ROWS_MAX = 100_000
"""Looks counted for one day of a site."""
COUNTED: Mapping[str, Figure] = MappingProxyType(
    {
        "guest_seen": Figure.LOOK_UPS,
        "guests_seen": Figure.LOOK_UPS,
        "diary_seen": Figure.LOOK_UPS,
        "care_seen": Figure.LOOK_UPS,
        "case_seen": Figure.LOOK_UPS,
        "band_seen": Figure.LOOK_UPS,
        "bands_seen": Figure.LOOK_UPS,
        "entitlements_seen": Figure.LOOK_UPS,
        "events_seen": Figure.LOOK_UPS,
        "wallet_seen": Figure.LOOK_UPS,
        "mandate_seen": Figure.LOOK_UPS,
        "mandates_seen": Figure.LOOK_UPS,
        "mandates_exported": Figure.EXPORTS,
        "guest_exported": Figure.EXPORTS,
        "guests_exported": Figure.EXPORTS,
        "diary_exported": Figure.EXPORTS,
        "guest_copied": Figure.EXPORTS,
        "diary_copied": Figure.EXPORTS,
        "case_copied": Figure.EXPORTS,
        "band_copied": Figure.EXPORTS,
        "wallet_copied": Figure.EXPORTS,
        "mandate_copied": Figure.EXPORTS,
        "events_copied": Figure.EXPORTS,
        "care_exported": Figure.EXPORTS,
        "bands_exported": Figure.EXPORTS,
        "entitlements_exported": Figure.EXPORTS,
        "events_exported": Figure.EXPORTS,
    }
)
"""What each look counts as on the list of what stands out."""


class Shown(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a page showed: as many guests as the record holds, and how many they were."""

    guests: tuple[str, ...] = ()
    count: int = 0
    more: bool = False
    """Whether further pages went out with it, as in a file."""
    purpose: str = ""
    """What it was for, where somebody had to say so."""


def look(ask: Ask, what: str, target: str = "", *, shown: Shown | None = None, within_ms: int = 0) -> None:
    """Write a look down before its page is answered; where that fails, nothing is shown."""
    ask.layout  # noqa: B018  # an unknown site is refused before anything is kept of it
    if ask.file:  # A table of the page goes out as a file: that is more than a look.
        what, within_ms = what.replace("_seen", "_copied"), 0
    after = "" if shown is None else _fitting(shown)
    who = ask.who.name if ask.who else ""
    with ask.store.transaction() as tx:
        act = Act(site=ask.site, who=who, what=what, target=target, after=after)
        record_once(tx, act, within_ms=within_ms)


def shown_in(ask: Ask, sheet: Sheet, *, file: bool = False) -> Shown:
    """Return the guests to whom the cells of a table lead."""
    way = f"{ask.home}/guests/"
    cells = (cell for row in sheet.rows for cell in row if isinstance(cell, Cell))
    guests = tuple(dict.fromkeys(cell.text for cell in cells if cell.href.startswith(way) and cell.text))
    return Shown(guests=guests, count=len(guests), more=file and bool(sheet.after))


def in_words(ask: Ask, kept: str) -> str:
    """Return at whom somebody looked and what for, as a person reads it; what is no such record, as it is."""
    try:
        shown = msgspec.json.decode(kept, type=Shown)
    except msgspec.DecodeError:
        return kept
    t = ask.words
    parts = (
        ", ".join(shown.guests),
        t("looks.count", count=shown.count) if shown.count > len(shown.guests) else "",
        t("looks.more") if shown.more else "",
        t(f"purpose.{shown.purpose}") if shown.purpose else "",
    )
    return " · ".join(part for part in parts if part)


def outliers(tx: Connection, site: str, from_ms: int, *, until_ms: int) -> tuple[Outlier, ...]:
    """Return which operators stand out by what they looked at, beside each other."""
    own = act_table.c
    query = select(own.who, own.what, own.at_ms).where(
        own.site_id == site, own.at_ms >= from_ms, own.at_ms < until_ms, own.what.in_(COUNTED)
    )
    rows = tx.execute(query.order_by(own.act_id.desc()).limit(ROWS_MAX))
    return judge_outliers(
        Happened(at_ms=row.at_ms, kind=0, staff=row.who, figure=COUNTED[row.what]) for row in rows
    )


def forget(tx: Connection, site: str, words: Sequence[str]) -> None:
    """Take erased guests out of what was shown; that somebody looked, and at how many, stays."""
    own = act_table.c
    gone = frozenset(words)
    for word in words:
        held = own.after.contains(msgspec.json.encode(word).decode(), autoescape=True)
        query = select(own.act_id, own.after).where(own.site_id == site, own.what.in_(COUNTED), held)
        for row in tx.execute(query).all():
            before = msgspec.json.decode(row.after, type=Shown)
            left = msgspec.structs.replace(
                before, guests=tuple(one for one in before.guests if one not in gone)
            )
            tx.execute(update(act_table).where(own.act_id == row.act_id).values(after=_fitting(left)))


ALSO.append(forget)


def _fitting(shown: Shown) -> str:
    """Return what fits into the record: whole ids only, so that each can be found and taken out again."""
    bare = msgspec.structs.replace(shown, guests=(), more=True)
    room = STATE_CHARS_MAX - len(msgspec.json.encode(bare)) - 16
    kept: list[str] = []
    for guest in shown.guests:
        room -= len(msgspec.json.encode(guest).decode()) + 1
        if room < 0:
            break
        kept.append(guest)
    return msgspec.json.encode(msgspec.structs.replace(shown, guests=tuple(kept))).decode()


def guests_shown(guests: Iterable[str | None]) -> Shown:
    """Return these guests as what a page shows; nobody's band shows none."""
    known = tuple(guest for guest in guests if guest)
    return Shown(guests=known, count=len(known))
