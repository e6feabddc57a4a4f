"""Joined: a word of a profile that says that its guest is known as another one, who is the same person."""

from __future__ import annotations

from collections.abc import Iterable

JOINED = "one:joined"
"""What is dealt of an offer's cap is dealt for a person, under the name that they are known as."""


def is_joined(tags: Iterable[str]) -> bool:
    """Say whether a guest was found to be one person with another, under whose name both are known."""
    return JOINED in tags
