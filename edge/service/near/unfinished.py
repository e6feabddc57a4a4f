"""Unfinished: what a guest looked for elsewhere, shown where they allow it, with where it can be had now."""

from __future__ import annotations

from collections.abc import Sequence

from edge.core.children import is_child
from edge.core.consent import Channel
from edge.core.profiles import Profile
from edge.core.unfinished import Unfinished, allows, read_words
from edge.nearviews import ArticleView, LeftView, LookedKnown, Shelves
from edge.service.consents import Consents
from edge.service.rooms import Rooms


def left_by(
    rooms: Rooms, consents: Consents, profile: Profile, *, channel: Channel
) -> tuple[Unfinished, ...]:
    """Return what of it a guest lets be shown by a way, as their consents stand now; of a child nothing."""
    left = read_words(profile.tags, rooms.clock.now_ms())
    open_ = bool(left) and allows(consents.of(profile), channel) and not is_child(profile)
    return left if open_ else ()


def named(rooms: Rooms, left: Sequence[Unfinished]) -> tuple[LookedKnown, ...]:
    """Return each with its names, where it is known by any."""
    sold = rooms.profiles.catalogue().by_id if left else {}
    return tuple(
        LookedKnown(
            article=one.article, names=sold[one.article].names if one.article in sold else {}, at_ms=one.at_ms
        )
        for one in left
    )


def in_stock(rooms: Rooms, left: Sequence[Unfinished], shelves: Shelves) -> tuple[LeftView, ...]:
    """Return each article that is sold here with its price and where it can be had; no shelf: not known."""
    sold, layout = rooms.profiles.catalogue().by_id, rooms.profiles.layout()
    known = {one.article: one for one in shelves.articles}

    def seen(article: str) -> ArticleView:
        return known.get(article) or ArticleView(
            article=article,
            names=sold[article].names,
            price_minor=sold[article].price_minor,
            currency=layout.currency if layout is not None else "",
        )

    return tuple(
        LeftView(article=seen(one.article), at_ms=one.at_ms, basket=one.basket)
        for one in left
        if one.article in sold and not sold[one.article].off
    )
