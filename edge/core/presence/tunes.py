"""The tunes: how near is near, for each zone that somebody can be in."""

from __future__ import annotations

from msgspec.structs import replace

from edge.core.presence.latch import Tune

AT_KIOSK = Tune(
    enter_db=0,
    enter_ms=1_000,
    below_db=6,
    halvings_max=3,
    drop_db=16,
    fade_ms=5_000,
    exit_db=(-21, -5),
    exit_ms=2_000,
)
"""Within 1.5 m or so; found on seeds of their own, measured on others (.docs/decisions/0028)."""
AT_KIOSK_COARSE = replace(AT_KIOSK, drop_db=20, exit_db=(-25, -9))
"""The same by levels in steps of 8 dB: one step is noise, two are a way off."""
IN_AREA = Tune(enter_db=-19, enter_ms=1_000, drop_db=60, fade_ms=60_000, exit_db=(-28, -28), exit_ms=4_000)
"""Within 8 m or so: at path loss 2.2 that is 20 dB below one metre."""
