"""Recall: hundreds of edges wait at central for news, a band is revoked, and when each of them knows."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from edge.run.bench.figures import BenchError
from edge.run.bench.thousands import Known
from edge.run.bench.wires import Reply, Wires
from edge.run.bench.workers import PUBLIC, Worker, await_polls
from sync.client.presigned import Presigned
from sync.packing import decode, encodings
from sync.routes import FEED
from sync.signing import IDEMPOTENCY
from sync.wire import MEDIA, WAIT_S_MAX, Cursor, Page

PROVEN_EVERY = 25
QUIET_S = 2
"""Once nothing came for so long, nothing comes by itself."""


def recalled(workers: Sequence[Worker], edges: Sequence[Known], cursor: Cursor, *, times: int) -> list[float]:
    """Revoke some bands one after another; return for each edge and band after how many seconds it knew."""
    wires, took = Wires([worker.url for worker in workers], len(edges)), list[float]()
    try:
        cursor, urgent = _caught_up(wires, edges[0], cursor)
        for number in range(1, times + 1):
            asked = [_poll(edge, cursor, urgent) for edge in edges]
            wires.begin(asked)
            await_polls(workers, len(edges))
            band = number.to_bytes(16, "big")
            began_s = workers[0].revoke(edges[0].site, band)
            replies = wires.finish()
            took += [reply.done_s - began_s for reply in replies]
            pages = [_told(_page(reply), band) for reply in replies]
            cursor, urgent = _after(pages[0])
            for place in range(0, len(edges), PROVEN_EVERY):
                asked[place].demand_central(replies[place].spoken)
    finally:
        wires.close()
    return took


def _caught_up(wires: Wires, edge: Known, cursor: Cursor) -> tuple[Cursor, int]:
    """Return where an edge stands once it has heard all of what central tells by itself after its start."""
    urgent = 0
    while True:
        (reply,) = wires.ask([_poll(edge, cursor, urgent, wait_s=QUIET_S)])
        page = _page(reply)
        cursor, urgent = _after(page)
        if not page.items and not page.urgent:
            return cursor, urgent


def _poll(edge: Known, cursor: Cursor, urgent: int, *, wait_s: int = WAIT_S_MAX) -> Presigned:
    asked = f"epoch={cursor.epoch}&cursor={cursor.seq}&urgent={urgent}&wait={wait_s}"
    said = {"Accept": MEDIA, "Accept-Encoding": encodings(), IDEMPOTENCY: f"{edge.id}-{urgent}"}
    url = f"{PUBLIC}{FEED.replace('{site}', edge.site)}?{asked}"
    return Presigned("GET", url, edge.keys, headers=said)


def _page(reply: Reply) -> Page:
    if reply.spoken.status != HTTPStatus.OK:
        raise BenchError(
            f"Central answered a feed request by {reply.spoken.status}: {reply.spoken.body[:200]!r}"
        )
    return decode(reply.spoken.body, reply.spoken.headers.get("Content-Encoding", ""), Page)


def _after(page: Page) -> tuple[Cursor, int]:
    return Cursor(epoch=page.epoch, seq=page.to), page.urgent_to


def _told(page: Page, band: bytes) -> Page:
    """Return a page that tells of this band; anything else ends the measurement."""
    if band.hex() not in (item.key for item in page.urgent):
        raise BenchError("A page told nothing of the band.")
    return page
