"""Plain: words in signs that a receipt printer of five languages has, and which of them it has not."""

from __future__ import annotations

import unicodedata

PAGE = "cp858"
"""Code page 858: Latin letters of the five languages, and the euro."""
INSTEAD = {
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2011": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2026": "...",
    "\u0152": "OE", "\u0153": "oe", "\u2022": "·",
}  # fmt: skip
"""Signs that printed pages have another one for."""


def on_paper(text: str) -> str:
    """Return a text as a receipt printer writes it; where it has no sign at all stands a question mark."""
    return "".join(_printed(sign) for sign in text)


def unprintable(text: str) -> str:
    """Return the signs of a text for which a receipt would have a question mark."""
    return "".join(dict.fromkeys(sign for sign in text if sign != "?" and "?" in _printed(sign)))


def _printed(sign: str) -> str:
    sign = INSTEAD.get(sign, sign)
    if _has(sign):
        return sign
    bare = "".join(one for one in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(one))
    return bare if bare and bare.isprintable() and _has(bare) else "?"


def _has(text: str) -> bool:
    try:
        text.encode(PAGE)
    except UnicodeEncodeError:
        return False
    return text.isprintable()
