"""Voucher list: what is given to whom, line by line from a CSV text, or what is wrong with a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from edge.core.lease import LeaseKind
from edge.core.money import minor_in
from edge.core.vouchers import VOUCHER_KINDS, Voucher
from edge.errors import Refused
from sync.central.imports.cells import uid_of
from sync.central.imports.lines import Wrong
from sync.central.imports.listed import rows_of, take_lines
from sync.central.money.holding import hold
from sync.central.registry import members
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Order
from sync.central.sites import band_key
from sync.central.store import Connection

COLUMNS = (
    "id", "kind", "guest", "wallet", "band", "campaign", "units", "amount", "worth", "categories", "articles",
    "valid_from", "valid_until",
)  # fmt: skip
DRINK = "drink"
"""Of which category a free drink is, where nothing else is said."""
CENT = 1


class Loaded(NamedTuple):
    """What became of a list: vouchers that are new, those that were given before, wrong lines, wallets."""

    given: int
    known: int
    wrong: tuple[Wrong, ...]
    wallets: tuple[str, ...]


def load(tx: Connection, site: str, text: str, *, currency: str) -> Loaded:
    """Give what the good lines say; a line whose id was given before gives nothing more."""
    done: list[vouchers.Given] = []

    def take(row: Mapping[str, str]) -> None:
        done.append(vouchers.give(tx, site, order_of(tx, site, row, currency=currency)))

    rows, misfit = rows_of(text, COLUMNS, demanded="id")
    hold(tx, site, _wallets(tx, site, (row for _, row in rows)))
    wrong = take_lines(rows, misfit, take=take)
    fresh = sum(one.fresh for one in done)
    return Loaded(fresh, len(done) - fresh, wrong, tuple(dict.fromkeys(one.wallet for one in done)))


def _wallets(tx: Connection, site: str, rows: Iterable[Mapping[str, str]]) -> set[str]:
    """Return the wallets that a list is about, as far as its lines tell before they are taken."""
    many = list(rows)
    guests = {row["guest"] for row in many if row.get("guest")}
    theirs = {one.wallet for one in members.members_by_guest(tx, site, guests).values()}
    return theirs | {row["wallet"] for row in many if row.get("wallet")}


def order_of(tx: Connection, site: str, row: Mapping[str, str], *, currency: str) -> Order:
    """Return what one line, or one form, asks for."""
    voucher, units = _what(row, currency)
    dates = {name: row.get(name, "") for name in ("valid_from", "valid_until")}
    return Order(
        id=row.get("id", ""),
        voucher=replace(voucher, **dates),
        units=units,
        wallet=row.get("wallet", ""),
        guest=_guest(tx, site, row),
    )


def _what(row: Mapping[str, str], currency: str) -> tuple[Voucher, int]:
    """Return the terms and how many units: pieces, points, or the smallest part of money."""
    things, articles = (tuple(row.get(name, "").split()) for name in ("categories", "articles"))
    campaign = row.get("campaign", "")
    match row.get("kind", ""):
        case LeaseKind.GIFT:
            voucher, units = vouchers.gift(campaign), _minor("amount", row, currency)
        case LeaseKind.POINTS:
            voucher, units = vouchers.points(_minor("worth", row, currency, default=CENT)), _count(row)
        case LeaseKind.FREE_DRINK:
            voucher = vouchers.free_drink(things if things or articles else (DRINK,), campaign=campaign)
            units = _count(row)
        case other:
            raise Refused(f"kind {other[:20]!r} is none of {', '.join(VOUCHER_KINDS)}")
    return replace(voucher, categories=things or voucher.categories, items=articles), units


def _guest(tx: Connection, site: str, row: Mapping[str, str]) -> str:
    if not row.get("band"):
        return row.get("guest", "")
    uid = uid_of(row["band"])
    if uid is None:
        raise Refused("band is none: 4, 7, 8 or 10 octets in hexadecimal, as 04A1B2C3D4E501")
    return vouchers.guest_of_band(tx, site, uid, secret=band_key(tx, site))


def _minor(name: str, row: Mapping[str, str], currency: str, *, default: int | None = None) -> int:
    text = row.get(name, "")
    minor = minor_in(text, currency) if text else default
    if minor is None or minor < 1:
        raise Refused(f"{name} {text[:20]!r} is no amount: write it as 20.00")
    return minor


def _count(row: Mapping[str, str]) -> int:
    text = row.get("units", "") or "1"
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        raise Refused(f"units {text[:20]!r} is no whole number")
    return int(text)
