"""CloudEvents: a journal's record in the form that other houses read (cloudevents/spec 1.0, JSON format)."""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import suppress

import msgspec

from edge.core.events import Event, Kind, decided_in
from edge.store.records import Owner

DOMAIN = "org.polso"
SEQUENCE_DIGITS = 20
"""Zero-padded, so that text order is number order."""
TYPES = {kind: f"{DOMAIN}.{kind.name.lower()}" for kind in Kind}
"""Event type by kind; its schema number follows as ``.v<n>``."""
DECISIONS = frozenset({Kind.DECIDED, Kind.CONFIRMED, Kind.OVERRIDDEN})


class CloudEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event; ``source`` and ``id`` together are unique for ever and equal at every retry."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    sequence: str
    subject: str = ""
    datacontenttype: str
    dataschema: str
    data: msgspec.Raw  # tidy: the attribute's name in CloudEvents 1.0


def incarnation(public_key: bytes) -> str:
    """Return the short name of one life of a device: a new key is a new stream."""
    return hashlib.blake2b(public_key, digest_size=8).hexdigest()


def type_of(kind: int, schema: int) -> str:
    """Return the event type of a kind and its schema number; kinds of a newer Polso keep their number."""
    name = TYPES[Kind(kind)] if kind in TYPES else f"{DOMAIN}.kind{kind}"
    return f"{name}.v{schema}"


def line(owner: Owner, event: Event) -> str:
    """Return the event as one line of JSON; octets are base64, ``subject`` is the BandId in hex."""
    name = type_of(event.kind, event.schema)
    made = CloudEvent(
        specversion="1.0",
        id=str(event.seq),
        source=f"/sites/{owner.site}/devices/{owner.device}/{incarnation(owner.public_key)}/{event.lane}",
        type=name,
        time=_rfc3339(event.hlc >> 16),
        sequence=f"{event.seq:0{SEQUENCE_DIGITS}d}",
        subject=event.band.hex() if event.band else "",
        datacontenttype="application/json",
        dataschema=f"urn:polso:{name}",
        data=msgspec.Raw(msgspec.json.encode(readable(event))),
    )
    return msgspec.json.encode(made).decode()


def readable(event: Event) -> object:
    """Return an event's body with a name for each thing: decisions are journaled as bare rows."""
    if event.kind in DECISIONS:
        with suppress(msgspec.ValidationError):  # of another shape than this version knows: shown as it is
            return named(decided_in(event.body, event.band))
    return msgspec.msgpack.decode(event.body)


def named(value: object) -> object:
    """Return structures as objects without what is as always."""
    if isinstance(value, msgspec.Struct):
        cells = ((field, getattr(value, field.name)) for field in msgspec.structs.fields(value))
        return {field.name: named(cell) for field, cell in cells if cell != field.default}
    return [named(one) for one in value] if isinstance(value, tuple) else value


def _rfc3339(ms: int) -> str:
    moment = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
