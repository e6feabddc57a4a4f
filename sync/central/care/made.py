"""Made: the promise that takes an old coupon's place, and the code that carries it."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from msgspec.structs import replace

from edge import carried
from edge.carried import CODE_CHARS_MAX, MadeOver
from edge.core.offers import Offer
from edge.core.offers.message import in_language
from edge.core.payment.promised import Promise, promise_of
from edge.errors import Refused
from sync.central.machines.voice import voice
from sync.central.registry import layout
from sync.central.store import Connection

FRESH_BYTES = 12


class Old(NamedTuple):
    """The coupon whose place is taken: its id, the bundle of its offer, its last local date (ISO 8601)."""

    exposure: str
    bundle: int
    until: str


def fresh_of(exposure: str) -> str:
    """Return the id of the coupon that takes the place of one: the same for ever, so that there is one."""
    made = hashlib.blake2b(exposure.encode(), digest_size=FRESH_BYTES, person=b"polso coupon")
    return f"again-{made.hexdigest()}"


def promise(tx: Connection, site: str, offer: Offer, *, old: Old) -> Promise:
    """Return what is promised in place of a coupon: the same offer, until the earlier of both last days."""
    known = layout.published(tx, site)
    language = known.languages[0] if known is not None and known.languages else "it"
    message = in_language(offer.messages, language)
    label = message.name if message is not None else offer.id
    made = promise_of(offer, exposure=fresh_of(old.exposure), bundle=old.bundle, label=label)
    return replace(made, coupon=True, until=min(filter(None, (made.until, old.until)), default=""))


def code(tx: Connection, site: str, promised: Promise, *, to: str) -> str:
    """Return it as central signs it, good at one device."""
    return carried.issue(voice(tx, site).private_key, MadeOver(promised, carried.CENTRAL, to))


def demand_readable(made: str) -> None:
    """Refuse a code that no till reads: one that would be made of an offer which names too many things."""
    if len(made) > CODE_CHARS_MAX:
        raise Refused("This offer names too many things for a code.", hint="Give goodwill in its place.")
