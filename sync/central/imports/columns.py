"""Columns: what an operator's file may hold, and the words it may say there."""

from __future__ import annotations

from edge.core.bands import Trust
from edge.core.entitlements import Status

COLUMNS = (
    "guest",
    "name",
    "language",
    "tier",
    "tags",
    "age_band",
    "height_cm",
    "party",
    "party_size",
    "party_role",
    "uid",
    "chip",
    "label",
    "entitlement",
    "product",
    "status",
    "valid_from",
    "valid_until",
)
"""Every column an import knows; only ``guest`` is demanded."""
LINE_CHARS_MAX = 4_096
TAGS_MAX = 16
UID_LENGTHS = (4, 7, 8, 10)
LANGUAGES = ("it", "en", "fr", "de", "es")
PARTY_ROLES = ("adult", "child")
STATUSES = {status.value: status for status in Status}
CHIPS = {
    "": Trust.UID,
    "ntag424": Trust.SUN,
    "felica_lite_s": Trust.UID,
    "ntag213": Trust.UID,
    "ntag216": Trust.UID,
}
"""What a kind of chip must prove at the least once it is linked; more is each point's own demand."""
KEYED_CHIPS = frozenset({"ntag424", "felica_lite_s"})
"""Chips with keys of their own."""
