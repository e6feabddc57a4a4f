"""An operator is called when money waits too long for a word, once, and again where it has not ended."""

from __future__ import annotations

import msgspec
import pytest

from edge.core.alarms import OF_CENTRAL
from edge.core.lease import PlacedState
from edge.core.money import Money
from sync.central import alarms, arrears, calls
from sync.central.accounting import ops
from sync.central.accounting.ops import Note, What
from sync.central.calls import AGAIN_MS, DENIED_MIN, HOUR_MS, UNKNOWN_MS, UNSENT_MS, Calls
from sync.central.machines import devices
from sync.central.machines.lanes import Stream
from sync.central.metrics import State as Figures
from sync.central.money import placed
from sync.central.psp import charges
from sync.central.psp.judgement import Charge, Purpose, State
from sync.central.store import Store
from tests.sync.builders import SITE, Clockwork
from tests.sync.console.desk import HOME, Browser, a_browser, an_operator
from tests.sync.ends import a_report
from tests.sync.money.tills import EUR, PaperTill, a_till, a_wallet


@pytest.fixture
def till(store: Store) -> PaperTill:
    a_wallet(store)
    return a_till(store)


def raised(store: Store) -> list[tuple[str, str]]:
    Calls(store).look()
    with store.reading() as tx:
        return [(one.device, one.reason) for one in alarms.alarms(tx, SITE) if one.seen_ms is None]


def a_charge(store: Store, state: State = State.UNKNOWN) -> None:
    asked = Charge(id="c-lost", mandate="m1", wallet="w1", purpose=Purpose.TOP_UP, money=Money(2_000, EUR),
                   state=state)  # fmt: skip
    with store.transaction() as tx:
        assert charges.add(tx, SITE, asked)


def says(store: Store, till: PaperTill, *, outbox: int, age_ms: int) -> None:
    """The device speaks, and has so much left to send."""
    said = msgspec.structs.replace(a_report(till.device.id), outbox=outbox, outbox_age_ms=age_ms)
    with store.transaction() as tx:
        devices.heard(tx, SITE, till.device.id, report=said)


def silent(store: Store, till: PaperTill) -> None:
    """The device's lease is in doubt."""
    told = till.want(4_000)
    assert isinstance(told, placed.PlacedRow)
    doubted = msgspec.structs.replace(told.placed, state=PlacedState.IN_DOUBT)
    with store.transaction() as tx:
        placed.put(tx, SITE, [msgspec.structs.replace(told, placed=doubted)])


def denied(store: Store, till: PaperTill, count: int, *, at_ms: int) -> None:
    stream = Stream(SITE, till.device.id, 1, 1)
    notes = [Note(stream, seq, What.FALSE_DENIAL, f"op-{seq}", 100, "short", at_ms) for seq in range(count)]
    with store.transaction() as tx:
        ops.note(tx, notes)


def figures(store: Store) -> dict[str, float]:
    return {one.name.removeprefix("polso_central_"): one.value
            for family in Figures(store).collect() for one in family.samples}  # fmt: skip


def test_where_nothing_waits_nobody_is_called(store: Store, till: PaperTill) -> None:
    says(store, till, outbox=0, age_ms=0)
    a_charge(store, State.PAID)
    assert raised(store) == []
    told = figures(store)
    assert [told[name] for name in ("charges_unknown", "op_unsent_seconds", "leases_in_doubt")] == [0, 0, 0]


def test_a_charge_that_nobody_knows_of_is_asked_about_for_a_while_before_anybody_is_called(
    store: Store, till: PaperTill, clock: Clockwork
) -> None:
    a_charge(store)
    clock.ms += UNKNOWN_MS - 1
    assert raised(store) == []
    clock.ms += 1
    assert raised(store) == [(OF_CENTRAL, "charge_unknown")]
    told = figures(store)
    assert (told["charges_unknown"], told["charge_unknown_seconds"]) == (1, UNKNOWN_MS / 1000)


def test_the_age_of_what_a_device_holds_back_grows_while_it_is_silent(
    store: Store, till: PaperTill, clock: Clockwork
) -> None:
    says(store, till, outbox=3, age_ms=60_000)
    clock.ms += UNSENT_MS - 60_001
    assert raised(store) == []
    clock.ms += 1
    assert raised(store) == [(till.device.id, "money_unsent")]
    assert figures(store)["op_unsent_seconds"] == UNSENT_MS / 1000


def test_what_lies_at_a_silent_device_is_called_out_and_summed(store: Store, till: PaperTill) -> None:
    silent(store, till)
    assert raised(store) == [(till.device.id, "money_in_doubt")]
    with store.reading() as tx:
        told = arrears.arrears(tx, SITE)
    assert (told.doubted, told.doubted_minor) == (1, 4_000)
    assert (figures(store)["leases_in_doubt"], figures(store)["in_doubt_minor"]) == (1, 4_000)


def test_many_wrong_refusals_within_an_hour_are_no_bad_luck(
    store: Store, till: PaperTill, clock: Clockwork
) -> None:
    denied(store, till, DENIED_MIN - 1, at_ms=clock.ms)
    assert raised(store) == []
    denied(store, PaperTill(store, msgspec.structs.replace(till.device, id="other")), 1, at_ms=clock.ms)
    assert raised(store) == [(OF_CENTRAL, "money_denied")]
    clock.ms += HOUR_MS + 1
    with store.reading() as tx:
        assert list(calls.waiting(tx, SITE)) == []
    assert figures(store)["false_denials_day"] == DENIED_MIN


def test_a_call_is_made_once_and_again_a_day_after_somebody_looked(
    store: Store, till: PaperTill, clock: Clockwork
) -> None:
    silent(store, till)
    assert len(raised(store)) == len(raised(store)) == 1
    with store.transaction() as tx:
        (one,) = alarms.alarms(tx, SITE)
        assert one.times == 1, "looking at it every minute is no news"
        alarms.see(tx, SITE, (one.device, one.id), by="olga")
    clock.ms += AGAIN_MS - 1
    assert raised(store) == []
    clock.ms += 1
    assert len(raised(store)) == 1


def test_the_site_s_page_tells_what_waits_in_money(small_store: Store) -> None:
    a_wallet(small_store)
    till = a_till(small_store)
    a_charge(small_store)
    silent(small_store, till)
    says(small_store, till, outbox=2, age_ms=120_000)
    an_operator(small_store)
    olga: Browser = a_browser(small_store, "olga")
    said = olga.says(HOME)
    assert "Charges nobody knows of 1" in said
    assert "40.00 EUR" in said
    assert "2 min ago" in said
    Calls(small_store).look()
    assert "silent" in olga.says(f"{HOME}/alarms")
