"""Standing: the one word on a wallet's stored card that edges get, told with whatever changed it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from edge.core.wallet import MandateNote, MandateState
from sync.central.money.pots import owed_of
from sync.central.psp import charges, mandates
from sync.central.psp.declines import EXPIRED
from sync.central.psp.judgement import OPEN, Charge, Purpose, State
from sync.central.psp.mandates import Mandate
from sync.central.psp.mandates import State as Mandated
from sync.central.registry import members, profiles, wallets
from sync.central.store import Connection, now_of

SOON_MS = 30 * 86_400_000
"""So long before its month is over a guest hears of their card."""
ENDING: list[Callable[[Connection, str, Mandate], None]] = []
"""Rooms that ask a guest for another card, in that very transaction; each adds itself when it is imported."""
ENDED_BY_PEOPLE = ("guest", "operator", "replaced", "erased", "not_finished")


def tell_wallet(tx: Connection, site: str, wallet: str) -> None:
    """Tell the edges how a wallet's stored card stands, if that is another word than before.

    Whose card ends is asked for another one, in private and once; edges keep it to themselves.
    What denies a guest goes with the very commit that pays the debt: the next page of the feed holds it.
    Call it with the site's turn taken before any wallet was held.
    """
    known = wallets.wallets_of(tx, site, [wallet]).get(wallet)
    if known is None:
        return
    debt = owed_of(tx, site, wallet, currency=known.currency)
    last = charges.latest(tx, site, wallet, purpose=Purpose.DEBT)
    held = mandates.of_wallet(tx, site, wallet)
    said, told = word(debt, last, held), note(held, month_at(now_of(tx) + SOON_MS))
    if wallets.set_mandate(tx, site, wallet, mandate=said, note=told):
        profiles.publish_guests(tx, site, [one.guest for one in members.members(tx, site, wallet)])
    newest = _newest(held)
    if told is MandateNote.EXPIRES_SOON and known.note is not told and newest is not None:
        for tell in ENDING:
            tell(tx, site, newest)


def word(debt: int, last: Charge | None, held: tuple[Mandate, ...]) -> MandateState:
    """Return the word: a debt that could not be charged outweighs a card that is there."""
    if debt > 0 and last is not None and _failed(last):
        return MandateState.DECLINED
    if any(one.state is Mandated.ACTIVE for one in held):
        return MandateState.ACTIVE
    newest = _newest(held)
    if newest is None or newest.reason in ENDED_BY_PEOPLE:
        return MandateState.NONE
    return MandateState.EXPIRED


def note(held: tuple[Mandate, ...], soon: int) -> MandateNote:
    """Return why the guest should hear of their card; ``soon`` is the month up to which one ends soon.

    What was refused as ended has the same word as what ends soon: former edges know no other one.
    """
    newest = _newest(held)
    if newest is None:
        return MandateNote.NONE
    if newest.state is Mandated.NEEDS_GUEST:
        return MandateNote.GUEST_NEEDED
    if newest.state is Mandated.ACTIVE:
        return MandateNote.EXPIRES_SOON if 0 < newest.expires <= soon else MandateNote.NONE
    if newest.reason == EXPIRED:
        return MandateNote.EXPIRES_SOON
    return MandateNote.NONE if newest.reason in ENDED_BY_PEOPLE else MandateNote.ENDED


def ends_soon(tx: Connection, site: str, wallet: str) -> bool:
    """Say whether a wallet's stored card ends, or was refused as ended, at this moment."""
    held = mandates.of_wallet(tx, site, wallet)
    return note(held, month_at(now_of(tx) + SOON_MS)) is MandateNote.EXPIRES_SOON


def month_at(at_ms: int) -> int:
    """Return a moment's month as cards write it: 202711."""
    day = dt.datetime.fromtimestamp(at_ms // 1_000, dt.UTC)
    return day.year * 100 + day.month


def _newest(held: tuple[Mandate, ...]) -> Mandate | None:
    return next((one for one in held if one.state is not Mandated.PENDING), None)


def _failed(charge: Charge) -> bool:
    """Whether the provider has said no at least once to what is owed."""
    tried_again = charge.state is State.DUE and charge.attempt > 1
    return tried_again or charge.state not in (*OPEN, State.PAID)
