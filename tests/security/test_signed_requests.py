"""Threat row 2, requests: whatever is not the very request that a device signed, now, is refused."""

from __future__ import annotations

import datetime
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask.testing import FlaskClient
from http_message_signatures import algorithms

from edge.clock import wall_ms
from edge.errors import StoreError
from sync.central.app import create_app
from sync.central.machines import devices, nonces
from sync.central.store import Store, func, select
from sync.client import Cable, Line
from sync.signing import COVERED, IDEMPOTENCY, MAX_AGE
from sync.wire import MEDIA, Ack, Attested, Problem, ProblemDocument
from tests.security.forgery import DEFAULTS, a_game, a_request, by_default, by_us, carried, mutants
from tests.sync.builders import KEY, Clockwork, a_device
from tests.sync.caller import Caller
from tests.sync.ends import a_report, a_welcome, keys_of, served

MUTANTS_MIN = 2_000
REPLAYS = 1_000
ROUNDS = 100
REFUSED_SHARE_MAX = 0.75
"""Of what taking three events costs."""
CLOCKS = (time.perf_counter, time.thread_time)
"""What a clock on the wall says, and how long this thread had the processor: a slow disk hides work."""


@pytest.fixture
def clock() -> Clockwork:
    return Clockwork()


@pytest.fixture
def store(tmp_path: Path, clock: Clockwork) -> Iterator[Store]:
    opened = Store(str(tmp_path / "central.db"), now_ms=clock)
    yield opened
    opened.close()


@pytest.fixture
def caller(store: Store) -> Iterator[Caller]:
    with create_app(store).test_client() as http:
        yield Caller(http, store)


def captured(caller: Caller) -> requests.PreparedRequest:
    """A batch of three events as a device sent it."""
    first = len(caller.journal.lanes[0]) + 1
    caller.journal.write(3)
    body = msgspec.msgpack.encode(caller.journal.batch(first, first + 2))
    return caller.signed("POST", caller.events, body)


def problem(told: tuple[int, str, bytes]) -> Problem | None:
    return msgspec.json.decode(told[2], type=ProblemDocument).problem


def rows(store: Store) -> int:
    with store.reading() as tx:
        return int(tx.execute(select(func.count()).select_from(nonces.nonce_table)).scalar() or 0)


# Each byte flipped


@pytest.mark.timeout(120)
def test_no_request_of_which_one_byte_was_changed_is_accepted(caller: Caller, store: Store) -> None:
    true = captured(caller)
    tried, accepted = 0, []
    for mutant in filter(carried, mutants(true)):
        tried += 1
        if caller.send(mutant)[0] < 400:
            accepted.append(dict(mutant.headers))
    assert accepted == []
    assert tried >= MUTANTS_MIN
    assert rows(store) == 0, "a refused request leaves no row"
    print(f"\n{tried} mutants, 0 accepted")
    assert caller.send(true)[0] == 200, "the control: unchanged it is accepted"


def test_what_is_outside_the_cover_changes_nothing_of_what_is_done(caller: Caller) -> None:
    journal = caller.journal
    for turn, header in enumerate(("Content-Encoding", "X-Forwarded-Host", "X-Forwarded-Proto"), 1):
        journal.write(1)
        body = msgspec.msgpack.encode(journal.batch(turn, turn))
        told = caller.send(caller.signed("POST", caller.events, body), **{header: "evil.example"})
        assert (told[0], msgspec.msgpack.decode(told[2], type=Ack).ack) == (200, turn), header


def test_the_control_a_request_signed_as_agreed_is_accepted(caller: Caller) -> None:
    assert a_game(caller)[0] == 200
    assert a_game(caller, created_s=-60)[0] == 200
    assert a_game(caller, sign={"label": "another"})[0] == 200


