"""Common passwords: what breached sets begin with, and the words of five languages and of this trade."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from functools import cache
from importlib import resources

LISTED = """
password passwort passwd parola parolachiave motdepasse contrasena contraseña kennwort welcome welcomeback
benvenuto benvenuti bienvenue willkommen bienvenido letmein iloveyou tiamo jetaime ichliebedich teamo
sunshine princess principessa football calcio fussball baseball basketball superman batman spiderman dragon
monkey shadow master michael jennifer jordan hunter trustno starwars pokemon computer internet whatever
freedom charlie hello hallo ciao ciaociao bonjour hola amore amoremio tesoro forzaitalia juventus inter
milan napoli roma barcelona realmadrid bayern liverpool chelsea arsenal schalke summer winter spring autumn
estate inverno sommer printemps verano january monday lunedi montag changeme changeit default secret geheim
segreto admin administrator administrador operator operatore supervisor root guest test testtest tester demo
polso polsopolso magicband parco park themepark login access accesso zugang qwertz qwertzuiop azerty
azertyuiop passwordpassword letmeinnow mustang corvette ferrari porsche cookie cheese chocolate cioccolato
flower blumen samantha alexander andrea francesco alessandro giuseppe
"""
COMMON = frozenset(LISTED.split())
"""Without the figures and signs that people put around them."""
NAME_BYTES = 6


def is_listed(password: str) -> bool:
    """Say whether a password is one of the 11,600 of eight characters and more that thieves try first."""
    return _name(password) in _Names(_listed())


class _Names:
    """Names of equal length, sorted, one after another."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def __len__(self) -> int:
        return len(self._octets) // NAME_BYTES

    def __getitem__(self, place: int) -> bytes:
        return self._octets[place * NAME_BYTES : (place + 1) * NAME_BYTES]

    def __contains__(self, name: bytes) -> bool:
        place = bisect_left(self, name)
        return place < len(self) and self[place] == name


def count() -> int:
    """Return how many there are."""
    return len(_Names(_listed()))


def _name(password: str) -> bytes:
    # Not kept of anybody: the list was public before.
    return hashlib.blake2b(
        password.casefold().encode(), digest_size=NAME_BYTES, person=b"polso common"
    ).digest()


@cache
def _listed() -> bytes:
    return (resources.files(__package__) / "common.bin").read_bytes()
