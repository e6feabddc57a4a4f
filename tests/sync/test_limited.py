"""Limits of people and bands hold over devices: whoever is refused at one till is refused at the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.clock import wall_ms
from edge.config import shipped
from edge.core.decision import Reason
from edge.core.elsewhere import DEVICES_MAX, SPAN_MS, Limited, Seen, times_within
from edge.core.events import Acted, Kind
from edge.core.lease import Limits
from edge.core.pins import GUEST_TRIES_MAX, TRIES_MAX, Tried, keyed_guest_pin, keyed_pin, still_wrong
from edge.core.profiles import StaffMember
from edge.errors import NotAllowed, Refused
from edge.payviews import BasketState
from edge.service.tallies import ShiftLimit, tallied
from edge.staff import Action, Paused, Session, Staff, WrongPin
from edge.staff.pins import hash_pin
from edge.store.elsewhere import Keeps, spans_elsewhere, tried_elsewhere
from sync.central import conduct, intake, sites
from sync.central.feed import Change, publish
from sync.central.registry import staff
from sync.central.store import Store
from sync.central.telling import limited
from sync.client import limited as kept
from sync.wire import Item
from tests.sync.builders import NOW_MS
from tests.sync.builders import SITE as SITE_ON_PAPER
from tests.sync.ends import Edge, a_welcome, running, served, until
from tests.sync.money.shop import SITE, TILL, UID, Shop, a_guest, a_shop, a_site
from tests.sync.test_echo import Gate

PIN, WRONG = "2468", "1357"
GUEST_PIN = "7193"
LOOK_UPS = 30
FEW = msgspec.structs.replace(shipped().limits, look_ups_shift_max=LOOK_UPS)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Store]:
    """A central whose clock is the machine's, as devices hear it."""
    store = Store(str(tmp_path / "central.db"), now_ms=wall_ms)
    yield store
    store.close()


@pytest.fixture
def tills(live: Store, tmp_path: Path) -> Iterator[tuple[Shop, Shop]]:
    """Two tills of one site, a real central between them, and Rita who works at both."""
    a_site(live)
    with live.transaction() as tx:
        key = sites.band_key(tx, SITE)
        rita = StaffMember(
            id="rita", name="Rita", roles=("care",), pin_hash=hash_pin(keyed_pin(key, "rita", PIN))
        )
        staff.put_staff(tx, SITE, rita)
    a_guest(
        live,
        limits=Limits(pin_above_minor=100),
        pin_hash=hash_pin(keyed_guest_pin(key, "w1", GUEST_PIN)),
    )
    with (
        served(live) as url,
        a_shop(live, tmp_path / "a", url, limits=FEW) as a,
        a_shop(live, tmp_path / "b", url, limits=FEW) as b,
    ):
        for shop in (a, b):
            until(
                lambda shop=shop: list(shop.profiles.staff()) and shop.profiles.get(shop.vault.band_id(UID))
            )
        yield a, b


def rita(shop: Shop) -> Session:
    return msgspec.structs.replace(shop.cashier(), staff="rita", name="Rita", roles=("care",))


def people(shop: Shop) -> Staff:
    return Staff(shop.sequencer, shop.profiles, shop.vault, shop.clock)


def looks(shop: Shop, times: int) -> None:
    for _ in range(times):
        shop.service.look_up(rita(shop), "nobody at all")


def looked(shop: Shop) -> int:
    return shop.sequencer.submit(lambda tx: tallied(tx, Limited.LOOK_UP, "rita"))


def mistypes(shop: Shop, times: int) -> None:
    for _ in range(times):
        with pytest.raises(WrongPin):
            people(shop).sign_in("rita", WRONG, TILL)


def wrong(shop: Shop) -> int:
    there = shop.sequencer.submit(lambda tx: tried_elsewhere(tx, Limited.STAFF_PIN, "rita"))
    return len(still_wrong(there))


def test_a_shifts_limit_is_one_limit_over_two_tills_once_both_have_synced(tills: tuple[Shop, Shop]) -> None:
    a, b = tills
    b.cable.pull()
    looks(a, LOOK_UPS - 10)
    looks(b, 15)  # while apart each till keeps to its own count
    b.cable.plug()
    b.client.kick()
    until(lambda: looked(a) == looked(b) == LOOK_UPS + 5)
    for shop in (a, b):
        with pytest.raises(ShiftLimit):
            looks(shop, 1)
    a.cable.pull()
    with pytest.raises(ShiftLimit):  # what it was told stays with it
        looks(a, 1)


