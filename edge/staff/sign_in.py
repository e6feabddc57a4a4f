"""Signing in: a badge or a name, a PIN, and a session that is kept only hashed."""

from __future__ import annotations

import threading

import msgspec

from edge.core.elsewhere import NOBODY, Limited
from edge.core.events import Acted, Kind
from edge.core.pins import Tried, one_wrong, paused_until_ms, proved, still_wrong
from edge.core.profiles import StaffMember
from edge.errors import NotAllowed, Refused
from edge.sequencer import Transaction
from edge.staff.pins import PIN_CHARS_MAX, PIN_DIGITS_MIN, PinKey, decoy, pin_matches
from edge.staff.ports import Commits, Roster, Time
from edge.staff.secrets import kept_as, new_token
from edge.staff.session import IDLE_S_MAX, SESSION_S_MAX, Session
from edge.store.elsewhere import tried_elsewhere

SESSIONS_MAX = 200
WITNESS_S_MAX = 60
SESSIONS = "sessions"
TRIES = "pin_tried"
BADGE = "badge:"
_tried = msgspec.msgpack.Decoder(Tried).decode


class WrongPin(NotAllowed):
    """Name or PIN is not right."""

    hint = "Try again; after five wrong PINs there is a pause."
    why = ""  # journaled with the sign-in that it is


