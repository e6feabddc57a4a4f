"""Plain words: what a guest typed, with names, addresses and numbers masked before anybody keeps it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from edge.core.cards import masked

NAME, MAIL, NUMBER = "[name]", "[e-mail]", "[number]"
NAME_CHARS_MIN = 3
"""A shorter name is a word of some language."""
_AT = r"@|\s?[(\[{]\s?(?:@|at|chiocciola|arroba|arobase)\s?[)\]}]\s?"
_MAIL = re.compile(rf"[^\s@<>]+(?:{_AT})[^\s@<>]+\.[^\s@<>.,;:!?]+", re.IGNORECASE)
"""An address, also one that hides its sign from machines."""
_DOCUMENT = re.compile(r"\b(?=\d*[a-z])(?=(?:[a-z]*\d){5})[a-z\d]{7,}\b", re.ASCII | re.IGNORECASE)
"""Letters with five digits or more in one word: a card of identity, a passport, a tax code."""
_NUMBER = re.compile(r"\+?\d(?:[ ./()-]{0,2}\d){6,}", re.ASCII)
"""Seven digits or more, however they are grouped: a telephone, an account, a document."""
_TITLES = (
    r"signor[ae]?|sig\.?(?:ra|na)?|dott\.?(?:ssa|or(?:e|essa))?|mr|mrs|ms|miss|mister|sir|madam|herrn?|frau"
    r"|monsieur|madame|mademoiselle|mme|mlle|señor(?:a|ita)?|sr|sra|srta|don|doña|dra?|do[ck]tor|docteur"
)
_SAID_OF_ONESELF = (
    r"my name is|mi chiamo|ich hei(?:ß|ss)e|mein name ist|je m['\u2019]appelle|me llamo|mi nombre es"
)
_GOES_ON = (
    r"and|but|i|from|not|on|in|wrong|spelled|spelt|misspelled|missing|e|ed|ma|sono|ho|vengo|non|und|aber|ich|bin"
    r"|habe|aus|nicht|falsch|et|mais|je|suis|y|pero|soy|he|no"
)
_LARGE = r"(?-i:[^\W\d_a-zà-öø-ÿ][\w'\u2019-]*)"
_NAMED = rf"(?!(?:{_GOES_ON})\b)[^\W\d_][\w'\u2019-]*"
_CALLED = re.compile(
    rf"(?P<titles>(?:\b(?:{_TITLES})\.?\s+)+)(?!(?:{_TITLES})\b){_LARGE}(?:\s+{_LARGE})?"
    rf"|(?P<said>\b(?:{_SAID_OF_ONESELF})\s+){_NAMED}(?:\s+{_NAMED})?",
    re.IGNORECASE,
)
"""A title and up to two words that begin large, or what somebody says they are called, in haste all small."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_FAMILY = re.compile(r"\[name\](?:\s+(?:\[name\]|[A-ZÀ-ÖØ-Þ][\w'\u2019-]*))+")
"""A masked name and what stands behind it as a family's does."""
_ROLES = (
    r"kellner(?:in)?|bedienung|mitarbeiter(?:in)?|chef(?:in)?|barista|koch|köchin|cameriere|cameriera|cuoc[oa]"
    r"|waiter|waitress|serveu(?:r|se)|camarer[oa]"
)
_BEFORE = re.compile(
    rf"(?<![.!?\s])(?P<space>\s+)(?:(?!(?i:{_TITLES}|{_ROLES})\b)[A-ZÀ-ÖØ-Þ][\w'\u2019-]+\s+)+\[name\]"
)
"""The same before it, where no sentence begins: whoever fills in a form says the family first."""


def _folded(word: str) -> str:
    """Return a word as it is compared: whoever types in haste leaves accents out."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))


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
GIVEN = frozenset((*_COMMON.split(), *map(_folded, _COMMON.split())))
"""Given names that are common where our five languages are spoken."""
_TOO = "alice barbara charlotte chiara christian jack jean linda lisa manuel massimo olivier pierre sara"
_WORDS_TOO = frozenset(_TOO.split())
"""Those that are ordinary words somewhere: they are names only where they begin large."""


def plain(text: str, names: Iterable[str] = ()) -> str:
    """Return a text without card numbers, addresses, long numbers and names, each masked by a word.

    ``names`` are those that are known where it is said: of staff, and of who says it. Beside them go words
    after a title, and common given names, typed small or large, with what stands beside them as a family's
    does; a rare name that stands alone is not found.
    """
    known = {_folded(part) for name in names for part in _WORD.findall(name) if len(part) >= NAME_CHARS_MIN}
    told = _MAIL.sub(MAIL, masked(unicodedata.normalize("NFC", text)))
    told = _NUMBER.sub(NUMBER, _DOCUMENT.sub(NUMBER, told))
    told = _CALLED.sub(lambda found: f"{found['titles'] or found['said']}{NAME}", told)
    told = _WORD.sub(lambda found: NAME if _is_name(found[0], known) else found[0], told)
    return _BEFORE.sub(lambda found: f"{found['space']}{NAME}", _FAMILY.sub(NAME, told))


def _is_name(word: str, known: set[str]) -> bool:
    small = word.lower()
    return _folded(word) in known or (small in GIVEN and (word[:1].isupper() or small not in _WORDS_TOO))
