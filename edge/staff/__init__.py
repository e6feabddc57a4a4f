"""Staff at this device: who they are, what they may do, and the screens they enrolled."""

from __future__ import annotations

from dataclasses import dataclass

from edge.staff.actions import PERMISSIONS, Action, AskAgain, Permission, Role, SignedOut, may, permit
from edge.staff.pins import PinKey
from edge.staff.ports import Commits, Roster, Time
from edge.staff.screens import Screen, ScreenKind, Screens, ScreenSettings
from edge.staff.session import Session
from edge.staff.sign_in import Paused, SignIn, WrongPin

__all__ = [
    "PERMISSIONS",
    "Action",
    "AskAgain",
    "Paused",
    "Permission",
    "Role",
    "Screen",
    "ScreenKind",
    "ScreenSettings",
    "Session",
    "SignedOut",
    "Staff",
    "WrongPin",
    "may",
    "permit",
]


@dataclass(eq=False)
class Staff:
    """Signing in and out, and the screens of this device; any thread may ask."""

    sequencer: Commits
    profiles: Roster
    vault: PinKey
    clock: Time

    def __post_init__(self) -> None:
        """Open both books; nothing is read before the first question."""
        self._sign_in = SignIn(self.sequencer, self.profiles, vault=self.vault, clock=self.clock)
        self._screens = Screens(self.sequencer, self.clock)

    def sign_in(self, who: str, pin: str, point: str) -> Session:
        """Open a session for a staff id, a name or ``badge:<BandId>``; or raise ``WrongPin``, ``Paused``."""
        return self._sign_in.enter(who, pin, point)

    def witness(self, who: str, pin: str, point: str) -> Session:
        """Return a second person proven beside a running session: good for one act, known to no browser."""
        return self._sign_in.witness(who, pin, point)

    def refresh(self, token: str, pin: str) -> Session:
        """Check the PIN of a running session again; it gets a new token, dangerous acts five minutes."""
        return self._sign_in.refresh(token, pin)

    def stands(self, token: str) -> bool:
        """Say whether the session goes on that this token began, under whatever token it has now."""
        return self._sign_in.stands(token)

    def session(self, token: str, *, active: bool = False) -> Session | None:
        """Return the running session of a token; ``active`` says that its person acts, so it is not idle."""
        return self._sign_in.session(token, active=active)

    def late_session(self, token: str) -> Session | None:
        """Return whose session this was, if only time has ended it: to say who tried, never to let act."""
        return self._sign_in.late(token)

    def sign_out(self, token: str) -> None:
        """End a session; a second time changes nothing."""
        self._sign_in.leave(token)

    def permit(self, session: Session, action: Action) -> None:
        """Return if this person may do it now; else raise ``NotAllowed``, ``AskAgain`` or ``SignedOut``."""
        permit(session, action, self.clock.now_ms())

    def new_screen(
        self, kind: str, point: str, *, language: str = "", settings: ScreenSettings | None = None
    ) -> str:
        """Return a one-time code for a new screen; who may ask is checked by whoever asks (operator, CLI)."""
        return self._screens.new_code(kind, point, settings or ScreenSettings(language=language))

    def enrol_screen(self, code: str) -> tuple[Screen, str]:
        """Spend a code; return the screen and its token. Raise ``Unknown`` for a code that is not open."""
        return self._screens.enrol(code)

    def screen(self, token: str) -> Screen | None:
        """Return the screen of a token."""
        return self._screens.by_token(token)

    def screens(self) -> tuple[Screen, ...]:
        """Return every enrolled screen."""
        return self._screens.all()

    def remember(self, token: str, settings: ScreenSettings) -> Screen:
        """Keep a screen's settings over restarts."""
        return self._screens.remember(token, settings)

    def set_screen(self, session: Session, screen_id: str, settings: ScreenSettings) -> Screen:
        """Let an operator change what a screen remembers; raise ``NotAllowed`` or ``Unknown``."""
        self.permit(session, Action.SET_SCREEN)
        return self._screens.set(screen_id, settings, staff=session.staff)

    def revoke_screen(self, screen_id: str) -> None:
        """Forget a screen for ever."""
        self._screens.revoke(screen_id)
