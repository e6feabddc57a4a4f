"""Verdicts: what the rulebook says of one question, inside its transaction; asked once and used by all."""

from __future__ import annotations

from typing import NamedTuple

from edge.core.entry import decide
from edge.core.facts import Facts, Ruling
from edge.service.facts import Asked, gather
from edge.store.transaction import Transaction


class Verdict(NamedTuple):
    """A question, the facts that were gathered for it, and the ruling on them; nothing is written yet."""

    asked: Asked
    facts: Facts
    ruling: Ruling

    @property
    def band(self) -> bytes | None:
        """Who was presented."""
        return self.asked.presented.band


def judge(tx: Transaction, asked: Asked, device: str) -> Verdict:
    """Gather what is known here and judge it; later acts of the batch see what this one changes."""
    facts = gather(tx, asked, device)
    return Verdict(asked, facts, decide(facts))
