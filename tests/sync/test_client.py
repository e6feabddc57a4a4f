"""The edge's end alone, against a central that is told what to answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.bands import BandState
from edge.core.unread import UNREAD
from sync.client.backoff import AT_ONCE_S, FIRST_S, LONGEST_S, Backoff
from sync.client.beside import TAKEN_MAX
from sync.client.history import Frozen
from sync.client.line import Declined, TimedOut
from sync.client.pulling import Puller, check_page
from sync.client.pushing import Pusher
from sync.wire import (
    ITEM_BYTES_MAX,
    PAGE_ITEMS_MAX,
    ROWS_MAX,
    ROWS_USUAL,
    STATUS,
    URGENT_MAX,
    Ack,
    AlarmNotice,
    BandNotice,
    Batch,
    Cursor,
    DeviceReport,
    Item,
    Page,
    Problem,
    ProblemDocument,
)
from tests.sync.builders import KEY
from tests.sync.paper import SENDER, Paper, Script


def taken(batch: Batch) -> Ack:
    return Ack(device="gate", lane=batch.lane, ack=batch.last, time_ms=1)


def no(problem: Problem, ack: int | None = None) -> Declined:
    document = ProblemDocument(
        type=f"urn:polso:problem:{problem}", title="", status=STATUS[problem], time_ms=1, ack=ack
    )
    return Declined(document, problem, None)


def a_pusher(count: int, *answers: object, lane: int = 0) -> tuple[Pusher, Script, Paper]:
    paper, script = Paper(), Script(*answers)
    line: Any = script
    paper.journal_of.write(count, lane)
    return Pusher(SENDER, lane, ports=paper.ports(), line=line), script, paper


def test_nothing_to_send_is_said_so() -> None:
    pusher, _, _ = a_pusher(0)
    assert pusher.push() is None


def test_an_ack_is_stored_and_the_next_range_follows_it() -> None:
    pusher, script, paper = a_pusher(5, lambda b: msgspec.structs.replace(taken(b), ack=3), taken)
    assert pusher.push() == 3
    assert pusher.push() == 2
    assert [(batch.first, batch.last) for batch in script.sent] == [(1, 5), (4, 5)]
    assert script.sent[1].prev == paper.journal_of.lanes[0][2].h
    assert paper.acks[0] == 5


def test_a_gap_rewinds_to_where_central_stands() -> None:
    pusher, script, paper = a_pusher(9, no(Problem.GAP, 2), taken)
    paper.acks[0] = 6
    assert pusher.push() == 0
    assert pusher.push() == 7
    assert [batch.first for batch in script.sent] == [7, 3]


def test_a_gap_behind_what_was_pruned_stops_the_lane() -> None:
    pusher, _, paper = a_pusher(9, no(Problem.GAP, 2))
    paper.acks[0], paper.anchors[0] = 6, 5
    with pytest.raises(Frozen, match="begins at 6"):
        pusher.push()


@pytest.mark.parametrize("answer", [no(Problem.GAP, 99), lambda b: msgspec.structs.replace(taken(b), ack=99)])
def test_an_ack_above_the_own_head_means_an_old_copy(answer: object) -> None:
    pusher, _, paper = a_pusher(4, answer)
    with pytest.raises(Frozen, match="old copy"):
        pusher.push()
    assert paper.acks[0] == 0


def test_a_fork_freezes_at_once() -> None:
    pusher, _, _ = a_pusher(4, no(Problem.FORK, 2))
    with pytest.raises(Frozen, match="another history"):
        pusher.push()


def test_a_chain_that_does_not_fit_is_read_again_once_and_then_freezes() -> None:
    pusher, script, _ = a_pusher(4, no(Problem.CHAIN), no(Problem.CHAIN))
    assert pusher.push() == 0
    with pytest.raises(Frozen, match="does not verify"):
        pusher.push()
    assert len(script.sent) == 2


@pytest.mark.parametrize("answer", [no(Problem.TOO_LARGE), TimedOut()])
def test_a_batch_that_is_too_large_or_too_slow_is_halved_and_grows_back(answer: Exception) -> None:
    pusher, script, _ = a_pusher(3_000, answer, taken, taken, taken)
    try:
        pusher.push()
    except TimedOut:
        assert isinstance(answer, TimedOut)
    while pusher.push() is not None and script.answers:
        pass
    assert [len(batch.rows) for batch in script.sent] == [ROWS_USUAL, 250, 500, 1_000]


def test_catching_up_uses_large_batches_but_never_larger_than_agreed() -> None:
    pusher, script, _ = a_pusher(6_000, *[taken] * 10)
    while pusher.push() is not None:
        pass
    assert max(len(batch.rows) for batch in script.sent) == ROWS_MAX


@pytest.mark.parametrize(
    "problem", [Problem.UNKNOWN_DEVICE, Problem.NOT_FOUND, Problem.LATER, Problem.REVOKED]
)
def test_other_refusals_change_nothing_here(problem: Problem) -> None:
    pusher, _, paper = a_pusher(4, no(problem))
    with pytest.raises(Declined):
        pusher.push()
    assert (paper.acks[0], len(paper.journal_of.lanes[0])) == (0, 4)


@pytest.mark.parametrize("change", [{"device": "other"}, {"lane": 1}])
def test_an_ack_for_another_lane_or_device_is_not_believed(change: dict[str, Any]) -> None:
    pusher, _, paper = a_pusher(4, lambda b: msgspec.structs.replace(taken(b), **change))
    with pytest.raises(Exception, match="not for this lane"):
        pusher.push()
    assert paper.acks[0] == 0


@given(st.integers(0, 60), st.floats(0, 4_000) | st.none())
def test_a_rest_is_never_longer_than_agreed_nor_shorter_than_asked(
    failures: int, asked: float | None
) -> None:
    backoff = Backoff()
    for _ in range(failures):
        backoff.failed()
    rest = backoff.failed(asked)
    assert (asked or 0) <= rest <= max(LONGEST_S, asked or 0)
    backoff.succeeded()
    assert backoff.failed() <= AT_ONCE_S
    assert backoff.failed() <= FIRST_S


def test_who_fails_twice_rests_for_longer_than_who_lost_one_answer() -> None:
    once, twice = [], []
    for _ in range(200):
        backoff = Backoff()
        once.append(backoff.failed())
        twice.append(backoff.failed())
    assert max(once) <= AT_ONCE_S < max(twice)


def a_puller(paper: Paper, *answers: object) -> Puller:
    line: Any = Script(*answers)
    return Puller(SENDER, ports=paper.ports(), line=line)


def a_page(*items: Item, **changes: Any) -> Page:
    page = Page(site="park", epoch=5, after=10, to=20, head=20, time_ms=1, items=items)
    return msgspec.structs.replace(page, **changes)


def an_item(version: int = 11, **changes: Any) -> Item:
    return msgspec.structs.replace(Item(kind="device", key="ada", version=version, body=b"x"), **changes)


def an_alarm(**changes: Any) -> bytes:
    told = {
        "reason": "tap_replayed",
        "band": KEY[:16],
        "point": "n",
        "elsewhere": "s",
        "at_ms": 1,
        "last_ms": 2,
    }
    return msgspec.msgpack.encode(AlarmNotice(**(told | changes)))


BAD_PAGES = {
    "another site": a_page(site="elsewhere"),
    "another epoch": a_page(epoch=6),
    "another place": a_page(after=9),
    "a cursor that goes back": a_page(to=9),
    "numbers that fall": a_page(an_item(15), an_item(12)),
    "a number beyond its end": a_page(an_item(21)),
    "an old number": a_page(an_item(10 - 1)),
    "too many items": a_page(*[an_item()] * (PAGE_ITEMS_MAX + 1)),
    "too many urgent items": a_page(urgent=(an_item(),) * (URGENT_MAX + 1)),
    "an urgent item too large": a_page(urgent=(an_item(body=bytes(ITEM_BYTES_MAX + 1)),)),
    "an urgent item's key too long": a_page(urgent=(an_item(key="k" * 200),)),
    "an urgent notice of garbage": a_page(urgent=(an_item(kind="band", body=b"\xc1"),)),
    "an alarm of garbage, no notice": a_page(urgent=(an_item(kind="alarm", body=b"\xc1"),)),
    "an alarm about no band, no notice": a_page(
        urgent=(an_item(kind="alarm", body=an_alarm(band=b"short")),)
    ),
}


@pytest.mark.parametrize("page", BAD_PAGES.values(), ids=BAD_PAGES.keys())
def test_a_bad_page_changes_nothing_and_moves_no_cursor(page: Page) -> None:
    paper = Paper()
    puller = a_puller(paper, page)
    with pytest.raises(Exception, match=r"page|item|notice|alarm|Alarm"):
        puller.pull(0)
    assert (paper.applied, paper.at) == ([], Cursor(5, 10))


@pytest.mark.parametrize("kind", ["layout", "staff"])
def test_a_body_that_taps_would_stumble_over_is_kept_out_and_holds_up_nothing(kind: str) -> None:
    paper = Paper()
    notice = msgspec.msgpack.encode(BandNotice(band=KEY[:16], state=BandState.REVOKED, epoch=0))
    bad = a_page(an_item(), an_item(12, kind=kind), urgent=(an_item(kind="band", body=notice),), urgent_to=11)
    puller = a_puller(paper, bad)
    puller.pull(0)
    assert [item.kind for item in paper.applied] == ["device", UNREAD]
    assert (paper.at, paper.bound) == (Cursor(5, 20), [KEY[:16]])
    assert "1 of the things it told make no sense here" in puller.held_back
    assert f"{kind} ada: no " in puller.held_back


def test_the_control_a_good_page_is_applied_whole() -> None:
    paper = Paper()
    a_puller(paper, a_page(an_item(), an_item(14))).pull(0)
    assert (len(paper.applied), paper.at) == (2, Cursor(5, 20))


def test_a_kind_from_the_future_is_passed_over() -> None:
    paper = Paper()
    a_puller(paper, a_page(an_item(kind="dragon"))).pull(0)
    assert (paper.applied, paper.at) == ([], Cursor(5, 20))


def test_a_report_tells_heads_acks_and_cursors() -> None:
    paper = Paper()
    paper.journal_of.write(3)
    paper.acks[0] = 1
    heard: list[DeviceReport] = []

    def take(said: DeviceReport) -> TimedOut:
        heard.append(said)
        return TimedOut()

    with pytest.raises(TimedOut):
        a_puller(paper, take).report()
    (said,) = heard
    assert (said.outbox, said.acked, said.cursor) == (2, (1, 0), Cursor(5, 10))
    assert [(tip.lane, tip.seq) for tip in said.tips] == [(0, 3), (1, 0)]


@pytest.mark.parametrize(
    ("times", "frozen", "taken"),
    [(1, "", {"ride/0": 1}), (TAKEN_MAX + 1, "", None), (1, "restored", None)],
    ids=["counted", "more than a report holds", "books that are not believed"],
)
def test_a_report_tells_who_came_at_each_time_or_nothing_of_it(
    times: int, frozen: str, taken: dict[str, int] | None
) -> None:
    paper = Paper(times_known=times, why_frozen=frozen)
    heard: list[DeviceReport] = []

    def take(said: DeviceReport) -> TimedOut:
        heard.append(said)
        return TimedOut()

    with pytest.raises(TimedOut):
        a_puller(paper, take).report()
    assert heard[0].taken == taken


def test_a_page_check_reads_urgent_notices_too() -> None:
    notice = msgspec.msgpack.encode(BandNotice(band=KEY[:16], state=BandState.REVOKED, epoch=0))
    check_page(a_page(urgent=(an_item(kind="band", body=notice),)), "park", Cursor(5, 10))


def test_central_s_alarms_are_shown_where_they_concern_somebody_before_the_cursor_moves() -> None:
    paper, shown = Paper(), list[tuple[str, str, int, Cursor]]()

    def show(key: str, notice: AlarmNotice | None, *, turn: int) -> None:
        shown.append((key, notice.reason if notice else "", turn, paper.at))

    items = (
        an_item(11, kind="alarm", key="ours", body=an_alarm(devices=("edge-9", SENDER.device))),
        an_item(12, kind="alarm", key="theirs", body=an_alarm(devices=("edge-9",))),
        an_item(13, kind="alarm", key="all", body=an_alarm()),
        an_item(14, kind="alarm", key="seen", body=None),
    )
    line: Any = Script(a_page(urgent=items, urgent_to=14))
    ports = replace(paper.ports(), alarm=show)
    Puller(SENDER, ports=ports, line=line).pull(0)
    at = Cursor(5, 10)
    assert shown == [("ours", "tap_replayed", 11, at), ("all", "tap_replayed", 13, at), ("seen", "", 14, at)]
    assert paper.at == Cursor(5, 20)
