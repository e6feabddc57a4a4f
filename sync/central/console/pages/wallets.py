"""Wallets: what each holds, who pays from it, and money put on it or paid out by two persons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from edge.core.lease import PlacedState
from edge.core.money import spelled
from sync.central.console import amounts, cells, desk, listing, looks
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind
from sync.central.console.listing import Listing
from sync.central.console.pages import payers, purse, vouchers
from sync.central.console.routes import Audience, Route, act, read
from sync.central.imports import wallet_list
from sync.central.machines import devices
from sync.central.money import pots, topups
from sync.central.money.placed import PlacedRow, of_wallet
from sync.central.money.topups import SOURCES, TopUp
from sync.central.registry import members, profiles, wallets
from sync.central.registry.members import Member
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX
from sync.central.registry.wallets import Wallet, WalletState
from sync.central.store import Connection

HERE = "/sites/<site>/wallets"
COLUMNS = ("wallet", "label", "state", "free", "at_devices", "owed")
MEMBER_COLUMNS = ("guest", "head", "no_charge", "tap_max", "day_max", "day_leased", "categories", "change")
LEASE_COLUMNS = ("device", "kind", "state", "granted", "spent", "voided", "minted", "returned", "left",
                 "in_doubt", "heard")  # fmt: skip
LIST_CHARS_MAX = 200_000


def _page(ask: Ask, after: str) -> Sheet:
    ask.layout  # noqa: B018  # an unknown site is refused before anything is shown
    with ask.store.reading() as tx:
        found = wallets.list_wallets(tx, ask.site, text=ask.arg("q"), after=after)
        rows = [_row(ask, tx, one) for one in found]
    full = len(found) == wallets.PAGE_MAX
    return Sheet(name="wallets", columns=COLUMNS, rows=rows, after=found[-1].id if full else "")


def _row(ask: Ask, tx: Connection, one: Wallet) -> tuple[Cell | str, ...]:
    held = (
        cells.amount(minor, one.currency) for minor in pots.worth(tx, ask.site, one.id, currency=one.currency)
    )
    link = Cell(one.id, f"{ask.home}/wallets/{one.id}")
    return (link, one.label, ask.words(f"wallet.{one.state}"), *held)


def _leases(ask: Ask, tx: Connection, one: Wallet) -> Sheet:
    """Return what devices hold of a wallet: five totals, what is left or in doubt, and the last report."""
    named = devices.names(tx, ask.site)
    shown = [
        (
            named.get(row.placed.device, row.placed.device),
            row.placed.kind.partition(":")[0],
            ask.words(f"lease.{row.placed.state}"),
            *_totals(row, one.currency),
            cells.age(ask, row.heard_ms),
        )
        for row in of_wallet(tx, ask.site, one.id)
    ]
    return Sheet(name="leases", columns=LEASE_COLUMNS, rows=shown)


def _totals(row: PlacedRow, currency: str) -> Iterator[Cell]:
    """Yield G, s, v, m, r, what is left and in doubt: money as people write it, other things counted."""
    one, unit = row.placed.counters, row.placed.unit
    doubted = one.spendable if row.placed.state is PlacedState.IN_DOUBT else row.loss - row.recovered
    left = one.spendable if row.living else 0
    for amount in (one.granted, one.spent, one.voided, one.minted, one.returned, left, doubted):
        yield cells.figure(spelled(amount, unit) if unit == currency else amount, unit)


def _payers(ask: Ask, people: Iterable[Member], one: Wallet) -> Sheet:
    yes, no, here = ask.words("yes"), ask.words("no"), f"{ask.home}/wallets/{one.id}/members"
    rows = [
        (
            Cell(who.guest, f"{ask.home}/guests/{who.guest}"),
            yes if who.head else no,
            yes if who.no_charge else no,
            amounts.shown(who.limits.tap_minor_max, one.currency),
            amounts.shown(who.limits.day_minor_max, one.currency),
            yes if who.day_leased else no,
            payers.categories(who, one.currency),
            Cell(ask.words("band.closed" if who.blocked else "act.change"), f"{here}/{who.guest}"),
        )
        for who in people
    ]
    return Sheet(name="members", columns=MEMBER_COLUMNS, rows=rows)


def _one(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        one = wallets.wallet(tx, ask.site, ask.path["wallet"])
        people = members.members(tx, ask.site, one.id)
        held = _leases(ask, tx, one)
        waiting = topups.topups(tx, ask.site, wallet=one.id)
        row = _row(ask, tx, one)
        given, withdrawable = vouchers.sheet_of(ask, tx, one)
    told = {
        name: f"{said} {one.currency}" if name in purse.AMOUNTS else said
        for name, said in purse.chosen(one).items()
        if said and name != "label"
    }
    values = {
        "wallet": one,
        "sheet": Sheet(name="wallets", columns=COLUMNS, rows=[row]),
        "members": _payers(ask, people, one),
        "vouchers": given,
        "withdrawable": withdrawable,
        "leases": held,
        "topups": [(each, f"{spelled(each.minor, one.currency)} {one.currency}") for each in waiting],
        "chosen": {"pin": ask.words("yes" if one.pin_hash else "no"), **told},
        "blocked": one.state is WalletState.BLOCKED,
        "closed": one.state is WalletState.CLOSED,
    }
    looks.look(ask, "wallet_seen", one.id, shown=looks.guests_shown(who.guest for who in people))
    return Page("wallet.html", values)


def _new(ask: Ask) -> Form:
    fields = (
        Field(name="id", required=True, chars_max=ID_CHARS_MAX),
        Field(name="label", chars_max=NAME_CHARS_MAX),
        Field(name="currency", required=True, chars_max=3),
        Field(name="guest", chars_max=ID_CHARS_MAX),
    )
    values = {"id": wallets.new_id(), "currency": ask.layout.currency}
    return Form(name="wallet_new", fields=fields, values=values, back=f"{ask.home}/wallets", act="create")


def _create(ask: Ask, said: dict[str, Any]) -> Answer:
    made = Wallet(id=said["id"], currency=said["currency"], label=said["label"])
    with ask.changing() as tx:
        wallets.create(tx, ask.site, made)
        if said["guest"]:
            payers.join(ask, tx, Member(guest=said["guest"], wallet=made.id, head=True))
        ask.record(tx, "wallet_saved", made.id, after=made.currency)
    return Moved(f"{ask.home}/wallets/{made.id}", "wallet_saved")


def _top_up(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        one = wallets.wallet(tx, ask.site, ask.path["wallet"])
    fields = (
        Field(name="amount", required=True, chars_max=20),
        Field(
            name="source",
            kind=Kind.CHOICE,
            required=True,
            choices=[(word, f"source.{word}") for word in SOURCES],
        ),
        Field(name="why", required=True),
    )
    back = f"{ask.home}/wallets/{one.id}"
    return Form(name="topup_new", fields=fields, back=back, title=one.id, act="ask")


def _ask_top_up(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        one = wallets.wallet(tx, ask.site, ask.path["wallet"])
        wanted = TopUp(
            id="",
            wallet=one.id,
            minor=amounts.meant("amount", said["amount"], one.currency) or 0,
            source=said["source"],
            why=said["why"],
            state="",
            asked_by=ask.name,
            asked_ms=0,
        )
        made = topups.ask(tx, ask.site, wanted)
        ask.record(tx, "topup_asked", one.id, after=f"{made.id} {made.minor}")
    return Moved(f"{ask.home}/wallets/{one.id}", "topup_asked")


def _rule(ask: Ask) -> Answer:
    given = ask.typed("ruling") == "give"
    with ask.changing() as tx:
        ruled = topups.rule(tx, ask.site, ask.path["topup"], by=ask.name, given=given)
        ask.record(tx, "topup_ruled", ruled.wallet, after=f"{ruled.id} {ruled.state}")
    return Moved(f"{ask.home}/wallets/{ruled.wallet}", "topup_ruled")


def _list(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # as above
    field = Field(name="list", kind=Kind.LONG, required=True, chars_max=LIST_CHARS_MAX)
    return Form(name="wallet_list", fields=(field,), back=f"{ask.home}/wallets", act="load")


def _load(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        done = wallet_list.load(tx, ask.site, said["list"], who=ask.name)
        profiles.publish_guests(tx, ask.site, done.guests)
        ask.record(tx, "wallets_loaded", "", after=f"{done.wallets} {done.members} {done.topups}")
    rows = [(one.number, one.why) for one in done.wrong]
    sheet = Sheet(name="wrong", columns=("line", "why"), rows=rows)
    return Page("wallets_loaded.html", {"done": done, "sheet": sheet})


WALLETS = Listing(name="wallets", page=_page, add="new", load="list", searched=True)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, WALLETS),
    *desk.routes_of(f"{HERE}/new", Desk(_new, _create), "open a wallet."),
    *desk.routes_of(f"{HERE}/list", Desk(_list, _load), "load a list of wallets."),
    read(
        f"{HERE}/<wallet>",
        _one,
        "One wallet: its money, its members, what devices hold.",
        audience=Audience.CARE,
    ),
    *desk.routes_of(f"{HERE}/<wallet>/topup", Desk(_top_up, _ask_top_up), "ask for a top-up by hand."),
    act("/sites/<site>/topups/<topup>", _rule, "Let a top-up by hand through, or refuse it."),
)
