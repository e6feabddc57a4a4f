"""Letters to integrators: in order, none lost, whatever the receiver answers."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import msgspec
import pytest

from edge.core.events import Acted, Kind
from sync.central import alarms
from sync.central.claims import CLAIM_MS
from sync.central.hooks import letters, reach, subscriptions
from sync.central.hooks.delivery import Delivery
from sync.central.hooks.service import Service
from sync.central.hooks.verdict import GIVEN_UP_MS, State
from sync.central.machines.voice import voice
from sync.central.store import Store
from sync.signing import HOOK_TAG, NotSigned, public_half, verify
from tests.sync.builders import NOW_MS, SITE, Clockwork
from tests.sync.ends import until
from tests.sync.hooks.acts import CENTRAL, deliver, stands, subscribe
from tests.sync.hooks.receiver import TAKEN, Answer, Receiver, listening
from tests.sync.test_echo import Gate


def ids(to: Receiver) -> list[tuple[str, str]]:
    return [(one["source"], one["id"]) for one in to.letters]


def test_who_agrees_is_told_in_order_once_and_of_nothing_before(park: Store, receiver: Receiver) -> None:
    gate = Gate(park)
    gate.reads()
    hook = subscribe(park, receiver)
    deliver(park, receiver)
    assert receiver.asked[0]["WebHook-Request-Origin"] == "central.example"
    assert receiver.asked[0]["Authorization"] == "Bearer t0ken"
    assert (stands(park, hook).state, receiver.letters) == (State.LIVE, []), "what was before is not told"
    for _ in range(250):
        gate.reads()
    with park.transaction() as tx:
        subscriptions.test(tx, SITE, hook.id)
    deliver(park, receiver)
    source = f"/sites/{SITE}/devices/{gate.device.id}/1/0"
    assert ids(receiver)[1:] == [(source, str(number)) for number in range(2, 252)]
    trial, first, *_ = receiver.letters
    assert (trial["type"], trial["data"]) == ("org.polso.test.v1", {})
    assert first == {
        "specversion": "1.0",
        "id": "2",
        "source": source,
        "type": "org.polso.decided.v1",
        "time": "2025-10-09T08:53:20.000Z",
        "sequence": "00000000000000000002",
        "datacontenttype": "application/json",
        "dataschema": "urn:polso:org.polso.decided.v1",
        "data": {"point": "gate", "outcome": "granted", "reason": "entered", "direction": "in"},
    }
    with park.transaction() as tx:
        subscriptions.resume(tx, SITE, hook.id)
    deliver(park, receiver)
    assert len(receiver.letters) == 251, "told once"
    assert stands(park, hook).done_ms == NOW_MS


def test_each_post_is_signed_by_central_and_a_changed_one_is_not(park: Store, receiver: Receiver) -> None:
    subscribe(park, receiver)
    Gate(park).reads()
    deliver(park, receiver)
    with park.transaction() as tx:
        public = public_half(voice(tx, SITE).private_key)
    [post] = receiver.posts
    assert verify(post, public, now_ms=NOW_MS, tag=HOOK_TAG).key_id == f"central.{SITE}"
    with pytest.raises(NotSigned):
        verify(msgspec.structs.replace(post, body=post.body + b" "), public, now_ms=NOW_MS, tag=HOOK_TAG)
    with pytest.raises(NotSigned):
        verify(post, public, now_ms=NOW_MS)  # and it is nothing that a device could have said


@pytest.mark.parametrize("agrees", [{}, {"WebHook-Allowed-Origin": "elsewhere.example"}])
def test_who_does_not_agree_is_told_nothing(park: Store, receiver: Receiver, agrees: dict[str, str]) -> None:
    receiver.agrees = agrees
    hook = subscribe(park, receiver)
    Gate(park).reads()
    deliver(park, receiver)
    now = stands(park, hook)
    assert (now.state, now.failures, receiver.posts) == (State.ASKED, 1, [])
    assert "central.example" in now.why


def test_no_more_than_is_agreed_to_a_minute(park: Store, receiver: Receiver, clock: Clockwork) -> None:
    receiver.agrees |= {"WebHook-Allowed-Rate": "60"}
    hook = subscribe(park, receiver)
    gate = Gate(park)
    for _ in range(101):
        gate.reads()
    gaps: list[float] = []
    with park.transaction() as tx:
        taken = subscriptions.claim(tx, SITE, hook.id, claims=0)
        keys = voice(tx, SITE)
    assert taken is not None
    with receiver.session() as line:
        Service(park, SITE, taken, keys=keys, line=line).run(
            origin="central.example", draw=lambda: 1.0, rest=lambda s: bool(gaps.append(s))
        )
    assert gaps == [1.0, 1.0]
    assert [len(json.loads(one.body)) for one in receiver.posts] == [100, 1]


def test_what_is_tried_again_keeps_to_the_agreed_rate_too(
    park: Store, receiver: Receiver, clock: Clockwork
) -> None:
    receiver.agrees |= {"WebHook-Allowed-Rate": "6"}
    receiver.answers = lambda _: (500, {})
    subscribe(park, receiver)
    Gate(park).reads()
    for _ in range(2):
        deliver(park, receiver, draw=0.0)
        clock.ms += 9_999
        deliver(park, receiver, draw=0.0)
        clock.ms += 1
    assert len(receiver.posts) == 2, "one each ten seconds, however soon the back-off would have it"


def test_a_receiver_that_names_a_moment_is_left_alone_until_then(
    park: Store, receiver: Receiver, clock: Clockwork
) -> None:
    receiver.answers = lambda _: (429, {"Retry-After": "Thu, 09 Oct 2025 09:53:20 GMT"})
    subscribe(park, receiver)
    Gate(park).reads()
    for _ in range(4):
        deliver(park, receiver)
        clock.ms += 1_200_000
    assert len(receiver.posts) == 2, "an hour later"


def test_a_letter_that_cannot_be_written_is_told_to_people_and_loses_no_place(
    park: Store, receiver: Receiver, clock: Clockwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = subscribe(park, receiver)
    gate = Gate(park)
    gate.reads()
    with monkeypatch.context() as broken:
        broken.setattr(letters, "letter", lambda *_, **__: [][0])
        deliver(park, receiver)
        now = stands(park, hook)
        assert (now.state, now.failures, now.why) == (
            State.LIVE,
            1,
            "A letter could not be written (IndexError).",
        )
        clock.ms += GIVEN_UP_MS
        deliver(park, receiver)
    assert stands(park, hook).state is State.PAUSED
    with park.reading() as tx:
        assert [one.reason for one in alarms.alarms(tx, SITE)] == ["hook_paused"]
    with park.transaction() as tx:
        subscriptions.resume(tx, SITE, hook.id)
    deliver(park, receiver)
    assert [one["id"] for one in receiver.letters] == ["1"]


def test_lost_answers_lose_nothing_and_keep_the_order(
    park: Store, receiver: Receiver, clock: Clockwork
) -> None:
    draw = random.Random(5)  # noqa: S311  # a seeded line

    def answers(_number: int) -> Answer | None:
        return draw.choice([TAKEN, (500, {}), None, (302, {"Location": "/x"}), (429, {"Retry-After": "2"})])

    receiver.answers = answers
    subscribe(park, receiver, kinds=("decided",))
    gates = [Gate(park), Gate(park)]
    for number in range(30):
        gates[number % 2].reads()
        if number % 3 == 0:
            deliver(park, receiver)
            clock.ms += 5_000
    receiver.answers = lambda _: TAKEN
    clock.ms += 3_600_000
    deliver(park, receiver)
    assert len(receiver.fresh) == 30
    assert len(receiver.letters) > 30, "answers were lost"
    for gate in gates:
        mine = [int(id_) for source, id_ in ids(receiver) if f"/{gate.device.id}/" in source]
        firsts = list(dict.fromkeys(mine))
        assert firsts == sorted(firsts) == list(range(1, 16)), "in order as they first come"


def test_a_receiver_that_is_down_for_a_day_hears_all_of_it(
    park: Store, receiver: Receiver, clock: Clockwork
) -> None:
    receiver.answers = lambda _: (503, {})
    hook = subscribe(park, receiver, kinds=("decided",))
    gate = Gate(park)
    for _hour in range(24):
        gate.reads()
        deliver(park, receiver)
        clock.ms += 3_600_000
    now = stands(park, hook)
    assert (now.state, now.why, now.failures) == (State.LIVE, "It answered 503.", 24)
    with park.reading() as tx:
        assert reach.oldest_ms(tx, SITE, hook.id, kinds=[Kind.DECIDED]) == NOW_MS
    receiver.answers = lambda _: TAKEN
    receiver.posts.clear()
    deliver(park, receiver)
    assert [one["id"] for one in receiver.letters] == [str(number) for number in range(1, 25)]
    assert stands(park, hook).failures == 0


def test_after_three_days_somebody_is_called_and_a_replay_brings_it_all(
    park: Store, receiver: Receiver, clock: Clockwork
) -> None:
    receiver.answers = lambda _: (500, {})
    hook = subscribe(park, receiver, kinds=("decided",))
    gate = Gate(park)
    gate.reads()
    deliver(park, receiver)
    clock.ms += GIVEN_UP_MS
    deliver(park, receiver)
    with park.reading() as tx:
        assert [one.reason for one in alarms.alarms(tx, SITE)] == ["hook_paused"]
    assert stands(park, hook).state is State.PAUSED
    receiver.answers = lambda _: TAKEN
    receiver.posts.clear()
    deliver(park, receiver)
    assert receiver.posts == [], "until somebody says so"
    with park.transaction() as tx:
        subscriptions.resume(tx, SITE, hook.id)
    deliver(park, receiver)
    with park.transaction() as tx:
        subscriptions.replay(tx, SITE, hook.id, from_ms=NOW_MS - 1)
    deliver(park, receiver)
    assert [one["id"] for one in receiver.letters] == ["1", "1"]


@pytest.mark.parametrize(("status", "alarm"), [(410, []), (415, ["hook_stopped"])])
def test_who_wants_no_more_gets_no_more(
    park: Store, receiver: Receiver, status: int, alarm: list[str]
) -> None:
    receiver.answers = lambda _: (status, {})
    hook = subscribe(park, receiver)
    Gate(park).reads()
    deliver(park, receiver)
    deliver(park, receiver)
    assert (stands(park, hook).state, len(receiver.posts)) == (State.STOPPED, 1)
    with park.reading() as tx:
        assert [one.reason for one in alarms.alarms(tx, SITE)] == alarm


def test_only_the_kinds_that_were_asked_for(park: Store, receiver: Receiver) -> None:
    subscribe(park, receiver, kinds=("help_called",))
    gate = Gate(park)
    gate.reads()
    gate.says(Kind.HELP_CALLED, Acted(point="hall", staff="anna", note="a word", target="guest-7"), band=None)
    gate.says(Kind.LOOKED_UP, Acted(point="hall", staff="anna"))
    deliver(park, receiver)
    assert [(one["type"], one["data"]) for one in receiver.letters] == [
        ("org.polso.help_called.v1", {"point": "hall"})
    ]


def test_one_that_hangs_delays_nobody(park: Store, receiver: Receiver, tmp_path: Path) -> None:
    let_go = threading.Event()
    (tmp_path / "slow").mkdir()
    with listening(tmp_path / "slow") as slow:

        def hang(_number: int) -> Answer:
            let_go.wait(20)
            return TAKEN

        slow.answers = hang
        hooks = {subscribe(park, slow).id: slow, subscribe(park, receiver).id: receiver}
        Gate(park).reads()
        with park.reading() as tx:
            order = [id_ for _, id_, _ in subscriptions.QUEUE.due(tx, NOW_MS, limit=9)]
        sessions = iter([hooks[id_].session() for id_ in order])
        delivery = Delivery(park, public_url=CENTRAL, line=lambda: next(sessions), draw=lambda: 1.0)
        try:
            delivery.look()
            until(lambda: bool(receiver.posts))
        finally:
            let_go.set()
            delivery.settle()
    assert len(slow.posts) == 1


def test_a_worker_that_died_over_it_is_followed_by_another(
    park: Store, receiver: Receiver, clock: Clockwork
) -> None:
    hook = subscribe(park, receiver)
    Gate(park).reads()
    with park.transaction() as tx:
        assert subscriptions.claim(tx, SITE, hook.id, claims=0)
        assert subscriptions.claim(tx, SITE, hook.id, claims=0) is None, "one at a time"
    deliver(park, receiver)
    assert receiver.posts == []
    clock.ms += CLAIM_MS
    deliver(park, receiver)
    assert len(receiver.letters) == 1


def test_a_pause_that_is_said_meanwhile_stands(park: Store, receiver: Receiver) -> None:
    hook = subscribe(park, receiver)
    Gate(park).reads()

    def answers(_number: int) -> Answer:
        with park.transaction() as tx:
            subscriptions.pause(tx, SITE, hook.id)
        return TAKEN

    receiver.answers = answers
    deliver(park, receiver)
    assert stands(park, hook).state is State.PAUSED
