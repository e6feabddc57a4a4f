"""The catalogue of a site: articles and groups of tiles, told to its tills as soon as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from edge.core.catalogue import (
    ARTICLE,
    ARTICLES_MAX,
    GROUP,
    GROUPS_MAX,
    Article,
    Catalogue,
    Group,
    faults_of,
)
from edge.errors import Refused, Unknown
from sync.central.feed import Change, publish
from sync.central.registry.tables import thing_table
from sync.central.store import Connection, delete, insert, now_of, select

_KINDS: dict[type, str] = {Article: "article", Group: "article_group"}
_ITEMS: dict[type, str] = {Article: ARTICLE, Group: GROUP}
_DECODE_ARTICLE = msgspec.msgpack.Decoder(Article).decode
_DECODE_GROUP = msgspec.msgpack.Decoder(Group).decode


def catalogue(tx: Connection, site: str) -> Catalogue:
    """Return all that a site sells, by id."""
    return Catalogue(
        articles=tuple(_DECODE_ARTICLE(body) for body in _bodies(tx, site, Article)),
        groups=tuple(_DECODE_GROUP(body) for body in _bodies(tx, site, Group)),
    )


def put(tx: Connection, site: str, things: Sequence[Article | Group]) -> None:
    """Store articles and groups, new or changed, and tell the tills; refuse what does not fit together."""
    for thing in things:
        _drop(tx, site, thing)
        body = msgspec.msgpack.encode(thing)
        row = {"site_id": site, "kind": _KINDS[type(thing)], "id": thing.id, "body": body}
        tx.execute(insert(thing_table).values(**row, changed_ms=now_of(tx)))
    _check(catalogue(tx, site))
    told = [Change(_ITEMS[type(thing)], thing.id, msgspec.msgpack.encode(thing)) for thing in things]
    publish(tx, site, told)


def remove(tx: Connection, site: str, thing: Article | Group) -> None:
    """Take one article or group out of the catalogue; refused while another one names it."""
    if not _drop(tx, site, thing):
        raise Unknown(f"There is no {thing.id} in the catalogue.")
    _check(catalogue(tx, site))
    publish(tx, site, [Change(_ITEMS[type(thing)], thing.id, None)])


def _check(now: Catalogue) -> None:
    if len(now.articles) > ARTICLES_MAX or len(now.groups) > GROUPS_MAX:
        raise Refused(
            f"A catalogue has at most {ARTICLES_MAX} articles in {GROUPS_MAX} groups.",
            hint="Remove what is not sold any more.",
        )
    faults = faults_of(now)
    if faults:
        raise Refused(f"{faults[0]}.", hint="Make it first, or mend the name.")


def _drop(tx: Connection, site: str, thing: Article | Group) -> int:
    own = thing_table.c
    there = (own.site_id == site, own.kind == _KINDS[type(thing)], own.id == thing.id)
    return tx.execute(delete(thing_table).where(*there)).rowcount


def _bodies(tx: Connection, site: str, kind: type[Article | Group]) -> list[bytes]:
    own = thing_table.c
    query = select(own.body).where(own.site_id == site, own.kind == _KINDS[kind]).order_by(own.id)
    return [bytes(body) for body in tx.execute(query).scalars()]
