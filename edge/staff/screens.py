"""Screens: enrolled once by a code, known from then on by their own token, with settings that last."""

from __future__ import annotations

import enum
import threading
from secrets import token_hex
from typing import Annotated

import msgspec
from msgspec import Meta

from edge.core.events import Acted, Kind
from edge.errors import Refused, Unknown
from edge.sequencer import Transaction
from edge.staff.ports import Commits, Time
from edge.staff.secrets import code_kept_as, kept_as, new_code, new_token

CODE_S_MAX = 900
"""A code lives for a quarter of an hour."""
SCREENS_MAX = 500
CODES_MAX = 100
CODES = "screen_codes"
SCREENS = "screens"


class ScreenKind(enum.StrEnum):
    """What a screen is for; it decides which pages and topics it is granted."""

    KIOSK = "kiosk"
    GATE = "gate"
    STAFF = "staff"
    TILL = "till"
    OPS = "ops"
    READER = "reader"
    """No screen at all: a reader elsewhere on the site that presents its taps over HTTP."""


class ScreenSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a screen remembers over restarts: reading distance, loudness, language and the like."""

    language: Annotated[str, Meta(max_length=8)] = ""
    ppi: Annotated[int, Meta(ge=50, le=1_000)] = 96
    distance_m: Annotated[float, Meta(ge=0.2, le=20)] = 1.0
    volume: Annotated[int, Meta(ge=0, le=100)] = 70
    quiet_from_min: Annotated[int, Meta(ge=0, le=1_439)] | None = None
    quiet_until_min: Annotated[int, Meta(ge=0, le=1_439)] | None = None
    contrast: bool = False
    text_percent: Annotated[int, Meta(ge=100, le=300)] = 100
    low_buttons: bool = False
    """Controls in the lower third, for guests in a wheelchair."""


class Screen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One enrolled screen."""

    id: str
    kind: ScreenKind
    point: str
    settings: ScreenSettings = ScreenSettings()
    enrolled_ms: int = 0

    @property
    def language(self) -> str:
        """The language it speaks until a guest's is known; empty: the site's first."""
        return self.settings.language

    @property
    def ppi(self) -> int:
        """Pixels per inch of its panel."""
        return self.settings.ppi

    @property
    def distance_m(self) -> float:
        """From how far away it is read."""
        return self.settings.distance_m

    @property
    def volume(self) -> int:
        """How loud it is, 0 to 100."""
        return self.settings.volume


