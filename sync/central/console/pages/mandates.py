"""Mandates: whose payment method is stored at the provider, begun with the guest, revoked at any time."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.codes import qr_code
from edge.core.money import minor_in, spelled
from edge.errors import Refused
from sync.central import doors
from sync.central.channels import stopping
from sync.central.channels.book import Member
from sync.central.console import acts, desk, listing, looks
from sync.central.console.acts import Act
from sync.central.console.answers import Answer, Cell, Form, Moved, Page, Sheet
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.listing import Listing
from sync.central.console.looks import guests_shown
from sync.central.console.pages.charges import AMOUNT_CHARS_MAX, COLUMNS, charge_row
from sync.central.console.routes import Audience, Route, act, read
from sync.central.journey.cards import until
from sync.central.notices import BACK
from sync.central.psp import charges, mandates
from sync.central.psp.handshake import Wish, begin, revoke
from sync.central.psp.mandates import ALIVE, Limits, Mandate, State
from sync.central.psp.saga import Saga, saga_of
from sync.central.registry import guests, members, wallets
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection

MANDATE_COLUMNS = ("mandate", "state", "card", "until", "guest", "wallet", "time")
MARKS = {
    State.ACTIVE: "active",
    State.PENDING: "waiting",
    State.NEEDS_GUEST: "warned",
    State.EXPIRED: "failed",
    State.REVOKED: "revoked",
}
SUGGESTED = (5_000, 10_000, 50_000)
"""Limits that a new form proposes, in the wallet's minor units."""
FILL = ("fill_below", "fill_to")
NO_PROVIDER = "No payment provider is set up here."


def _saga(ask: Ask) -> Saga:
    settings = ask.rooms.settings
    saga = saga_of(ask.store, settings.psp, settings.seals)
    if saga is None:
        raise Refused(NO_PROVIDER, hint="Start central with --psp; the README says how.")
    return saga


def _card(one: Mandate) -> str:
    return f"{one.brand} …{one.last_four}" if one.last_four else ""


def mandate_row(ask: Ask, one: Mandate) -> tuple[Cell | str, ...]:
    """Return one mandate as a row; what could be charged by it never leaves its room."""
    return (
        Cell(one.id, f"{ask.home}/mandates/{one.id}"),
        Cell(ask.words(f"mandate.{one.state}"), mark=MARKS[one.state]),
        _card(one),
        until(one),
        Cell(one.guest, f"{ask.home}/guests/{one.guest}" if one.guest else ""),
        one.wallet,
        ask.time(one.made_ms),
    )


def _page(ask: Ask, after: str) -> Sheet:
    with ask.store.reading() as tx:
        found = mandates.listed(tx, ask.site, after=after)
    full = len(found) == mandates.PAGE_MAX
    rows = [mandate_row(ask, one) for one in found]
    return Sheet(name="mandates", columns=MANDATE_COLUMNS, rows=rows, after=found[-1].id if full else "")


def _one(ask: Ask) -> Answer:
    with ask.store.transaction() as tx:
        found = mandates.mandate(tx, ask.site, ask.path["mandate"])
        made = charges.of_mandate(tx, ask.site, found.id)
    looks.look(ask, "mandate_seen", found.id, shown=guests_shown([found.guest]))
    currency = ask.layout.currency
    values = {
        "mandate": found,
        "card": _card(found),
        "until": until(found),
        "mark": MARKS[found.state],
        "alive": found.state in ALIVE,
        "limits": [f"{spelled(one, currency)} {currency}" for one in found.limits],
        "charges": Sheet(name="charges", columns=COLUMNS, rows=[charge_row(ask, one) for one in made]),
    }
    return Page("mandate.html", values)


def _begin_form(ask: Ask) -> Form:
    wallet = _wallet(ask)
    currency, guest = wallet.currency, ask.path["guest"]
    fields = (
        Field(name="wallet", fixed=True),
        *(
            Field(name=name, required=True, chars_max=AMOUNT_CHARS_MAX)
            for name in ("once", "a_day", "a_month")
        ),
        *(Field(name=name, chars_max=AMOUNT_CHARS_MAX) for name in FILL),
        Field(name="agrees", kind=Kind.YES),
    )
    proposed = zip(("once", "a_day", "a_month"), SUGGESTED, strict=True)
    values: dict[str, object] = {name: spelled(minor, currency) for name, minor in proposed}
    for name, minor in zip(FILL, (wallet.low_minor, wallet.fill_minor), strict=True):
        values[name] = "" if minor is None else spelled(minor, currency)
    values["wallet"] = wallet.id
    back = f"{ask.home}/guests/{guest}"
    return Form(
        name="mandate_begin", fields=fields, values=values, back=back, title=guest, act="begin_mandate"
    )


