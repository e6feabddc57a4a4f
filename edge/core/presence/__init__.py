"""Presence: where a guest is, as far as a band that is heard by radio can tell; it authorises nothing."""

from __future__ import annotations

from edge.core.presence.heard import Heard, Nearness, Receiver
from edge.core.presence.whereabouts import Moved, Whereabouts

__all__ = ["Heard", "Moved", "Nearness", "Receiver", "Whereabouts"]
