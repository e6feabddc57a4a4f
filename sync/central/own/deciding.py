"""Deciding: which wallet a guest decides about, and by which proof more than before is allowed."""

from __future__ import annotations

from edge.core.pins import GUEST_PIN_DIGITS_MAX
from edge.errors import NotAllowed, Refused
from sync.central.console import acts
from sync.central.console.ask import Ask
from sync.central.console.fields import Mistyped
from sync.central.registry import members, wallets
from sync.central.registry.wallets import Wallet
from sync.central.sites import band_key
from sync.central.store import Connection, now_of

TRIES_MAX = 3
"""Wrong PINs in a day; then only staff help, as at a till."""
TRIES_MS = 86_400_000
TRIED, RIGHT, ANEW = "own_pin_tried", "own_pin_right", "wallet_pin_set"


class NotTheHead(NotAllowed):
    """Only the head of the family decides about this wallet."""

    hint = "Let whoever opened the wallet hold their band to the kiosk."


class NoPin(NotAllowed):
    """More than before takes the wallet's PIN, and it has none."""

    hint = "Ask our staff: they change it, or give the wallet a PIN."


class PinSpent(NotAllowed):
    """Three wrong PINs were typed."""

    hint = "Ask our staff for a new PIN."


def wallet_of(tx: Connection, ask: Ask) -> Wallet:
    """Return the wallet that the guest decides about: their own, or their family's as its head."""
    guest = ask.path["guest"]
    member = members.members_by_guest(tx, ask.site, [guest]).get(guest)
    if member is None:
        raise Refused("You have no wallet here.", hint="Ask our staff to open one for you.")
    alone = len(members.members(tx, ask.site, member.wallet)) == 1
    if member.no_charge or member.blocked or not (member.head or alone):
        raise NotTheHead
    return wallets.wallet(tx, ask.site, member.wallet)


def prove(ask: Ask, wallet: Wallet) -> None:
    """Demand the wallet's PIN: a try is counted before it is judged, so that none is free."""
    matches = ask.rooms.settings.guest_pin_matches
    if matches is None or not wallet.pin_hash:
        raise NoPin
    pin = ask.typed("pin")[: GUEST_PIN_DIGITS_MAX + 1]
    if not pin:
        raise Mistyped("pin", "wrong.pin_wanted")
    with ask.store.transaction() as tx:
        wallets.lock(tx, ask.site, wallet.id)
        if _tried(tx, ask.site, wallet.id) >= TRIES_MAX:
            raise PinSpent
        ask.record(tx, TRIED, wallet.id)
    with ask.store.reading() as tx:
        secret = band_key(tx, ask.site)
    if not matches(secret, wallet.id, pin, hashed=wallet.pin_hash):
        raise Mistyped("pin", "wrong.pin")
    with ask.store.transaction() as tx:
        ask.record(tx, RIGHT, wallet.id)


def _tried(tx: Connection, site: str, wallet: str) -> int:
    """Return how many tries the last day has seen since the PIN was right, or made anew."""
    count, since_ms = 0, now_of(tx) - TRIES_MS
    for act in acts.about(tx, wallet, (TRIED, RIGHT, ANEW)):
        if act.site != site:
            continue
        if act.what != TRIED or act.at_ms < since_ms:
            break
        count += 1
    return count
