"""Who is about, as the room at the edge knows it."""

from __future__ import annotations

from edge.core.presence import Heard, Receiver
from edge.presence import Presence

BAND, OTHER = b"\x01" * 16, b"\x02" * 16


def test_band_of_nobody_who_consents_leaves_no_trace() -> None:
    presence = Presence([Receiver(name="hall")], lambda band: band == BAND)
    presence.hear(Heard(BAND, "hall", 1_000, -60))
    presence.hear(Heard(OTHER, "hall", 1_000, -60))
    presence.hear(Heard(BAND, "elsewhere", 2_000, -60))
    assert presence.heard_since(0) == {BAND}
    assert presence.heard_since(1_001) == frozenset()