def test_while_apart_each_till_goes_on_by_its_own_limit(tills: tuple[Shop, Shop]) -> None:
    """The bound of what remains: the limit once for each device that is cut off."""
    a, b = tills
    b.cable.pull()
    looks(a, LOOK_UPS)
    until(a.drained)
    looks(b, LOOK_UPS)
    for shop in (a, b):
        with pytest.raises(ShiftLimit):
            looks(shop, 1)


def test_who_is_paused_at_one_till_is_paused_at_the_next(tills: tuple[Shop, Shop]) -> None:
    a, b = tills
    mistypes(a, TRIES_MAX)
    until(lambda: wrong(b) == TRIES_MAX)
    for shop in (a, b):
        with pytest.raises(Paused):
            people(shop).sign_in("rita", PIN, TILL)


def test_wrong_pins_at_two_tills_are_summed(tills: tuple[Shop, Shop]) -> None:
    a, b = tills
    mistypes(a, TRIES_MAX - 1)
    until(lambda: wrong(b) == TRIES_MAX - 1)
    mistypes(b, 1)
    with pytest.raises(Paused):
        people(b).sign_in("rita", PIN, TILL)
    until(lambda: wrong(a) == 1)
    with pytest.raises(Paused):
        people(a).sign_in("rita", PIN, TILL)


def test_a_right_pin_anywhere_begins_the_count_anew_everywhere(tills: tuple[Shop, Shop]) -> None:
    """Control: nobody stays half-way to a pause because of mistakes at a till where they work no more."""
    a, b = tills
    for _ in range(2):
        mistypes(a, TRIES_MAX - 1)
        until(lambda: wrong(b) == TRIES_MAX - 1)
        assert people(b).sign_in("rita", PIN, TILL)
        until(lambda: a.sequencer.submit(_right_elsewhere))
        assert people(a).sign_in("rita", PIN, TILL)


def _right_elsewhere(tx: Keeps) -> bool:
    there = tried_elsewhere(tx, Limited.STAFF_PIN, "rita")
    return any(one.right_ms for one in there)


def tries_pin(shop: Shop, op_id: str, digits: str) -> Reason | None:
    """Ring up, tap and type a PIN at the pad."""
    if shop.sells(op_id).state is not BasketState.PIN:
        return shop.service.basket(TILL).reason
    return shop.service.type_pin(TILL, op_id, digits).reason


def test_a_guests_wrong_pins_lock_the_band_at_every_till(tills: tuple[Shop, Shop]) -> None:
    a, b = tills
    assert tries_pin(a, "op-pin-00000001", "0000") is Reason.PIN_WRONG
    a.service.type_pin(TILL, "op-pin-00000001", "0001")
    band = a.vault.band_id(UID).hex()
    until(lambda: len(_guests(b, band)) == GUEST_TRIES_MAX - 1)
    assert tries_pin(b, "op-pin-00000002", "0002") is Reason.PIN_LOCKED
    until(lambda: len(_guests(a, band)) == 1)
    view = a.service.type_pin(TILL, "op-pin-00000001", GUEST_PIN)
    assert view.state is not BasketState.APPROVED, "the right one is not looked at any more"
    with suppress(Refused):
        a.service.give_up(a.cashier(), TILL, "op-pin-00000001")
    assert tries_pin(a, "op-pin-00000003", GUEST_PIN) is Reason.PIN_LOCKED


def _guests(shop: Shop, band: str) -> tuple[int, ...]:
    there = shop.sequencer.submit(lambda tx: tried_elsewhere(tx, Limited.GUEST_PIN, band))
    return tuple(ms for one in there for ms in one.wrong_ms)


def test_refusals_of_a_till_stand_on_centrals_list(tills: tuple[Shop, Shop], live: Store) -> None:
    a, _ = tills
    for _ in range(40):
        with suppress(NotAllowed), a.service.attempt(rita(a), "correct_count"):
            people(a).permit(rita(a), Action.CORRECT_COUNT)
    a.service.stop()
    until(a.drained)
    with live.reading() as tx:
        now_ms = wall_ms()
        found = conduct.outliers(tx, SITE, now_ms - 3_600_000, until_ms=now_ms + 60_000)
    assert [(one.staff, one.figure.value, one.count) for one in found] == [("rita", "refusals", 40)]


