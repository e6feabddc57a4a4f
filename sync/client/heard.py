"""Heard: what the site's other devices said of a band, kept apart from what this one knows of it itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import NamedTuple

import msgspec

from edge.core.bands import BandState, Standing, merge
from edge.core.events import Acted, Kind, Lane
from edge.core.held import Change
from sync.client.ports import Books, Desk

HEARD = "band_heard"
AHEAD_MAX = 1_000
"""So many times no band is linked or found beyond what this device knows of: a word above it is a lie."""
PIECE_MAX = 200


class Word(NamedTuple):
    """What one device says of a band; ``by`` names the device and the key that it signed with."""

    band: bytes
    by: str
    standing: Standing


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """What this device knows of a band by central or by its own staff, and what others said beyond that.

    Without the words of one of them it is as if that one had never spoken.
    """

    own: Standing
    words: dict[str, Standing] = {}

    @property
    def together(self) -> Standing:
        """What holds here."""
        return merge(self.own, *self.words.values())

    def knowing(self, standing: Standing) -> Heard:
        """Return it once this device itself knows of a standing; words that add nothing to it are gone."""
        own = merge(self.own, standing)
        return Heard(own, {by: word for by, word in self.words.items() if merge(own, word) != own})

    def hearing(self, word: Word) -> Heard:
        """Return it once one more word is heard; what no honest device can say changes nothing."""
        idle = self.together.state is word.standing.state is BandState.ACTIVE  # noise would fill the store
        said = merge(self.words.get(word.by, Standing()), word.standing)
        if idle or word.standing.epoch > self.own.epoch + AHEAD_MAX or merge(self.own, said) == self.own:
            return self
        return Heard(self.own, {**self.words, word.by: said})

    def without(self, there: Collection[str]) -> Heard:
        """Return it without the words of whoever is not there any more."""
        return Heard(self.own, {by: word for by, word in self.words.items() if by in there})


_decode = msgspec.msgpack.Decoder(Heard).decode


class Bound(NamedTuple):
    """What became of what others said of bands: how many it shut out, and how many words must wait."""

    shut_out: int
    held_back: int


def bind(books: Books, told: Sequence[Word], *, shut_out_max: int) -> Bound:
    """Apply what the site's other devices say of bands, until one more would shut out too many.

    The same told twice, or late, changes nothing; what must wait is told again.
    """
    return books.submit(lambda desk: _bind_all(desk, told, shut_out_max))


def let_go(books: Books, there: Collection[str]) -> int:
    """Let what was said by nobody who is ``there`` count no more; return how many bands stand otherwise."""
    bands = [bytes.fromhex(key) for key, _ in books.submit(lambda desk: desk.rows(HEARD))]
    pieces = (bands[at : at + PIECE_MAX] for at in range(0, len(bands), PIECE_MAX))
    return sum(books.submit(partial(_let_go, bands=piece, there=there)) for piece in pieces)


def know(desk: Desk, band: bytes, standing: Standing) -> bool:
    """Take what central says of a band; False: what already holds, or is severer, stands."""
    before = heard_of(desk, band)
    return _stands(desk, band, before, after=before.knowing(standing))


def known(desk: Desk, band: bytes) -> Standing:
    """Return how a band stands in the site's memory."""
    held = desk.held(band)
    return Standing(held.epoch, held.state)


def heard_of(desk: Desk, band: bytes) -> Heard:
    """Return what is known and what was heard of a band."""
    body, present = desk.get(HEARD, band.hex()), known(desk, band)
    kept = Heard(present) if body is None else _decode(body)
    # Staff here have said something since, who saw how it stood: that is this device's own.
    return kept if kept.together == present else Heard(present)


def _bind_all(desk: Desk, told: Sequence[Word], shut_out_max: int) -> Bound:
    shut_out = held_back = 0
    for word in told:
        before = heard_of(desk, word.band)
        after = before.hearing(word)
        open_ = BandState.ACTIVE
        worse = before.together.state is open_ and after.together.state is not open_
        if worse and shut_out == shut_out_max:
            held_back += 1
            continue
        shut_out += worse
        _stands(desk, word.band, before, after=after, by=word.by)
    return Bound(shut_out, held_back)


def _let_go(desk: Desk, *, bands: Sequence[bytes], there: Collection[str]) -> int:
    changed = 0
    for band in bands:
        before = heard_of(desk, band)
        gone = next((by for by in before.words if by not in there), "")
        changed += _stands(desk, band, before, after=before.without(there), by=gone)
    return changed


def _stands(desk: Desk, band: bytes, before: Heard, *, after: Heard, by: str = "") -> bool:
    """Keep what is known and heard of a band, with a record where it stands otherwise by that.

    ``by`` is whose word it was; a record that names somebody is told to nobody as this device's own.
    """
    if after.words:
        desk.put(HEARD, band.hex(), msgspec.msgpack.encode(after))
    elif desk.get(HEARD, band.hex()) is not None:
        desk.delete(HEARD, band.hex())
    stands = after.together
    if stands == before.together:
        return False
    said = Acted(reason=stands.state.name.lower(), note=by, state=int(stands.state), amount=stands.epoch)
    desk.append(Kind.URGENT_APPLIED, said, band=band, lane=Lane.PRIORITY)
    changed = msgspec.structs.replace(desk.held(band), epoch=stands.epoch, state=stands.state, uses=())
    # 0: the record that last moved this band is none of the ordinary lane.
    desk.apply(band, Change(held=changed), 0)
    return True
