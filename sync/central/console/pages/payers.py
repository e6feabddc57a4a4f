"""Payers: who pays from a wallet, within which limits of their own; a band closed at its family's word."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.lease import Limits
from edge.core.wallet import CategoryLimit
from edge.errors import Unknown
from sync.central.console import amounts, desk, looks
from sync.central.console.answers import Answer, Form, Moved
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import ROWS_MAX, Field, Kind, Mistyped
from sync.central.console.routes import Audience, Route, act
from sync.central.money import payers
from sync.central.registry import guests, members, profiles, wallets
from sync.central.registry.members import Member
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.registry.wallets import Wallet
from sync.central.store import Connection

HERE = "/sites/<site>/wallets/<wallet>/members"
ONE = f"{HERE}/<guest>"
AMOUNTS = ("tap_max", "pin_above", "day_max")
TAPS_MAX = 1_000
LIMITED = "limited"


def join(ask: Ask, tx: Connection, member: Member) -> None:
    """Let a guest who exists pay from a wallet as said, and tell the edges."""
    guests.guest(tx, ask.site, member.guest)
    members.join(tx, ask.site, member)
    profiles.publish_guests(tx, ask.site, [member.guest])


def chosen(one: Member, currency: str) -> dict[str, Any]:
    """Return what is chosen for a payer as the form shows it."""
    limits = (one.limits.tap_minor_max, one.limits.pin_above_minor, one.limits.day_minor_max)
    taps = one.limits.taps_before_pin
    return {
        "guest": one.guest,
        "head": one.head,
        "no_charge": one.no_charge,
        **{name: amounts.shown(minor, currency) for name, minor in zip(AMOUNTS, limits, strict=True)},
        "taps_before_pin": "" if taps is None else str(taps),
        "day_leased": one.day_leased,
        LIMITED: [
            {"category": limit.category, "day_max": amounts.shown(limit.day_minor_max, currency)}
            for limit in one.categories
        ],
    }


def categories(one: Member, currency: str) -> str:
    """Return a payer's limits by category in few words."""
    found = (f"{limit.category} {amounts.shown(limit.day_minor_max, currency)}" for limit in one.categories)
    return ", ".join(found)


def _fields(*, fixed: bool) -> tuple[Field, ...]:
    return (
        Field(name="guest", required=True, fixed=fixed, chars_max=ID_CHARS_MAX),
        Field(name="head", kind=Kind.YES),
        Field(name="no_charge", kind=Kind.YES),
        *(Field(name=name, chars_max=amounts.CHARS_MAX) for name in AMOUNTS),
        Field(name="taps_before_pin", kind=Kind.NUMBER, high=TAPS_MAX),
        Field(name="day_leased", kind=Kind.YES),
        Field(name=LIMITED, kind=Kind.ROWS, columns=("category", "day_max")),
    )


def _wallet(ask: Ask, tx: Connection) -> Wallet:
    return wallets.wallet(tx, ask.site, ask.path["wallet"])


def _member(ask: Ask, tx: Connection) -> Member:
    guest = ask.path["guest"]
    found = members.members_by_guest(tx, ask.site, [guest]).get(guest)
    if found is None or found.wallet != ask.path["wallet"]:
        raise Unknown(f"{guest} does not pay from this wallet.")
    return found


