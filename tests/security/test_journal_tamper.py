"""The journal on the device is changed by whoever holds the box: every damage is found, and where it is."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from msgspec.structs import replace

from edge.core.bands import Presented
from edge.core.checkpoint import Checkpoint, Mark
from edge.core.decision import Act, Decision, Outcome, Reason, WhatNext
from edge.core.events import Acted, Decided, Event, Kind, body_of, chain_start, chain_step
from edge.signature import is_signed, signer
from edge.store.records import Head, Owner
from edge.store.verification import Break, Wrong, check_lane
from tests.store.house import a_band

RECORDS = 300
PLACES_SOME, PLACES_MANY = 60, 1_000
LOCATED_SHARE_MIN = 0.95
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
OWNER = Owner("park", "edge-1", PUBLIC)
SIGN = signer(KEY.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
CHECKPOINT_EVERY = 50


class Damage(NamedTuple):
    """A lane as somebody left it, and the record that was touched first."""

    events: list[Event]
    seq: int


Deed = Callable[[list[Event], list[Event], random.Random], Damage]


def a_body(device: str, seq: int) -> Decided:
    """What a device writes down of one passage."""
    decision = Decision(
        outcome=Outcome.GRANTED,
        reason=Reason.ENTERED,
        next=WhatNext(act=Act.GO_ON),
        point="north",
        direction="in",
    )
    presented = Presented(tap_id=f"t{seq}", reader="r", band=None)
    return body_of(Decided(decision=decision, presented=presented, now_ms=seq, device=device))


def a_lane(owner: Owner) -> list[Event]:
    """A lane of so many decisions and staff acts, chained as a device does."""
    events: list[Event] = []
    h = chain_start(owner.site, owner.device, 0, public_key=owner.public_key)
    for seq in range(1, RECORDS + 1):
        judged = seq % 3 > 0
        body = a_body(owner.device, seq) if judged else Acted(note=str(seq))
        bare = Event(
            lane=0,
            seq=seq,
            hlc=seq << 16,
            offset_ms=0,
            uncertainty_ms=5,
            kind=Kind.DECIDED if judged else Kind.LOOKED_UP,
            schema=1,
            band=a_band(seq) if judged else None,
            body=msgspec.msgpack.encode(body),
            h=b"",
        )
        h = chain_step(h, bare)
        events.append(replace(bare, h=h))
    return events


OURS, THEIRS = a_lane(OWNER), a_lane(Owner("park", "edge-2", b"2" * 32))


def a_checkpoint(events: list[Event], seq: int) -> Checkpoint:
    """What the device signed when its lane ended with this record."""
    other = Mark(0, chain_start(OWNER.site, OWNER.device, 1, public_key=PUBLIC))
    return SIGN(
        Checkpoint(
            site=OWNER.site,
            device=OWNER.device,
            incarnation=1,
            boot="b",
            hlc=events[seq - 1].hlc,
            marks=(Mark(seq, events[seq - 1].h), other),
        )
    )


CHECKPOINTS = [a_checkpoint(OURS, seq) for seq in range(CHECKPOINT_EVERY, RECORDS + 1, CHECKPOINT_EVERY)]


def checked(events: list[Event], checkpoints: list[Checkpoint] | None = None) -> tuple[Break, ...]:
    """What `polso journal verify` finds in a lane."""
    start = Head(0, chain_start(OWNER.site, OWNER.device, 0, public_key=PUBLIC))
    seen = CHECKPOINTS if checkpoints is None else checkpoints
    return check_lane(OWNER, start, events, lane=0, checkpoints=seen).breaks


def _edit(ours: list[Event], theirs: list[Event], chance: random.Random) -> Damage:
    at = chance.randrange(RECORDS)
    body = bytearray(ours[at].body)
    body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return Damage([*ours[:at], replace(ours[at], body=bytes(body)), *ours[at + 1 :]], at + 1)


def _delete(ours: list[Event], theirs: list[Event], chance: random.Random) -> Damage:
    at, count = chance.randrange(RECORDS - 5), chance.randrange(1, 5)
    return Damage([*ours[:at], *ours[at + count :]], at + 1)


def _delete_and_close_up(ours: list[Event], theirs: list[Event], chance: random.Random) -> Damage:
    at = chance.randrange(RECORDS - 2)
    return Damage([*ours[:at], *(replace(event, seq=event.seq - 1) for event in ours[at + 1 :])], at + 1)


def _insert(ours: list[Event], theirs: list[Event], chance: random.Random) -> Damage:
    at = chance.randrange(RECORDS)
    forged = replace(chance.choice(ours), seq=at + 1, uncertainty_ms=99)
    if chance.random() < 0.5:  # one who knows the chain hashes what he puts in
        before = ours[at - 1].h if at else chain_start(OWNER.site, OWNER.device, 0, public_key=PUBLIC)
        forged = replace(forged, h=chain_step(before, forged))
    moved = [replace(event, seq=event.seq + 1) for event in ours[at:]]
    return Damage([*ours[:at], forged, *moved], at + 1)


def _swap(ours: list[Event], theirs: list[Event], chance: random.Random) -> Damage:
    low, high = sorted(chance.sample(range(RECORDS), 2))
    events = list(ours)
    events[low], events[high] = replace(ours[high], seq=low + 1), replace(ours[low], seq=high + 1)
    return Damage(events, low + 1)


def _truncate(ours: list[Event], theirs: list[Event], chance: random.Random) -> Damage:
    at = chance.randrange(RECORDS)
    return Damage(ours[:at], at + 1)


def _splice(ours: list[Event], theirs: list[Event], chance: random.Random) -> Damage:
    at = chance.randrange(RECORDS)
    until = min(RECORDS, at + chance.choice([1, 2, 7, RECORDS]))
    return Damage([*ours[:at], *theirs[at:until], *ours[until:]], at + 1)


DEEDS: dict[str, Deed] = {
    "edit": _edit,
    "delete": _delete,
    "delete and close up": _delete_and_close_up,
    "insert": _insert,
    "swap": _swap,
    "truncate": _truncate,
    "splice": _splice,
}
NAMED = {
    "edit": {Wrong.CHANGED},
    "delete": {Wrong.MISSING},
    "delete and close up": {Wrong.MISSING},
    "insert": {Wrong.INSERTED},
    "swap": {Wrong.SWAPPED},
    "truncate": {Wrong.CUT},
    "splice": {Wrong.SPLICED, Wrong.CHANGED},
}


def _damaged(deed: str, places: int, seed: int) -> tuple[int, int, int]:
    """Do a deed at so many random places; return how many were found, located, and called by their name."""
    chance = random.Random(seed)  # noqa: S311  # a seeded story, nothing secret
    found = located = named = 0
    for _ in range(places):
        damage = DEEDS[deed](OURS, THEIRS, chance)
        breaks = checked(damage.events)
        found += bool(breaks)
        located += bool(breaks) and breaks[0].seq == damage.seq
        named += bool(breaks) and breaks[0].wrong in NAMED[deed]
    return found, located, named


@pytest.mark.parametrize("deed", DEEDS)
def test_every_damage_is_found_located_and_named(deed: str) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"replay with seed {seed}")
    found, located, named = _damaged(deed, PLACES_SOME, seed)
    assert found == PLACES_SOME
    assert located == PLACES_SOME
    assert named == PLACES_SOME


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("deed", DEEDS)
def test_a_thousand_damages_of_each_kind_are_found_and_located(deed: str) -> None:
    found, located, _ = _damaged(deed, PLACES_MANY, seed=20_261_128)
    print(f"{deed}: found {found}, located {located} of {PLACES_MANY}")
    assert found == PLACES_MANY
    assert located >= LOCATED_SHARE_MIN * PLACES_MANY


def test_a_whole_lane_is_whole() -> None:
    assert checked(OURS) == ()


def test_without_checkpoints_a_cut_tail_goes_unseen() -> None:
    """The control: a hash chain alone cannot know what came after its end."""
    assert checked(OURS[:100], []) == ()
    assert [(found.seq, found.wrong) for found in checked(OURS[:100])] == [(101, Wrong.CUT)]


def test_a_history_made_anew_from_one_record_on_is_caught_by_the_checkpoint_behind_it() -> None:
    """Who hashes everything again leaves a chain that fits; only what was signed before does not."""
    events, h = OURS[:119], OURS[118].h
    for event in OURS[119:]:
        forged = replace(event, uncertainty_ms=1_000)
        h = chain_step(h, forged)
        events.append(replace(forged, h=h))
    assert checked(events, []) == ()
    found = checked(events)
    assert [(one.seq, one.wrong, one.good) for one in found] == [(150, Wrong.REWRITTEN, 100)]


def test_each_break_names_the_nearest_good_checkpoint() -> None:
    events = list(OURS)
    events[171] = replace(events[171], body=b"\x90")
    assert [(one.seq, one.good) for one in checked(events)] == [(172, 150)]
    events[20] = replace(events[20], body=b"\x90")
    assert [(one.seq, one.good) for one in checked(events)] == [(21, None), (172, 150)]


def test_a_checkpoint_is_the_device_s_own_or_none() -> None:
    true = CHECKPOINTS[0]
    assert is_signed(true, PUBLIC)
    assert not is_signed(true, b"2" * 32)
    changes = {"device": "edge-2", "site": "other", "incarnation": 2, "boot": "c", "hlc": 1}
    for name, value in changes.items():
        assert not is_signed(replace(true, **{name: value}), PUBLIC), name
    for lane in (0, 1):
        marks = list(true.marks)
        marks[lane] = Mark(marks[lane].seq + 1, marks[lane].h)
        assert not is_signed(replace(true, marks=tuple(marks)), PUBLIC)
    assert not is_signed(replace(true, signature=b""), PUBLIC)


def test_later_checkpoints_stand_for_more_records() -> None:
    assert all(one.events < other.events for one, other in pairwise(CHECKPOINTS))