def _begin(ask: Ask, said: dict[str, Any]) -> Answer:
    """Send the guest to the provider's page; its address is shown once and recorded nowhere."""
    if not said["agrees"]:
        raise Mistyped("agrees", "wrong.not_agreed")
    wallet, guest = _wallet(ask), ask.path["guest"]
    currency = wallet.currency
    limits = Limits(*(_minor(name, said[name], currency) for name in ("once", "a_day", "a_month")))
    low, fill = (_minor(name, said[name], currency) if said[name] else None for name in FILL)
    if (low is None) != (fill is None) or (low is not None and fill is not None and low > fill):
        raise Mistyped("fill_to", "wrong.fill")
    wish = Wish(site=ask.site, wallet=wallet.id, guest=guest, currency=currency, limits=limits)
    begun = begin(_saga(ask), ask.store, wish, back_url=f"{ask.rooms.settings.public_url}{BACK}")
    with ask.changing() as tx:
        held = wallets.lock(tx, ask.site, wallet.id)
        filled = msgspec.structs.replace(held, low_minor=low, fill_minor=fill)
        wallets.change(tx, ask.site, filled)
        told = f"{guest} {tuple(limits)} {low} {fill}"
        ask.record(tx, "mandate_begun", begun.mandate, after=told)
    return Page("mandate_begun.html", {"begun": begun, "guest": guest})


def _wallet(ask: Ask) -> Wallet:
    """Return the wallet that the guest pays from: a stored card belongs to it."""
    guest = ask.path["guest"]
    with ask.store.reading() as tx:
        guests.guest(tx, ask.site, guest)
        member = members.members_by_guest(tx, ask.site, [guest]).get(guest)
        if member is None:
            raise Refused(f"{guest} has no wallet.", hint="Open one for the guest first.")
        return wallets.wallet(tx, ask.site, member.wallet)


def _minor(name: str, text: str, currency: str) -> int:
    minor = minor_in(text, currency)
    if minor is None or minor <= 0:
        raise Mistyped(name, "wrong.price")
    return minor


def _link(ask: Ask) -> Answer:
    """Make a link by which this guest opens their own page, once and within minutes; it is shown once."""
    guest = ask.path["guest"]
    with ask.changing() as tx:
        token = doors.invite(tx, ask.site, guest, by=ask.who.name if ask.who else "")
        ask.record(tx, "own_link_made", guest)
    address = f"{ask.rooms.settings.public_url}/own/?t={token}"
    values = {
        "guest": guest,
        "address": address,
        "code": qr_code(address),
        "minutes": doors.LINK_MS // 60_000,
    }
    return Page("own_link.html", values)


def _check(ask: Ask) -> Answer:
    id_ = ask.path["mandate"]
    stored = _saga(ask).finish(ask.site, id_)
    with ask.changing() as tx:
        ask.record(tx, "mandate_checked", id_)
    return Moved(f"{ask.home}/mandates/{id_}", "mandate_stored" if stored else "mandate_open")


def _revoke(ask: Ask) -> Answer:
    id_ = ask.path["mandate"]
    with ask.changing() as tx:
        if revoke(tx, ask.site, id_, reason="operator"):
            ask.record(tx, "mandate_revoked", id_)
    return Moved(f"{ask.home}/mandates/{id_}", "mandate_revoked")


def _stopped(tx: Connection, channel: Member, mandate: str, /) -> None:
    """Put on record what a guest stopped by a channel, beside what operators and guests did."""
    told = f"by {channel.id}"
    acts.record(tx, Act(site=channel.site, who="", what="mandate_revoked", target=mandate, after=told))


stopping.STOPPED.append(_stopped)
MANDATES = Listing(name="mandates", page=_page, personal=True)
_HERE = "/sites/<site>/mandates/<mandate>"
_FORM = "/sites/<site>/guests/<guest>/mandate"
_LINK = "/sites/<site>/guests/<guest>/own"
ROUTES: tuple[Route, ...] = (
    *listing.routes_of("/sites/<site>/mandates", MANDATES, shown_to=Audience.CARE),
    read(_HERE, _one, "One mandate and its charges.", audience=Audience.CARE),
    act(_LINK, _link, "Make a link to a guest's own page.", audience=Audience.CARE),
    act(f"{_HERE}/check", _check, "Ask the provider what the guest stored.", audience=Audience.CARE),
    act(f"{_HERE}/revoke", _revoke, "Revoke a mandate.", audience=Audience.CARE),
    *desk.routes_of(
        _FORM, Desk(_begin_form, _begin), "send a guest to the provider.", audience=Audience.CARE
    ),
)
