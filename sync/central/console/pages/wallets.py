"""Wallets: what each holds, who pays from it, and money put on it or paid out by two persons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge.core.lease import Limits
from edge.core.money import minor_in, spelled
from edge.errors import NotAllowed
from sync.central import blocks, pots, topups
from sync.central.console import desk, listing
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.listing import Listing
from sync.central.console.routes import Route, act, read
from sync.central.imports import wallet_list
from sync.central.placed import PlacedRow, of_wallet
from sync.central.registry import guests, members, profiles, wallets
from sync.central.registry.members import Member
from sync.central.registry.tables import ID_CHARS_MAX, NAME_CHARS_MAX
from sync.central.registry.wallets import Wallet, WalletState
from sync.central.store import Connection
from sync.central.topups import SOURCES, TopUp

HERE = "/sites/<site>/wallets"
COLUMNS = ("wallet", "label", "state", "free", "at_devices", "owed")
MEMBER_COLUMNS = ("guest", "head", "no_charge")
LEASE_COLUMNS = ("lease", "device", "kind", "state", "granted", "spent", "left")
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
        f"{spelled(minor, one.currency)} {one.currency}"
        for minor in pots.worth(tx, ask.site, one.id, currency=one.currency)
    )
    link = Cell(one.id, f"{ask.home}/wallets/{one.id}")
    return (link, one.label, ask.words(f"wallet.{one.state}"), *held)


def _amounts(lease: PlacedRow, currency: str) -> Iterator[str]:
    """Return what was set aside, spent and is left: money as people write it, other things counted."""
    unit, counters = lease.placed.unit, lease.placed.counters
    for amount in (counters.granted, counters.spent, counters.spendable):
        yield f"{spelled(amount, unit) if unit == currency else amount} {unit}"


def _one(ask: Ask) -> Answer:
    with ask.store.reading() as tx:
        one = wallets.wallet(tx, ask.site, ask.path["wallet"])
        people = members.members(tx, ask.site, one.id)
        held = of_wallet(tx, ask.site, one.id)
        waiting = topups.topups(tx, ask.site, wallet=one.id)
        row = _row(ask, tx, one)
    yes, no = ask.words("yes"), ask.words("no")
    payers = [
        (
            Cell(who.guest, f"{ask.home}/guests/{who.guest}"),
            yes if who.head else no,
            yes if who.no_charge else no,
        )
        for who in people
    ]
    out = [
        (
            lease.id,
            lease.placed.device,
            lease.placed.kind,
            ask.words(f"lease.{lease.placed.state}"),
            *_amounts(lease, one.currency),
        )
        for lease in held
    ]
    values = {
        "wallet": one,
        "sheet": Sheet(name="wallets", columns=COLUMNS, rows=[row]),
        "members": Sheet(name="members", columns=MEMBER_COLUMNS, rows=payers),
        "leases": Sheet(name="leases", columns=LEASE_COLUMNS, rows=out),
        "topups": [(each, f"{spelled(each.minor, one.currency)} {one.currency}") for each in waiting],
        "blocked": one.state is WalletState.BLOCKED,
        "closed": one.state is WalletState.CLOSED,
    }
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
            _join(ask, tx, Member(guest=said["guest"], wallet=made.id, head=True))
        ask.record(tx, "wallet_saved", made.id, after=made.currency)
    return Moved(f"{ask.home}/wallets/{made.id}", "wallet_saved")


def _member(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        one = wallets.wallet(tx, ask.site, ask.path["wallet"])
    fields = (
        Field(name="guest", required=True, chars_max=ID_CHARS_MAX),
        Field(name="head", kind=Kind.YES),
        Field(name="no_charge", kind=Kind.YES),
        Field(name="tap_max", chars_max=20),
        Field(name="day_max", chars_max=20),
    )
    return Form(name="member_new", fields=fields, back=f"{ask.home}/wallets/{one.id}", title=one.id)


def _add_member(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        one = wallets.wallet(tx, ask.site, ask.path["wallet"])
        limits = Limits(
            tap_minor_max=_minor("tap_max", said["tap_max"], one.currency),
            day_minor_max=_minor("day_max", said["day_max"], one.currency),
        )
        free = bool(said["no_charge"])
        member = Member(
            guest=said["guest"], wallet=one.id, head=bool(said["head"]), no_charge=free, limits=limits
        )
        _join(ask, tx, member)
        ask.record(tx, "wallet_saved", one.id, after=said["guest"])
    return Moved(f"{ask.home}/wallets/{one.id}", "wallet_saved")


def _join(ask: Ask, tx: Connection, member: Member) -> None:
    guests.guest(tx, ask.site, member.guest)
    members.join(tx, ask.site, member)
    profiles.publish_guests(tx, ask.site, [member.guest])


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
            minor=_minor("amount", said["amount"], one.currency) or 0,
            source=said["source"],
            why=said["why"],
            state="",
            asked_by=_name(ask),
            asked_ms=0,
        )
        made = topups.ask(tx, ask.site, wanted)
        ask.record(tx, "topup_asked", one.id, after=f"{made.id} {made.minor}")
    return Moved(f"{ask.home}/wallets/{one.id}", "topup_asked")


def _rule(ask: Ask) -> Answer:
    given = ask.typed("ruling") == "give"
    with ask.changing() as tx:
        ruled = topups.rule(tx, ask.site, ask.path["topup"], by=_name(ask), given=given)
        ask.record(tx, "topup_ruled", ruled.wallet, after=f"{ruled.id} {ruled.state}")
    return Moved(f"{ask.home}/wallets/{ruled.wallet}", "topup_ruled")


def _block(ask: Ask) -> Answer:
    blocked = ask.typed("blocked") == "yes"
    with ask.changing() as tx:
        after = blocks.set_block(tx, ask.site, ask.path["wallet"], blocked=blocked)
        ask.record(tx, "wallet_blocked", after.id, after=after.state.value)
    return Moved(f"{ask.home}/wallets/{after.id}", "wallet_saved")


def _list(ask: Ask) -> Form:
    ask.layout  # noqa: B018  # as above
    field = Field(name="list", kind=Kind.LONG, required=True, chars_max=LIST_CHARS_MAX)
    return Form(name="wallet_list", fields=(field,), back=f"{ask.home}/wallets", act="load")


def _load(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        done = wallet_list.load(tx, ask.site, said["list"], who=_name(ask))
        profiles.publish_guests(tx, ask.site, done.guests)
        ask.record(tx, "wallets_loaded", "", after=f"{done.wallets} {done.members} {done.topups}")
    rows = [(one.number, one.why) for one in done.wrong]
    sheet = Sheet(name="wrong", columns=("line", "why"), rows=rows)
    return Page("wallets_loaded.html", {"done": done, "sheet": sheet})


def _minor(field: str, text: str, currency: str) -> int | None:
    if not text:
        return None
    minor = minor_in(text, currency)
    if minor is None or minor < 0:
        raise Mistyped(field, "wrong.amount")
    return minor


def _name(ask: Ask) -> str:
    if ask.who is None:
        raise NotAllowed("Nobody is signed in.")
    return ask.who.name


WALLETS = Listing(name="wallets", page=_page, add="new", load="list", searched=True)
ROUTES: tuple[Route, ...] = (
    *listing.routes_of(HERE, WALLETS),
    *desk.routes_of(f"{HERE}/new", Desk(_new, _create), "open a wallet."),
    *desk.routes_of(f"{HERE}/list", Desk(_list, _load), "load a list of wallets."),
    read(f"{HERE}/<wallet>", _one, "One wallet: its money, its members, what devices hold."),
    *desk.routes_of(f"{HERE}/<wallet>/members", Desk(_member, _add_member), "let a guest pay from a wallet."),
    *desk.routes_of(f"{HERE}/<wallet>/topup", Desk(_top_up, _ask_top_up), "ask for a top-up by hand."),
    act("/sites/<site>/topups/<topup>", _rule, "Let a top-up by hand through, or refuse it."),
    act(f"{HERE}/<wallet>/block", _block, "Block a wallet, or let it go."),
)
