"""Aliases: by what a guest is known beside their id, each proven once, kept under a keyed hash and sealed."""

from __future__ import annotations

import enum
import hmac
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from edge.errors import Refused
from sync.central.privacy.erasure import PLACES
from sync.central.registry import guests, links
from sync.central.registry.tables import ID_CHARS_MAX, parts
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    and_,
    delete,
    demand_seals,
    insert,
    metadata,
    now_of,
    select,
)

VALUE_CHARS_MAX = 200
ALIASES_MAX = 32
"""Of one guest."""
KEY_BYTES = 32


class Kind(enum.StrEnum):
    """What a guest can be known by; a band leads to its guest by itself, see ``registry.bands``."""

    EMAIL = "email"
    PHONE = "phone"
    APP = "app"
    LOYALTY = "loyalty"
    ORDER = "order"


class Proof(enum.StrEnum):
    """Why we believe it."""

    CODE = "code"
    """They told a code that was brought to it."""
    STAFF = "staff"
    """Staff saw a document."""
    CHANNEL = "channel"
    """A channel says so of what it gave out itself."""


EVERYBODYS = frozenset({Kind.EMAIL, Kind.PHONE})
"""Kinds that mean the same in every channel; the others are a channel's own numbers."""
LASTING = frozenset({Kind.APP, Kind.LOYALTY})
"""Those of a channel's own numbers that name a guest, and not one purchase."""
PSEUDONYM_CHARS = 32
"""128 bits of a keyed hash, in hex."""

