"""Passwords of operators: hashed slowly, and looked at for as long where a name does not exist."""

from __future__ import annotations

import functools
import re
import secrets

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from edge.errors import Refused
from sync.central.console.common import COMMON, is_listed

CHARS_MIN = 8
CHARS_MAX = 256
DIFFERENT_MIN = 4
"""Different characters that a password must have."""
NAME_CHARS_MIN = 2
AROUND = "0123456789!?.,-_ *#$%&+="
LEET = str.maketrans("013457@$", "oleastas")
RUNS = (
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "1q2w3e4r5t6y7u8i9o0p",
)
# OWASP's smaller setting: about a tenth of a second, so that signing in stays cheap for a small machine.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1_024, parallelism=1, type=Type.ID)


def hashed(password: str) -> str:
    """Return the argon2id hash of a password; one too short or too long is refused."""
    if not CHARS_MIN <= len(password) <= CHARS_MAX:
        raise Refused(
            f"A password has {CHARS_MIN} to {CHARS_MAX} characters.",
            hint="Four words in a row are good ones.",
        )
    return _HASHER.hash(password)


def refuse_common(password: str, *own: str) -> None:
    """Refuse a password that is tried early: a known one, a run of keys, the person's or the place's name.

    ``own`` are those words: names of the person, of the sites and of their points.
    """
    typed = password.casefold()
    shapes = {shape for text in _bare(typed) for shape in (text, text.translate(LEET))}
    names = {part for name in own for part in _parts(name) if len(part) > NAME_CHARS_MIN}
    known = shapes & (COMMON | names) or any(map(is_listed, shapes)) or _is_joined(typed, names)
    if known or len(set(typed)) < DIFFERENT_MIN or _is_a_run(typed):
        raise Refused(
            "That password is one of the first that anybody tries.", hint="Four words in a row are good ones."
        )


def _parts(name: str) -> set[str]:
    """Return the words of a name, and all of them in one."""
    words = re.split(r"[\W_]+", name.casefold())
    return {*words, "".join(words)}


def _is_joined(text: str, names: set[str]) -> bool:
    """Say whether a text is nothing but such names, whatever stands between and around them."""
    rest = text
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name, "")
    return rest != text and not any(map(str.isalpha, rest))


def _bare(text: str) -> tuple[str, ...]:
    """Return a text without the figures and signs that people put around a word."""
    return text, text.strip(AROUND), "".join(letter for letter in text if letter.isalpha())


def _is_a_run(text: str) -> bool:
    """Say whether a text walks along the keys, once or again and again."""
    for row in RUNS:
        for line in (row * 2, row[::-1] * 2):
            if text in line * (len(text) // len(line) + 1):
                return True
    return any(len(text) % size == 0 and text == text[:size] * (len(text) // size) for size in range(1, 5))


def fits(password_hash: str | None, password: str) -> bool:
    """Say whether a password is the hashed one; no hash at all costs as much time and fits nothing."""
    try:
        return _HASHER.verify(password_hash or _decoy(), password[:CHARS_MAX])
    except (VerificationError, InvalidHashError):
        return False


@functools.cache
def _decoy() -> str:
    return _HASHER.hash(secrets.token_bytes(32))
