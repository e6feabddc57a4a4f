"""Dismissal: central has revoked this device, so it forgets the people it knew and decides no more."""

from __future__ import annotations

import logging
import time

from edge.core.events import Acted, Kind, Lane
from edge.sequencer import Sequencer
from edge.store.profiles import Profiles
from edge.store.transaction import Transaction

LOG = logging.getLogger("polso.dismissal")
KEPT, WORD = "sync", "revoked"
TRIES_MAX = 200
TRY_S = 0.02
"""A reader holds what was deleted for some milliseconds; then it is gone."""


class Dismissal:
    """Whether this device was dismissed; ``obey`` is called with central's signed word, and only then."""

    def __init__(self, sequencer: Sequencer, profiles: Profiles) -> None:
        """Begin in office; ``recall`` says whether that is so."""
        self._sequencer, self._profiles = sequencer, profiles
        self._given = False

    @property
    def given(self) -> bool:
        """Whether this device may decide no more."""
        return self._given

    def recall(self) -> None:
        """Remember an earlier word after a start, and go on where forgetting was cut short."""
        if (
            self._sequencer.writable()[0]
            and self._sequencer.submit(lambda tx: tx.get(KEPT, WORD)) is not None
        ):
            self._given = True
            self._forget()

    def obey(self) -> None:
        """Stop deciding at once and durably, then forget everybody; told again, it has nothing to do."""
        if self._given:
            return
        self._sequencer.submit(_note)
        self._given = True
        LOG.warning("dismissed: central has revoked this device")
        self._forget()

    def _forget(self) -> None:
        """Delete all that is kept of people, until no byte of it is in any file."""
        for _ in range(TRIES_MAX):
            profiles_gone = self._profiles.forget()
            if self._sequencer.erase_ghosts(people=True) and profiles_gone:
                return
            time.sleep(TRY_S)
        LOG.error("a reader holds what was forgotten: it goes at the next start")


def _note(tx: Transaction) -> None:
    tx.put(KEPT, WORD, b"1")
    tx.append(Kind.DEVICE_REVOKED, Acted(), lane=Lane.PRIORITY)
