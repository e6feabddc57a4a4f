"""A family's page: who pays from its wallet within which limits, and all that was bought from it."""

from __future__ import annotations

import msgspec

from edge.core.money import minor_in
from edge.errors import Refused, Unknown
from sync.central import doors
from sync.central.accounting import ops
from sync.central.console import amounts
from sync.central.console.answers import Answer, Moved, Page
from sync.central.console.ask import Ask
from sync.central.console.fields import Mistyped
from sync.central.console.routes import Audience, Route, act, read
from sync.central.money import payers
from sync.central.money.basket import Op
from sync.central.own.deciding import prove, wallet_of
from sync.central.own.saying import amount, moment
from sync.central.registry import bands, guests, members
from sync.central.registry.members import Member
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection

FAMILY = "/own/family"
BOUGHT_MAX = 50
"""Purchases on one page."""
PAGES_MAX = 200
AMOUNTS = ("tap_max", "day_max")


def allows_more(before: Member, after: Member) -> bool:
    """Say whether a change lets somebody spend more than before: that takes the PIN, less the band alone."""
    limits = (
        (before.limits.tap_minor_max, after.limits.tap_minor_max),
        (before.limits.day_minor_max, after.limits.day_minor_max),
    )
    raised = any(was is not None and (now is None or now > was) for was, now in limits)
    freed = before.no_charge and not after.no_charge
    return raised or freed or (before.blocked and not after.blocked)


def _family(ask: Ask) -> Answer:
    page = min(PAGES_MAX, int(ask.arg("page"))) if ask.arg("page").isdecimal() else 0
    with ask.store.reading() as tx:
        wallet = wallet_of(tx, ask)
        people = members.members(tx, ask.site, wallet.id)
        bought = ops.of_wallet(tx, ask.site, wallet.id, limit=BOUGHT_MAX, skip=page * BOUGHT_MAX)
        named = _names(tx, ask.site, people)
        wore = _wore(tx, ask.site, bought)
    values = {
        "currency": wallet.currency,
        "pin": bool(wallet.pin_hash) and ask.rooms.settings.guest_pin_matches is not None,
        "people": [_person(ask, one, named[one.guest], wallet=wallet) for one in people],
        "bought": [_row(ask, one, named.get(wore.get(one.id, ""), "")) for one in bought],
        "page": page,
        "next": page + 1 if len(bought) == BOUGHT_MAX else 0,
    }
    return Page("family.html", values)


def _change(ask: Ask) -> Answer:
    """Change within which limits somebody pays; what allows more than before takes the PIN."""
    with ask.store.transaction() as tx:
        doors.count(tx, ask.session)
        wallet = wallet_of(tx, ask)
        before = _member(tx, ask, wallet)
    after = _meant(ask, before, wallet.currency)
    if allows_more(before, after):
        prove(ask, wallet)
    with ask.changing() as tx:
        if wallet_of(tx, ask) != wallet or _member(tx, ask, wallet) != before:
            raise Refused("Somebody changed this meanwhile.", hint="Look at it again.")
        payers.set_closed(tx, ask.site, after, closed=after.blocked)
        was, now = (_told(one, wallet.currency) for one in (before, after))
        ask.record(tx, "own_member_changed", before.guest, before=was, after=now)
    return Moved(FAMILY, "family")


def _member(tx: Connection, ask: Ask, wallet: Wallet) -> Member:
    guest = ask.typed("guest")
    found = next((one for one in members.members(tx, ask.site, wallet.id) if one.guest == guest), None)
    if found is None:
        raise Unknown("They do not pay from this wallet.")
    return found


def _meant(ask: Ask, before: Member, currency: str) -> Member:
    """Return a payer as was typed; nobody takes themselves out of what they decide about."""
    tap, day = (_minor(ask, name, currency) for name in AMOUNTS)
    limits = msgspec.structs.replace(before.limits, tap_minor_max=tap, day_minor_max=day)
    if before.day_leased and day is None:
        raise Mistyped("day_max", "wrong.amount")
    if before.guest == ask.path["guest"]:
        return msgspec.structs.replace(before, limits=limits)
    free, closed = (ask.typed(name) == "yes" for name in ("no_charge", "closed"))
    return msgspec.structs.replace(before, limits=limits, no_charge=free, blocked=closed)


def _minor(ask: Ask, name: str, currency: str) -> int | None:
    text = ask.typed(name)[: amounts.CHARS_MAX].strip()
    minor = minor_in(text, currency) if text else None
    if text and (minor is None or minor < 0):
        raise Mistyped(name, "wrong.amount")
    return minor


def _told(one: Member, currency: str) -> str:
    tap, day = (
        amounts.shown(minor, currency) for minor in (one.limits.tap_minor_max, one.limits.day_minor_max)
    )
    return amounts.told(tap_max=tap, day_max=day, no_charge=one.no_charge, closed=one.blocked)


def _names(tx: Connection, site: str, people: tuple[Member, ...]) -> dict[str, str]:
    known = guests.guests_of(tx, site, [one.guest for one in people])
    return {one.guest: known[one.guest].name if one.guest in known else "" for one in people}


def _wore(tx: Connection, site: str, bought: tuple[Op, ...]) -> dict[str, str]:
    """Return which guest's band paid each of these, as far as somebody still wears it."""
    worn = {one.id: next((leg.band for leg in one.legs if leg.band), None) for one in bought}
    owners = dict(bands.owners(tx, site, [band for band in worn.values() if band]))
    return {op_id: owners.get(band) or "" for op_id, band in worn.items() if band}


def _person(ask: Ask, one: Member, name: str, *, wallet: Wallet) -> dict[str, object]:
    return {
        "guest": one.guest,
        "name": name or one.guest,
        "own": one.guest == ask.path["guest"],
        "head": one.head,
        "no_charge": one.no_charge,
        "closed": one.blocked,
        "limits": [
            (field, amounts.shown(minor, wallet.currency))
            for field, minor in zip(
                AMOUNTS, (one.limits.tap_minor_max, one.limits.day_minor_max), strict=True
            )
        ],
    }


def _row(ask: Ask, one: Op, name: str) -> dict[str, str]:
    """Return one purchase: when, what, by whose band, for how much, and what of it came back."""
    back = one.voided_minor + one.refunded_minor
    return {
        "id": one.id,
        "time": moment(ask, one.at_ms),
        "who": name,
        "what": ", ".join(f"{line.quantity} {line.name}" for line in one.lines),
        "amount": amount(ask, one.captured_minor, one.currency),
        "back": amount(ask, back or None, one.currency),
    }


ROUTES: tuple[Route, ...] = (
    read("/family", _family, "A family's payers and purchases.", audience=Audience.GUEST),
    act("/family", _change, "Change within which limits somebody pays.", audience=Audience.GUEST),
)
