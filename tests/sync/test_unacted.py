"""Events that can be read and not acted upon: none blocks its lane, none is lost, each can be tried again."""

from __future__ import annotations

import enum
import typing
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from edge.core.events import DECISIONS, Acted, Decided, Kind
from sync.central import intake, quarantine
from sync.central.accounting import ops
from sync.central.accounting.ops import What
from sync.central.echoes import uptake
from sync.central.echoes.echo import Heard
from sync.central.machines import devices
from sync.central.settling.takings import BODIES
from sync.central.store import Store
from sync.wire import Ack
from tests.sync.test_intake import Sender, aside, stored

ACTED = (Kind.UNDONE, Kind.ANNULLED, Kind.BAND_STATE, Kind.LINKED, Kind.ALARM_RAISED, Kind.ALARM_ACKNOWLEDGED,
         Kind.PIN_PROVED, Kind.SIGN_IN_REFUSED, Kind.LOOKED_UP)  # fmt: skip
FORMS: dict[int, type[msgspec.Struct]] = {
    **uptake.FORMS, **BODIES, **dict.fromkeys(DECISIONS, Decided), **dict.fromkeys(ACTED, Acted),
}  # fmt: skip
NUL, WIDE, LONG, BELOW = "a\0b", "w" * 300, 2**64 - 1, -(2**63)
BAND = bytes([3]) * 16


@pytest.fixture
def sender(store: Store) -> Sender:
    return Sender(store)


def filled(form: type[msgspec.Struct], *, text: str, number: int) -> bytes:
    """A body of this form that says this in every place."""
    return msgspec.msgpack.encode(_filled(inspect.type_info(form), text, number))


def _filled(kind: inspect.Type, text: str, number: int) -> Any:
    match kind:
        case inspect.StructType():
            cells = {field.encode_name: _filled(field.type, text, number) for field in kind.fields}
            return list(cells.values()) if kind.array_like else cells
        case inspect.UnionType():
            return _filled(
                next(one for one in kind.types if not isinstance(one, inspect.NoneType)), text, number
            )
        case inspect.EnumType():
            return next(iter(typing.cast("type[enum.Enum]", kind.cls))).value
        case inspect.VarTupleType() | inspect.ListType() | inspect.FrozenSetType():
            return [_filled(kind.item_type, text, number)]
        case inspect.TupleType():
            return [_filled(one, text, number) for one in kind.item_types]
        case inspect.DictType():
            return {_filled(kind.key_type, text, number): _filled(kind.value_type, text, number)}
        case inspect.StrType():
            return text
        case inspect.IntType():
            return number
        case inspect.BoolType():
            return True
        case inspect.BytesType():
            return BAND
        case _:
            return None


def sent(sender: Sender, count: int) -> list[Ack]:
    """All of a lane, sent as a device does: from where central stands."""
    answers: list[Ack] = []
    while not answers or answers[-1].ack < count:
        done = answers[-1].ack if answers else 0
        assert len(answers) <= count, "no answer without a step"
        answers.append(sender.ack(sender.journal.batch(done + 1, count)))
    return answers


@pytest.mark.parametrize("kind", sorted(FORMS), ids=lambda kind: Kind(kind).name.lower())
@pytest.mark.parametrize(
    ("text", "number"), [(NUL, 1), (WIDE, 1), ("x", LONG), ("x", BELOW)], ids=["nul", "wide", "long", "below"]
)
def test_no_words_and_no_figures_block_a_lane(sender: Sender, kind: int, text: str, number: int) -> None:
    sender.journal.write(1)
    sender.journal.append(0, filled(FORMS[kind], text=text, number=number), kind=kind, band=BAND)
    sender.journal.write(1)
    sent(sender, 3)
    kept = [event.seq for event in stored(sender.store)]
    assert {1, 3} <= set(kept)
    assert sorted([*kept, *(seq for seq, _ in aside(sender.store))]) == [1, 2, 3]


