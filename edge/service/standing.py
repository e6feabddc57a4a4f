"""Standing: who is in front of a screen, proved by a band that was held to its reader a moment ago."""

from __future__ import annotations

import msgspec

from edge.core.bands import BAND_ID_BYTES, Presented, Trust
from edge.core.decision import Outcome
from edge.core.held import Held
from edge.core.profiles import Profile
from edge.errors import NotAllowed, Refused
from edge.service.answers import Answer
from edge.service.attempts import OwnBand
from edge.service.earlier import is_theirs, must_know
from edge.service.facts import own_profile
from edge.service.rooms import Rooms
from edge.service.show import DISCREET
from edge.staff import Session
from edge.store.transaction import Transaction

EARLY_MS = 10_000
"""A clock that was set right since the tap may have been so far ahead: that asks for no second tap."""
MINE_S_MAX = 300
"""So long after its tap a band opens its guest's own page; then the band is asked for again."""


class Guest(msgspec.Struct, frozen=True):
    """Who stands at a kiosk, as the site knows them now."""

    profile: Profile
    held: Held
    id: str


class HoldAgain(NotAllowed):
    """This page needs your band once more."""

    hint = "Hold the band to the reader again."


class Unproved(NotAllowed):
    """This band cannot prove that it is no copy."""

    hint = "Ask our staff: they show you everything and change what you wish."


def who_stands(rooms: Rooms, tap_id: str, point: str, *, least: Trust = Trust.SUN) -> Guest:
    """Return whose tap this was, if it was here, just now, granted, and by a band that proved so much."""

    def act(tx: Transaction) -> Guest | None:
        return stands_in(tx, rooms, tap_id, point=point, least=least)

    found = rooms.sequencer.submit(act)
    if found is None:
        raise HoldAgain
    return found


def proves(rooms: Rooms, tap_id: str, point: str, *, least: Trust = Trust.SUN) -> bool:
    """Say whether this tap was by a band that proved so much."""
    try:
        who_stands(rooms, tap_id, point, least=least)
    except Unproved:
        return False
    return True


def stands_in(
    tx: Transaction, rooms: Rooms, tap_id: str, *, point: str, least: Trust = Trust.SUN
) -> Guest | None:
    """Return the same inside a transaction; None: the band must be held again."""
    kept = must_know(tx, tap_id)
    band = kept.presented.band
    if band is None or not _opens(kept, point, tx.now.now_ms):
        return None
    if kept.presented.trust < least:
        raise Unproved
    profile = worn(tx, band, rooms.profiles.get(band))
    if profile is None or profile.guest is None:
        return None
    return Guest(profile, tx.held(band), profile.guest)


def worn(tx: Transaction, band: bytes, told: Profile | None) -> Profile | None:
    """Return a band's profile as it stands at this site."""
    return own_profile(tx, Presented(tap_id="", reader="", band=band), told)


def wearer_before(rooms: Rooms, session: Session, band_hex: str) -> Profile:
    """Return who wears a band on which staff act by its guest's wish; nobody decides over their own."""
    band = band_of(band_hex)
    told = rooms.profiles.get(band)
    profile = rooms.sequencer.submit(lambda tx: worn(tx, band, told))
    if profile is None or profile.guest is None:
        raise NotAllowed("Nobody wears this band.", hint="Look the guest up by name.")
    if is_theirs(session, band, profile):
        raise OwnBand
    return profile


def band_of(band_hex: str) -> bytes:
    """Return the BandId of its hex form, or refuse it."""
    try:
        band = bytes.fromhex(band_hex)
    except ValueError as error:
        raise Refused("A band is named by 32 hex digits.") from error
    if len(band) != BAND_ID_BYTES:
        raise Refused("A band is named by 32 hex digits.")
    return band


def _opens(kept: Answer, point: str, now_ms: int) -> bool:
    """Whether a tap opens its guest's page: here, just now, and by a band that nobody reported."""
    decision = kept.decision
    fresh = -EARLY_MS <= now_ms - kept.at_ms <= MINE_S_MAX * 1_000
    known = decision.outcome is Outcome.GRANTED and decision.reason not in DISCREET
    return decision.point == point and fresh and known
