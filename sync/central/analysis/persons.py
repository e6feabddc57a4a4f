"""Persons: who is one with whom: a figure counts a person once, a segment reaches all of their bands."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sync.central.registry import links
from sync.central.registry.links import link_table
from sync.central.store import Connection, func, select


class Persons:
    """A site's guests as persons: each is named by the guest to whom the others of theirs lead."""

    def __init__(self, led: Mapping[str, str]) -> None:
        """Take where each guest leads who was joined to another; all the others are themselves."""
        self._led = led
        self._all: dict[str, set[str]] = {}
        for guest, root in led.items():
            self._all.setdefault(root, {root}).add(guest)

    def of(self, guest: str) -> str:
        """Return the person that a guest is."""
        return self._led.get(guest, guest)

    def among(self, guests: Iterable[str]) -> set[str]:
        """Return the persons that these guests are."""
        return {self.of(guest) for guest in guests}

    def guests(self, persons: Iterable[str]) -> frozenset[str]:
        """Return all guests that these persons are."""
        return frozenset(guest for person in persons for guest in self._all.get(person, (person,)))

    def spread(self, members: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
        """Return of each code every guest of the persons who are in it: whichever band they wear."""
        return {code: self.guests(persons) for code, persons in members.items()}


def persons(tx: Connection, site: str) -> Persons:
    """Return who is one with whom at a site."""
    return Persons(links.roots(tx, site))


def mark(tx: Connection, site: str) -> tuple[int | None, ...]:
    """Return what changes whenever guests are found to be one, or are parted."""
    own = link_table.c
    found = tx.execute(select(func.count(), func.max(own.since_ms)).where(own.site_id == site)).one()
    return found[0], found[1]
