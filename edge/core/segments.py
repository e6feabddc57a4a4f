"""Segments: codes of what a guest belongs to, and which of them a consent lets anybody see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from edge.core.birthday import BIRTHDAY
from edge.core.climb import CLIMB
from edge.core.consent import ON_THE_SPOT, Channel, Consent, Namespace, Purpose, may
from edge.core.joined import JOINED
from edge.core.profiles import SPEAKS
from edge.core.unfinished import MARKS
from edge.core.visits import VISITS
from edge.core.waiting import WAITS

CENTRALS = (SPEAKS, WAITS, JOINED, VISITS, CLIMB, BIRTHDAY, *MARKS)
"""How words of a profile begin that central tells its devices: each is shown, if at all, for what it says."""
SEGMENTS_MAX = 32
"""Codes of one guest."""
CODE_CHARS_MAX = 40
_CODE = re.compile(r"[a-z]+:[a-z0-9][a-z0-9_.-]*")


def namespace_of(code: str) -> str:
    """Return the part of a guest that a code tells of: what stands before its colon."""
    return code.partition(":")[0]


def is_code(code: str) -> bool:
    """Say whether this is a segment's code, as ``behaviour:coffee`` or ``demographic:language.it``."""
    known = namespace_of(code) in frozenset(Namespace)
    return known and len(code) <= CODE_CHARS_MAX and _CODE.fullmatch(code) is not None


def plain(tags: Iterable[str]) -> tuple[str, ...]:
    """Return an operator's own words: no door asks what somebody belongs to, speaks or waits for."""
    return tuple(tag for tag in tags if not is_code(tag) and not tag.startswith(CENTRALS))


def covered(
    codes: Iterable[str], consents: Sequence[Consent], channels: Iterable[Channel] = ON_THE_SPOT
) -> tuple[str, ...]:
    """Return the codes that a guest lets be used by any of these ways; no others exist for who asks."""
    ways = tuple(channels)
    open_ = {
        name
        for name in Namespace
        if any(may(consents, Purpose.OFFERS, name, channel=channel) for channel in ways)
    }
    kept = (code for code in codes if is_code(code) and namespace_of(code) in open_)
    return tuple(sorted(set(kept))[:SEGMENTS_MAX])
