"""CloudEvents: a journal's record in the form that other houses read (cloudevents/spec 1.0, JSON format)."""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import suppress

import msgspec

from edge.core.events import Event, Kind, decided_in

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


def source_of(site: str, device: str, life: str, *, lane: int) -> str:
    """Return where an event comes from: one lane of one life of a device."""
    return f"/sites/{site}/devices/{device}/{life}/{lane}"


def formed(event: Event, said: object, *, source: str, subject: str) -> CloudEvent:
    """Return a record as an event that says ``said``; ``subject`` is how the reader knows the band."""
    name = type_of(event.kind, event.schema)
    return CloudEvent(
        specversion="1.0",
        id=str(event.seq),
        source=source,
        type=name,
        time=rfc3339(event.hlc >> 16),
        sequence=f"{event.seq:0{SEQUENCE_DIGITS}d}",
        subject=subject,
        datacontenttype="application/json",
        dataschema=f"urn:polso:{name}",
        data=msgspec.Raw(msgspec.json.encode(said)),
    )


def line(event: Event, *, source: str) -> str:
    """Return the event as one line of JSON; octets are base64, ``subject`` is the BandId in hex."""
    subject = event.band.hex() if event.band else ""
    return msgspec.json.encode(formed(event, readable(event), source=source, subject=subject)).decode()


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


def rfc3339(ms: int) -> str:
    """Return a moment in UTC milliseconds as RFC 3339 writes it."""
    moment = dt.datetime.fromtimestamp(ms / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