class Stumbling:
    """A room that acts upon events and breaks at those of one band."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.whole, self.broken = intake.resound, True
        monkeypatch.setattr(intake, "resound", self)
        monkeypatch.setattr(quarantine, "resound", self)

    def __call__(self, tx: Any, site: str, heard: list[Heard], *, device: str) -> None:
        self.whole(tx, site, heard, device=device)
        if self.broken and any(one.band == BAND for one in heard):
            raise ValueError("as a fault of ours would")


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Stumbling:
    return Stumbling(monkeypatch)


def a_lane(sender: Sender, count: int, *poison: int) -> None:
    for seq in range(1, count + 1):
        columns = {"band": BAND} if seq in poison else {"band": bytes([7]) * 16}
        sender.journal.append(0, b"\x80", **columns)


@pytest.mark.parametrize("poison", [(1,), (20,), (40,), (7, 8, 33)], ids=str)
def test_an_event_that_breaks_who_acts_upon_it_is_kept_aside_alone(
    sender: Sender, room: Stumbling, poison: tuple[int, ...]
) -> None:
    a_lane(sender, 40, *poison)
    answers = sent(sender, 40)
    assert [one.seq for answer in answers for one in answer.quarantined] == list(poison)
    assert all("cannot act upon it" in one.why for answer in answers for one in answer.quarantined)
    assert [event.seq for event in stored(sender.store)] == [n for n in range(1, 41) if n not in poison]
    assert [seq for seq, _ in aside(sender.store)] == list(poison)
    assert sender.ack(sender.journal.batch(1, 40)).duplicates == 40, "sent again it is known"
    with sender.store.reading() as tx:
        assert f"{len(poison)} events" in devices.device(tx, "park", sender.device.id).alarm


def test_control_where_a_batch_is_not_divided_one_such_event_blocks_its_lane(
    sender: Sender, room: Stumbling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_as_far_as", lambda settled, rows, **_: settled(rows))
    a_lane(sender, 4, 3)
    for _ in range(2):
        with pytest.raises(ValueError, match="fault of ours"):
            sender.send(sender.journal.batch(1, 4))
    assert (stored(sender.store), aside(sender.store)) == ([], [])


def test_what_is_no_event_s_fault_is_no_reason_to_keep_one_aside(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise AssertionError("the rooms disagree")

    monkeypatch.setattr(intake, "resound", gone)
    a_lane(sender, 2)
    with pytest.raises(AssertionError):
        sender.send(sender.journal.batch(1, 2))
    assert aside(sender.store) == []


def test_tried_again_it_keeps_no_other_back_and_goes_home_once_the_fault_is_mended(
    sender: Sender, room: Stumbling, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_lane(sender, 2, 1)
    with monkeypatch.context() as older:
        older.setattr(intake, "BODY_BYTES_MAX", 0)
        older.setattr(intake, "_breaks", lambda columns, lane, seq: "" if seq == 1 else "too large")
        sent(sender, 2)
    assert [seq for seq, _ in aside(sender.store)] == [1, 2]
    told = quarantine.replay(sender.store, "park")
    assert (told.mended, [(one.seq, one.why) for one in told.left]) == (
        1, [(1, "central cannot act upon it: ValueError")],
    )  # fmt: skip
    room.broken = False
    assert quarantine.replay(sender.store, "park") == quarantine.Replayed(1, ())
    assert [event.seq for event in stored(sender.store)] == [1, 2]


@pytest.mark.parametrize(
    "body", [msgspec.msgpack.encode({"guest": "g"}), b"\xc1 of tomorrow"], ids=["read", "not"]
)
@pytest.mark.parametrize("kind", [Kind.SLOT_MOVED, Kind.PAID, Kind.CONSENT_SET], ids=lambda kind: kind.name)
def test_what_a_newer_device_says_of_money_and_guests_waits_for_a_central_that_reads_it(
    sender: Sender, monkeypatch: pytest.MonkeyPatch, kind: Kind, body: bytes
) -> None:
    """Read by the former rules it would say something else; unread it would never be booked."""
    sender.journal.append(0, body, kind=int(kind), schema=2)
    sender.journal.write(1)
    (answer,) = sent(sender, 2)
    assert [(one.seq, one.why) for one in answer.quarantined] == [
        (1, f"schema 2 of kind {int(kind)}: this central reads 1; update it, then replay")
    ]
    assert quarantine.replay(sender.store, "park").mended == 0
    monkeypatch.setattr(intake, "SCHEMA_TOP", 2)
    monkeypatch.setattr(intake, "_read", lambda columns: None)
    monkeypatch.setattr(quarantine, "TAKEN_UP", frozenset())
    monkeypatch.setattr(quarantine, "BODIES", {})
    assert quarantine.replay(sender.store, "park").mended == 1
    assert [event.seq for event in stored(sender.store)] == [1, 2]


@pytest.mark.parametrize(
    "said",
    [{"hlc": -1}, {"uncertainty_ms": -1}, {"uncertainty_ms": 2**62}],
    ids=["before", "surer", "unsure"],
)
def test_a_time_that_no_clock_says_is_kept_aside(sender: Sender, said: dict[str, int]) -> None:
    sender.journal.append(0, b"\x80", **said)
    (answer,) = sent(sender, 1)
    assert [one.why.startswith("time ") for one in answer.quarantined] == [True]


@pytest.mark.parametrize(("text", "number"), [(NUL, 1), ("x", LONG)], ids=["nul", "long"])
def test_money_that_no_database_could_look_for_calls_the_operator_and_stops_no_replay(
    store: Store, text: str, number: int
) -> None:
    sender = Sender(store)
    sender.journal.append(0, filled(BODIES[Kind.PAID], text=text, number=number), kind=int(Kind.PAID))
    sent(sender, 1)
    for _ in range(2):
        with store.reading() as tx:
            notes = ops.notes(tx, "park", what=What.ASIDE)
        assert [(one.seq, one.why) for one in notes] == [(1, "It says what no database can hold.")]
        assert quarantine.replay(store, "park").mended == 0
