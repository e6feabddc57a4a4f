"""Purse: what is chosen for one wallet, its PIN, limits and when it is filled; blocked and let go."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.lease import Limits
from edge.core.pins import GUEST_PIN_DIGITS_MAX, GUEST_PIN_DIGITS_MIN, is_guessed_first, is_guest_pin
from edge.errors import Refused
from sync.central.console import amounts, desk
from sync.central.console.answers import Answer, Form, Moved
from sync.central.console.ask import Ask
from sync.central.console.desk import Desk
from sync.central.console.fields import Field, Kind, Mistyped
from sync.central.console.routes import Audience, Route
from sync.central.money import blocks, leases
from sync.central.registry import wallets
from sync.central.registry.tables import NAME_CHARS_MAX
from sync.central.registry.wallets import Wallet
from sync.central.sites import band_key

HERE = "/sites/<site>/wallets/<wallet>"
AMOUNTS = ("tap_max", "pin_above", "day_max", "fill_below", "fill_to")
TAPS_MAX = 1_000
REASONS = ("lost", "guest", "misuse", "mistake", "other")
"""Why a wallet is blocked or let go: a closed list, so that nothing personal is typed into the record."""


def chosen(one: Wallet) -> dict[str, str]:
    """Return what is chosen for a wallet as its form shows it."""
    amounts_of = {
        "tap_max": one.limits.tap_minor_max,
        "pin_above": one.limits.pin_above_minor,
        "day_max": one.limits.day_minor_max,
        "fill_below": one.low_minor,
        "fill_to": one.fill_minor,
    }
    taps = one.limits.taps_before_pin
    shown = {name: amounts.shown(minor, one.currency) for name, minor in amounts_of.items()}
    return {"label": one.label, **shown, "taps_before_pin": "" if taps is None else str(taps)}


def _wallet(ask: Ask) -> Wallet:
    with ask.store.reading() as tx:
        return wallets.wallet(tx, ask.site, ask.path["wallet"])


def _form(ask: Ask) -> Form:
    one = _wallet(ask)
    fields = (
        Field(name="label", chars_max=NAME_CHARS_MAX),
        *(Field(name=name, chars_max=amounts.CHARS_MAX) for name in AMOUNTS[:3]),
        Field(name="taps_before_pin", kind=Kind.NUMBER, high=TAPS_MAX),
        *(Field(name=name, chars_max=amounts.CHARS_MAX) for name in AMOUNTS[3:]),
    )
    back = f"{ask.home}/wallets/{one.id}"
    return Form(name="wallet_change", fields=fields, values=chosen(one), back=back, title=one.id)


def _save(ask: Ask, said: dict[str, Any]) -> Answer:
    with ask.changing() as tx:
        before = wallets.lock(tx, ask.site, ask.path["wallet"])
        after = _meant(before, said)
        if after != before:
            wallets.change(tx, ask.site, after)
            if after.limits != before.limits:
                leases.tell_again(tx, ask.site, after.id)
            was, now = (amounts.told(**chosen(one) | {"label": ""}) for one in (before, after))
            ask.record(tx, "wallet_changed", after.id, before=was, after=now)
    return Moved(f"{ask.home}/wallets/{after.id}", "wallet_saved")


def _meant(before: Wallet, said: dict[str, Any]) -> Wallet:
    minor = {name: amounts.meant(name, said[name], before.currency) for name in AMOUNTS}
    low, fill = minor["fill_below"], minor["fill_to"]
    if (low is None) != (fill is None) or (low is not None and fill is not None and low > fill):
        raise Mistyped("fill_to", "wrong.fill")
    limits = Limits(
        tap_minor_max=minor["tap_max"],
        pin_above_minor=minor["pin_above"],
        taps_before_pin=said["taps_before_pin"],
        day_minor_max=minor["day_max"],
        weak_minor_max=before.limits.weak_minor_max,
    )
    return msgspec.structs.replace(before, label=said["label"], limits=limits, low_minor=low, fill_minor=fill)


def _pin_form(ask: Ask) -> Form:
    one = _wallet(ask)
    fields = (
        Field(name="guest_pin", kind=Kind.SECRET, chars_max=GUEST_PIN_DIGITS_MAX),
        Field(name="no_pin", kind=Kind.YES),
    )
    return Form(name="wallet_pin", fields=fields, back=f"{ask.home}/wallets/{one.id}", title=one.id)


def _set_pin(ask: Ask, said: dict[str, Any]) -> Answer:
    """Keep the PIN's keyed hash; the digits themselves are neither stored nor told to anybody."""
    one = _wallet(ask)
    hashed = _hashed(ask, one, said["guest_pin"], none=said["no_pin"])
    with ask.changing() as tx:
        before = wallets.lock(tx, ask.site, one.id)
        wallets.change(tx, ask.site, msgspec.structs.replace(before, pin_hash=hashed))
        blocks.publish_members(tx, ask.site, one.id)
        was, now = ("set" if word else "none" for word in (before.pin_hash, hashed))
        ask.record(tx, "wallet_pin_set", one.id, before=was, after=now)
    return Moved(f"{ask.home}/wallets/{one.id}", "wallet_saved")


