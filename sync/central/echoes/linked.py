"""Linked: what a device itself made of two bands until central told it, as its journal says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from edge.core.entitlements import exchanged
from edge.core.profiles import Profile
from sync.central.echoes.audited import Place
from sync.central.registry.past import Revision


class _Link(NamedTuple):
    """From a moment on a band was worn by the guest of another one."""

    hlc: int
    giver: Revision


class Links:
    """Which bands staff linked at which device: its judgements stood on that until a newer profile came."""

    def __init__(self) -> None:
        """Know of none yet."""
        self._taken: defaultdict[tuple[str, int, str], list[_Link]] = defaultdict(list)
        self._given: defaultdict[tuple[str, int, str], list[_Link]] = defaultdict(list)

    def note(self, one: Place) -> None:
        """Take one link; of an older device nobody knows which profile was given."""
        if one.band is None or one.acted is None or not one.acted.target or one.acted.amount is None:
            return
        link = _Link(one.hlc, (one.acted.target, one.acted.amount))
        self._taken[one.device, one.incarnation, one.band.hex()].append(link)
        self._given[one.device, one.incarnation, one.acted.target].append(link)

    def givers(self, one: Place) -> Iterator[Revision]:
        """Yield whose profiles a judgement may have stood on in place of its own band's."""
        band, hlc = None if one.profile is None else one.profile[0], one.hlc
        while band is not None and (link := self._last(self._taken, one, band, before=hlc)) is not None:
            yield link.giver
            band, hlc = link.giver[0], link.hlc

    def profile(self, one: Place, known: Mapping[Revision, Profile]) -> Profile | None:
        """Return the profile that a judgement stood on."""
        if one.profile is None:
            return None
        return self._at(one, one.profile, known, before=one.hlc)

    def _at(
        self, one: Place, asked: Revision, known: Mapping[Revision, Profile], *, before: int
    ) -> Profile | None:
        """Return a profile as the device had it at a moment: what it made of it itself wins."""
        told = known.get(asked)
        if told is None:
            return None
        given = self._last(self._given, one, asked[0], before=before)
        if given is not None and given.giver == asked:
            told = self._at(one, asked, known, before=given.hlc) or told
            return replace(told, entitlements=exchanged(told.entitlements))
        taken = self._last(self._taken, one, asked[0], before=before)
        if taken is None or told.guest is not None:
            return told
        giver = self._at(one, taken.giver, known, before=taken.hlc)
        return None if giver is None else replace(giver, band=told.band, rev=told.rev)

    def _last(
        self,
        links: Mapping[tuple[str, int, str], list[_Link]],
        one: Place,
        band: str,
        *,
        before: int,
    ) -> _Link | None:
        found = links.get((one.device, one.incarnation, band), ())
        return max((link for link in found if link.hlc < before), default=None)
