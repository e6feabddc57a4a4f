"""Earlier taps: what people do about one always begins with what it was answered."""

from __future__ import annotations

from typing import Any

import msgspec

from edge.core.cards import HINT, WORDS, holds_card_number
from edge.core.profiles import Profile
from edge.errors import Refused, Unknown
from edge.service.answers import Answer, kept_answer
from edge.service.attempts import OwnBand
from edge.service.facts import Asked, ask
from edge.service.rooms import Rooms
from edge.staff import Session
from edge.store.transaction import Transaction

REASON_CHARS_MAX = 200


def must_know(tx: Transaction, tap_id: str) -> Answer:
    """Return what a tap was answered, or raise ``Unknown``."""
    kept = kept_answer(tx, tap_id)
    if kept is None:
        raise Unknown("There is no such tap here.", hint="Let the guest touch the reader again.")
    return kept


def ask_again(rooms: Rooms, tap_id: str) -> Asked:
    """Load a tap as it was presented; its profile may have changed since."""
    kept = rooms.sequencer.submit(lambda tx: must_know(tx, tap_id))
    return ask(rooms, kept.presented, kept.decision.point)


def as_before(asked: Asked, kept: Answer, **changes: Any) -> Asked:  # noqa: ANN401  # fields of Asked, as for replace
    """Return a tap's question with all that was said about it so far, and what is new."""
    so_far: dict[str, Any] = {
        "chosen": kept.chosen,
        "answered": kept.answered,
        "confirmed": kept.confirmed,
        "overridden": kept.overridden,
        "staff": kept.staff,
    }
    return msgspec.structs.replace(asked, earlier=kept, **(so_far | changes))


def refuse_own_band(session: Session, kept: Answer, asked: Asked) -> None:
    """Nobody acts on their own band, whichever of their bands it is."""
    if is_theirs(session, kept.presented.band, asked.profile):
        raise OwnBand


def is_own(rooms: Rooms, session: Session, band_hex: str) -> bool:
    """Say whether a band is the acting person's own: their badge, or another of theirs."""
    band = bytes.fromhex(band_hex)
    return is_theirs(session, band, rooms.profiles.get(band))


def is_theirs(session: Session, band: bytes | None, profile: Profile | None) -> bool:
    """Say the same of a band of which this is known."""
    worn = band is not None and band.hex() == session.badge.lower()
    return worn or (profile is not None and profile.staff is not None and profile.staff == session.staff)


def stated(reason: str) -> str:
    """Return a person's reason, or refuse an empty or an endless one."""
    text = reason.strip()
    if not 0 < len(text) <= REASON_CHARS_MAX:
        raise Refused(f"State a reason of 1 to {REASON_CHARS_MAX} characters.")
    if holds_card_number(text):
        raise Refused(WORDS, hint=HINT)
    return text