def _hashed(ask: Ask, one: Wallet, pin: str, *, none: bool) -> str:
    """Return the hash of a PIN, slow on purpose and made before any turn is taken; empty: no PIN any more."""
    if none:
        if pin:
            raise Mistyped("guest_pin", "wrong.pin_or_none")
        return ""
    if not is_guest_pin(pin):
        raise Mistyped("guest_pin", "wrong.pin", least=GUEST_PIN_DIGITS_MIN, most=GUEST_PIN_DIGITS_MAX)
    if is_guessed_first(pin):
        raise Mistyped("guest_pin", "wrong.pin_common")
    make = ask.rooms.settings.guest_pin_hash
    if make is None:
        raise Refused("This central hashes no PINs.", hint="Start it by `polso central`.")
    with ask.store.reading() as tx:
        secret = band_key(tx, ask.site)
    return make(secret, one.id, pin)


def _block_form(ask: Ask) -> Form:
    return _why(ask, "wallet_block", act="block")


def _let_go_form(ask: Ask) -> Form:
    return _why(ask, "wallet_unblock", act="unblock")


def _why(ask: Ask, name: str, *, act: str) -> Form:
    one = _wallet(ask)
    choices = [(word, f"why.{word}") for word in REASONS]
    field = Field(name="reason", kind=Kind.CHOICE, choices=choices, required=True)
    return Form(name=name, fields=(field,), back=f"{ask.home}/wallets/{one.id}", title=one.id, act=act)


def _block(ask: Ask, said: dict[str, Any]) -> Answer:
    return _stand(ask, said["reason"], blocked=True)


def _let_go(ask: Ask, said: dict[str, Any]) -> Answer:
    return _stand(ask, said["reason"], blocked=False)


def _stand(ask: Ask, reason: str, *, blocked: bool) -> Answer:
    with ask.changing() as tx:
        before = wallets.wallet(tx, ask.site, ask.path["wallet"])
        after = blocks.set_block(tx, ask.site, before.id, blocked=blocked, reason=reason)
        if after.state is not before.state:
            told = f"{after.state.value} {reason}"
            ask.record(tx, "wallet_blocked", after.id, before=before.state.value, after=told)
    return Moved(f"{ask.home}/wallets/{after.id}", "wallet_saved")


ROUTES: tuple[Route, ...] = (
    *desk.routes_of(f"{HERE}/change", Desk(_form, _save), "choose a wallet's limits and when it is filled."),
    *desk.routes_of(f"{HERE}/pin", Desk(_pin_form, _set_pin), "set or take away the PIN of a wallet."),
    *desk.routes_of(
        f"{HERE}/block", Desk(_block_form, _block), "block a wallet, and say why.", audience=Audience.CARE
    ),
    *desk.routes_of(
        f"{HERE}/unblock",
        Desk(_let_go_form, _let_go),
        "let a wallet go, and say why.",
        audience=Audience.CARE,
    ),
)
