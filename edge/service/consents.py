"""Consents: what guests allow, said at this device or told by central; whoever would use it asks here."""

from __future__ import annotations

import threading
from collections.abc import Callable

import msgspec

from edge.core.consent import (
    QUIET,
    TEXT_VERSION,
    TOPICS,
    Channel,
    Consent,
    Consented,
    Purpose,
    Source,
    is_topic,
    may,
    merged,
    quiet_since,
    said,
)
from edge.core.events import Kind, Lane
from edge.core.profiles import Profile
from edge.core.segments import covered
from edge.errors import Refused
from edge.service.facts import day_at
from edge.service.rooms import Rooms
from edge.staff import Session
from edge.store.transaction import Transaction

CONSENT = "consent"
"""What was said here, by guest; it holds beside what central says, whichever has more turns."""
_DECODE = msgspec.msgpack.Decoder(tuple[Consent, ...]).decode


class Consents:
    """Answers and questions about consent; any thread may ask."""

    def __init__(self, rooms: Rooms) -> None:
        """Act through these rooms; what was said here before is read at the first question."""
        self._rooms = rooms
        self._lock = threading.Lock()
        self._said: dict[str, tuple[Consent, ...]] | None = None
        self._listeners: list[Callable[[str, bytes], None]] = []

    def after_saying(self, listener: Callable[[str, bytes], None]) -> None:
        """Have ``listener(guest, band)`` called when a guest has said something, before that is answered."""
        self._listeners.append(listener)

    def may(
        self, band: bytes, purpose: Purpose, namespace: str = "", *, channel: Channel | None = None
    ) -> bool:
        """Say whether the wearer of a band allows a purpose: offers, presence and research ask this alone."""
        profile = self._rooms.profiles.get(band)
        return profile is not None and may(self.of(profile), purpose, namespace, channel=channel)

    def segments(self, profile: Profile, channel: Channel) -> tuple[str, ...]:
        """Return which of a guest's codes may be used here by one way, as all consents stand now."""
        return covered(profile.tags, self.of(profile), (channel,))

    def is_quiet(self, profile: Profile) -> bool:
        """Say whether a guest asked for no more offers today."""
        since_ms = quiet_since(self.of(profile))
        return since_ms is not None and self._day(since_ms) == self._day(self._rooms.clock.now_ms())

    def of(self, profile: Profile) -> tuple[Consent, ...]:
        """Return what a guest says of every purpose, here and at central."""
        return merged(profile.consents, self._here().get(profile.guest or "", ()))

    def set_by_guest(self, profile: Profile, purpose: str, *, given: bool, point: str) -> None:
        """Take a guest's own word at a kiosk; durable and in force when this returns, online or not."""
        self._set(profile, _wanted(purpose, Source.KIOSK), given=given, by=_By(point=point))

    def set_by_staff(self, session: Session, profile: Profile, purpose: str, *, given: bool) -> None:
        """Take a guest's word from a member of staff, who stands for it by name."""
        by = _By(point=session.point, staff=session.staff)
        self._set(profile, _wanted(purpose, Source.STAFF), given=given, by=by)

    def set_quiet(self, profile: Profile, *, quiet: bool, point: str) -> None:
        """Take that a guest wants no offers for the rest of the local day, or wants them again."""
        wanted = Consent(purpose=QUIET, turns=0, source=Source.KIOSK.value)
        over = quiet and not self.is_quiet(profile)
        self._set(profile, wanted, given=quiet, by=_By(point=point), anew=over)

    def forget(self) -> None:
        """Read anew at the next question: what was kept here has changed."""
        with self._lock:
            self._said = None

    def _set(self, profile: Profile, wanted: Consent, *, given: bool, by: _By, anew: bool = False) -> None:
        guest = profile.guest
        if guest is None:
            raise Refused("Nobody wears this band yet.", hint="Link it to a guest first.")

        def act(tx: Transaction) -> None:
            here = _kept(tx, guest)
            now = msgspec.structs.replace(wanted, since_ms=tx.now.now_ms, text=TEXT_VERSION, point=by.point)
            answer = said(merged(profile.consents, here), now, given=given, anew=anew)
            if answer is None:
                return
            body = Consented(guest=guest, consent=answer, point=by.point, staff=by.staff)
            # The priority lane: central must hear of a withdrawal before it tells anybody else anything.
            tx.append(Kind.CONSENT_SET, body, band=profile.band.id, lane=Lane.PRIORITY)
            tx.put(CONSENT, guest, msgspec.msgpack.encode(merged(here, [answer])))

        self._rooms.sequencer.submit(act)
        self.forget()
        for listener in self._listeners:
            listener(guest, profile.band.id)

    def _day(self, at_ms: int) -> int:
        layout = self._rooms.profiles.layout()
        return day_at(layout, at_ms)

    def _here(self) -> dict[str, tuple[Consent, ...]]:
        with self._lock:
            if self._said is None:
                rows = self._rooms.sequencer.submit(lambda tx: tx.rows(CONSENT))
                self._said = {guest: _DECODE(body) for guest, body in rows}
            return self._said


class _By(msgspec.Struct, frozen=True, kw_only=True):
    """Where a word was taken, and by whom."""

    point: str
    staff: str | None = None


def _kept(tx: Transaction, guest: str) -> tuple[Consent, ...]:
    body = tx.get(CONSENT, guest)
    return () if body is None else _DECODE(body)


def _wanted(purpose: str, source: Source) -> Consent:
    if not is_topic(purpose) or purpose == QUIET:
        raise Refused(f"There is no purpose {purpose[:40]!r}; there are {', '.join(TOPICS)}.")
    return Consent(purpose=purpose, turns=0, source=source.value)
