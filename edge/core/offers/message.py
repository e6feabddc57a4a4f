"""A message: what an offer says in one language, short enough for every channel."""

from __future__ import annotations

import msgspec

CHARS: dict[str, int] = {"name": 40, "headline": 40, "body": 160, "terms": 400, "call": 20, "alt": 120}
"""How long each text may be, in characters."""
NEEDED = ("name", "headline", "body", "call")
"""Texts without which there is nothing to show."""


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The words of one language; price and validity are never in them: they come from the offer."""

    name: str
    headline: str
    body: str = ""
    terms: str = ""
    call: str = ""
    """What the button says."""
    image: str = ""
    """Name of a picture that the device has; empty: none."""
    alt: str = ""
    """What the picture shows, for those who do not see it."""


def faults_of(message: Message) -> tuple[str, ...]:
    """Return the names of the texts that are missing or too long; empty: it can be shown everywhere."""
    texts = {name: getattr(message, name) for name in CHARS}
    wanted = (*NEEDED, *(("alt",) if message.image else ()))
    return tuple(
        name for name in CHARS if len(texts[name]) > CHARS[name] or (name in wanted and not texts[name])
    )


def in_language(messages: dict[str, Message], *wanted: str) -> Message | None:
    """Return the words in the first language there is: the guest's, the screen's, then Italian."""
    return next((messages[language] for language in (*wanted, "it") if language in messages), None)
