"""Proof: which device asks, shown by a signature over the whole request that was never seen before."""

from __future__ import annotations

from typing import NamedTuple

from flask import g, request

from edge.errors import NotAllowed
from sync.central.machines import devices, keys, nonces
from sync.central.machines.devices import Device
from sync.central.machines.keys import Key
from sync.central.store import Connection, Store, and_, bindparam, select
from sync.packing import TooLarge
from sync.signing import IDEMPOTENCY, Message, NotSigned, Proof, fields, named_key, named_nonce, verify
from sync.wire import BATCH_BYTES_MAX

IDEMPOTENCY_CHARS_MAX = 64


class NotKnown(NotAllowed):
    """No device here has this key."""

    hint = "If central was restored from a backup, enrol the device anew."


class Revoked(NotAllowed):
    """This device was revoked."""

    hint = "Ask the operator; a revoked device is enrolled anew or put away."


class Caller(NamedTuple):
    """Who asks, by which key, and what was sent."""

    device: Device
    key: Key
    proof: Proof
    body: bytes

    def enter(self, tx: Connection) -> None:
        """Take the request's nonce; the first thing in the transaction that does what it asks for."""
        nonces.take(tx, self.device.site, self.proof.key_id, nonce=self.proof.nonce)


class _Known(NamedTuple):
    """What central knows of who asks; ``again``: it took this nonce, though only ``nonces.take`` decides."""

    key: Key
    device: Device
    again: bool


_key, _device, _nonce = keys.key_table.c, devices.device_table.c, nonces.nonce_table.c
WHO = (
    select(devices.device_table, _key.public_key.label("key"), _key.until_ms, _nonce.at_ms.label("taken_ms"))
    .join_from(
        keys.key_table,
        devices.device_table,
        and_(_device.site_id == _key.site_id, _device.device_id == _key.device_id),
    )
    .outerjoin(
        nonces.nonce_table,
        and_(
            _nonce.site_id == _key.site_id,
            _nonce.key_id == bindparam("named"),
            _nonce.nonce == bindparam("nonce"),
        ),
    )
    .where(
        _key.site_id == bindparam("site"),
        _key.device_id == bindparam("device"),
        _key.number == bindparam("number"),
    )
)
"""Asked at every request, therefore once for all that is asked."""


def arrived(public_url: str) -> Message:
    """Return the request under central's own address, whatever its Host says; too large a one is refused."""
    if (request.content_length or 0) > BATCH_BYTES_MAX:
        raise TooLarge
    target = str(request.environ.get("REQUEST_URI", "")) or request.full_path
    return Message(
        method=request.method,
        url=public_url + target,
        headers=fields(request.headers.items()),
        body=request.get_data(cache=False),
    )


def _known(tx: Connection, named: str, nonce: str) -> _Known | None:
    there = keys.place_of(named)
    if there is None:
        return None
    asked = dict(zip(("site", "device", "number"), there, strict=True))
    row = tx.execute(WHO, {**asked, "named": named, "nonce": nonce}).first()
    if row is None:
        return None
    key = Key(*there, bytes(row.key), row.until_ms is not None)
    return _Known(key, devices.device_of(row), row.taken_ms is not None)


def demand_active(store: Store, caller: Caller) -> None:
    """Refuse a device that was revoked while it waited for its answer."""
    with store.reading() as tx:
        if devices.device(tx, caller.device.site, caller.device.id).state != devices.ACTIVE:
            raise Revoked


def prove(store: Store, public_url: str, *, retired: bool = False) -> Caller:
    """Return who asks: known, not revoked, signed by its present key and for the first time.

    A ``retired`` key may ask again for what retired it, in case that answer was lost.
    """
    message = arrived(public_url)
    named, number = named_key(message.headers), named_nonce(message.headers)
    with store.reading() as tx:
        known = _known(tx, named, number)
    if known is None or (known.key.retired and not retired):
        raise NotKnown
    key, device, again = known
    g.site, g.device_id = device.site, device.id
    if device.state != devices.ACTIVE:
        raise Revoked
    if not 0 < len(message.headers.get(IDEMPOTENCY, "")) <= IDEMPOTENCY_CHARS_MAX:
        raise NotSigned("A request carries an Idempotency-Key.")
    proof = verify(message, key.public_key, now_ms=store.now_ms())
    if again or (proof.key_id, proof.nonce) != (named, number):  # what is signed is what was looked for
        raise nonces.Replayed
    return Caller(device, key, proof, message.body)
