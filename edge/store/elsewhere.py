"""Elsewhere: what central has told of other devices' counts, as a transaction reads it."""

from __future__ import annotations

from typing import Protocol

import msgspec

from edge.core.elsewhere import KEPT, Limited, Spans, kept_key
from edge.core.pins import Tried

_spans = msgspec.msgpack.Decoder(dict[str, Spans]).decode
_tried = msgspec.msgpack.Decoder(dict[str, Tried]).decode


class Keeps(Protocol):
    """A transaction, as far as small kept things go."""

    def get(self, kind: str, key: str) -> bytes | None:
        """Return one small thing."""


def spans_elsewhere(tx: Keeps, what: Limited, who: str) -> tuple[Spans, ...]:
    """Return how often a person did something on each other device, by quarters of an hour."""
    body = tx.get(KEPT, kept_key(what, who))
    return () if body is None else tuple(_spans(body).values())


def tried_elsewhere(tx: Keeps, what: Limited, who: str) -> tuple[Tried, ...]:
    """Return when a PIN was wrong, and last right, on each other device."""
    body = tx.get(KEPT, kept_key(what, who))
    return () if body is None else tuple(_tried(body).values())