GAMES: dict[str, Callable[[Caller], tuple[int, str, bytes]]] = {
    "one component": lambda c: a_game(c, sign={"covered_component_ids": ("@method",), "body": None}),
    **{
        f"without {left_out}": lambda c, left_out=left_out: a_game(  # type: ignore[misc]  # a default argument
            c, sign={"covered_component_ids": tuple(one for one in COVERED if one != left_out)}
        )
        for left_out in COVERED
        if left_out != "content-digest"  # the library covers it by itself
    },
    "two hours old": lambda c: a_game(c, created_s=-7_200),
    "older than a minute and the skew": lambda c: a_game(c, created_s=-66),
    "six seconds in the future": lambda c: a_game(c, created_s=6),
    "no nonce": lambda c: a_game(c, sign={"nonce": None}),
    "a short nonce": lambda c: a_game(c, sign={"nonce": "a" * 8}),
    "an endless nonce": lambda c: a_game(c, sign={"nonce": "a" * 2_000}),
    "another tag": lambda c: a_game(c, sign={"tag": "polso-central"}),
    "no tag": lambda c: a_game(c, sign={"tag": None}),
    "another algorithm": lambda c: a_game(c, algorithm=algorithms.HMAC_SHA256, key=KEY),
    "another algorithm, not said": lambda c: a_game(
        c, algorithm=algorithms.HMAC_SHA256, key=KEY, sign={"include_alg": False}
    ),
    "another key": lambda c: a_game(c, key=Ed25519PrivateKey.generate()),
    "another device's name": lambda c: a_game(c, sign={"key_id": a_device(c.store)[1] + "0"}),
    "a query": lambda c: a_game(c, path=c.report + "?x=1"),
    "another path": lambda c: a_game(c, path=c.events),
    "another method": lambda c: a_game(c, method="PUT"),
    "another idempotency key": lambda c: a_game(c, headers={IDEMPOTENCY: "other"}),
    "another body": lambda c: a_game(c, body=b"\x80"),
    "another digest and body": lambda c: a_game(
        c, body=b"\x80", headers={"Content-Digest": DIGEST_OF_EMPTY_MAP}
    ),
    "an end of its own": lambda c: a_game(
        c, sign={"expires": datetime.datetime.fromtimestamp(4e9, tz=datetime.UTC)}
    ),
    "a signature of three octets": lambda c: a_game(c, headers={"Signature": "polso=:AAAA:"}),
}
DIGEST_OF_EMPTY_MAP = "sha-256=:dr58KYxw+G2XLmnR3Zc0Fw4wbkB4Hl5VhFJZpoQJUGk=:"


@pytest.mark.parametrize("game", GAMES.values(), ids=GAMES.keys())
def test_no_game_with_headers_is_won(caller: Caller, store: Store, game: Any) -> None:
    status, _, _ = game(caller)
    assert status in (401, 405)
    assert rows(store) == 0


def test_two_signatures_are_one_too_many(caller: Caller) -> None:
    true = captured(caller)
    for name in ("Signature", "Signature-Input"):
        true.headers[name] = f"{true.headers[name]}, {str(true.headers[name]).replace('polso=', 'twice=')}"
    assert problem(caller.send(true)) is Problem.NOT_SIGNED


