"""Plain words: what a guest typed, with names, addresses and numbers masked before anybody keeps it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from edge.core.cards import masked

NAME, MAIL, NUMBER = "[name]", "[e-mail]", "[number]"
NAME_CHARS_MIN = 3
"""A shorter name is a word of some language."""
_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.,;:!?]+")
_NUMBER = re.compile(r"\+?\d(?:[ ./()-]{0,2}\d){6,}", re.ASCII)
"""Seven digits or more, however they are grouped: a telephone, an account, a document."""
_TITLES = (
    r"signor[ae]?|sig\.?(?:ra|na)?|dott\.?(?:ssa)?|mr|mrs|ms|miss|mister|sir|madam|herrn?|frau"
    r"|monsieur|madame|mademoiselle|mme|mlle|señor(?:a|ita)?|sr|sra|srta|don|doña"
)
_SAID_OF_ONESELF = (
    r"my name is|mi chiamo|ich hei(?:ß|ss)e|mein name ist|je m['\u2019]appelle|me llamo|mi nombre es"
)
_CALLED = re.compile(
    rf"(?P<before>\b(?:{_TITLES})\.?\s+|\b(?:{_SAID_OF_ONESELF})\s+)"
    r"(?-i:(?P<name>[^\W\d_a-zà-öø-ÿ][\w'\u2019-]*(?:\s+[^\W\d_a-zà-öø-ÿ][\w'\u2019-]*)?))",
    re.IGNORECASE,
)
"""A title or somebody who says what they are called, and up to two words that begin large."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_FAMILY = re.compile(r"\[name\](?:\s+(?:\[name\]|[A-ZÀ-ÖØ-Þ][\w'\u2019-]*))+")
"""A masked name and what stands behind it as a family's does."""
_COMMON = (
    "alberto alejandro alessandro alexander alice ana andrea andreas andrew anja anna anthony antoine "
    "antonella antonio barbara beatrice beatriz benjamin bernard birgit camille carla carlo carlos "
    "carmen catherine charles charlotte chiara chloé christian christina christophe christopher "
    "claudia cristina céline daniel david davide deborah diego dieter edward elena elisa elizabeth "
    "emily emma emmanuel enrico fabio federica federico felix fernando filippo florence florian "
    "francesca francesco francisco franziska françois gabriele george giacomo gianni giorgia giorgio "
    "giovanni giulia giuseppe guadalupe guillaume hans harry heike helga hugo hélène ilaria isabel "
    "isabelle jack jacques james javier jean jennifer jessica johannes john jonas jorge joseph josé "
    "juan julia julien julián jürgen karen karin katharina kevin klaus laura lena linda lisa lorenzo "
    "louis luca lucia luigi luis lukas léa manfred manon manuel marco margaret maria mario markus "
    "martina massimo mathieu matteo matthew matthias michael michela michele miguel monica monika "
    "montserrat nancy nathalie nicola nicolas oliver olivier pablo paola paolo patricia paul pedro "
    "peter petra philippe pierre pietro rafael ramón raquel riccardo richard robert roberto rodrigo "
    "sabine samuel sandra sandrine sara sarah sebastian sergio silvia simone sofia sophie stefan "
    "stefania stefano stephen steven stéphane susan susanne sylvie teresa thierry thomas tommaso "
    "ursula uwe valentina valérie vicente vincenzo véronique william wolfgang yves "
)
GIVEN = frozenset(_COMMON.split())
"""Given names that are common where our five languages are spoken, and no ordinary words there."""


def plain(text: str, names: Iterable[str] = ()) -> str:
    """Return a text without card numbers, addresses, long numbers and names, each masked by a word.

    ``names`` are those that are known where it is said: of staff, and of who says it. Beside them go words
    after a title, and common given names with what follows them; a rare name that stands alone is not found.
    """
    known = {_folded(part) for name in names for part in _WORD.findall(name) if len(part) >= NAME_CHARS_MIN}
    told = _NUMBER.sub(NUMBER, _MAIL.sub(MAIL, masked(unicodedata.normalize("NFC", text))))
    told = _CALLED.sub(lambda found: f"{found['before']}{NAME}", told)
    told = _WORD.sub(lambda found: NAME if _is_name(found[0], known) else found[0], told)
    return _FAMILY.sub(NAME, told)


def _is_name(word: str, known: set[str]) -> bool:
    return _folded(word) in known or (word[:1].isupper() and word.lower() in GIVEN)


def _folded(word: str) -> str:
    """Return a word as it is compared: whoever types in haste leaves accents out."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))
