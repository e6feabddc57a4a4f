"""Claiming: a guest gets the band of nobody that they wear, by itself and a code at their proven address."""

from __future__ import annotations

import enum
import hashlib
import secrets
from typing import Any, NamedTuple

from edge.core.calendar import MINUTE_MS
from edge.core.claimed import CODE_DIGITS, Became
from edge.core.consent import Source
from edge.core.profiles import remark_owner
from edge.core.retention import HOUR_MS
from edge.errors import NotAllowed, Refused, Unknown
from sync.central.journey import diary
from sync.central.journey.entry import Entry, Via, What
from sync.central.people import aliases, merging
from sync.central.people.aliases import EVERYBODYS, Name
from sync.central.people.merging import Grounds, Pair
from sync.central.people.nobody import whose
from sync.central.privacy.erasure import PLACES
from sync.central.privacy.retention import KEPT
from sync.central.registry import guests, links
from sync.central.registry.tables import ID_CHARS_MAX
from sync.central.registry.turn import take_turn
from sync.central.store import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    metadata,
    now_of,
    or_,
    select,
    update,
)

OPEN_MS = HOUR_MS
"""So long there is to find the way to a kiosk."""
GOOD_MS = 10 * MINUTE_MS
"""So long one code is good."""
CLAIMS_MAX = 5
"""Claims of one guest in an hour."""
CODES_MAX = 5
"""Codes of one claim; the one before is good no more."""
WRONG_MAX = 5
"""Wrong codes beside one band in an hour."""
WRONG_AT_MAX = 20
"""Wrong codes at one device in an hour: with a hundred good codes, one guess in a million fits."""
BY_PEOPLE = "/central/people"
"""Source of the entries that claims leave in diaries."""
WHY = "claimed"
_MARK, _TRIED = "claim-code", "claim-tried"
"""Under the site's key of aliases, and no kinds of aliases."""


class State(enum.StrEnum):
    """Where a claim stands."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    OVER = "over"
    """Nobody came in time."""


claim_table = Table(
    "band_claim",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("claim_id", String(32), primary_key=True),
    Column("guest_id", String(ID_CHARS_MAX), nullable=False),
    Column("channel_id", String(32), nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("codes", Integer, nullable=False),
    Column("digest", LargeBinary(32)),
    Column("until_ms", BigInteger, nullable=False),
    Column("band_guest", String(ID_CHARS_MAX), nullable=False),
    Index("band_claim_guest", "site_id", "guest_id"),
    Index("band_claim_digest", "site_id", "digest", unique=True),
)
"""``digest`` is of the one code that is good, until ``until_ms``; ``band_guest`` is who was claimed by it."""
tried_table = Table(
    "band_claim_tried",
    metadata,
    Column("site_id", String(ID_CHARS_MAX), primary_key=True),
    Column("digest", LargeBinary(32), primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
)
"""How often something wrong was typed beside a band, or at a device: which one, only the site's key tells.

``since_ms``: of the first, and once there are too many, of the last."""
_own, _tried = claim_table.c, tried_table.c


class Claim(NamedTuple):
    """That a guest wants the band that they wear, asked by a channel."""

    id: str
    guest: str
    channel: str
    state: State
    until_ms: int
    """Until when a code can be asked for."""


class Typed(NamedTuple):
    """A code that was typed beside a band."""

    band: bytes
    code: str
    device: str
    point: str


def begin(tx: Connection, site: str, *, op: str, guest: str, channel: str) -> Claim:
    """Write a claim down; told again under the same ``op`` it is one. The caller holds the site's turn."""
    guests.guest(tx, site, guest)
    id_, now_ms = id_of(op), now_of(tx)
    known = find(tx, site, id_)
    if known is not None:
        if known.guest != guest:
            raise Refused("Another guest was named under this id.", hint="Take a new id.")
        return known
    if not any(one.name.kind in EVERYBODYS for one in _names(tx, site, guest)):
        raise Refused("This guest has proven no address.", hint="Prove one first, or send them to a desk.")
    recent = and_(_own.site_id == site, _own.guest_id == guest, _own.made_ms > now_ms - HOUR_MS)
    if tx.execute(select(func.count()).select_from(claim_table).where(recent)).scalar_one() >= CLAIMS_MAX:
        raise Refused("Too many claims were begun.", hint="Wait an hour, or come to a desk.")
    row = {"site_id": site, "claim_id": id_, "guest_id": guest, "channel_id": channel, "made_ms": now_ms,
           "codes": 0, "digest": None, "until_ms": 0, "band_guest": ""}  # fmt: skip
    tx.execute(insert(claim_table).values(row))
    return _must(tx, site, id_)


