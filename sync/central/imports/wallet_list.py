"""Wallet list: wallets and who pays from them, line by line from a CSV text, or what is wrong with a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from edge.core.money import minor_in
from edge.core.wallet import CategoryLimit
from edge.errors import Refused
from sync.central.imports.lines import Wrong
from sync.central.imports.listed import rows_of, take_lines
from sync.central.money import leases
from sync.central.money.holding import hold
from sync.central.money.topups import TopUp, ask
from sync.central.registry import guests, members, wallets
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection

OF_WALLET = ("wallet_tap_max", "pin_above", "taps_before_pin", "fill_below", "fill_to")
OF_MEMBER = ("head", "no_charge", "tap_max", "day_max", "day_leased", "categories")
COLUMNS = ("wallet", "currency", "label", *OF_WALLET, "guest", *OF_MEMBER, "amount")
"""No PIN: it belongs in no file."""
TAPS_MAX = 1_000
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
    counts, touched = [0, 0, 0], list[str]()

    def take(row: Mapping[str, str]) -> None:
        for place, one in enumerate(_take(tx, site, row, who=who)):
            counts[place] += one
        touched.extend([row["guest"]] if row.get("guest") else [])

    rows, misfit = rows_of(text, COLUMNS, demanded="wallet")
    hold(tx, site, {row["wallet"] for _, row in rows} - {""})
    wrong = take_lines(rows, misfit, take=take)
    return Loaded(counts[0], counts[1], counts[2], wrong, tuple(dict.fromkeys(touched)))


def _take(tx: Connection, site: str, row: Mapping[str, str], *, who: str) -> Iterable[bool]:
    """Take one line, whole or not at all: all of it is looked at before anything is written."""
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


def _chosen(known: Wallet, row: Mapping[str, str]) -> Wallet:
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


def _member(tx: Connection, site: str, row: Mapping[str, str], *, wallet: Wallet) -> Member:
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
    categories, leased = row.get("categories", ""), _yes(row, "day_leased", one.day_leased)
    if leased and limits.day_minor_max is None:
        raise Refused("day_leased wants a day_max: say how much, if it is to hold everywhere")
    return msgspec.structs.replace(
        one,
        head=_yes(row, "head", one.head),
        no_charge=_yes(row, "no_charge", one.no_charge),
        day_leased=leased,
        limits=limits,
        categories=_categories(categories, currency) if categories else one.categories,
    )


def _yes(row: Mapping[str, str], name: str, held: bool) -> bool:
    return row[name].lower() in YES if row.get(name) else held


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