key_table = Table(
    "alias_key",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("key", LargeBinary, nullable=False),
)
alias_table = Table(
    "guest_alias",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("space", String(32), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("proof", String(16), nullable=False),
    Column("by", String(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("guest_alias_guest", "site_id", "guest_id"),
)
"""One alias is of one guest: its digest is the key. What was claimed and not proven is not in it."""
_own = alias_table.c


class Name(NamedTuple):
    """What somebody goes by, in whose numbering."""

    kind: Kind
    value: str
    space: str = ""
    """The channel that gave it out; nothing: it means the same everywhere."""


class Claim(NamedTuple):
    """That a guest goes by a name; it joins nobody to anything before it is proven."""

    name: Name
    guest: str


class Alias(NamedTuple):
    """One proven alias of a guest."""

    guest: str
    name: Name
    proof: Proof
    by: str
    at_ms: int


def named(kind: Kind, value: str, *, channel: str = "") -> Name:
    """Return a name as it is compared, or raise ``Refused``; what is everybody's is of no channel."""
    plain = value.strip()
    if kind is Kind.EMAIL:
        plain = plain.casefold()
        at, _, domain = plain.partition("@")
        good = bool(at) and "." in domain and " " not in plain
    elif kind is Kind.PHONE:
        plain = "+" * plain.startswith("+") + "".join(filter(str.isdecimal, plain))
        good = plain.isascii() and len(plain) > 5
    else:
        good = bool(plain)
    if not good or len(plain) > VALUE_CHARS_MAX or not plain.isprintable():
        raise Refused(f"That is no {kind.value}.", hint="Write it as it is written everywhere.")
    return Name(kind, plain, "" if kind in EVERYBODYS else channel)


def prove(tx: Connection, site: str, claim: Claim, *, proof: Proof, by: str) -> bool:
    """Let a guest be known by a name; say whether it is new. The caller holds the site's turn.

    What one proved holds for all who are one with them, and stays theirs when they part.
    """
    name, guest = claim
    guests.guest(tx, site, guest)
    known = find(tx, site, name)
    if known is not None:
        if links.root(tx, site, known) != links.root(tx, site, guest):
            raise Refused("Another guest is known by this.", hint="If they are one person, merge them.")
        return False
    if len(of_guest(tx, site, guest)) >= ALIASES_MAX:
        raise Refused(f"A guest is known by at most {ALIASES_MAX} names.")
    digest = digest_of(tx, site, name)
    sealed = demand_seals(tx).seal(name.value.encode(), "guest_alias", "sealed", row=_row(site, digest))
    row = {"site_id": site, "digest": digest, "guest_id": guest, "kind": name.kind.value,
           "space": name.space, "sealed": sealed, "proof": proof.value, "by": by,
           "at_ms": now_of(tx)}  # fmt: skip
    tx.execute(insert(alias_table).values(row))
    return True


def find(tx: Connection, site: str, name: Name) -> str | None:
    """Return who is known by a name that was proven; nobody by what was only claimed."""
    digest = known_keyed(tx, site, *_words(name))
    if digest is None:
        return None
    there = and_(_own.site_id == site, _own.digest == digest)
    return tx.execute(select(_own.guest_id).where(there)).scalar()


def of_guest(tx: Connection, site: str, guest: str) -> tuple[Alias, ...]:
    """Return by what a guest is known, the eldest first."""
    query = select(alias_table).where(_own.site_id == site, _own.guest_id == guest)
    found = []
    for row in tx.execute(query.order_by(_own.at_ms, _own.digest)):
        opened = demand_seals(tx).open(
            bytes(row.sealed), "guest_alias", "sealed", row=_row(site, bytes(row.digest))
        )
        name = Name(Kind(row.kind), opened.decode(), row.space)
        found.append(Alias(row.guest_id, name, Proof(row.proof), row.by, row.at_ms))
    return tuple(found)


def drop(tx: Connection, site: str, name: Name, *, guest: str) -> bool:
    """Let a guest be known by a name no more; say whether they were."""
    this = and_(_own.site_id == site, _own.digest == digest_of(tx, site, name), _own.guest_id == guest)
    return bool(tx.execute(delete(alias_table).where(this)).rowcount)


def digest_of(tx: Connection, site: str, name: Name, *also: str) -> bytes:
    """Return a name, and what else, under the site's own key."""
    return keyed(tx, site, *_words(name), *also)


def keyed(tx: Connection, site: str, *words: str) -> bytes:
    """Return words under the site's own key: made at the first call, it lies sealed.

    The first word says what for: a kind of alias, or what is none.
    """
    return _digest(_must_key(tx, site), words)


def known_keyed(tx: Connection, site: str, *words: str) -> bytes | None:
    """Return words under the site's own key; None where it never had one: nothing can have been under it."""
    key = _key(tx, site)
    return None if key is None else _digest(key, words)


def pseudonyms(tx: Connection, site: str, space: str, *, guests: Iterable[str]) -> dict[str, str]:
    """Return by what one receiver knows each guest, and no other: two cannot join what they hold."""
    key = _must_key(tx, site)
    return {one: _digest(key, ("receiver", space, one)).hex()[:PSEUDONYM_CHARS] for one in guests}


def given_out(tx: Connection, site: str, space: str, *, guests: Iterable[str]) -> dict[str, str]:
    """Return the number that a channel gave a guest out itself, of each who has one: the eldest of them."""
    found: dict[str, str] = {}
    numbers = [kind.value for kind in LASTING]
    for part in parts(sorted(set(guests))):
        there = and_(_own.site_id == site, _own.space == space, _own.kind.in_(numbers))
        rows = select(alias_table).where(there, _own.guest_id.in_(part))
        for row in tx.execute(rows.order_by(_own.at_ms.desc(), _own.digest)):
            place = _row(site, bytes(row.digest))
            opened = demand_seals(tx).open(bytes(row.sealed), "guest_alias", "sealed", row=place)
            found[row.guest_id] = opened.decode()
    return found


def _must_key(tx: Connection, site: str) -> bytes:
    known = _key(tx, site)
    if known is not None:
        return known
    key = secrets.token_bytes(KEY_BYTES)
    sealed = demand_seals(tx).seal(key, "alias_key", "key", row=site.encode())
    tx.execute(insert(key_table).values(site_id=site, key=sealed))
    return key


def _key(tx: Connection, site: str) -> bytes | None:
    sealed = tx.execute(select(key_table.c.key).where(key_table.c.site_id == site)).scalar()
    if sealed is None:
        return None
    return demand_seals(tx).open(bytes(sealed), "alias_key", "key", row=site.encode())


def _words(name: Name) -> tuple[str, ...]:
    return name.kind.value, name.space, name.value


def _digest(key: bytes, words: Iterable[str]) -> bytes:
    return hmac.digest(key, "\0".join(words).encode(), "sha256")


def _row(site: str, digest: bytes) -> bytes:
    return site.encode() + b"\0" + digest


def forget(tx: Connection, site: str, guest: str) -> None:
    """Forget by what an erased guest was known."""
    tx.execute(delete(alias_table).where(_own.site_id == site, _own.guest_id == guest))


PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
