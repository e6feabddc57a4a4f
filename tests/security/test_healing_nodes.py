"""A lie at the site's nodes heals: nobody tells on what others said, and a stolen device is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from edge.core.bands import BandState
from edge.core.events import Acted, Kind, Lane
from edge.core.held import Change
from edge.core.lease import COUNTER_MAX
from edge.run.simulate.nodes import Nodes
from edge.service.payments import chest, hearsay
from edge.service.payments.hearsay import Rumour
from edge.store.journal import Journal
from sync.client import heard, urgent
from sync.client.heard import HEARD
from sync.site import SiteBook, Statement
from sync.site.blocking import AHEAD_MS
from sync.site.member import KEPT_MS
from sync.wire import BandNotice, Cursor, Item
from tests.security.liars import BANDS, KEYS, Gate, Way, a_block, a_gate, put, there, write
from tests.store.house import Hands

LIED, STAFFS, CENTRALS = BANDS[:3]


@pytest.fixture
def way() -> Way:
    return Way(Nodes())


@pytest.fixture
def gate(tmp_path: Path, way: Way) -> Iterator[Gate]:
    with a_gate(tmp_path, Hands(), way) as opened:
        yield opened


def state_of(gate: Gate, band: bytes) -> tuple[int, BandState]:
    held = gate.books.submit(lambda tx: tx.held(band))
    return held.epoch, held.state


def central_says(gate: Gate, band: bytes, state: BandState, *, epoch: int) -> None:
    notice = BandNotice(band=band, state=state, epoch=epoch)
    item = Item(kind="band", key="b", version=1, body=msgspec.msgpack.encode(notice))
    urgent.apply(gate.books, [item], Cursor(1, 1), shut_out_max=9)


def revoke(gate: Gate, device: str = "edge-2") -> None:
    """Central has told by now that a device is none any more."""
    del gate.known.keys[device]
    gate.member._states.settle()


def statements(way: Way) -> list[Statement]:
    pairs, _ = SiteBook(way, "park", incarnation=1).all(0, KEYS.states())
    return [msgspec.msgpack.decode(pair.value, type=Statement) for pair in pairs]


# Bands


def test_no_word_counts_that_no_device_of_the_site_signed(gate: Gate, way: Way) -> None:
    write(way, [BANDS[0]], key=b"l" * 32)
    write(way, [BANDS[1]], device="edge-9")
    write(way, [BANDS[2]], device="edge-1", key=b"o" * 32)
    book = SiteBook(way, "park", incarnation=1)
    unsigned = BandNotice(band=BANDS[3], state=BandState.REVOKED, epoch=1)
    book.tell(f"{KEYS.states()}{BANDS[3].hex()}", lambda _: msgspec.msgpack.encode(unsigned))
    write(way, [BANDS[4]])
    (true,) = [one for one in statements_of_sound(way) if one.band == BANDS[4]]
    moved = msgspec.structs.replace(true, band=BANDS[5])
    book.tell(moved.key(KEYS.states()), lambda _: msgspec.msgpack.encode(moved))
    gate.follow()
    assert gate.out() == [BANDS[4]]


def statements_of_sound(way: Way) -> list[Statement]:
    pairs, _ = SiteBook(way, "park", incarnation=1).all(0, KEYS.states())
    return [
        msgspec.msgpack.decode(pair.value, type=Statement) for pair in pairs if pair.key.endswith("/edge-2")
    ]


@pytest.mark.parametrize("epoch", [heard.AHEAD_MAX + 1, COUNTER_MAX, 2**64 - 1])
def test_a_number_that_no_band_can_have_reached_is_refused(gate: Gate, way: Way, epoch: int) -> None:
    write(way, [LIED], epoch=epoch)
    gate.follow()
    assert state_of(gate, LIED) == (0, BandState.ACTIVE)
    write(way, [LIED], epoch=heard.AHEAD_MAX)
    gate.follow()
    assert state_of(gate, LIED) == (heard.AHEAD_MAX, BandState.REVOKED), "and what can be is heard"


def test_lies_do_not_raise_what_the_next_one_may_say(gate: Gate, way: Way) -> None:
    for epoch in (heard.AHEAD_MAX, 2 * heard.AHEAD_MAX):
        write(way, [LIED], epoch=epoch, state=BandState.LOST)
        gate.follow()
    assert state_of(gate, LIED) == (heard.AHEAD_MAX, BandState.LOST)


def test_what_a_revoked_device_said_stops_counting_and_the_rest_stands(gate: Gate, way: Way) -> None:
    central_says(gate, CENTRALS, BandState.LOST, epoch=2)
    write(way, [LIED, STAFFS, CENTRALS], epoch=900)
    write(way, [STAFFS], epoch=0, state=BandState.LOST, device="edge-3")
    gate.follow()
    central_says(gate, LIED, BandState.ACTIVE, epoch=4)
    assert {state_of(gate, band)[1] for band in (LIED, STAFFS, CENTRALS)} == {BandState.REVOKED}
    revoke(gate)
    assert state_of(gate, LIED) == (4, BandState.ACTIVE), "central's word, lower as it is"
    assert state_of(gate, STAFFS) == (0, BandState.LOST), "and what staff said at a device that is honest"
    assert state_of(gate, CENTRALS) == (2, BandState.LOST)
    gate.member._since = 0
    gate.follow()
    assert state_of(gate, LIED) == (4, BandState.ACTIVE), "though it still stands in the book"
    assert gate.books.submit(lambda tx: [key for key, _ in tx.rows(HEARD)]) == [STAFFS.hex()]


def test_a_band_that_a_stolen_device_says_was_found_is_lost_again_once_it_is_revoked(
    gate: Gate, way: Way
) -> None:
    central_says(gate, CENTRALS, BandState.LOST, epoch=2)
    write(way, [CENTRALS], state=BandState.ACTIVE, epoch=3)
    gate.follow()
    assert gate.out() == []
    revoke(gate)
    assert gate.out() == [CENTRALS]


def test_a_band_found_by_another_one_than_lost_it_is_found_in_whatever_order_that_is_read(
    gate: Gate, way: Way
) -> None:
    write(way, [STAFFS], state=BandState.LOST, epoch=0, device="edge-3")
    write(way, [STAFFS], state=BandState.ACTIVE, epoch=1)
    gate.follow()
    assert state_of(gate, STAFFS) == (1, BandState.ACTIVE)


def test_noise_of_bands_that_are_well_leaves_nothing_in_the_store(gate: Gate, way: Way) -> None:
    write(way, BANDS, state=BandState.ACTIVE, epoch=5)
    gate.follow()
    assert gate.books.submit(lambda tx: tx.rows(HEARD)) == []


def test_it_heals_after_a_restart_too_and_not_while_nobody_is_known_yet(tmp_path: Path, way: Way) -> None:
    hands = Hands()
    write(way, [LIED])
    with a_gate(tmp_path, hands, way) as gate:
        gate.follow()
    with a_gate(tmp_path, hands, way) as gate:
        gate.known.keys.clear()
        gate.member._states.settle()
        assert gate.out() == [LIED], "a copy without devices is no list"
        gate.known.keys["edge-1"] = b"o" * 32
        gate.member._states.settle()
        assert gate.out() == []


def test_who_is_enrolled_anew_under_a_stolen_devices_name_has_said_nothing(gate: Gate, way: Way) -> None:
    write(way, [LIED])
    gate.follow()
    gate.known.keys["edge-2"] = b"n" * 32
    gate.member._states.settle()
    assert gate.out() == []


def test_what_staff_here_say_of_a_band_is_their_own_whoever_lied_before(gate: Gate, way: Way) -> None:
    write(way, [LIED], state=BandState.LOST)
    gate.follow()

    def revoked(tx: Any) -> None:
        kept = msgspec.structs.replace(tx.held(LIED), state=BandState.REVOKED)
        tx.apply(LIED, Change(held=kept), 0)

    gate.books.submit(revoked)
    revoke(gate)
    assert gate.out() == [LIED]


def test_nobody_signs_what_they_only_heard(gate: Gate, way: Way) -> None:
    write(way, [LIED])
    put(way, a_block("w1"))
    gate.follow()
    said = [(event, msgspec.msgpack.decode(event.body, type=Acted)) for event in applied(gate)]
    assert [acted.note.split()[0] for _, acted in said] == ["edge-2", "edge-2"], "the journal says whose word"
    central_says(gate, CENTRALS, BandState.REVOKED, epoch=2)
    SiteBook(way, "park", incarnation=1).tell(f"{KEYS.blocks()}w1", lambda _: b"")
    gate.tell(3)
    assert there(way) == []
    assert {(one.band, one.epoch) for one in statements(way) if one.device == "edge-1"} == {(CENTRALS, 2)}


def applied(gate: Gate) -> list[Any]:
    told = Journal(gate.folder).range(Lane.PRIORITY, 0, 5_000)
    return [event for event in told if event.kind == Kind.URGENT_APPLIED]


# Wallets


def block_of(gate: Gate, wallet: str) -> int:
    return gate.books.submit(lambda tx: chest.block_epoch(tx, wallet))


def ask_central(gate: Gate) -> None:
    """A device that asks central what is urgent, and has it all."""
    told = gate.books.submit(hearsay.unproven)
    gate.books.submit(lambda tx: hearsay.refute(tx, told))


def test_a_number_that_no_wallet_can_have_reached_is_refused(gate: Gate, way: Way) -> None:
    put(way, a_block("w1", 10**15), a_block("w2", hearsay.AHEAD_MAX + 1), a_block("w3", hearsay.AHEAD_MAX))
    gate.follow()
    assert gate.blocked() == ["w3"]


def test_a_wallet_is_blocked_by_hearsay_until_central_was_asked_and_by_that_word_never_again(
    gate: Gate, way: Way
) -> None:
    put(way, a_block("w1", 900), a_block("w2", 900))
    gate.follow()
    gate.books.submit(lambda tx: chest.block_wallet(tx, "w2", 3))
    assert [block_of(gate, wallet) for wallet in ("w1", "w2")] == [900, 900]
    ask_central(gate)
    assert [block_of(gate, wallet) for wallet in ("w1", "w2")] == [0, 3], "central's word, lower as it is"
    gate.member._since = 0
    gate.follow()
    put(way, a_block("w1", 899))
    gate.follow()
    assert block_of(gate, "w1") == 0
    put(way, a_block("w1", 4, device="edge-3"))
    gate.follow()
    assert block_of(gate, "w1") == 4, "another device's word is heard"


def test_what_came_after_central_was_asked_is_not_refuted_by_its_answer(gate: Gate, way: Way) -> None:
    put(way, a_block("w1", 3))
    gate.follow()
    asked = gate.books.submit(hearsay.unproven)
    put(way, a_block("w1", 4), a_block("w2", 3))
    gate.follow()
    gate.books.submit(lambda tx: hearsay.refute(tx, asked))
    assert gate.blocked() == ["w1", "w2"]


def test_a_refuted_word_stands_in_no_ones_way(gate: Gate, way: Way) -> None:
    put(way, a_block("w1", 900))
    gate.follow()
    ask_central(gate)
    gate.books.submit(lambda tx: chest.block_wallet(tx, "w1", 3))
    gate.tell(2)
    assert [(told.epoch, told.device) for told in there(way)] == [(3, "edge-1")]


def test_a_block_of_tomorrow_is_none_and_leaves_the_book(gate: Gate, way: Way) -> None:
    now_ms = gate.hands.wall_ms
    gate.clock.heard(now_ms, 2)
    put(way, a_block("w1", heard_ms=now_ms + AHEAD_MS + 1_000), a_block("w2", heard_ms=now_ms + AHEAD_MS))
    gate.follow()
    assert gate.blocked() == ["w2"]
    gate.member._tidy()
    assert [told.wallet for told in there(way)] == ["w2"]


def test_by_a_clock_that_nobody_vouches_for_no_block_is_tomorrows_and_none_leaves_the_book(
    gate: Gate, way: Way
) -> None:
    now_ms = gate.hands.wall_ms
    put(way, a_block("w1", heard_ms=now_ms + 2 * AHEAD_MS), a_block("w2", heard_ms=now_ms - 2 * KEPT_MS))
    gate.follow()
    gate.member._tidy()
    assert (gate.blocked(), len(there(way))) == (["w1", "w2"], 2)


def test_a_journal_that_ran_ahead_dates_no_block_there(gate: Gate, way: Way) -> None:
    now_ms = gate.hands.wall_ms
    gate.clock.floor(now_ms + 3 * KEPT_MS)
    gate.books.submit(lambda tx: chest.block_wallet(tx, "w1", 3))
    gate.tell(1)
    assert [told.heard_ms for told in there(way)] == [now_ms]


def test_a_rumour_that_is_no_news_changes_nothing(gate: Gate) -> None:
    assert gate.books.submit(lambda tx: hearsay.heed(tx, Rumour("w1", 3, "edge-2")))
    assert not gate.books.submit(lambda tx: hearsay.heed(tx, Rumour("w1", 3, "edge-3")))
    assert cast(Any, gate.books.submit(hearsay.unproven)) == [("w1", 3, "edge-2")]
