"""First contact after a silence: attest, what is urgent, the priority lane, then everything else."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from flask import Flask, Response, g, request

from edge.core.bands import BandState
from sync.central.app import create_app
from sync.central.feed import Change, publish, publish_band
from sync.central.store import Store
from sync.client.order import Order, Stage
from sync.wire import BandNotice
from tests.sync.ends import Edge, a_welcome, served, until

BAND = bytes(range(16))


def heard_by(app: Flask, heard: list[tuple[int, str]]) -> Flask:
    """Have an app write down when it was asked what."""

    def arrived() -> None:
        g.arrived_ns = time.monotonic_ns()

    def note(reply: Response) -> Response:
        if reply.status_code == 401:
            return reply  # signed at another time than central's: it comes again
        path = request.path.rpartition("/")[2]
        heard.append((g.arrived_ns, f"lane {g.lane}" if path == "events" else path))
        return reply

    app.before_request_funcs.setdefault(None, []).insert(0, arrived)
    app.after_request(note)
    return app


@pytest.mark.timeout(30)
@pytest.mark.parametrize("again", [False, True], ids=["first start", "after a pulled cable"])
def test_first_contact_keeps_its_order(small_store: Store, tmp_path: Path, again: bool) -> None:
    noted: list[tuple[int, str]] = []
    with served(small_store, app=lambda known: heard_by(create_app(small_store, known), noted)) as central:
        edge = Edge(tmp_path / "edge", central, a_welcome(central, small_store), report_s=20.0)
        edge.start(sync=again)
        if again:
            until(lambda: edge.profiles.cursor().epoch)
            edge.cable.pull()
            until(lambda: edge.client.health().alarm)
        edge.write(40)
        edge.write(4, lane=1)
        with small_store.transaction() as tx:
            publish(tx, "park", [Change("device", "a", b"x")])
            publish_band(tx, "park", BandNotice(band=BAND, state=BandState.REVOKED, epoch=0))
        now_ns = time.monotonic_ns()
        if again:
            edge.cable.plug()
            edge.client.kick()
        else:
            edge.client.start()
        until(edge.drained, 10)
        until(lambda: edge.profiles.cursor().seq == 2)
        edge.stop()
    # The poll that the cable broke may still be answered there, to nobody.
    heard = [what for arrived_ns, what in sorted(noted) if arrived_ns > now_ns]
    assert heard[:2] == ["report", "lane 1"], heard
    first_others = [heard.index(other) for other in ("lane 0", "feed")]
    assert min(first_others) > 1


def test_a_lane_that_cannot_go_holds_up_nobody_for_long() -> None:
    order = Order(patience_s=0.02)
    began = time.monotonic()
    order.wait_for(Stage.OPEN)
    assert time.monotonic() - began < 1
    assert order.silent


def test_waiters_go_in_their_turn_and_home_at_once() -> None:
    order, went = Order(patience_s=30), list[str]()

    def go(name: str, stage: Stage) -> None:
        order.wait_for(stage)
        went.append(name)

    threads = [
        threading.Thread(target=go, args=("ordinary", Stage.OPEN)),
        threading.Thread(target=go, args=("priority", Stage.ATTESTED)),
    ]
    for thread in threads:
        thread.start()
    order.priority_done()
    assert order.silent, "nobody has attested yet"
    order.attested()
    threads[1].join()
    assert went == ["priority"]
    order.fell_silent()
    order.stop()
    threads[0].join()
    assert went == ["priority", "ordinary"]


@pytest.mark.timeout(30)
def test_who_was_started_anew_pushes_nothing_before_both_ends_were_compared(
    small_store: Store, tmp_path: Path
) -> None:
    """However long it takes: an old copy of a disk must not add to what central has less of."""
    asked, closed = list[str](), threading.Event()
    closed.set()

    def refusing(app: Flask) -> Flask:
        def refuse() -> Response | None:
            path = request.path.rpartition("/")[2]
            asked.append(path)
            return Response(status=503) if path == "report" and closed.is_set() else None

        app.before_request_funcs.setdefault(None, []).insert(0, refuse)
        return app

    with served(small_store, app=lambda known: refusing(create_app(small_store, known))) as central:
        edge = Edge(tmp_path / "edge", central, a_welcome(central, small_store))
        edge.start(sync=False)
        edge.client._order = Order(patience_s=0.01)
        edge.write(3)
        edge.client.start()
        until(lambda: asked.count("report") >= 3, 20)
        assert "events" not in asked
        closed.clear()
        edge.client.kick()
        until(edge.drained, 20)
        edge.stop()
    assert "events" in asked
