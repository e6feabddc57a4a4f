"""A member of staff at work: who signed in where, and until when."""

from __future__ import annotations

import msgspec

SESSION_S_MAX = 12 * 3_600
"""A shift: nobody stays signed in for longer."""
IDLE_S_MAX = 300
"""After this time without an act, dangerous acts ask for the PIN again."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One person's work at one point; ``token`` is known to their browser alone and stored only hashed."""

    token: str
    staff: str
    name: str
    roles: tuple[str, ...]
    point: str
    until_ms: int
    fresh_until_ms: int
    """Until then dangerous acts need no new PIN."""
    badge: str = ""
    """BandId of the person's own badge, in hex: nobody acts on it themselves."""

    def __repr__(self) -> str:
        """Name the person, never the token."""
        return f"Session(staff={self.staff!r}, point={self.point!r}, until_ms={self.until_ms})"