# On paper


@pytest.fixture
def gate(store: Store) -> Gate:
    return Gate(store)


def told(store: Store, what: Limited, who: str) -> dict[str, Any]:
    with store.reading() as tx:
        found = limited._known(tx, SITE_ON_PAPER, [(what, who)])
    return found.get((what, who), {})


def test_an_event_sent_again_counts_once(gate: Gate, store: Store) -> None:
    body = Acted(staff="rita")
    gate.says(Kind.LOOKED_UP, body, band=None)
    before = told(store, Limited.LOOK_UP, "rita")
    batch = gate.journal.batch(1, 1, 0)
    intake.take(store, gate.device, batch)
    assert told(store, Limited.LOOK_UP, "rita") == before
    assert [list(spans.values()) for spans in before.values()] == [[1]]


def test_a_clock_that_runs_ahead_makes_nobody_right_next_year(gate: Gate, store: Store) -> None:
    gate.says(Kind.SIGN_IN_REFUSED, Acted(staff="rita", reason="wrong_pin"), band=None)
    with store.transaction() as tx:
        ahead = Seen(Limited.STAFF_PIN, "rita", 1 << 47, right=True)
        limited.merge(tx, SITE_ON_PAPER, [ahead], device="edge-9")
    [register] = [one for name, one in told(store, Limited.STAFF_PIN, "rita").items() if name == "edge-9"]
    assert isinstance(register, Tried)
    assert register.right_ms == NOW_MS


def test_acts_of_yesterday_and_bodies_that_do_not_decode_are_told_to_nobody(gate: Gate, store: Store) -> None:
    with store.transaction() as tx:
        assert (
            limited.merge(tx, SITE_ON_PAPER, [Seen(Limited.UNDO, "rita", NOW_MS - 86_400_000)], device="e")
            == 0
        )
    assert limited.read(Kind.UNDONE, b"\xc1", None, band=None, at_ms=1) is None
    assert limited.read(Kind.OVERRIDDEN, b"", None, band=None, at_ms=1) is None


def test_totals_of_no_more_devices_are_told_than_fit(gate: Gate, store: Store) -> None:
    for n in range(DEVICES_MAX + 3):
        with store.transaction() as tx:
            limited.merge(tx, SITE_ON_PAPER, [Seen(Limited.UNDO, "rita", NOW_MS)], device=f"edge-{n}")
    held = list(told(store, Limited.UNDO, "rita"))
    assert (len(held), held[0], held[-1]) == (DEVICES_MAX, "edge-3", f"edge-{DEVICES_MAX + 2}")


def test_a_device_keeps_what_others_counted_and_not_its_own() -> None:
    body = msgspec.msgpack.encode({"edge-1": {7: 2}, "edge-2": {7: 3}})
    [one] = kept.told([Item(kind="undo", key="rita", version=1, body=body)], own="edge-1")
    assert (one.key, msgspec.msgpack.decode(one.body)) == ("undo:rita", {"edge-2": {7: 3}})
    assert kept.told([Item(kind="undo", key="rita", version=2)], own="edge-1") == []


@pytest.mark.parametrize("kind", ["undo", "staff_pin"])
def test_a_count_that_is_none_is_refused_before_anything_is_kept(kind: str) -> None:
    with pytest.raises(Refused):
        kept.told([Item(kind=kind, key="rita", version=1, body=b"\xc1")], own="edge-1")


def test_a_new_device_gets_the_counts_with_its_snapshot(small_store: Store, tmp_path: Path) -> None:
    with served(small_store) as url:
        welcome = a_welcome(url, small_store)
        body = msgspec.msgpack.encode({"edge-9": {wall_ms() // SPAN_MS: 4}})
        with small_store.transaction() as tx:
            publish(tx, "park", [Change(Limited.VOID, f"p{n}", body) for n in range(1_200)])
        with running(Edge(tmp_path / "edge", url, welcome)) as edge:
            until(lambda: edge.sequencer.submit(lambda tx: spans_elsewhere(tx, Limited.VOID, "p1199")))
            first = edge.sequencer.submit(lambda tx: spans_elsewhere(tx, Limited.VOID, "p0"))
    assert times_within(first, wall_ms()) == 4
