"""Stopping: a guest is charged no more by what they stored: here at once, and at central by the journal."""

from __future__ import annotations

from typing import Literal

import msgspec

from edge.core.events import Kind, Lane
from edge.core.payment.bodies import MandateStopped
from edge.core.profiles import Cursor, Profile
from edge.core.wallet import WalletLink
from edge.errors import NotAllowed, Refused
from edge.payviews import CardStopped
from edge.service.payments import pins
from edge.service.rooms import Rooms
from edge.service.standing import wearer_before, who_stands
from edge.staff import Action, Session, permit
from edge.store.transaction import Transaction

STOPPED = "mandate_stopped"
"""By wallet: what was stopped here and may not be known to central yet."""
Tried = Literal["wrong", "locked"]


class Stop(msgspec.Struct, frozen=True):
    """Which record tells of it, and how far the feed had come then."""

    seq: int
    cursor: Cursor


_stop = msgspec.msgpack.Decoder(Stop).decode


def is_stopped(tx: Transaction, rooms: Rooms, link: WalletLink) -> bool:
    """Say whether a wallet takes no risk here because its guest said so.

    It holds until central has the record, and a page of the feed has come since: from then on central's own
    word stands, which also knows of a card that was stored later.
    """
    body = tx.get(STOPPED, link.id)
    if body is None:
        return False
    stop = _stop(body)
    if rooms.journal.acked(Lane.PRIORITY) < stop.seq or rooms.profiles.cursor() == stop.cursor:
        return True
    tx.delete(STOPPED, link.id)
    return False


class Stopping:
    """Takes a guest's word that nothing is to be charged any more, with their band or by staff."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms."""
        self._rooms, self._pins = rooms, pins.GuestPins(rooms)

    def by_guest(self, tap_id: str, point: str, pin: str) -> CardStopped:
        """Stop for who held their band here a moment ago; where they have a PIN, it is asked for.

        Said twice it is one fact, so no operation id is needed.
        """
        profile = who_stands(self._rooms, tap_id, point).profile
        link = _payer(profile)
        if link.pin_hash and not pin:
            return CardStopped(became="pin")
        wrong = self._tried(profile, link, pin, point=point) if link.pin_hash else None
        if wrong is not None:
            return CardStopped(became=wrong)
        self._rooms.sequencer.submit(lambda tx: self._stop(tx, profile, point=point))
        return CardStopped(became="stopped")

    def by_staff(self, session: Session, band_hex: str) -> None:
        """Stop on a guest's wish, in the name of who heard it; nobody decides over their own band."""
        permit(session, Action.SET_CONSENT, self._rooms.clock.now_ms())
        profile = wearer_before(self._rooms, session, band_hex)
        _payer(profile)
        self._rooms.sequencer.submit(
            lambda tx: self._stop(tx, profile, point=session.point, staff=session.staff)
        )

    def _tried(self, profile: Profile, link: WalletLink, pin: str, *, point: str) -> Tried | None:
        """Check a PIN, counted before it is looked at; None: it was right."""
        tries = self._rooms.sequencer.submit(lambda tx: pins.count_try(tx, profile))
        right = not tries.late and self._pins.matches(link, pin)

        def act(tx: Transaction) -> Tried | None:
            if right:
                pins.forgive(tx, profile)
                return None
            if not tries.late:
                pins.note_wrong(tx, profile, tries, op_id="", point=point)
            return "wrong" if tries.left else "locked"

        return self._rooms.sequencer.submit(act)

    def _stop(self, tx: Transaction, profile: Profile, *, point: str, staff: str = "") -> None:
        link = _payer(profile)
        if is_stopped(tx, self._rooms, link):
            return
        body = MandateStopped(guest=profile.guest or "", wallet=link.id, point=point, staff=staff)
        # The priority lane: central charges nothing more from when it has this.
        seq = tx.append(Kind.MANDATE_STOPPED, body, band=profile.band.id, lane=Lane.PRIORITY)
        stop = Stop(seq, self._rooms.profiles.cursor())
        tx.put(STOPPED, link.id, msgspec.msgpack.encode(stop))


def _payer(profile: Profile) -> WalletLink:
    """Return from what somebody pays, who may say that nothing is charged to fill it."""
    if profile.wallet is None:
        raise Refused("This guest has no wallet.", hint="Nothing can be charged for it.")
    if profile.wallet.no_charge:
        raise NotAllowed("This band pays nothing.", hint="A grown-up of the family can stop the card.")
    return profile.wallet
