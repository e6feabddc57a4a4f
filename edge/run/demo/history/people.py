"""Families: who they are by first names alone, what each allowed, and what became of their bands."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from edge.core.consent import Namespace, Purpose, topic_of

SIZES = (1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 4, 5, 3, 3, 2, 3, 4, 1)
"""How many belong together, each line as likely: about 2.6 of them."""
NAMES = {
    "it": ("Alessia", "Bruno", "Chiara", "Davide", "Elisa", "Fabio", "Greta", "Ilaria", "Lorenzo", "Marta",
           "Nadia", "Pietro", "Rosa", "Sergio", "Teresa", "Ugo"),
    "de": ("Anke", "Bernd", "Carla", "Dirk", "Heike", "Ingo", "Jutta", "Karl", "Lena", "Uwe"),
    "fr": ("Adèle", "Benoît", "Camille", "Denis", "Élise", "Fabien", "Inès", "Julien", "Lucie", "Rémi"),
    "en": ("Amy", "Ben", "Clara", "Daniel", "Ellie", "Fred", "Grace", "Harry", "Isla", "Jack"),
    "es": ("Alba", "Carlos", "Diana", "Elena", "Hugo", "Inés", "Jorge", "Lola", "Mateo", "Rocío"),
}  # fmt: skip
LANGUAGES = ("it", "it", "it", "it", "it", "de", "de", "fr", "en", "es")
ADULT_AGES, CHILD_AGES = ("18-29", "30-44", "30-44", "45-59", "60+"), ("3-5", "6-8", "9-11", "12-14")
DOMAINS = ("posta.example", "lettere.example", "corriere.example")
NOTHING_OF_100, OFFERS_OF_82, PRESENCE_OF_82, BACK_OF_100 = 18, 62, 35, 4
"""Of a hundred adults 18 allow nothing; of the other 82, 62 offers and 35 presence; some take it back."""
PARTS = ((Namespace.BEHAVIOUR, 80), (Namespace.INTEREST, 70), (Namespace.DEMOGRAPHIC, 40))
"""Of a hundred who allow offers so many allow them by what is known of each part."""
LOST_OF_1000, REPLACED_OF_1000, CLONED_OF_1000 = 9, 16, 18
"""Bands of a thousand: up to the first number lost, then replaced, then copied by somebody."""


class Word(NamedTuple):
    """What somebody said of a topic, and how many days before they came first or after."""

    topic: str
    turns: int
    after_days: int


class Person(NamedTuple):
    """One invented guest."""

    id: str
    name: str
    language: str
    age_band: str
    height_cm: int
    is_child: bool
    uid: bytes
    fate: str
    """What became of the band: nothing, ``lost``, ``replaced`` or ``cloned``."""
    spare: bytes
    """The band that came in its place."""
    email: str
    words: tuple[Word, ...]


class Family(NamedTuple):
    """Who comes together; ``wallet`` is empty where they pay by cash."""

    number: int
    wallet: str
    regular: bool
    """They live near, and come often."""
    people: tuple[Person, ...]


def families(seed: int, guests: int) -> Iterator[Family]:
    """Yield families until there are so many guests; fewer guests are the first of more."""
    left, number = guests, 0
    while left > 0:
        made = _family(seed, number, left)
        left -= len(made.people)
        number += 1
        yield made


def dice(seed: int, number: int, what: str) -> Random:
    """Return the chance of one family in one matter: nobody else's life changes it."""
    return Random(f"{seed}/{number}/{what}")  # noqa: S311 - invented people, nothing secret


def _family(seed: int, number: int, most: int) -> Family:
    chance = dice(seed, number, "people")
    size = min(chance.choice(SIZES), most)
    language = chance.choice(LANGUAGES)
    adults = 1 if size == 1 else 2
    people = tuple(
        _person(seed, (number, place), chance, language=language, child=place >= adults)
        for place in range(size)
    )
    pays = chance.randrange(100) < 45
    wallet = f"w-h{number:05}" if pays else ""
    return Family(number, wallet, chance.randrange(100) < 15, people)


def _person(seed: int, at: tuple[int, int], chance: Random, *, language: str, child: bool) -> Person:
    number, place = at
    name = chance.choice(NAMES[language])
    digest = hashlib.blake2b(f"{seed}/{number}/{place}".encode(), digest_size=5).hexdigest()
    lot = chance.randrange(1_000)
    fate = (
        "lost"
        if lot < LOST_OF_1000
        else "replaced"
        if lot < REPLACED_OF_1000
        else "cloned"
        if lot < CLONED_OF_1000
        else ""
    )
    return Person(
        id=f"g-h{digest}",
        name=name,
        language=language,
        age_band=chance.choice(CHILD_AGES if child else ADULT_AGES),
        height_cm=chance.randrange(95, 150) if child else chance.randrange(152, 196),
        is_child=child,
        uid=bytes.fromhex(f"04D0{number:06X}{place:02X}01"),
        fate=fate,
        spare=bytes.fromhex(f"04D1{number:06X}{place:02X}01"),
        email=f"{_plain(name)}.{number}@{chance.choice(DOMAINS)}" if place == 0 else "",
        words=() if child else _words(chance),
    )


def _words(chance: Random) -> tuple[Word, ...]:
    """Return what an adult said: each yes for itself, and the channels away from the spot, too."""
    if chance.randrange(100) < NOTHING_OF_100:
        return ()
    topics: list[str] = []
    if chance.randrange(82) < OFFERS_OF_82:
        topics += _offers(chance)
    if chance.randrange(82) < PRESENCE_OF_82:
        topics.append(Purpose.PRESENCE.value)
    if not topics or chance.randrange(100) < 40:
        topics.append(Purpose.RESEARCH.value)
    back = chance.randrange(100) < BACK_OF_100
    return tuple(Word(topic, 2 if back else 1, chance.randrange(3)) for topic in topics)


def _offers(chance: Random) -> list[str]:
    named = [name for name, of in PARTS if chance.randrange(100) < of]
    topics = [topic_of(Purpose.OFFERS), *(topic_of(Purpose.OFFERS, one) for one in named)]
    ways = [way for way, of in (("email", 60), ("app", 50)) if chance.randrange(100) < of]
    return topics + [f"{topic}@{way}" for topic in topics for way in ways]


def _plain(name: str) -> str:
    """Return a first name as an address can spell it."""
    kept = name.lower().translate(str.maketrans("àéèëêîïíìóòôöúùûüçñ", "aeeeeiiiioooouuuucn"))
    return "".join(letter for letter in kept if letter.isascii() and letter.isalpha()) or "guest"