def code(tx: Connection, site: str, id_: str, *, name: Name) -> tuple[str, int]:
    """Return a code to bring to a proven address of who claims, and until when it is good.

    The code before is good no more. The caller holds the site's turn.
    """
    claim = _must(tx, site, id_)
    if claim.state is not State.WAITING:
        raise Refused("This claim is over.", hint="Begin another one.")
    if name not in {one.name for one in _names(tx, site, claim.guest)}:
        raise NotAllowed("This guest never proved that this address is theirs.")
    _tidy(tx, site)
    row = tx.execute(select(_own.codes).where(_this(site, id_))).scalar_one()
    if row >= CODES_MAX:
        raise Refused("Too many codes were asked for.", hint="Begin another claim.")
    made = _fresh(tx, site)
    until_ms = now_of(tx) + GOOD_MS
    kept = {"digest": _digest(tx, site, made), "codes": row + 1, "until_ms": until_ms}
    tx.execute(update(claim_table).where(_this(site, id_)).values(kept))
    return made, until_ms


def spend(tx: Connection, site: str, typed: Typed) -> Became:
    """Judge a code that was typed beside a band; the right one joins the band's guest to who claimed it."""
    take_turn(tx, site)
    _tidy(tx, site)
    if any(_wrong(tx, site, who) >= limit for who, limit in _counted(typed)):
        return Became.SPENT
    claim = _claim_by(tx, site, typed)
    if claim is None:
        for who, limit in _counted(typed):
            _count(tx, site, who, limit=limit)
        return Became.WRONG
    became, worn = whose(tx, site, typed.band, guest=claim.guest)
    if claim.state is State.CLAIMED:
        return became
    if became is Became.CLAIMED:
        try:
            merging.join(tx, site, Pair(worn, claim.guest), grounds=Grounds(claim.channel, WHY, Source.KIOSK))
        except Refused:  # one person is at most so many guests: staff can sort that out
            became = Became.STAFF
    # Whatever came of it, this code was read by its guest and told: it is good for nothing any more. What it
    # brought about is told again beside the same band until its ten minutes are over: the answer may be lost.
    over: dict[str, Any] = {"band_guest": worn}
    if became is Became.STAFF:
        over = {"digest": None, "until_ms": 0}
    tx.execute(update(claim_table).where(_this(site, claim.id)).values(over))
    if became is Became.CLAIMED:
        _tell_diary(tx, site, claim, worn=worn, point=typed.point)
    return became


def find(tx: Connection, site: str, id_: str) -> Claim | None:
    """Return a claim, if there is one."""
    row = tx.execute(select(claim_table).where(_this(site, id_))).first()
    return None if row is None else _claim(row, now_of(tx))


def id_of(op: str) -> str:
    """Return a claim's id from what its channel calls it."""
    return f"c{hashlib.sha256(op.encode()).hexdigest()[:16]}"


def forget(tx: Connection, site: str, guest: str) -> None:
    """Forget what an erased guest claimed, and that they were claimed."""
    theirs = or_(_own.guest_id == guest, _own.band_guest == guest)
    tx.execute(delete(claim_table).where(_own.site_id == site, theirs))


def delete_before(tx: Connection, at_ms: int) -> int:
    """Forget claims that were made before a moment, and wrong codes of an hour ago; returns how many."""
    old = tx.execute(delete(claim_table).where(_own.made_ms < at_ms)).rowcount
    return old + tx.execute(delete(tried_table).where(_tried.since_ms <= now_of(tx) - HOUR_MS)).rowcount


