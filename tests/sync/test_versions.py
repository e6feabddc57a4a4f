"""Old and new versions on one wire: what is not known yet is passed over, what must be known is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from edge.core.events import Kind
from sync.central.app import create_app
from sync.central.machines import devices, lanes
from sync.central.store import Store
from sync.client.client import FATAL
from sync.client.line import Declined
from sync.wire import (
    WIRE_FLOOR,
    WIRE_VERSION,
    Ack,
    Attested,
    Batch,
    DeviceReport,
    Item,
    Page,
    Problem,
    ProblemDocument,
)
from tests.sync.caller import Caller
from tests.sync.ends import a_report

REQUESTS: tuple[type[msgspec.Struct], ...] = (Batch, DeviceReport)
ANSWERS: tuple[type[msgspec.Struct], ...] = (Ack, Attested, Page, ProblemDocument)
FUTURE = {"from_the_future": {"deep": [1, 2, {"er": b"x"}]}}


@pytest.fixture
def caller(store: Store) -> Iterator[Caller]:
    with create_app(store).test_client() as http:
        yield Caller(http, store)


def newer(message: msgspec.Struct) -> msgspec.Struct:
    """The message as a later version sends it: with a field that nobody here knows."""
    fields = [(name, Any) for name in (*message.__struct_fields__, *FUTURE)]
    made = msgspec.defstruct("Newer", fields)
    return made(**{name: getattr(message, name) for name in message.__struct_fields__}, **FUTURE)


def older(message: msgspec.Struct) -> msgspec.Struct:
    """The message as the first version sent it: only what never had a default."""
    kept = [field.name for field in msgspec.structs.fields(message) if field.required]
    made = msgspec.defstruct("Older", [(name, Any) for name in kept])
    return made(**{name: getattr(message, name) for name in kept})


@pytest.mark.parametrize("aged", [older, newer])
def test_central_takes_events_and_reports_of_other_versions(caller: Caller, aged: Any) -> None:
    caller.journal.write(3)
    status, _, body = caller.post(caller.events, aged(caller.journal.batch(1, 3)))
    assert (status, msgspec.msgpack.decode(body, type=Ack).ack) == (200, 3)
    status, _, body = caller.post(caller.report, aged(a_report(caller.device.id)))
    assert (status, msgspec.msgpack.decode(body, type=Attested).tips[0].seq) == (200, 3)


MESSAGES = (
    Ack(device="gate", lane=0, ack=7, time_ms=1, duplicates=2),
    Attested(device="gate", time_ms=1, tips=(), urgent=(Item(kind="band", key="a", version=1, body=b""),)),
    Page(site="park", epoch=5, after=1, to=2, head=2, time_ms=1, urgent_to=9, again_ms=5),
    ProblemDocument(type="urn:polso:problem:gap", title="Gap", status=409, time_ms=1, ack=4),
)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_an_edge_reads_answers_of_other_versions(message: msgspec.Struct) -> None:
    kind = type(message)
    wire = msgspec.json if kind is ProblemDocument else msgspec.msgpack
    assert wire.decode(wire.encode(newer(message)), type=kind) == message
    first = wire.decode(wire.encode(older(message)), type=kind)
    assert all(
        getattr(first, f.name) == getattr(message, f.name) for f in msgspec.structs.fields(kind) if f.required
    )


@pytest.mark.parametrize("kind", [*REQUESTS, *ANSWERS], ids=lambda kind: kind.__name__)
def test_no_message_forbids_what_a_later_version_may_add(kind: type[msgspec.Struct]) -> None:
    assert not kind.__struct_config__.forbid_unknown_fields
    assert not kind.__struct_config__.array_like, "fields of an array cannot be left out"


@pytest.mark.parametrize("change", [{"v": WIRE_FLOOR - 1}, {"v": WIRE_VERSION + 1}, {"schema_top": 0}])
def test_below_the_floor_and_above_the_roof_is_426_and_nothing_is_stored(
    caller: Caller, change: dict[str, int]
) -> None:
    caller.journal.write(2)
    status, _, body = caller.post(
        caller.events, msgspec.structs.replace(caller.journal.batch(1, 2), **change)
    )
    document = msgspec.json.decode(body, type=ProblemDocument)
    assert (status, document.problem) == (426, Problem.SCHEMA)
    with caller.store.reading() as tx:
        assert lanes.recent(tx, "park") == ()
    assert caller.status(caller.report, a_report(caller.device.id)) == 200, "still seen by the operator"


def test_a_device_that_must_be_updated_asks_rarely_and_keeps_everything() -> None:
    document = ProblemDocument(type="urn:polso:problem:schema-too-old", title="", status=426, time_ms=1)
    assert document.problem in FATAL
    assert not Declined(document, Problem.SCHEMA, None).retryable


def test_kinds_and_schemas_of_the_future_are_kept_raw_beside_known_ones(caller: Caller) -> None:
    caller.journal.write(1)
    future = caller.journal.append(0, b"\xc1 not for us", kind=max(Kind) + 400, schema=9)
    changed = caller.journal.append(0, b"\x93 another shape", kind=int(Kind.DECIDED), schema=2)
    caller.journal.write(1)
    assert caller.status(caller.events, caller.journal.batch(1, 4)) == 200
    with caller.store.reading() as tx:
        events = {arrived.event.seq: arrived.event for arrived in lanes.recent(tx, "park")}
        assert devices.device(tx, "park", caller.device.id).alarm == ""
    assert (events[2], events[3]) == (future, changed)


def test_an_older_central_names_a_problem_that_this_edge_never_heard_of() -> None:
    document = ProblemDocument(type="urn:polso:problem:moon-phase", title="", status=418, time_ms=1)
    assert document.problem is None
