"""Vouchers: what was given by campaign and what became of it; giving one, many by a list, and taking back."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from edge.core.money import spelled
from edge.core.vouchers import CAMPAIGN_CHARS_MAX, VOUCHER_KINDS
from sync.central.accounting.voucher_sums import Campaign, campaigns
from sync.central.console import cells, desk, listing
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.listing import Listing
from sync.central.console.routes import Route, act
from sync.central.imports import voucher_list
from sync.central.money import blocks
from sync.central.registry import wallets
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.registry.wallets import Wallet
from sync.central.settling import vouchers
from sync.central.settling.vouchers import Left
from sync.central.store import Connection

HERE = "/sites/<site>/vouchers"
COLUMNS = ("campaign", "unit", "given", "used", "worth", "left")
DAY_COLUMNS = COLUMNS[:-1]
LEFT_COLUMNS = ("kind", "guest", "left", "at_devices", "used", "valid_until", "state")
LIST_CHARS_MAX = 400_000
DATE_CHARS = 10
AMOUNT_CHARS_MAX = 16


def _page(ask: Ask, after: str) -> Sheet:
    del after  # there are no more campaigns than fit on a page
    with ask.store.reading() as tx:
        return campaigns_sheet(ask, campaigns(tx, ask.site), COLUMNS)


def campaigns_sheet(ask: Ask, found: Iterable[Campaign], columns: tuple[str, ...]) -> Sheet:
    """Return campaigns as a table: their units, and what they were worth in the site's money."""
    rows = [_campaign(one, ask.layout.currency)[: len(columns)] for one in found]
    return Sheet(name="vouchers", columns=columns, rows=rows)


def _campaign(one: Campaign, currency: str) -> tuple[Cell | str, ...]:
    return (
        one.campaign,
        one.unit,
        *(counted(amount, one.unit, currency) for amount in (one.given, one.used)),
        cells.amount(one.worth_minor, currency),
        counted(one.left, one.unit, currency),
    )


def counted(amount: int, unit: str, currency: str) -> str:
    """Return an amount of units as people write it: money as such, pieces and points as they are."""
    return spelled(amount, unit) if unit == currency else str(amount)


def sheet_of(ask: Ask, tx: Connection, wallet: Wallet) -> tuple[Sheet, list[tuple[str, str]]]:
    """Return what is left of each voucher of a wallet, and which of them can be taken back."""
    found = vouchers.left(tx, ask.site, wallet)
    rows = [_row(ask, one, wallet.currency) for one in found]
    open_ = [one.issued.voucher.kind for one in found if not one.issued.withdrawn and one.left]
    return Sheet(name="vouchers_left", columns=LEFT_COLUMNS, rows=rows), [(kind, kind) for kind in open_]


def _row(ask: Ask, one: Left, currency: str) -> tuple[str, ...]:
    state = "withdrawn" if one.issued.withdrawn else "valid" if one.left else "used_up"
    amounts = (counted(amount, one.unit, currency) for amount in (one.left, one.at_devices, one.used))
    guest = one.issued.guest or ask.words("voucher.everybody")
    return (
        *(one.issued.voucher.kind, guest, *amounts, one.issued.voucher.valid_until),
        ask.words(f"voucher.{state}"),
    )


def _new(ask: Ask) -> Form:
    choices = [(kind.value, f"voucher.{kind}") for kind in VOUCHER_KINDS]
    fields = (
        Field(name="id", required=True, chars_max=vouchers.ID_CHARS_MAX),
        Field(name="kind", kind=Kind.CHOICE, required=True, choices=choices),
        Field(name="guest", chars_max=ID_CHARS_MAX),
        Field(name="band", chars_max=ID_CHARS_MAX),
        Field(name="wallet", chars_max=ID_CHARS_MAX),
        Field(name="units", kind=Kind.NUMBER, low=1, high=vouchers.UNITS_MAX),
        Field(name="amount", chars_max=AMOUNT_CHARS_MAX),
        Field(name="worth", chars_max=AMOUNT_CHARS_MAX),
        Field(name="campaign", chars_max=CAMPAIGN_CHARS_MAX),
        Field(name="categories"),
        Field(name="articles"),
        Field(name="first_day", chars_max=DATE_CHARS),
        Field(name="last_day", chars_max=DATE_CHARS),
    )
    values = {
        "id": f"v{secrets.token_hex(6)}",
        "wallet": ask.arg("wallet"),
        "guest": ask.arg("guest"),
    }
    return Form(name="voucher_new", fields=fields, values=values, back=f"{ask.home}/vouchers", act="issue")


def _give(ask: Ask, said: dict[str, Any]) -> Answer:
    row = {name: str(value) for name, value in said.items() if value is not None}
    row |= {"valid_from": said["first_day"], "valid_until": said["last_day"]}
    with ask.changing() as tx:
        order = voucher_list.order_of(tx, ask.site, row, currency=ask.layout.currency)
        given = vouchers.give(tx, ask.site, order)
        ask.record(tx, "voucher_given", given.wallet, after=f"{given.kind} {order.units}")
        blocks.publish_members(tx, ask.site, given.wallet)
    return Moved(f"{ask.home}/wallets/{given.wallet}", "voucher_given")


def _list(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    field = Field(name="list", kind=Kind.LONG, required=True, chars_max=LIST_CHARS_MAX)
    return Form(name="voucher_list", fields=(field,), back=f"{ask.home}/vouchers", act="load")


def _load(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        done = voucher_list.load(tx, ask.site, said["list"], currency=ask.layout.currency)
        ask.record(tx, "vouchers_loaded", "", after=f"{done.given} {done.known}")
        for wallet in done.wallets:
            blocks.publish_members(tx, ask.site, wallet)
    rows = [(one.number, one.why) for one in done.wrong]
    sheet = Sheet(name="wrong", columns=("line", "why"), rows=rows)
    return Page("vouchers_loaded.html", {"done": done, "sheet": sheet})


def _withdraw(ask: Ask) -> Answer:
    with ask.changing() as tx:
        one = wallets.wallet(tx, ask.site, ask.path["wallet"])
        gone = vouchers.withdraw(tx, ask.site, one.id, kind=ask.typed("kind"))
        ask.record(tx, "voucher_withdrawn", one.id, after=f"{gone.issued.voucher.kind} {gone.at_devices}")
        blocks.publish_members(tx, ask.site, one.id)
    return Moved(f"{ask.home}/wallets/{one.id}", "voucher_withdrawn")


VOUCHERS = Listing(name="vouchers", page=_page, add="new", load="list")
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, VOUCHERS),
    *desk.routes_of(f"{HERE}/new", Desk(_new, _give), "give a voucher."),
    *desk.routes_of(f"{HERE}/list", Desk(_list, _load), "load a list of vouchers."),
    act("/sites/<site>/wallets/<wallet>/withdraw", _withdraw, "Take back what is left of a voucher."),
)
