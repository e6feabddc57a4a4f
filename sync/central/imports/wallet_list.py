"""Wallet list: wallets and who pays from them, line by line from a CSV text, or what is wrong with a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from edge.core.cards import holds_card_number
from edge.core.money import minor_in
from edge.core.wallet import CategoryLimit
from edge.errors import PolsoError, Refused
from sync.central import leases
from sync.central.holding import hold
from sync.central.imports.lines import DELIMITERS, Wrong, cut
from sync.central.registry import guests, members, wallets
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection
from sync.central.topups import TopUp, ask

OF_WALLET = ("wallet_tap_max", "pin_above", "taps_before_pin", "fill_below", "fill_to")
OF_MEMBER = ("head", "no_charge", "tap_max", "day_max", "categories")
COLUMNS = ("wallet", "currency", "label", *OF_WALLET, "guest", *OF_MEMBER, "amount")
"""No PIN: it belongs in no file."""
TAPS_MAX = 1_000
LINES_MAX = 5_000
YES = frozenset({"yes", "true", "1", "x"})


class Loaded(NamedTuple):
    """What became of a list: wallets that are new, guests who pay, top-ups that wait, and wrong lines."""

    wallets: int
    members: int
    topups: int
    wrong: tuple[Wrong, ...]
    guests: tuple[str, ...]


def load(tx: Connection, site: str, text: str, *, who: str) -> Loaded:
    """Take the good lines of a list; amounts become top-ups that a second person has to let through."""
    lines = text.splitlines()
    first = lines[0].removeprefix("\ufeff") if lines else ""
    delimiter = max(DELIMITERS, key=first.count)
    heading = [column.strip().lower() for column in cut(first, delimiter)]
    unknown = [column[:40] for column in heading if column not in COLUMNS]
    if unknown or "wallet" not in heading or len(set(heading)) != len(heading):
        raise Refused("Line 1 names no known columns.", hint=f"The columns are: {', '.join(COLUMNS)}.")
    if len(lines) > LINES_MAX:
        raise Refused(f"{len(lines)} lines at once, at most {LINES_MAX}.", hint="Send it in parts.")
    rows = [cut(line, delimiter) for line in lines[1:]]
    hold(tx, site, {row[heading.index("wallet")].strip() for row in rows if len(row) == len(heading)} - {""})
    counts, wrong, touched = [0, 0, 0], list[Wrong](), list[str]()
    for number, line in enumerate(lines[1:], 2):
        if not line.strip(" \t,;"):
            continue
        cells = cut(line, delimiter)
        try:
            if len(cells) != len(heading):
                raise Refused(f"{len(cells)} fields, the heading has {len(heading)}: check the commas.")
            row = dict(zip(heading, (cell.strip() for cell in cells), strict=True))
            for place, one in enumerate(_take(tx, site, row, who=who)):
                counts[place] += one
            touched += [row["guest"]] if row.get("guest") else []
        except (PolsoError, ValueError) as error:
            wrong.append(Wrong(number, str(error)))
    return Loaded(counts[0], counts[1], counts[2], tuple(wrong), tuple(dict.fromkeys(touched)))


def _take(tx: Connection, site: str, row: dict[str, str], *, who: str) -> Iterable[bool]:
    """Take one line, whole or not at all: all of it is looked at before anything is written."""
    if any(holds_card_number(cell) for cell in row.values()):
        raise Refused("a cell looks like the number of a payment card: take it out of the file")
    currency, guest = row.get("currency", "") or "EUR", row.get("guest", "")
    there = wallets.wallets_of(tx, site, [row["wallet"]]).get(row["wallet"])
    label = row.get("label", "")[:80]
    known = there or Wallet(id=row["wallet"], currency=currency, label=label)
    wallets.check(known)
    if known.currency != currency:
        raise Refused(f"wallet {known.id} is kept in {known.currency}")
    wanted, amount = _chosen(known, row), _minor(row.get("amount", ""), currency)
    member = _member(tx, site, row, wallet=known) if guest else None
    if there is None:
        wallets.create(tx, site, wanted)
    elif wanted != there:
        wallets.change(tx, site, wanted)
        leases.tell_again(tx, site, wanted.id)
    if member is not None:
        members.join(tx, site, member)
    if amount:
        asked = TopUp(
            id="",
            wallet=known.id,
            minor=amount,
            source="bank",
            why="list",
            state="",
            asked_by=who,
            asked_ms=0,
        )
        ask(tx, site, asked)
    return there is None, bool(guest), bool(amount)


def _chosen(known: Wallet, row: dict[str, str]) -> Wallet:
    """Return a wallet with what a line says of it; a cell that is empty or not there changes nothing."""
    said = {
        name: _minor(row.get(name, ""), known.currency) for name in OF_WALLET if name != "taps_before_pin"
    }
    taps = row.get("taps_before_pin", "")
    if taps and not (taps.isascii() and taps.isdigit() and int(taps) <= TAPS_MAX):
        raise Refused(f"{taps[:20]!r} is no number of payments: write 0 to {TAPS_MAX}")
    limits = msgspec.structs.replace(
        known.limits,
        tap_minor_max=_or(said["wallet_tap_max"], known.limits.tap_minor_max),
        pin_above_minor=_or(said["pin_above"], known.limits.pin_above_minor),
        taps_before_pin=int(taps) if taps else known.limits.taps_before_pin,
    )
    low, fill = _or(said["fill_below"], known.low_minor), _or(said["fill_to"], known.fill_minor)
    if (low is None) != (fill is None) or (low is not None and fill is not None and low > fill):
        raise Refused("a wallet is filled below one amount up to another: give both, the smaller one first")
    return msgspec.structs.replace(known, limits=limits, low_minor=low, fill_minor=fill)


def _member(tx: Connection, site: str, row: dict[str, str], *, wallet: Wallet) -> Member:
    """Return who pays, as a line says; of somebody who pays already what it does not say stays."""
    guest, currency = row["guest"], wallet.currency
    if guest not in guests.guests_of(tx, site, [guest]):
        raise Refused(f"guest {guest[:40]!r} does not exist: import guests first")
    held = members.members_by_guest(tx, site, [guest]).get(guest)
    if held is not None and held.wallet != wallet.id:
        raise Refused(f"guest {guest[:40]!r} pays from another wallet")
    one = held or Member(guest=guest, wallet=wallet.id)
    limits = msgspec.structs.replace(
        one.limits,
        tap_minor_max=_or(_minor(row.get("tap_max", ""), currency), one.limits.tap_minor_max),
        day_minor_max=_or(_minor(row.get("day_max", ""), currency), one.limits.day_minor_max),
    )
    categories = row.get("categories", "")
    return msgspec.structs.replace(
        one,
        head=row["head"].lower() in YES if row.get("head") else one.head,
        no_charge=row["no_charge"].lower() in YES if row.get("no_charge") else one.no_charge,
        limits=limits,
        categories=_categories(categories, currency) if categories else one.categories,
    )


def _categories(text: str, currency: str) -> tuple[CategoryLimit, ...]:
    """Return the limits in ``tobacco=0 sweets=5.00``."""
    found = {}
    for word in text.split():
        name, equals, minor = word.partition("=")
        if not name or not equals or not minor or name in found:
            raise Refused(f"{word[:40]!r} is no limit of a category: write it as sweets=5.00")
        found[name] = _minor(minor, currency) or 0
    return tuple(CategoryLimit(name, minor) for name, minor in found.items())


def _or(said: int | None, held: int | None) -> int | None:
    return held if said is None else said


def _minor(text: str, currency: str) -> int | None:
    minor = minor_in(text, currency) if text else None
    if text and (minor is None or minor < 0):
        raise Refused(f"{text[:20]!r} is no amount: write it as 20.00")
    return minor
