"""Unread: what of central's feed made no sense here, kept by name until it does or is gone."""

from __future__ import annotations

import msgspec

UNREAD = "unread"
"""Kind under which it lies among what is told of the site; central itself cannot tell any of it."""
KEPT_MAX = 500
NAMED_MAX = 3
"""So many are named to people; the others are counted."""
NAME_CHARS_MAX = 60
WHY_CHARS_MAX = 120


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """Which version of a thing was refused, and why."""

    version: int
    why: str


class Unread(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Each refused thing under kind and key, the newest version of it."""

    faults: dict[str, Fault] = {}
    more: int = 0
    """Refused ones beyond those that are kept by name."""

    @property
    def count(self) -> int:
        """How many were refused and are not mended."""
        return len(self.faults) + self.more

    @property
    def first(self) -> int:
        """Version of the oldest one that is kept by name."""
        return min((fault.version for fault in self.faults.values()), default=0)


def with_fault(unread: Unread, name: str, fault: Fault) -> Unread:
    """Return what is refused and one thing more, or that thing anew."""
    if name not in unread.faults and len(unread.faults) == KEPT_MAX:
        return msgspec.structs.replace(unread, more=unread.more + 1)
    short = Fault(fault.version, fault.why[:WHY_CHARS_MAX])
    return msgspec.structs.replace(unread, faults={**unread.faults, name: short})


def without(unread: Unread, name: str) -> Unread:
    """Return what is refused without a thing that makes sense now, or is gone."""
    if name not in unread.faults:
        return unread
    left = {one: fault for one, fault in unread.faults.items() if one != name}
    return msgspec.structs.replace(unread, faults=left)


def in_words(unread: Unread) -> str:
    """Return what an operator is told of it; empty where nothing is refused."""
    if not unread.count:
        return ""
    named = list(unread.faults.items())[-NAMED_MAX:]
    told = "; ".join(f"{_shown(name)}: {fault.why}" for name, fault in named)
    return f"{unread.count} of the things it told make no sense here, as {told}"


def _shown(name: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in name[:NAME_CHARS_MAX])
