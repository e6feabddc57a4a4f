"""Whoever answers in central's place is a failure of the network, and the batch goes out whole afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.central.machines import lanes
from sync.central.store import Store
from sync.client.cable import Cable
from sync.client.line import Declined, Exchange, Line, Unreachable
from sync.wire import MEDIA, MEDIA_PROBLEM, Ack, DeviceReport, Problem
from tests.faults.proxy import Faults, between
from tests.sync.ends import Edge, a_welcome, running, served, until
from tests.sync.strangers import ACK, STRANGERS, a_problem, a_reply, a_stranger


@pytest.mark.parametrize("reply", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_stranger_is_no_central(reply: bytes) -> None:
    with a_stranger(reply) as url, pytest.raises(Unreachable):
        Line(url, Cable(), device="gate").post("/v1/x", DeviceReport(device="gate", boot="b"), Ack)


def test_the_control_a_true_answer_is_believed() -> None:
    with a_stranger(a_reply("200 OK", {"Content-Type": MEDIA}, ACK)) as url:
        assert Line(url, Cable(), device="gate").get(Exchange("/v1/x"), Ack).ack == 1


def test_a_true_refusal_is_believed_with_what_it_says() -> None:
    reply = a_reply(
        "409 Conflict", {"Content-Type": MEDIA_PROBLEM, "Retry-After": "7"}, a_problem(409, ack=5)
    )
    with a_stranger(reply) as url, pytest.raises(Declined) as caught:
        Line(url, Cable(), device="gate").get(Exchange("/v1/x"), Ack)
    assert (caught.value.problem, caught.value.document.ack, caught.value.retry_after_s) == (
        Problem.GAP,
        5,
        7.0,
    )


@pytest.mark.parametrize("name", ["200 with a page", "404 with a page", "our type, another message"])
def test_the_outbox_waits_behind_a_portal_and_goes_out_whole(
    name: str, small_store: Store, tmp_path: Path
) -> None:
    with served(small_store) as central:
        welcome = a_welcome(central, small_store)
        edge = Edge(tmp_path / "edge", "", welcome)
        with a_stranger(STRANGERS[name]) as portal:
            edge.url = portal
            edge.start()
            edge.write(20)
            until(lambda: edge.client.health().alarm)
            assert edge.client.health().outbox == 20
            edge.stop()
        with running(Edge(edge.folder, central, welcome)) as again:
            until(again.drained)
        with small_store.reading() as tx:
            assert len(lanes.recent(tx, "park", limit=100)) == 20


def drained_or_kicked(edge: Edge) -> bool:
    edge.client.kick()
    return edge.drained()


@pytest.mark.timeout(30)
def test_a_fifth_of_all_replies_lost_doubles_nothing(small_store: Store, tmp_path: Path) -> None:
    faults = Faults(seed=7, lose_replies=0.2)
    with served(small_store) as central:
        welcome = a_welcome(central, small_store)
        with (
            between(central, faults) as shaky,
            running(Edge(tmp_path / "edge", shaky, welcome, audience=central)) as edge,
        ):
            for _ in range(12):
                edge.write(10)
                edge.client.kick()
                until(lambda: drained_or_kicked(edge), 10)
            assert faults.lost > 0
            with small_store.reading() as tx:
                found = [arrived.event.seq for arrived in lanes.recent(tx, "park", limit=500)]
    assert sorted(found) == list(range(1, 121))
