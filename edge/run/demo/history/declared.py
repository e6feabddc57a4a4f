"""Declared: what invented guests said of themselves when they first came, so far as they let it be known."""

from __future__ import annotations

from edge.core.calendar import DAY_MS
from edge.core.consent import TEXT_VERSION, Consent, Namespace, Purpose, Source, topic_of
from edge.run.demo.history.people import Family, Person, dice
from sync.central.registry import segments
from sync.central.registry.tables import guest_table
from sync.central.store import Connection, update

LIKES = ("interest:coffee", "interest:gelato", "interest:photo", "interest:toys")
LIKES_OF_EACH = (1, 1, 2, 3)
"""How many of them somebody named, each as likely."""
ALLOWED = topic_of(Purpose.OFFERS, Namespace.INTEREST)


def likes(seed: int, family: Family) -> dict[str, tuple[str, ...]]:
    """Return what each of a family who allows interests to be known said to like, by guest."""
    chance = dice(seed, family.number, "likes")
    return {
        one.id: tuple(sorted(chance.sample(LIKES, chance.choice(LIKES_OF_EACH))))
        for one in family.people
        if _allows(one)
    }


def said(person: Person, came_ms: int) -> list[Consent]:
    """Return what somebody answered about consents, dated by when they first came."""
    return [
        Consent(
            purpose=word.topic,
            turns=word.turns,
            since_ms=came_ms - DAY_MS * word.after_days,
            source=Source.KIOSK.value,
            text=TEXT_VERSION,
            point="kiosk-1",
        )
        for word in person.words
    ]


def declare(tx: Connection, site: str, family: Family, *, seed: int, at_ms: int) -> None:
    """Keep what a family said of itself as said then: age classes and households came in with the guests."""
    for guest, codes in likes(seed, family).items():
        segments.put(tx, site, guest, codes=codes, since_ms=at_ms)
    own, those = guest_table.c, [one.id for one in family.people]
    there = (own.site_id == site) & own.guest_id.in_(those)
    tx.execute(update(guest_table).where(there).values(changed_ms=at_ms))


def _allows(person: Person) -> bool:
    return any(word.topic == ALLOWED and word.turns % 2 for word in person.words)
