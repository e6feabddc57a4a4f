"""On air: which bands may be heard from afar at all, and that a guest's no is in force at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from edge.core.bands import BandState, Presented, Standing, merge
from edge.core.consent import Purpose, may
from edge.core.entitlements import Entitlement, Status
from edge.core.events import Acted, Event, Kind
from edge.core.onair import ON_AIR, OnAir, on_air_in
from edge.core.profiles import Profile
from edge.service.consents import Consents
from edge.service.facts import own_profile
from edge.service.rooms import Rooms
from edge.store.transaction import Transaction

DRIFT = "drift"
"""By how many seconds a clock was found off since its key was registered; kept while the band is heard."""
DRIFT_BYTES = 8
MOVED = frozenset({Kind.BAND_STATE, Kind.URGENT_APPLIED, Kind.LINKED})
"""Events after which a band may be heard no more."""
Doubt = Callable[[Collection[bytes]], None]
_ACTED = msgspec.msgpack.Decoder(Acted).decode


class Audible(NamedTuple):
    """A band that may be heard; its clock was found ``drift_s`` further than when its key was registered."""

    on_air: OnAir
    drift_s: int = 0
    until_ms: int | None = None


class OnAirs:
    """Judges who may be heard, and tells whoever hears of each doubt; any thread may ask."""

    def __init__(self, rooms: Rooms, consents: Consents) -> None:
        """Act through these rooms; nobody hears yet."""
        self._rooms, self._consents = rooms, consents
        self._doubts: list[Doubt] = []
        consents.after_saying(self._said)

    def after_doubt(self, doubt: Doubt) -> None:
        """Have ``doubt(bands)`` called when bands may be heard no more, before a guest's answer returns."""
        self._doubts.append(doubt)

    def audible(self, bands: Sequence[bytes]) -> Mapping[bytes, Audible]:
        """Return those of the bands that may be heard now: known, worn, in order, with the guest's yes."""
        keys = {band: on_air_in(self._rooms.profiles.keys(band).get(ON_AIR, b"")) for band in bands}
        told = {band: self._rooms.profiles.get(band) for band, key in keys.items() if key is not None}
        if not told:
            return {}
        standing = self._rooms.sequencer.submit(
            lambda tx: {band: stands(tx, band, profile) for band, profile in told.items()}
        )
        found, gone = dict[bytes, Audible](), list[bytes]()
        for band, (profile, drift_s) in standing.items():
            key = keys[band]
            if key is not None and profile is not None and may(self._consents.of(profile), Purpose.PRESENCE):
                found[band] = Audible(key, drift_s, profile.band.valid_until_ms)
            elif drift_s:
                gone.append(band)
        if gone:
            self._rooms.sequencer.submit(lambda tx: _forget_drifts(tx, gone))
        return found

    def put_right(self, drifts: Mapping[bytes, int]) -> None:
        """Keep by how much clocks were found off, for after a restart."""

        def act(tx: Transaction) -> None:
            for band, drift_s in drifts.items():
                tx.put(DRIFT, band.hex(), drift_s.to_bytes(DRIFT_BYTES, "big", signed=True))

        self._rooms.sequencer.submit(act)

    def committed(self, results: Sequence[object], events: Sequence[Event]) -> None:
        """Hear of commits; made for the sequencer's ``after_commit``."""
        bands = set[bytes]()
        for event in events:
            if event.kind in MOVED and event.band is not None:
                bands |= {event.band, *_named(event)}
        self.doubt(bands)

    def doubt(self, bands: Collection[bytes]) -> None:
        """Have these bands be nobody's until they are judged anew."""
        for listener in self._doubts if bands else ():
            listener(bands)

    def _said(self, guest: str, band: bytes) -> None:
        worn = (profile.band.id for profile in self._rooms.profiles.of_guest(guest))
        self.doubt({band, *worn})


def _forget_drifts(tx: Transaction, bands: Sequence[bytes]) -> None:
    for band in bands:
        tx.delete(DRIFT, band.hex())


def _named(event: Event) -> Collection[bytes]:
    """Return the band that a new link took its guest from."""
    target = _ACTED(event.body).target if event.kind == Kind.LINKED else None
    return () if target is None else (bytes.fromhex(target),)


def stands(tx: Transaction, band: bytes, told: Profile | None) -> tuple[Profile | None, int]:
    """Return a band's profile as it stands at this site, None where it may not be heard, and its drift."""
    profile, held = own_profile(tx, Presented(tap_id="", reader="", band=band), told), tx.held(band)
    kept = int.from_bytes(tx.get(DRIFT, band.hex()) or b"", "big", signed=True)
    if profile is None or profile.guest is None or not profile.band.active:
        return None, kept
    standing = merge(Standing(profile.band.epoch, profile.band.state), Standing(held.epoch, held.state))
    until_ms = profile.band.valid_until_ms
    over = until_ms is not None and tx.now.now_ms >= until_ms
    whole = standing.state is BandState.ACTIVE and not over and not _moved_on(profile.entitlements)
    return (profile if whole else None), kept


def _moved_on(rights: Sequence[Entitlement]) -> bool:
    """Whether all that was on a band lives on another one now."""
    here = {right.status for right in rights}
    return Status.EXCHANGED in here and Status.VALID not in here
