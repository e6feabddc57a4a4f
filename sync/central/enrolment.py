"""Enrolment: a code that an operator makes, a person types into a new device, and that works once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

import msgspec

from edge.core.cards import masked
from edge.errors import Refused
from sync.central.echoes import passages
from sync.central.machines.devices import ACTIVE, Device, NewDevice, add_device, device, devices
from sync.central.machines.keys import keys
from sync.central.machines.voice import voice
from sync.central.registry.turn import take_turn
from sync.central.sites import band_key
from sync.central.store import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Row,
    Store,
    String,
    Table,
    insert,
    metadata,
    now_of,
    select,
    update,
)
from sync.rights import DeviceKind
from sync.routes import ENROLMENTS
from sync.signing import Message, NotSigned, public_half, verify
from sync.wire import EnrolAnswer, EnrolRequest

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that is mistaken for a digit."""
LOCATOR_CHARS = 4
"""The code's first group finds its row; it is no secret."""
SECRET_CHARS = 16
"""80 random bits."""
GROUP_CHARS = 4
LOCATORS_MAX = 1_000
"""Tries to find a first group that is free."""
LIFE_MS = 15 * 60 * 1000
TRIES_MAX = 5
OPEN, USED, CLOSED = "open", "used", "closed"
PUBLIC_KEY_BYTES = 32
NAME_CHARS_MAX = 200

enrolment_table = Table(
    "enrolment",
    metadata,
    Column("locator", String(LOCATOR_CHARS), primary_key=True),
    Column("site_id", String(64), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("points", LargeBinary, nullable=False),
    Column("state", String(16), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
    Column("device_id", String(64)),
    Column("alarm", String(200), nullable=False, server_default=""),
)


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator fixes about a device before it exists."""

    site: str
    kind: str = DeviceKind.EDGE.value
    name: str = ""
    points: tuple[str, ...] = ()


class CodeRefused(Refused):
    """This enrolment code does not work."""

    hint = "Make a new code in the console; each works once, for 15 minutes."


def invite(tx: Connection, invitation: Invitation) -> str:
    """Make a code for one device and return it, grouped for typing; only its hash is kept."""
    band_key(tx, invitation.site)
    locator, secret = _free_locator(tx), _random(SECRET_CHARS)
    tx.execute(
        insert(enrolment_table).values(
            locator=locator,
            site_id=invitation.site,
            secret_hash=_hash(secret),
            kind=invitation.kind,
            name=invitation.name,
            points=msgspec.msgpack.encode(invitation.points),
            state=OPEN,
            tries=0,
            made_ms=now_of(tx),
            until_ms=now_of(tx) + LIFE_MS,
        )
    )
    whole = locator + secret
    return "-".join(whole[at : at + GROUP_CHARS] for at in range(0, len(whole), GROUP_CHARS))


def demand_key(asked: EnrolRequest, message: Message, *, now_ms: int) -> None:
    """Refuse who does not hold the key that he would enrol, before his code is looked at.

    What a device signs for is central's own address: asked by another one, it hears the right one.
    """
    try:
        verify(message, asked.public_key, now_ms=now_ms)
    except NotSigned as error:
        raise NotSigned(f"Central is known as {message.url.partition(ENROLMENTS)[0]}: ask there.") from error


def enrol(store: Store, request: EnrolRequest) -> EnrolAnswer:
    """Spend a code on a device, exactly once; a wrong try is counted even though it is refused.

    Whoever holds the very key that it was spent on gets the same answer again: the first may have been lost.
    """
    if len(request.public_key) != PUBLIC_KEY_BYTES:
        raise Refused(f"A public key has {PUBLIC_KEY_BYTES} bytes.")
    with store.transaction() as tx:
        answer = _spend(tx, request)
    if answer is None:
        raise CodeRefused
    return answer


def _spend(tx: Connection, request: EnrolRequest) -> EnrolAnswer | None:
    code = _typed(request.code)
    locator, secret = code[:LOCATOR_CHARS], code[LOCATOR_CHARS:]
    found = select(enrolment_table).where(enrolment_table.c.locator == locator).with_for_update()
    row = tx.execute(found).first()
    if row is None:
        return None
    if not hmac.compare_digest(_hash(secret), bytes(row.secret_hash)):
        _count_wrong(tx, row)
        return None
    take_turn(tx, row.site_id)  # before the code's end is judged: whoever is kept waiting may wait past it
    if now_of(tx) < row.until_ms and row.state == USED:
        known = device(tx, row.site_id, row.device_id)
        if known.public_key == request.public_key and known.state == ACTIVE:
            return _answer(tx, known)
    if row.state != OPEN or now_of(tx) >= row.until_ms:
        _raise_alarm(tx, row)
        return None
    return _welcome(tx, row, request)


def _welcome(tx: Connection, row: Row[Any], request: EnrolRequest) -> EnrolAnswer:
    points = msgspec.msgpack.decode(row.points, type=tuple[str, ...])
    new = NewDevice(
        site=row.site_id,
        kind=row.kind,
        name=row.name or masked("".join(filter(str.isprintable, request.name)))[:NAME_CHARS_MAX],
        points=points,
        public_key=request.public_key,
    )
    untold = sum(one.state == ACTIVE for one in devices(tx, new.site)) <= 1
    known, _ = add_device(tx, new)
    if untold:  # a device that was alone had nobody to hear what it let in
        passages.catch_up(tx, new.site)
    this = (enrolment_table.c.locator == row.locator) & (enrolment_table.c.state == OPEN)
    closed = tx.execute(update(enrolment_table).where(this).values(state=USED, device_id=known.id))
    if closed.rowcount != 1:
        raise CodeRefused
    return _answer(tx, known)


def _answer(tx: Connection, known: Device) -> EnrolAnswer:
    return EnrolAnswer(
        device=known.id,
        site=known.site,
        incarnation=known.incarnation,
        key_id=keys(tx, known.site, known.id)[0].id,
        central_key=public_half(voice(tx, known.site).private_key),
        band_key=band_key(tx, known.site),
        points=known.points,
        kind=known.kind,
        time_ms=now_of(tx),
    )


def _count_wrong(tx: Connection, row: Row[Any]) -> None:
    tries = row.tries + 1
    state = CLOSED if tries >= TRIES_MAX and row.state == OPEN else row.state
    this = update(enrolment_table).where(enrolment_table.c.locator == row.locator)
    tx.execute(this.values(tries=tries, state=state, alarm=f"{tries} wrong tries"))


def _raise_alarm(tx: Connection, row: Row[Any]) -> None:
    why = "used a second time" if row.state == USED else f"tried when {row.state} or too old"
    this = update(enrolment_table).where(enrolment_table.c.locator == row.locator)
    tx.execute(this.values(alarm=why))


def _free_locator(tx: Connection) -> str:
    """Return a first group that no code has had: among a thousand codes two would else begin alike."""
    for _ in range(LOCATORS_MAX):
        locator = _random(LOCATOR_CHARS)
        taken = select(enrolment_table.c.locator).where(enrolment_table.c.locator == locator)
        if tx.execute(taken).first() is None:
            return locator
    raise Refused("There are too many codes.", hint="Delete old ones from the database.")


def _random(chars: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(chars))


def _typed(code: str) -> str:
    """What a person meant: any case, any grouping, O for 0 and I or L for 1."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return plain.translate(str.maketrans("OIL", "011"))[: LOCATOR_CHARS + SECRET_CHARS]


def _hash(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=32, person=b"polso enrolment"[:16]).digest()
