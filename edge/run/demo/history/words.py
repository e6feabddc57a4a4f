"""Words: what guests of the past said of what they bought, one purchase in three; some things please less."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from edge.core.feedback import FACES, UNHAPPY_MAX, Because, FeedbackGiven
from edge.run.demo.history.deeds import Past, Sale

ONE_IN = 3
PLEASES = (3, 4, 4, 5, 5, 5, 5, 5)
DISPLEASES = (1, 2, 2, 3, 4, 4, 5, 5)
"""Faces by how a thing is liked, each as likely as the others."""
SORE = frozenset({"ristorante-2", "citta-1"})
"""Where people are less content: a kitchen that is slow, and a shelf that is dear."""


def words_of(past: Past) -> Iterator[FeedbackGiven]:
    """Yield the words of a family's purchases."""
    yield from (word for _, word in dated(past))


def dated(past: Past) -> Iterator[tuple[Sale, FeedbackGiven]]:
    """Yield each with its purchase: words follow from these, and draw no chance of their own."""
    for at, sale in enumerate(past.sales):
        drawn = hashlib.blake2b(f"{past.family.number}/{at}/{sale.day}/{sale.minute}".encode()).digest()
        if sale.guest and drawn[0] % ONE_IN == 0:
            yield sale, _word(sale, drawn)


def _word(sale: Sale, drawn: bytes) -> FeedbackGiven:
    faces = DISPLEASES if sale.point in SORE else PLEASES
    score = faces[drawn[1] % len(faces)]
    reasons = (Because.WAITING, Because.WAITING, Because.PRICE, Because.PRODUCT)
    because = reasons[drawn[2] % len(reasons)].value if score <= UNHAPPY_MAX else ""
    articles = tuple(article for article, _ in sale.lines)
    return FeedbackGiven(score=min(score, FACES[-1]), point=sale.point, because=because, articles=articles)
