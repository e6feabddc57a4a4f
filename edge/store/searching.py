"""Searching: which rows may be those of a name, a guest or a band, in a file where all of that is blinded."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from edge.core.profiles import Profile
from edge.store.profilefile import folded, start_of
from edge.vault import Vault


def searches(vault: Vault, text: str) -> Iterable[tuple[str, tuple[int, ...]]]:
    """Yield the queries that find candidates for a text, each with its bounds."""
    yield "profiles_by_guest", (vault.blind(b"guest " + text.encode()),)
    name = folded(text)
    yield "profiles_by_name", (vault.blind(b"name " + name.encode()),)
    start = start_of(vault, name)
    if start is not None:
        yield "profiles_by_start", (start,)
    with suppress(ValueError):
        low = int(text[:16].ljust(16, "0"), 16)
        high = int(text[:16].ljust(16, "f"), 16)
        yield "profiles_by_key", (low >> 1, high >> 1)


def answers(profile: Profile, text: str) -> bool:
    """Say whether an opened profile is one that was looked for: blinded words are equal by chance, too."""
    named = folded(profile.name).startswith(folded(text))
    return named or profile.guest == text or profile.band.id.hex().startswith(text[:16].lower())
