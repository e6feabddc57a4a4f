"""How a thread of the client rests: as long as its back-off says, whatever else of it succeeds meanwhile."""

from __future__ import annotations

from typing import Any

from sync.client import Cable, Client, Place
from sync.client.backoff import Bell
from sync.client.client import THREADS, _Worker
from sync.client.line import Unreachable
from sync.client.order import Order
from sync.client.pulling import Puller
from sync.signing import Keys
from tests.sync.paper import SENDER, Paper, Script

KEYS = Keys(key_id="park.gate.1", private_key=bytes(32), central=bytes(32))


class Watched(Bell):
    """A bell whose rests take no time: it notes which were cut short, and stops after some."""

    def __init__(self, rests: int) -> None:
        super().__init__()
        self.rests, self.cut_short = rests, list[bool]()

    def rest(self, seconds: float, *, for_writes: bool) -> None:
        self.cut_short.append(self._kicked or (for_writes and self._written))
        super().rest(0.0, for_writes=for_writes)
        if len(self.cut_short) == self.rests:
            self.stop()


class Torn(Puller):
    """Its reports arrive, its news never do."""

    reports = 0

    def report(self, *, frozen: str = "") -> tuple[()]:
        self.reports += 1
        return ()

    def pull(self, wait_s: float = 0.0) -> bool:
        raise Unreachable


def test_who_reports_well_and_never_gets_the_news_rests_as_long_as_its_back_off_says() -> None:
    paper, place = Paper(), Place(url="http://central", keys=KEYS)
    client = Client(SENDER, place, paper.ports(), cable=Cable())
    line: Any = Script()
    client._puller = puller = Torn(SENDER, ports=paper.ports(), line=line)
    client._order = Order(patience_s=0.0)
    client._bells = {name: Bell() for name in THREADS} | {"pull": (own := Watched(4))}
    others = [client._bells[name] for name in ("push-0", "push-1", "lease-ask", "lease-wait")]
    _Worker(client, "pull", bell=own, turn=client._pull).run()
    assert (puller.reports, own.cut_short) == (4, [False] * 4)
    assert all(bell._kicked for bell in others), "whoever rests from a failure tries now"