class Paused(NotAllowed):
    """Too many wrong PINs."""

    retryable = True
    why = ""  # journaled with the sign-in that it is


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A session as the store keeps it: name and roles are asked of the roster each time."""

    staff: str
    point: str
    until_ms: int
    fresh_until_ms: int


class SignIn:
    """Sessions of staff; the store is the truth, memory only answers faster."""

    def __init__(self, sequencer: Commits, roster: Roster, *, vault: PinKey, clock: Time) -> None:
        """Read nothing yet: the sequencer may start later."""
        self._sequencer = sequencer
        self._roster = roster
        self._vault = vault
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[str, _Kept] | None = None
        self._followed: dict[str, str] = {}
        """Old token's name to the one that took its place: what it opened goes on, it opens nothing."""

    def enter(self, who: str, pin: str, point: str) -> Session:
        """Open a session, or raise ``WrongPin`` or ``Paused``; either way it is journaled."""
        member = self._find(who)
        self._prove(member, pin, point)
        if member is None:
            raise WrongPin
        now = self._clock.now_ms()
        kept = _Kept(
            staff=member.id,
            point=point,
            until_ms=now + SESSION_S_MAX * 1_000,
            fresh_until_ms=now + IDLE_S_MAX * 1_000,
        )
        token = new_token()
        self._sequencer.submit(lambda tx: self._keep_new(tx, kept_as(token), kept))
        with self._lock:
            self._known()[kept_as(token)] = kept
        return _session(token, kept, member)

    def witness(self, who: str, pin: str, point: str) -> Session:
        """Prove a second person beside a running session; nothing is opened, and they may act at once."""
        member = self._find(who)
        self._prove(member, pin, point)
        if member is None:
            raise WrongPin
        until_ms = self._clock.now_ms() + WITNESS_S_MAX * 1_000
        kept = _Kept(staff=member.id, point=point, until_ms=until_ms, fresh_until_ms=until_ms)
        return _session("", kept, member)

    def refresh(self, token: str, pin: str) -> Session:
        """Prove the PIN of a running session again; it goes on under a new token, the old one is nobody's."""
        running = self.session(token)
        if running is None:
            raise NotAllowed("There is no such session.", hint="Sign in again.")
        self._prove(self._find(running.staff), pin, running.point)
        fresh = new_token()
        with self._lock:
            kept = self._known().get(kept_as(token))
        if kept is None:
            raise NotAllowed("The session ended meanwhile.", hint="Sign in again.")
        until_ms = self._clock.now_ms() + IDLE_S_MAX * 1_000
        proven = msgspec.structs.replace(kept, fresh_until_ms=until_ms)
        self._sequencer.submit(lambda tx: _follow(tx, kept_as(token), kept_as(fresh), kept=proven))
        with self._lock:
            self._known().pop(kept_as(token), None)
            self._known()[kept_as(fresh)] = proven
            self._followed[kept_as(token)] = kept_as(fresh)
        found = self.session(fresh)
        if found is None:
            raise NotAllowed("The session ended meanwhile.", hint="Sign in again.")
        return found

    def stands(self, token: str) -> bool:
        """Say whether the session goes on that this token began, under whatever token it has now."""
        now, name = self._clock.now_ms(), kept_as(token)
        with self._lock:
            kept = self._known().get(self._last(name))
        staff = {member.id for member in self._roster.staff()}
        return kept is not None and now < kept.until_ms and kept.staff in staff

    def session(self, token: str, *, active: bool = False) -> Session | None:
        """Return the running session of a token, if its person still works here."""
        now = self._clock.now_ms()
        with self._lock:
            kept = self._known().get(kept_as(token))
            if kept is None or now >= kept.until_ms:
                return None
            if active and now < kept.fresh_until_ms:
                kept = msgspec.structs.replace(kept, fresh_until_ms=now + IDLE_S_MAX * 1_000)
                self._known()[kept_as(token)] = kept
        return self._of(token, kept)

    def late(self, token: str) -> Session | None:
        """Return the session of a token that is over by time alone, if its person still works here."""
        with self._lock:
            kept = self._known().get(kept_as(token))
        over = kept is not None and self._clock.now_ms() >= kept.until_ms
        return self._of(token, kept) if kept is not None and over else None

    def _of(self, token: str, kept: _Kept) -> Session | None:
        member = next((member for member in self._roster.staff() if member.id == kept.staff), None)
        return _session(token, kept, member) if member is not None else None

    def leave(self, token: str) -> None:
        """End a session; a second time changes nothing."""
        with self._lock:
            kept = self._known().pop(kept_as(token), None)
            self._followed = {
                old: new for old, new in self._followed.items() if self._last(new) in self._known()
            }
        if kept is not None:
            self._sequencer.submit(lambda tx: _end(tx, kept_as(token), kept))

    def _last(self, name: str) -> str:
        """Return the token that took a token's place, itself where none did; the caller holds the lock."""
        while name in self._followed:
            name = self._followed[name]
        return name

    def _find(self, who: str) -> StaffMember | None:
        """Return the one member meant; two of one name are nobody, they sign in by id or badge."""
        word = who.strip()
        if word.startswith(BADGE):
            badge = word.removeprefix(BADGE).lower()
            found = [member for member in self._roster.staff() if badge and member.badge.lower() == badge]
        else:
            found = [
                member
                for member in self._roster.staff()
                if member.id == word or member.name.casefold() == word.casefold()
            ]
        return found[0] if len(found) == 1 else None

    def _prove(self, member: StaffMember | None, pin: str, point: str) -> None:
        """Count the attempt before looking at it, so that many at once gain nothing; forget it when right."""
        if not PIN_DIGITS_MIN <= len(pin) <= PIN_CHARS_MAX:
            raise WrongPin
        name = member.id if member is not None else NOBODY
        until_ms = self._sequencer.submit(lambda tx: self._count(tx, name, point))
        if until_ms:
            minutes = -(-(until_ms - self._clock.now_ms()) // 60_000)
            raise Paused(hint=f"Wait {minutes} min, then try again; a supervisor can help meanwhile.")
        pin_hash = member.pin_hash if member is not None else decoy()
        right = pin_matches(pin_hash, self._vault.keyed_pin(name, pin)) and member is not None
        self._sequencer.submit(lambda tx: _judged(tx, name, point, right=right))
        if not right:
            raise WrongPin

    def _count(self, tx: Transaction, name: str, point: str) -> int:
        """Return 0, or until when this person has to wait, whichever device they were wrong at."""
        now = self._clock.now_ms()
        until_ms = paused_until_ms(_wrong(tx, name))
        if now < until_ms:
            tx.append(Kind.SIGN_IN_REFUSED, Acted(staff=name, point=point, reason="paused"))
            return until_ms
        tx.put(TRIES, name, msgspec.msgpack.encode(one_wrong(_own(tx, name), now)))
        return 0

    def _keep_new(self, tx: Transaction, key: str, kept: _Kept) -> None:
        rows = [(key, msgspec.msgpack.decode(body, type=_Kept)) for key, body in tx.rows(SESSIONS)]
        over = [key for key, row in rows if self._clock.now_ms() >= row.until_ms]
        for old in over:
            tx.delete(SESSIONS, old)
        if len(rows) - len(over) >= SESSIONS_MAX:
            raise Refused(f"{SESSIONS_MAX} people are signed in already.", hint="Sign somebody out first.")
        tx.put(SESSIONS, key, msgspec.msgpack.encode(kept))
        tx.append(Kind.SIGNED_IN, Acted(staff=kept.staff, point=kept.point))

    def _known(self) -> dict[str, _Kept]:
        """Return the open sessions; the caller holds the lock."""
        if self._open is None:
            rows = self._sequencer.submit(lambda tx: list(tx.rows(SESSIONS)))
            self._open = {key: msgspec.msgpack.decode(body, type=_Kept) for key, body in rows}
        return self._open


def _session(token: str, kept: _Kept, member: StaffMember) -> Session:
    return Session(
        token=token,
        staff=member.id,
        name=member.name,
        roles=member.roles,
        point=kept.point,
        until_ms=kept.until_ms,
        fresh_until_ms=kept.fresh_until_ms,
        badge=member.badge,
    )


def _own(tx: Transaction, name: str) -> Tried:
    """Return what this device saw of a person's PIN; all names that nobody has share one count."""
    body = tx.get(TRIES, name)
    return Tried() if body is None else _tried(body)


def _wrong(tx: Transaction, name: str) -> tuple[int, ...]:
    """Return when a person was wrong since they were last right, elsewhere as far as central has told."""
    return still_wrong((_own(tx, name), *tried_elsewhere(tx, Limited.STAFF_PIN, name)))


def _judged(tx: Transaction, name: str, point: str, *, right: bool) -> None:
    """Begin the count of somebody anew who was right, everywhere; journal somebody who was wrong."""
    if not right:
        tx.append(Kind.SIGN_IN_REFUSED, Acted(staff=name, point=point, reason="wrong_pin"))
        return
    if len(_wrong(tx, name)) > 1:  # more than this very try, which was taken as wrong until it proved right
        tx.append(Kind.PIN_PROVED, Acted(staff=name, point=point))
    tx.put(TRIES, name, msgspec.msgpack.encode(proved(_own(tx, name), tx.now.now_ms)))


def _end(tx: Transaction, key: str, kept: _Kept) -> None:
    tx.delete(SESSIONS, key)
    tx.append(Kind.SIGNED_OUT, Acted(staff=kept.staff, point=kept.point))


def _follow(tx: Transaction, old: str, fresh: str, *, kept: _Kept) -> None:
    """Let a new token take the old one's place, unless the session has ended meanwhile."""
    if tx.get(SESSIONS, old) is None:
        raise NotAllowed("The session ended meanwhile.", hint="Sign in again.")
    tx.delete(SESSIONS, old)
    tx.put(SESSIONS, fresh, msgspec.msgpack.encode(kept))