def _new_form(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        one = _wallet(ask, tx)
    back = f"{ask.home}/wallets/{one.id}"
    return Form(name="member_new", fields=_fields(fixed=False), back=back, title=one.id)


def _add(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        one = _wallet(ask, tx)
        held = members.members_by_guest(tx, ask.site, [said["guest"]]).get(said["guest"])
        before = held or Member(guest=said["guest"], wallet=one.id)
        after = _meant(msgspec.structs.replace(before, wallet=one.id), said, one.currency)
        join(ask, tx, after)
        _record(ask, tx, (held, after), currency=one.currency)
    return Moved(f"{ask.home}/wallets/{one.id}", "wallet_saved")


def _form(ask: Ask) -> Form:
    with ask.store.reading() as tx:
        one, member = _wallet(ask, tx), _member(ask, tx)
    if not ask.acts:
        looks.look(ask, "wallet_seen", one.id, shown=looks.guests_shown([member.guest]))
    return Form(
        name="member_closed" if member.blocked else "member_change",
        fields=_fields(fixed=True),
        values=chosen(member, one.currency),
        back=f"{ask.home}/wallets/{one.id}",
        title=f"{one.id} · {member.guest}",
    )


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        one, before = _wallet(ask, tx), _member(ask, tx)
        after = _meant(before, said, one.currency)
        if after != before:
            join(ask, tx, after)
            _record(ask, tx, (before, after), currency=one.currency)
    return Moved(f"{ask.home}/wallets/{one.id}", "wallet_saved")


def _meant(before: Member, said: dict[str, Any], currency: str) -> Member:
    minor = {name: amounts.meant(name, said[name], currency) for name in AMOUNTS}
    limits = Limits(
        tap_minor_max=minor["tap_max"],
        pin_above_minor=minor["pin_above"],
        taps_before_pin=said["taps_before_pin"],
        day_minor_max=minor["day_max"],
        weak_minor_max=before.limits.weak_minor_max,
    )
    if said["day_leased"] and limits.day_minor_max is None:
        raise Mistyped("day_max", "wrong.day_leased")
    return msgspec.structs.replace(
        before,
        head=bool(said["head"]),
        no_charge=bool(said["no_charge"]),
        day_leased=bool(said["day_leased"]),
        limits=limits,
        categories=_categories(said[LIMITED], currency),
    )


def _categories(rows: list[dict[str, str]], currency: str) -> tuple[CategoryLimit, ...]:
    """Return the limits by category; an empty amount lets nothing of that category be bought."""
    found = {}
    for row in rows[:ROWS_MAX]:
        name = row["category"]
        if not name or name in found or len(name) > ID_CHARS_MAX or not name.isprintable():
            raise Mistyped(LIMITED, "wrong.category")
        found[name] = amounts.meant(LIMITED, row["day_max"], currency) or 0
    return tuple(CategoryLimit(name, minor) for name, minor in found.items())


def _close(ask: Ask) -> Answer:
    closed = ask.typed("closed") == "yes"
    with ask.changing() as tx:
        before = _member(ask, tx)
        if before.blocked is not closed:
            payers.set_closed(tx, ask.site, before, closed=closed)
            words = ("closed", "open") if before.blocked else ("open", "closed")
            ask.record(tx, "member_closed", before.guest, before=words[0], after=words[1])
    return Moved(f"{ask.home}/wallets/{before.wallet}", "wallet_saved")


def _remove(ask: Ask) -> Answer:
    with ask.changing() as tx:
        one, before = _wallet(ask, tx), _member(ask, tx)
        payers.leave(tx, ask.site, before)
        _record(ask, tx, (before, None), currency=one.currency)
    return Moved(f"{ask.home}/wallets/{before.wallet}", "wallet_saved")


def _record(ask: Ask, tx: Connection, moved: tuple[Member | None, Member | None], *, currency: str) -> None:
    """Record how somebody paid before and pays now; nobody: not at all."""
    was, now = (
        "" if one is None else amounts.told(wallet=one.wallet, **_few(one, currency)) for one in moved
    )
    guest = next((one.guest for one in moved if one is not None), "")
    ask.record(tx, "member_changed", guest, before=was, after=now)


def _few(one: Member, currency: str) -> dict[str, Any]:
    told = chosen(one, currency) | {LIMITED: categories(one, currency)}
    return {name: value for name, value in told.items() if name != "guest"}


ROUTES: tuple[Route, ...] = (
    *desk.routes_of(HERE, Desk(_new_form, _add), "let a guest pay from a wallet."),
    *desk.routes_of(
        ONE, Desk(_form, _save), "choose within which limits somebody pays.", audience=Audience.CARE
    ),
    act(
        f"{ONE}/close",
        _close,
        "Close somebody's bands for payments, or open them again.",
        audience=Audience.CARE,
    ),
    act(f"{ONE}/remove", _remove, "Let somebody pay no more from a wallet."),
)
