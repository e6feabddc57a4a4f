"""How a thread of the client rests: as long as its back-off says, whatever else of it succeeds meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from sync.client import Cable, Client, Place
from sync.client.backoff import LONGEST_S, Bell
from sync.client.client import THREADS, Turn, _Worker
from sync.client.history import Frozen
from sync.client.line import Declined, Unreachable
from sync.client.order import Order
from sync.client.pulling import Puller
from sync.signing import Keys
from sync.wire import PROBLEM_PREFIX, STATUS, Problem, ProblemDocument
from tests.sync.paper import SENDER, Paper, Script

KEYS = Keys(key_id="park.gate.1", private_key=bytes(32), central=bytes(32))


class Watched(Bell):
    """A bell whose rests take no time: it notes which were cut short, and stops after some."""

    def __init__(self, rests: int) -> None:
        super().__init__()
        self.rests, self.cut_short, self.spans = rests, list[bool](), list[float]()

    def rest(self, seconds: float, *, for_writes: bool, asked: bool = False) -> None:
        self.cut_short.append(self._is_over(for_writes=for_writes, asked=asked))
        self.spans.append(seconds)
        super().rest(0.0, for_writes=for_writes, asked=asked)
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
    assert all(bell._heard for bell in others), "whoever rests from a failure tries now"


def refused(problem: Problem, retry_after_s: float | None) -> Declined:
    document = ProblemDocument(type=f"{PROBLEM_PREFIX}{problem}", title="", status=STATUS[problem], time_ms=1)
    return Declined(document, problem, retry_after_s)


@pytest.mark.parametrize(
    ("error", "least_s", "cut_short"),
    [
        (refused(Problem.LATER, 7.0), 7.0, False),
        (refused(Problem.SCHEMA, None), LONGEST_S, False),
        (Frozen("an old copy"), LONGEST_S, False),
        (refused(Problem.LATER, None), 0.0, True),
        (Unreachable("no way"), 0.0, True),
    ],
    ids=["asked for", "only people", "not believed", "not asked for", "no way"],
)
def test_a_rest_that_central_asked_for_is_not_ended_by_another_thread_s_success(
    error: Exception, least_s: float, *, cut_short: bool
) -> None:
    client = Client(SENDER, Place(url="http://central", keys=KEYS), Paper().ports(), cable=Cable())
    client._bells = {name: Bell() for name in THREADS} | {"push-0": (own := Watched(1))}

    def turn() -> Turn:
        client.failed("pull", Unreachable("for a moment"))
        client.heard("pull")  # it comes back just before this thread hears what it has to do
        raise error

    _Worker(client, "push-0", bell=own, turn=turn).run()
    assert own.cut_short == [cut_short]
    assert own.spans[0] >= least_s


def test_somebody_who_asks_for_it_ends_any_rest() -> None:
    bell = Bell()
    bell.kick()
    bell.rest(60.0, for_writes=False, asked=True)
    bell.stop()
    bell.rest(60.0, for_writes=False, asked=True)
