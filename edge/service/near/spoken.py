"""Spoken: what goes with a word: the lots that were sold, and what was typed, sealed for central alone."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from edge import remarks
from edge.core.events import Kind
from edge.core.feedback import FeedbackGiven
from edge.core.plainwords import plain
from edge.core.profiles import Profile, remark_key_of
from edge.errors import Refused
from edge.service.rooms import Rooms


def lots_of(rooms: Rooms, articles: Sequence[str], point: str, *, sold_ms: int) -> tuple[str, ...]:
    """Return of each article which lot was open where it was sold; nothing where none is known of any."""
    open_ = {one.article: one.lot_at(sold_ms) for one in rooms.profiles.goods.stock() if one.store == point}
    lots = tuple(open_.get(article, "") for article in articles)
    return lots if any(lots) else ()


def is_heard(rooms: Rooms) -> bool:
    """Say whether anybody could read what is typed here: central gave a key to seal it by."""
    return rooms.profiles.remark_key() is not None


def spoken_freely(
    rooms: Rooms, told: FeedbackGiven, text: str, *, payer: Profile | None, band: bytes | None
) -> FeedbackGiven:
    """Return a word with what was typed: names masked first, then sealed under its guest's key or the site's.

    ``payer`` is who paid: their name is masked, too. Raises ``Refused`` where nobody could read it.
    """
    names = [one.name for one in rooms.profiles.staff()]
    kept = plain(text, [*names, payer.name] if payer is not None and payer.name else names).strip()
    if not kept:
        return told
    own = remark_key_of(payer) if payer is not None and told.guest else None
    key = own or rooms.profiles.remark_key()
    if key is None:
        raise Refused("Nobody could read words from here.", hint="Choose a face alone, or tell our staff.")
    return replace(told, sealed=remarks.seal(kept, key, Kind.FEEDBACK_GIVEN, band=band))
