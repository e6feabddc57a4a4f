"""What a driver says where a band, and not its reader, failed."""

from __future__ import annotations


class BandLost(Exception):
    """The band, not the reader, failed: it left, fell silent, or could not be powered."""