def test_the_same_signature_written_otherwise_is_not_the_same_request(caller: Caller) -> None:
    """Base64 of 64 octets leaves four bits over: the library reads sixteen writings of one signature."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    true = captured(caller)
    written = str(true.headers["Signature"])
    last = written[-4]
    for other in range(1, 16):
        mutant = true.copy()
        twin = alphabet[alphabet.index(last) & 0x30 | (alphabet.index(last) & 0x0F) ^ other]
        mutant.headers["Signature"] = written[:-4] + twin + written[-3:]
        assert problem(caller.send(mutant)) is Problem.NOT_SIGNED
    spaced = true.copy()
    spaced.headers["Signature-Input"] = str(true.headers["Signature-Input"]).replace(
        '("@method"', '( "@method"'
    )
    assert problem(caller.send(spaced)) is Problem.NOT_SIGNED
    assert caller.send(true)[0] == 200


def test_a_request_without_any_signature_is_401_everywhere(caller: Caller) -> None:
    for path in (caller.events, caller.report, f"/v1/devices/{caller.device.id}/key"):
        told = caller.http.post(path, data=b"\x80", content_type=MEDIA)
        assert (told.status_code, problem((0, "", told.data))) == (401, Problem.NOT_SIGNED)
    for path in ("/v1/sites/park/feed", "/v1/sites/park/snapshot"):
        for method in ("GET", "HEAD"):
            assert caller.http.open(path, method=method).status_code == 401
    told = caller.http.get("/v1/sites/park/feed", headers={"Authorization": f"Bearer {caller.key_id}"})
    assert told.status_code == 401


@pytest.mark.timeout(60)
def test_a_thousand_replays_also_across_a_restart_are_refused(tmp_path: Path, clock: Clockwork) -> None:
    path, done = str(tmp_path / "replayed.db"), 0
    first = Store(path, now_ms=clock)
    caller = Caller(create_app(first).test_client(), first)
    true = captured(caller)
    assert caller.send(true)[0] == 200
    for _ in range(2):
        for _ in range(REPLAYS // 2):
            assert problem(caller.send(true)) is Problem.REPLAYED
            done += 1
        caller.store.close()
        caller.store = Store(path, now_ms=clock)
        caller.http = create_app(caller.store).test_client()
    clock.ms += 65_000
    assert problem(caller.send(true)) is Problem.REPLAYED, "as long as its age would be believed"
    clock.ms += 1_000
    assert problem(caller.send(true)) is Problem.STALE
    caller.store.close()
    assert done == REPLAYS


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_of_one_request_at_two_workers_at_once_one_is_taken(
    fresh_postgres_url: str, clock: Clockwork
) -> None:
    from threading import Barrier, Thread

    stores = [Store(fresh_postgres_url, now_ms=clock) for _ in range(2)]
    caller = Caller(create_app(stores[0]).test_client(), stores[0])
    clients: list[FlaskClient] = [create_app(store).test_client() for store in stores]
    body = msgspec.msgpack.encode(a_report(caller.device.id))
    for _ in range(50):
        true, told, start = caller.signed("POST", caller.report, body), list[int](), Barrier(4)

        def send(http: FlaskClient, true: Any = true, told: Any = told, start: Any = start) -> None:
            start.wait()
            headers = {name: value for name, value in true.headers.items() if name != "Content-Length"}
            told.append(http.post(caller.report, data=body, headers=headers).status_code)

        threads = [Thread(target=send, args=(http,)) for http in clients * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == [200, 401, 401, 401]
    for store in stores:
        store.close()


def test_a_nonce_that_cannot_be_kept_is_503_and_nothing_is_done(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise StoreError("full")

    true = captured(caller)
    monkeypatch.setattr(nonces, "take", broken)
    assert problem(caller.send(true)) is Problem.LATER
    assert problem(caller.get("/v1/sites/park/feed?epoch=1")) is Problem.LATER
    monkeypatch.undo()
    assert caller.send(true)[0] == 200, "it was never taken, so it is no replay"


def test_nonces_are_forgotten_by_age_and_never_while_they_could_come_again(
    caller: Caller, store: Store, clock: Clockwork
) -> None:
    assert 2 * MAX_AGE.total_seconds() * 1000 <= nonces.KEPT_MS
    for _ in range(5):
        assert a_game(caller)[0] == 200
    clock.ms += nonces.KEPT_MS
    assert a_game(caller)[0] == 200
    assert rows(store) == 6
    clock.ms += 1
    assert a_game(caller)[0] == 200
    assert rows(store) == 2


def test_a_retry_is_signed_anew_under_the_same_key_and_gets_the_same_answer(caller: Caller) -> None:
    caller.journal.write(3)
    body = msgspec.msgpack.encode(caller.journal.batch(1, 3))
    first, again = (caller.signed("POST", caller.events, body) for _ in range(2))
    assert first.headers["Signature"] != again.headers["Signature"]
    told = [msgspec.msgpack.decode(caller.send(one)[2], type=Ack) for one in (first, again)]
    assert (told[0].ack, told[0].quarantined) == (told[1].ack, told[1].quarantined) == (3, ())


@pytest.mark.parametrize("wrong_ms", [-3 * 24 * 3_600_000, 3 * 24 * 3_600_000], ids=["behind", "ahead"])
def test_a_wrong_clock_never_locks_a_device_out(store: Store, wrong_ms: int) -> None:
    from edge.clock import Clock

    off = Clock(wall=lambda: wall_ms() + wrong_ms)
    off.floor(wall_ms() + 5 * 24 * 3_600_000)  # and its journal runs ahead of any time
    with served(store) as url:
        welcome = a_welcome(url, store)
        line = Line(url, Cable(), device=welcome.device, keys=keys_of(welcome), clock=off)
        report = f"/v1/devices/{welcome.device}/report"
        assert line.post(report, a_report(welcome.device), Attested).device == welcome.device
        once = line.sent_bytes
        assert line.post(report, a_report(welcome.device), Attested).device == welcome.device
        assert line.sent_bytes - once < once, "the first was sent twice, the second once"


# What a refusal costs, and the order of things


@pytest.mark.slow  # three hundred refusals, timed: lines that are counted cost twice as much
@pytest.mark.timeout(60)
def test_a_refused_request_costs_little_and_leaves_no_row(caller: Caller, store: Store) -> None:
    true = captured(caller)
    assert caller.send(true)[0] == 200
    forged, unknown = true.copy(), true.copy()
    forged.body = bytes(true.body or b"") + b"x"
    unknown.headers["Signature-Input"] = str(true.headers["Signature-Input"]).replace(
        caller.key_id, "park.x.1"
    )
    refused = {"replayed": true, "forged": forged, "unknown": unknown}
    took: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(ROUNDS):  # side by side: whatever else the machine does slows all of them
        for name, request in {"accepted": captured(caller), **refused}.items():
            began = [clock() for clock in CLOCKS]
            status = caller.send(request)[0]
            for place, clock in enumerate(CLOCKS):
                took[name, place].append(clock() - began[place])
            assert status == (200 if name == "accepted" else 401)
    median = {asked: statistics.median(each) for asked, each in took.items()}
    shares = {(name, place): median[name, place] / median["accepted", place] for name, place in median}
    print(f"\nan accepted one takes {median['accepted', 1] * 1000:.2f} ms; shares of it: {shares}")
    assert max(share for (name, _), share in shares.items() if name in refused) < REFUSED_SHARE_MAX, shares
    assert rows(store) == 1 + ROUNDS


def test_a_revoked_device_is_refused_before_its_signature_is_looked_at(caller: Caller, store: Store) -> None:
    true = captured(caller)
    true.body = b"another"
    assert problem(caller.send(true)) is Problem.NOT_SIGNED
    with store.transaction() as tx:
        devices.revoke(tx, "park", caller.device.id)
    assert problem(caller.send(true)) is Problem.REVOKED
    assert problem(a_game(caller)) is Problem.REVOKED


# The controls: what the library accepts when it is asked as its examples do


@pytest.mark.parametrize("attack", DEFAULTS.values(), ids=DEFAULTS.keys())
def test_the_control_the_librarys_defaults_accept_what_we_refuse(
    attack: Callable[[], requests.PreparedRequest],
) -> None:
    assert by_default(attack())
    assert not by_us(attack())


def test_the_control_what_is_signed_as_agreed_holds_for_both() -> None:
    assert by_default(a_request())
    assert by_us(a_request())
    assert by_default(a_request()) is by_default(a_request()), "and again, and again: it remembers nothing"
