"""Sections: a site's rooms by what brings somebody there, so that the way to each stays one line wide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sync.central.console.ask import Ask

SECTIONS: Final = {
    "today": ("", "map", "alarms", "events", "desk"),
    "people": ("care", "promises", "guests", "bands", "entitlements", "staff"),
    "goods": ("products", "catalogue", "places", "times", "orders", "stock"),
    "money": ("wallets", "vouchers", "day", "payouts", "mandates", "charges", "unresolved", "outliers"),
    "reach": (
        "campaigns",
        "offers",
        "tiers",
        "conditions",
        "journeys",
        "segments",
        "handouts",
        "feedback",
        "channels",
        "webhooks",
    ),
    "system": ("devices", "imports", "acts"),
}
"""Every room of a site once, by the last part of its address; the empty one is the site's first page."""
BEHIND: Final = {"segments": ("reports",), "day": ("limits",)}
"""Pages whose door is in a room: whoever is on one is in that room still, and sees the way back."""


@dataclass(frozen=True, slots=True)
class Room:
    """One room that whoever asks may enter: its name in the sentences, and whether they are in it."""

    name: str
    address: str
    inside: bool


@dataclass(frozen=True, slots=True)
class Section:
    """What somebody may enter of one section: at least one room; its address is that of the first."""

    name: str
    rooms: tuple[Room, ...]

    @property
    def inside(self) -> bool:
        """Whether whoever asks is in one of its rooms."""
        return any(room.inside for room in self.rooms)


def sections(ask: Ask) -> tuple[Section, ...]:
    """Return the sections that whoever asks may enter; what nobody lets them into is not offered."""
    found = (Section(name, tuple(_rooms(ask, names))) for name, names in SECTIONS.items())
    return tuple(section for section in found if section.rooms)


def _rooms(ask: Ask, names: tuple[str, ...]) -> list[Room]:
    at, found = ask.request.path, []
    for name in names:
        address = f"{ask.home}/{name}" if name else ask.home
        if ask.may(address):
            inside = at == address or any(_within(at, f"{ask.home}/{one}") for one in _parts(name))
            found.append(Room(name or "site", address, inside))
    return found


def _parts(name: str) -> tuple[str, ...]:
    """Return the parts of addresses that lie in a room; none in a site's first page, which holds no other."""
    return (name, *BEHIND.get(name, ())) if name else ()


def _within(at: str, address: str) -> bool:
    return at == address or at.startswith(f"{address}/")
