"""Threat row 8: whoever speaks in central's name closes no gate and learns no key."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from flask import Response, request

from edge.clock import wall_ms
from sync.signing import Keys, Message, fields, sign_answer
from sync.wire import MEDIA_PROBLEM, PROBLEM_PREFIX, STATUS, Problem, ProblemDocument
from tests.security.hostile import Park, Trick, a_park
from tests.security.test_hostile_central_caps import BY_ITS_KEY
from tests.sync.ends import until

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    with a_park(tmp_path_factory.mktemp("hostile")) as opened:
        yield opened


def a_problem(problem: Problem, **changes: Any) -> Trick:
    """An unsigned refusal in central's words."""

    def say(park: Park, reply: Response) -> Response:
        document = ProblemDocument(
            type=f"{PROBLEM_PREFIX}{problem}",
            title="",
            status=STATUS[problem],
            time_ms=changes.pop("time_ms", wall_ms()),
            device=park.edge.own.identity.device,
            **changes,
        )
        return Response(msgspec.json.encode(document), document.status, content_type=MEDIA_PROBLEM)

    return say


def header(name: str, value: str | None) -> Trick:
    """An answer with one header changed or gone."""

    def change(_: Park, reply: Response) -> Response:
        if value is None:
            reply.headers.pop(name, None)
        else:
            reply.headers[name] = value
        return reply

    return change


def resigned(**changes: Any) -> Trick:
    """An answer signed by somebody else, or for another request."""

    def sign(_: Park, reply: Response) -> Response:
        said = {name: reply.headers[name] for name in ("Content-Type", "Content-Encoding")}
        asked = {**dict(request.headers.items()), **changes.get("asked", {})}
        message = Message(method="GET", url=request.url, headers=fields(asked.items()), body=reply.data)
        key = Keys(key_id="central.aurora", private_key=secrets.token_bytes(32))
        sign_answer(key, message, status=reply.status_code, headers=said, now_ms=wall_ms())
        reply.headers.update(said)
        return reply

    return sign


def replayed(park: Park, reply: Response) -> Response:
    """Central's own words, said before."""
    data, headers = park.kept[0]
    return Response(data, 200, headers=headers)


def flipped(_: Park, reply: Response) -> Response:
    body = bytearray(reply.data or b"\0")
    body[len(body) // 2] ^= 1
    reply.data = bytes(body)
    return reply


def cut(_: Park, reply: Response) -> Response:
    reply.data = reply.data[:-1]
    return reply


IN_ITS_NAME: dict[str, Trick] = {
    "no signature": header("Signature", None),
    "no signature's parameters": header("Signature-Input", None),
    "no digest": header("Content-Digest", None),
    "a signature of nothing": header("Signature", "polso=:AAAA:"),
    "a signature that is none": header("Signature", "yes"),
    "another media type": header("Content-Type", "text/html"),
    "another packing": header("Content-Encoding", "gzip"),
    "a body with one bit changed": flipped,
    "a body cut short": cut,
    "an earlier answer again": replayed,
    "another key": resigned(),
    "an unsigned revocation": a_problem(Problem.REVOKED),
    "an unsigned 401": a_problem(Problem.UNKNOWN_DEVICE),
    "an unsigned 404": a_problem(Problem.NOT_FOUND),
    "an unsigned 410": a_problem(Problem.EPOCH),
    "an unsigned gap": a_problem(Problem.GAP, lane=0, ack=0),
    "an unsigned fork": a_problem(Problem.FORK, lane=0, ack=0),
    "an unsigned chain": a_problem(Problem.CHAIN, lane=0),
    "an unsigned stale of 1970": a_problem(Problem.STALE, time_ms=0),
    "an unsigned stale of 2099": a_problem(Problem.STALE, time_ms=4_070_908_800_000),
    "an unsigned update wish": a_problem(Problem.SCHEMA),
    "a redirection": lambda p, r: Response("", 302, headers={"Location": "http://127.0.0.1:9/"}),
    "a page": lambda p, r: Response("<h1>Log in</h1>", 200, content_type="text/html"),
    "nothing": lambda p, r: Response("", 200),
}


@pytest.mark.parametrize("trick", IN_ITS_NAME.values(), ids=IN_ITS_NAME.keys())
def test_whoever_speaks_in_centrals_name_changes_nothing(park: Park, trick: Trick) -> None:
    edge = park.edge
    until(lambda: not park.kick() and not park.alarm() and park.has_told(), 20)
    clock = edge.clock.now_ms() - wall_ms()
    park.trick.append(trick)
    try:
        park.asks_again(1)  # the page that was on its way before is through
        before = edge.profiles.cursor(), edge.profiles.count(), edge.journal.acked(0)
        park.asks_again()
        until(park.alarm, 10)
        assert (edge.profiles.cursor(), edge.profiles.count(), edge.journal.acked(0)) == before
        assert not edge.dismissal.given
        assert edge.sync is not None
        assert edge.sync.frozen == ""
        assert abs(edge.clock.now_ms() - wall_ms() - clock) < 1_000
        assert park.opens()
    finally:
        park.trick.clear()


def test_there_are_thirty_lies_and_more() -> None:
    assert len(IN_ITS_NAME) + len(BY_ITS_KEY) >= 30
