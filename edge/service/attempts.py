"""Attempts: every act that a member of staff is refused is written down with who, what and why."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from edge.core.events import Acted, Kind
from edge.errors import NotAllowed, StoreError
from edge.service.repeats import Refusal
from edge.service.rooms import Rooms
from edge.staff import Session

LOG = logging.getLogger("polso.service")


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
def written_down(rooms: Rooms, session: Session | None, act: str, *, target: str = "") -> Iterator[None]:
    """Journal that this person was refused this act, whatever they lack; then let the refusal go its way.

    Whoever is refused the same for the same reason again is counted, and written once a minute with the sum.
    """
    try:
        yield
    except NotAllowed as refusal:
        if session is not None and refusal.why and not refusal.noted:
            refusal.noted = True
            told = Refusal(session.staff, session.point, act, refusal.why)
            told, times = rooms.repeats.take(told, rooms.clock.monotonic_ms())
            if times:
                _write(rooms, told, times, target=target)
        raise


def write_sums(rooms: Rooms, *, last: bool = False) -> None:
    """Journal how often refusals came again in the minute that is over, the last time what there is."""
    for refusal, times in rooms.repeats.due(rooms.clock.monotonic_ms(), last=last):
        _write(rooms, refusal, times)


def _write(rooms: Rooms, refusal: Refusal, times: int, *, target: str = "") -> None:
    """Journal one; while the store cannot, it is counted and written later: the refusal stands either way."""
    body = Acted(
        staff=refusal.staff,
        point=refusal.point,
        reason=refusal.why,
        note=refusal.act,
        target=target or None,
        amount=times if times > 1 else None,
    )
    try:
        rooms.sequencer.submit(lambda tx: tx.append(Kind.ATTEMPT_REFUSED, body))
    except StoreError as error:
        rooms.repeats.give_back(refusal, times)
        LOG.warning("a refused act is written down later: %s", error)
