"""Heard: one advertisement of one band at one receiver, and what is known of that receiver."""

from __future__ import annotations

import enum

import msgspec


class Nearness(enum.StrEnum):
    """How near a guest is thought to be; metres are promised to nobody."""

    AT_KIOSK = "at_kiosk"
    """Before the kiosk that the receiver stands at, at arm's length."""
    IN_AREA = "in_area"
    """Nearer to this area's receivers than to those of any other."""
    IN_VENUE = "in_venue"
    """Heard by any receiver at all, or came in by a tap."""


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A band was heard: ``at_ms`` on the machine's monotonic clock, ``rssi`` in whole dBm.

    Whose band it is was resolved before; nothing of the air (address, changing identity) is in here.
    """

    band: bytes
    """BandId of a guest who consents."""
    receiver: str
    """Name of the receiver, as configured."""
    at_ms: int
    rssi: int
    power_1m: int | None = None
    """What the frame says that it is heard with at one metre; a calibrated receiver knows better."""


class Receiver(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A radio as presence sees it: where it stands, and how loud a band is one metre away from it."""

    name: str
    area: str = ""
    """Receivers of one area share it; empty: it only tells that somebody is in the venue."""
    point: str = ""
    """The kiosk that it stands at; empty: none, nobody is ever at a kiosk by it."""
    ref_1m_dbm: int | None = None
    """Median of a minute at one metre (`polso calibrate`); None: what each frame says of itself."""
    coarse: bool = False
    """Whether its levels come in steps of 8 dB: privacy mode."""
