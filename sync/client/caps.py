"""Caps at the edge's end: what central says is measured before it is obeyed, and what is too much waits."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from edge.core.caps import Taken, is_welcome, keeps_points, shuts_out, snapshot_shuts_out
from edge.core.events import Acted, Kind, Lane
from edge.core.places import Layout
from edge.core.profiles import Profile, ProfileItem
from edge.errors import Refused, StoreDamaged
from sync.client.ports import Desk, Ports
from sync.client.tally import Tally
from sync.packing import UNREADABLE
from sync.wire import Item

TAKEN = "taken"
SAMPLE_MAX = 400
M = TypeVar("M")
HELD_AGAIN_S = 15.0
"""When central wants too much, it is asked again after this long."""


class Held(Refused):
    """Central wants more than the caps allow."""

    hint = "If it is meant, raise [caps] in the configuration and restart; else call central's owner."


class Passed(NamedTuple):
    """The part of a page that is obeyed, and where the feed stands after it."""

    items: tuple[Item, ...]
    to: int
    whole: bool


class Guard:
    """Measures what central takes from guests; all it keeps is how much that was within the hour."""

    def __init__(self, ports: Ports) -> None:
        """Go on with what was taken before the start, as if it were just now."""
        self._ports = ports
        self._tally = Tally(ports.books, ports.clock.monotonic_ms, name=TAKEN)
        self.held_back = ""
        """Why central is not obeyed at the moment, in words for its console; empty: it is."""

    def left(self) -> int:
        """Return how many bands may be shut out now."""
        return self._tally.left(self._ports.caps, self._ports.profiles.count)

    def taken(self) -> tuple[Taken, ...]:
        """Return what was shut out within the hour by central's word."""
        return self._tally.taken()

    def took(self, count: int) -> None:
        """Note that so many bands were shut out."""
        self._tally.took(count)

    def hold(self, why: str, *, amount: int) -> None:
        """Note that central was not obeyed: once in the journal, and in every report until it is over."""
        if not self.held_back:
            self._ports.books.submit(lambda desk: note_held(desk, why, amount))
        self.held_back = f"{why}: {amount}"

    def release(self) -> None:
        """Note that central is obeyed again."""
        self.held_back = ""

    def page(self, items: Sequence[Item], to: int) -> Passed:
        """Return the part of a page that may be obeyed now: all of it, or all before one band too many."""
        now_ms, count, left = self._ports.clock.now_ms(), 0, self.left()
        obeyed: list[Item] = []
        for item in items:
            if item.kind == "layout" and not self._fits(item):
                self.hold("a layout without this device's points", amount=1)
                continue
            if item.kind == "profile" and shuts_out(self._before(item), _after(item), now_ms=now_ms):
                if count == left:
                    self.took(count)
                    self.hold("bands shut out within an hour", amount=count + 1)
                    return Passed(tuple(obeyed), item.version - 1, whole=False)
                count += 1
            obeyed.append(item)
        self.took(count)
        return Passed(tuple(obeyed), to, whole=True)

    def snapshot(self, items: Iterable[Item]) -> Iterator[Item]:
        """Pass a snapshot on; raise ``Held`` at its end if it shuts out too many of those who are here."""
        now_ms = self._ports.clock.now_ms()
        sample = {
            one.band.id: one
            for one in self._ports.profiles.some(SAMPLE_MAX, secrets.token_bytes)
            if is_welcome(one, now_ms)
        }
        lost = set(sample)
        for item in items:
            if item.kind == "layout" and not self._fits(item):
                raise Held("A snapshot whose layout is without this device's points.")
            if item.kind == "profile" and _band(item) in lost and is_welcome(_after(item), now_ms):
                lost.discard(_band(item))
            yield item
        shut_out = snapshot_shuts_out(len(lost), len(sample), known=self._ports.profiles.count())
        if shut_out > self.left():
            self.hold("bands that a snapshot shuts out", amount=shut_out)
            raise Held(f"A snapshot would shut out about {shut_out} bands.")
        self.took(shut_out)

    def is_welcome(self, bands: Iterable[bytes]) -> bool:
        """Whether a guest with these bands may be let in now."""
        now_ms = self._ports.clock.now_ms()
        return any(is_welcome(self._ports.profiles.get(band), now_ms) for band in bands)

    def _fits(self, item: Item) -> bool:
        """Whether a layout keeps what this device decides at, if it has decided there before."""
        present = self._ports.profiles.layout()
        own = [one for one in self._ports.points if present is not None and one in present.points_by_id]
        if not own:
            return True
        told = None if item.body is None else _decoded(item.body, Layout)
        return keeps_points(told, own)

    def _before(self, item: Item) -> Profile | None:
        try:
            return self._ports.profiles.get(_band(item))
        except StoreDamaged:
            return None


def note_held(desk: Desk, why: str, amount: int) -> None:
    """Write down that somebody was not obeyed, and how much was wanted."""
    desk.append(Kind.CAP_HELD, Acted(reason=why, amount=amount), lane=Lane.PRIORITY)


def _band(item: Item) -> bytes:
    try:
        return bytes.fromhex(item.key)
    except ValueError:
        return b""


def _after(item: Item) -> Profile | None:
    told = None if item.body is None else _decoded(item.body, ProfileItem)
    return None if told is None else told.profile


def _decoded(body: bytes, kind: type[M]) -> M:
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except UNREADABLE as error:
        raise Refused(f"No {kind.__name__} of this version: {error}") from error
