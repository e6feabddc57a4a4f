"""What a site remembers of a band between two taps, and how one decision changes it."""

from __future__ import annotations

import msgspec

from edge.core.bands import BandState
from edge.core.entitlements import Use


class Location(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a band is, as computed from its last valid passage; ``zone`` None = outside."""

    zone: str | None
    since_ms: int
    point: str
    device: str
    people: int = 1
    """How many passed with this band: an exit gives back as many places."""
    tap_id: str = ""
    """The tap that brought it here; empty where staff did."""


class Confirmed(msgspec.Struct, frozen=True, array_like=True):
    """Staff confirmed ``what`` (``height``, ``age``, ``photo``) on the site's local date ``day``."""

    what: str
    day: str
    least: int = 0
    """What was seen to be reached: so many centimetres or years."""


class Held(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """The site's own memory of one band, beside the profile; empty for a band that was never here."""

    state: BandState = BandState.ACTIVE
    """What this site knows (reported lost, replaced here, revoked urgently), within ``epoch``."""
    epoch: int = 0
    counter: int = 0
    """The highest tap counter seen."""
    counter_tap: str = ""
    """The tap that brought it: the same tap judged again is no replay."""
    location: Location | None = None
    last: Location | None = None
    """The passage before the present location was set: where the last entry was, also after an exit."""
    entries: tuple[Location, ...] = ()
    """The entries that led to ``location``, outermost zone first: when and where each zone was entered."""
    confirmed: tuple[Confirmed, ...] = ()
    uses: tuple[Use, ...] = ()
    """Uses of the rights under judgement, at every device known here, oldest scan key first."""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a decision changes; the sequencer writes it with the event, in one transaction.

    ``zone_deltas`` counts people: +1 per person who came into a zone, -1 per person who left it.
    """

    held: Held | None = None
    """The band's new memory without its uses; None: unchanged."""
    uses: tuple[Use, ...] = ()
    """Uses to add, or (same entitlement and ordinal) to change."""
    zone_deltas: tuple[tuple[str, int], ...] = ()
    slot_deltas: tuple[tuple[str, int], ...] = ()
    """Places taken of booked times, by their keys: +1 per person let in, -1 per person taken back."""
