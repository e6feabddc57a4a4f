"""What an edge does with pages and reports: all of it is looked at before any of it is done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from edge.core.bands import BandState
from edge.core.unread import UNREAD
from sync.client.beside import TAKEN_MAX
from sync.client.line import TimedOut
from sync.client.pulling import Puller, check_page
from sync.lending import BlockNotice
from sync.wire import (
    ITEM_BYTES_MAX,
    PAGE_ITEMS_MAX,
    URGENT_MAX,
    AlarmNotice,
    Attested,
    BandNotice,
    Cursor,
    DeviceReport,
    ErasureNotice,
    Item,
    Page,
)
from tests.sync.builders import KEY
from tests.sync.paper import SENDER, Paper, Script


def a_puller(paper: Paper, *answers: object, erased: list[str] | None = None) -> Puller:
    line: Any = Script(*answers)
    gone = [] if erased is None else erased
    ports = replace(paper.ports(), erase=lambda guest, bands: gone.append(guest))
    return Puller(SENDER, ports=ports, line=line)


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


def a_notice(**changes: Any) -> Item:
    told = BandNotice(band=KEY[:16], state=BandState.REVOKED, epoch=0)
    return an_item(kind="band", body=msgspec.msgpack.encode(msgspec.structs.replace(told, **changes)))


def an_erasure(**changes: Any) -> Item:
    told = msgspec.structs.replace(ErasureNotice(guest="g-1", bands=(KEY[:16],)), **changes)
    return an_item(kind="erase", key="e", body=msgspec.msgpack.encode(told))


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
    "a block of garbage": a_page(urgent=(an_item(kind="block", body=b"\xc1"),)),
    "an erasure of garbage": a_page(urgent=(an_item(kind="erase", body=b"\xc1"),)),
    "a notice about no band": a_page(urgent=(a_notice(band=b"short"),)),
    "an erasure about no band": a_page(urgent=(an_erasure(bands=(b"short",)),)),
    "an epoch that no counter reaches": a_page(urgent=(a_notice(epoch=2**60),)),
    "a block whose epoch no counter reaches": a_page(
        urgent=(an_item(kind="block", body=msgspec.msgpack.encode(BlockNotice(wallet="w", epoch=-1))),)
    ),
}
"""Each of them stands behind an erasure: what is good before it is not done either."""


@pytest.mark.parametrize("page", BAD_PAGES.values(), ids=BAD_PAGES.keys())
def test_a_bad_page_changes_nothing_and_moves_no_cursor(page: Page) -> None:
    paper, erased = Paper(), list[str]()
    puller = a_puller(paper, with_an_erasure(page), erased=erased)
    with pytest.raises(Exception, match=r"page|item|notice|alarm|Alarm|block|erasure"):
        puller.pull(0)
    assert (paper.applied, paper.at, paper.bound, erased) == ([], Cursor(5, 10), [], [])


URGENT_PAGES = {name: page for name, page in BAD_PAGES.items() if page.urgent}


@pytest.mark.parametrize("page", URGENT_PAGES.values(), ids=URGENT_PAGES.keys())
def test_first_contact_looks_at_all_that_is_urgent_before_it_does_any_of_it(page: Page) -> None:
    paper, erased = Paper(), list[str]()
    told = Attested(
        device="gate", time_ms=1, tips=(), urgent=with_an_erasure(page).urgent, urgent_to=Cursor(5, 20)
    )
    with pytest.raises(Exception, match=r"item|notice|alarm|Alarm|block|erasure"):
        a_puller(paper, told, erased=erased).report()
    assert (paper.bound, erased, paper.times) == ([], [], []), "nor is the time of it believed"


def test_the_control_what_is_urgent_and_good_is_done_at_first_contact() -> None:
    paper, erased = Paper(), list[str]()
    told = Attested(
        device="gate", time_ms=1, tips=(), urgent=(an_erasure(), a_notice()), urgent_to=Cursor(5, 20)
    )
    a_puller(paper, told, erased=erased).report()
    assert (paper.bound, erased) == ([KEY[:16]], ["g-1"])


def with_an_erasure(page: Page) -> Page:
    """The same page, with somebody to be forgotten before all else that is urgent."""
    return msgspec.structs.replace(page, urgent=(an_erasure(), *page.urgent))


@pytest.mark.parametrize("kind", ["layout", "staff"])
def test_a_body_that_taps_would_stumble_over_is_kept_out_and_holds_up_nothing(kind: str) -> None:
    paper = Paper()
    bad = a_page(an_item(), an_item(12, kind=kind), urgent=(a_notice(),), urgent_to=11)
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
    check_page(a_page(urgent=(a_notice(),)), "park", Cursor(5, 10))


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