class _Code(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A code that waits for its screen."""

    kind: ScreenKind
    point: str
    until_ms: int
    settings: ScreenSettings = ScreenSettings()


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An enrolled screen as the store keeps it."""

    screen: Screen
    token_hash: str


class Screens:
    """All screens of this device; the store is the truth, memory only answers faster."""

    def __init__(self, sequencer: Commits, clock: Time) -> None:
        """Read nothing yet: the sequencer may start later."""
        self._sequencer = sequencer
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Screen] | None = None

    def new_code(self, kind: str, point: str, settings: ScreenSettings) -> str:
        """Return a code by which one screen enrols itself within a quarter of an hour."""
        try:
            wanted = ScreenKind(kind)
        except ValueError as error:
            raise Refused(f"A screen is one of {', '.join(ScreenKind)}, not {kind!r}.") from error
        code = new_code()
        row = _Code(
            kind=wanted, point=point, until_ms=self._clock.now_ms() + CODE_S_MAX * 1_000, settings=settings
        )

        def keep(tx: Transaction) -> None:
            self._forget_old_codes(tx)
            tx.put(CODES, code_kept_as(code), msgspec.msgpack.encode(row))

        self._sequencer.submit(keep)
        return code

    def enrol(self, code: str) -> tuple[Screen, str]:
        """Spend a code; return the new screen and its token, which is told this once."""
        token = new_token()

        def spend(tx: Transaction) -> Screen:
            body = tx.get(CODES, code_kept_as(code))
            row = msgspec.msgpack.decode(body, type=_Code) if body is not None else None
            if row is None or self._clock.now_ms() >= row.until_ms:
                raise Unknown("This code is not known, spent or too old.", hint="Ask for a new code.")
            if len(tx.rows(SCREENS)) >= SCREENS_MAX:
                raise Refused(f"There are {SCREENS_MAX} screens already.", hint="Remove old ones first.")
            tx.delete(CODES, code_kept_as(code))
            return self._keep_new(tx, row, token)

        screen = self._sequencer.submit(spend)
        with self._lock:
            if self._known is not None:
                self._known[kept_as(token)] = screen
        return screen, token

    def by_token(self, token: str) -> Screen | None:
        """Return the screen that holds this token."""
        return self._all().get(kept_as(token))

    def all(self) -> tuple[Screen, ...]:
        """Return every enrolled screen, by kind and point."""
        return tuple(sorted(self._all().values(), key=lambda s: (s.kind, s.point, s.id)))

    def remember(self, token: str, settings: ScreenSettings) -> Screen:
        """Keep a screen's settings over restarts and return it as it is now."""
        _refuse_out_of_bounds(settings)
        known = self.by_token(token)
        if known is None:
            raise Unknown("This screen is not enrolled.", hint="Enrol it with a new code.")
        screen = msgspec.structs.replace(known, settings=settings)
        self._sequencer.submit(lambda tx: _put(tx, screen, kept_as(token)))
        with self._lock:
            if self._known is not None:
                self._known[kept_as(token)] = screen
        return screen

    def set(self, screen_id: str, settings: ScreenSettings, *, staff: str) -> Screen:
        """Change the settings of a screen that stands elsewhere; journaled with who did it."""
        _refuse_out_of_bounds(settings)
        found = [(kept, one) for kept, one in self._all().items() if one.id == screen_id]
        if not found:
            raise Unknown("There is no such screen.")
        token_hash, known = found[0]
        screen = msgspec.structs.replace(known, settings=settings)

        def keep(tx: Transaction) -> None:
            if tx.get(SCREENS, screen_id) is None:
                raise Unknown("There is no such screen.")
            _put(tx, screen, token_hash)
            tx.append(Kind.SCREEN_SET, Acted(staff=staff, point=screen.point, target=screen.id))

        self._sequencer.submit(keep)
        with self._lock:
            if self._known is not None and token_hash in self._known:
                self._known[token_hash] = screen
        return screen

    def revoke(self, screen_id: str) -> None:
        """Forget a screen; its token opens nothing from now on."""
        self._sequencer.submit(lambda tx: tx.delete(SCREENS, screen_id))
        with self._lock:
            self._known = None

    def _all(self) -> dict[str, Screen]:
        with self._lock:  # also while reading: a screen enrolled meanwhile would be overwritten by older rows
            if self._known is None:
                rows = self._sequencer.submit(lambda tx: list(tx.rows(SCREENS)))
                kept = [msgspec.msgpack.decode(body, type=_Kept) for _, body in rows]
                self._known = {row.token_hash: row.screen for row in kept}
            return dict(self._known)

    def _keep_new(self, tx: Transaction, row: _Code, token: str) -> Screen:
        screen = Screen(
            id=f"{row.kind}-{token_hex(4)}",
            kind=row.kind,
            point=row.point,
            settings=row.settings,
            enrolled_ms=self._clock.now_ms(),
        )
        _put(tx, screen, kept_as(token))
        tx.append(Kind.SCREEN_ENROLLED, Acted(point=screen.point, target=screen.id, note=screen.kind))
        return screen

    def _forget_old_codes(self, tx: Transaction) -> None:
        now_ms = self._clock.now_ms()
        codes = [(key, msgspec.msgpack.decode(body, type=_Code)) for key, body in tx.rows(CODES)]
        old = [key for key, code in codes if now_ms >= code.until_ms]
        for key in old:
            tx.delete(CODES, key)
        if len(codes) - len(old) >= CODES_MAX:
            raise Refused(f"{CODES_MAX} codes wait already.", hint="Use them, or wait a quarter of an hour.")


def _refuse_out_of_bounds(settings: ScreenSettings) -> None:
    """Hold a struct that was built here to the bounds that a decoded one has met."""
    try:
        msgspec.convert(msgspec.to_builtins(settings), ScreenSettings)
    except msgspec.ValidationError as error:
        raise Refused(f"These settings are not possible: {error}") from error


def _put(tx: Transaction, screen: Screen, token_hash: str) -> None:
    tx.put(SCREENS, screen.id, msgspec.msgpack.encode(_Kept(screen=screen, token_hash=token_hash)))
