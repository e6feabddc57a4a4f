"""Attempts: what somebody tried and no rule allows is refused, and written down with their name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edge.core.events import Acted, Kind
from edge.errors import NotAllowed
from edge.service.rooms import Rooms
from edge.staff import Session


class OwnBand(NotAllowed):
    """Nobody acts on their own band."""

    hint = "Ask a colleague."
    why = "own_band"


class Objected(NotAllowed):
    """This approval does not hold."""

    hint = "Another supervisor or an operator approves; ask anew if it took too long."

    def __init__(self, why: str, message: str) -> None:
        """Name the objection and say it in words."""
        super().__init__(message)
        self.why = why


@contextmanager
def written_down(rooms: Rooms, session: Session, what: str, *, target: str = "") -> Iterator[None]:
    """Journal an attempt that was refused because of who tried; then let the refusal go its way."""
    try:
        yield
    except (OwnBand, Objected) as refusal:
        body = Acted(
            staff=session.staff, point=session.point, reason=refusal.why, note=what, target=target or None
        )
        rooms.sequencer.submit(lambda tx: tx.append(Kind.ATTEMPT_REFUSED, body))
        raise
