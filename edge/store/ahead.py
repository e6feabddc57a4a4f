"""What was read ahead for one tap: asking costs more than what is found, so it is asked once."""

from __future__ import annotations

from typing import NamedTuple

from edge.store.records import Row


class Ahead(NamedTuple):
    """What the tables say of one tap and its band: asking costs more than what is found, so ask once."""

    tap_id: str
    link: str
    band: bytes
    entitlements: tuple[str, ...]
    rows: tuple[list[Row], list[Row], list[Row]]
    """Of the answer, of the link made here, of the band and its uses."""
