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
TRIES_MAX = 20
QUIET_S = 2
"""Once nothing came for so long, nothing comes by itself."""
Stand = tuple[Cursor, int]
"""Where an edge stands in the feed, and in its urgent part."""


def recalled(workers: Sequence[Worker], edges: Sequence[Known], cursor: Cursor, *, times: int) -> list[float]:
    """Revoke some bands one after another; return for each edge and band after how many seconds it knew."""
    wires, took = Wires([worker.url for worker in workers], len(edges)), list[float]()
    try:
        stand = _caught_up(wires, edges[0], (cursor, 0))
        for number in range(1, times + 1):
            asked, stand = _all_wait(wires, workers, edges, stand=stand)
            band = number.to_bytes(16, "big")
            began_s = workers[0].revoke(edges[0].site, band)
            replies = wires.finish()
            took += [reply.done_s - began_s for reply in replies]
            stand = _newest([_told(_page(reply), band) for reply in replies])
            for place in range(0, len(edges), PROVEN_EVERY):
                asked[place].demand_central(replies[place].spoken)
    finally:
        wires.close()
    return took


def _all_wait(
    wires: Wires, workers: Sequence[Worker], edges: Sequence[Known], *, stand: Stand
) -> tuple[list[Presigned], Stand]:
    """Have every edge wait for news; where central told something of its own meanwhile, all ask once more."""
    for _ in range(TRIES_MAX):
        asked = [_poll(edge, stand) for edge in edges]
        wires.begin(asked)
        if await_polls(workers, len(edges), or_else=wires.heard):
            return asked, stand
        stand = _newest([_page(reply) for reply in wires.finish()])
    raise BenchError(f"Central does not hold {len(edges)} feed requests open.")


def _caught_up(wires: Wires, edge: Known, stand: Stand) -> Stand:
    """Return where an edge stands once it has heard all of what central tells by itself after its start."""
    while True:
        (reply,) = wires.ask([_poll(edge, stand, wait_s=QUIET_S)])
        page = _page(reply)
        stand = _after(page)
        if not page.items and not page.urgent:
            return stand


def _poll(edge: Known, stand: Stand, *, wait_s: int = WAIT_S_MAX) -> Presigned:
    cursor, urgent = stand
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


def _after(page: Page) -> Stand:
    return Cursor(epoch=page.epoch, seq=page.to), page.urgent_to


def _newest(pages: Sequence[Page]) -> Stand:
    return max(map(_after, pages), key=lambda stand: (stand[0].seq, stand[1]))


def _told(page: Page, band: bytes) -> Page:
    """Return a page that tells of this band; anything else ends the measurement."""
    if band.hex() not in (item.key for item in page.urgent):
        raise BenchError("A page told nothing of the band.")
    return page