def _claim_by(tx: Connection, site: str, typed: Typed) -> Claim | None:
    """Return the claim that a code ends here, or that it has ended beside this very band a moment ago."""
    good = and_(_own.site_id == site, _own.digest == _digest(tx, site, typed.code))
    row = tx.execute(select(claim_table).where(good)).first()
    if row is None or row.until_ms <= now_of(tx):
        return None
    if row.band_guest:
        told = whose(tx, site, typed.band, guest=row.guest_id)
        return _claim(row, now_of(tx)) if told == (Became.YOURS, row.band_guest) else None
    return _claim(row, now_of(tx))


def _tell_diary(tx: Connection, site: str, claim: Claim, *, worn: str, point: str) -> None:
    """Write into the diary, which is one now, that the band was claimed; apart it stays the band's."""
    entry = Entry(
        source=BY_PEOPLE,
        id=claim.id,
        owner=remark_owner(worn, b""),
        hlc=now_of(tx) << 16,
        uncertainty_ms=0,
        via=Via.KIOSK,
        what=What.CLAIMED,
        point=point,
        subject="",
        ref=claim.id,
    )
    diary.put(tx, site, [entry])


def _names(tx: Connection, site: str, guest: str) -> list[aliases.Alias]:
    people = links.together(tx, site, [guest])
    return [name for one in people for name in aliases.of_guest(tx, site, one)]


def _fresh(tx: Connection, site: str) -> str:
    """Return a code that leads to nobody yet."""
    while True:
        made = "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))
        there = and_(_own.site_id == site, _own.digest == _digest(tx, site, made))
        if tx.execute(select(_own.claim_id).where(there)).first() is None:
            return made


def _digest(tx: Connection, site: str, made: str) -> bytes:
    return aliases.keyed(tx, site, _MARK, made)


def _counted(typed: Typed) -> tuple[tuple[str, int], ...]:
    return (f"band {typed.band.hex()}", WRONG_MAX), (f"device {typed.device}", WRONG_AT_MAX)


def _wrong(tx: Connection, site: str, who: str) -> int:
    there = and_(_tried.site_id == site, _tried.digest == aliases.keyed(tx, site, _TRIED, who))
    return tx.execute(select(_tried.wrong).where(there)).scalar() or 0


def _count(tx: Connection, site: str, who: str, *, limit: int) -> None:
    """Count a wrong one; the last that is let pass closes for a whole hour from now."""
    digest, wrong = aliases.keyed(tx, site, _TRIED, who), _wrong(tx, site, who)
    if wrong:
        there = and_(_tried.site_id == site, _tried.digest == digest)
        closes = {"since_ms": now_of(tx)} if wrong + 1 >= limit else {}
        tx.execute(update(tried_table).where(there).values(wrong=wrong + 1, **closes))
    else:
        row = {"site_id": site, "digest": digest, "wrong": 1, "since_ms": now_of(tx)}
        tx.execute(insert(tried_table).values(row))


def _tidy(tx: Connection, site: str) -> None:
    """Forget codes that are good no more, and wrong ones of an hour ago."""
    now_ms = now_of(tx)
    over = and_(_own.site_id == site, _own.digest.is_not(None), _own.until_ms <= now_ms)
    tx.execute(update(claim_table).where(over).values(digest=None))
    tx.execute(delete(tried_table).where(_tried.site_id == site, _tried.since_ms <= now_ms - HOUR_MS))


def _must(tx: Connection, site: str, id_: str) -> Claim:
    found = find(tx, site, id_)
    if found is None:
        raise Unknown("There is no such claim.")
    return found


def _claim(row: Row[Any], now_ms: int) -> Claim:
    until_ms = row.made_ms + OPEN_MS
    good = max(until_ms, row.until_ms) > now_ms
    state = State.CLAIMED if row.band_guest else State.WAITING if good else State.OVER
    return Claim(row.claim_id, row.guest_id, row.channel_id, state, until_ms)


def _this(site: str, id_: str) -> ColumnElement[bool]:
    return and_(_own.site_id == site, _own.claim_id == id_)


KEPT.append(delete_before)
PLACES.append(lambda tx, site, gone: forget(tx, site, gone.guest))
