"""The desk's half of the wire: what whoever writes bands asks of central, one step at a time."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Act = Literal["newest", "roll", "keys", "begin", "note", "finish", "retire", "resolver", "radio"]
UID_BYTES_MAX = 10
WORDS_CHARS_MAX = 200
TOKEN_CHARS_MAX = 128


class Beacon(msgspec.Struct, frozen=True, kw_only=True):
    """What a band of another maker says of itself when it is registered (Eddystone-EID)."""

    public: Annotated[bytes, Meta(min_length=32, max_length=32)]
    """Its half of the agreement, an X25519 public key."""
    clock_s: Annotated[int, Meta(ge=0, lt=2**32)]
    """What its clock shows."""
    identity: Annotated[bytes, Meta(min_length=8, max_length=8)]
    """By what it goes at that moment: the proof that both sides hold one key."""


class DeskStep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step at a desk: the token from the console, what is done, and to which band."""

    token: Annotated[str, Meta(max_length=TOKEN_CHARS_MAX)]
    act: Act
    uid: Annotated[bytes, Meta(max_length=UID_BYTES_MAX)] = b""
    version: Annotated[int, Meta(ge=0, le=255)] = 0
    step: Annotated[str, Meta(max_length=WORDS_CHARS_MAX)] = ""
    guest: Annotated[str, Meta(max_length=WORDS_CHARS_MAX)] = ""
    label: Annotated[str, Meta(max_length=WORDS_CHARS_MAX)] = ""
    beacon: Beacon | None = None
    """Whose radio it is; none: a band of our own, which gets a new key."""

    def __repr__(self) -> str:
        """Name the act, never the token or the band's identifier."""
        return f"DeskStep(act={self.act!r})"


class DeskAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What central says to a step: the version in force, this one band's keys, or its BandId."""

    version: int = 0
    keys: dict[int, bytes] = {}
    band: str = ""
    radio: bytes = b""
    """The site's public half, or the new identity key of a band of our own."""

    def __repr__(self) -> str:
        """Show no key."""
        return f"DeskAnswer(version={self.version}, band={self.band!r})"
