"""Several gates of one site: asked before it counts, bounded where nobody answers, nothing kept in vain."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from threading import Barrier, Thread

import msgspec
import pytest

from edge.core.decision import Basis, Outcome, Reason
from edge.core.entitlements import Redemption, Reentry, Use
from edge.errors import StoreError
from edge.service import agreeing
from edge.service.agreeing import ASKS_MAX
from edge.views import StaffView
from tests.builders import NOW_MS, a_day_ticket, a_gate, a_layout
from tests.service.house import UID, an_edge, band_of, worn
from tests.service.neighbours import GATES, Neighbour, a_site

ONCE = a_day_ticket(reentry=Reentry.NEVER)
THRICE = a_day_ticket(reentry=Reentry.NEVER, uses_max=3)


def tapped(house: Neighbour, tap_id: str = "") -> StaffView:
    tap = house.tap(counter=None)
    return house.service.present(dataclasses.replace(tap, tap_id=tap_id or tap.tap_id))


def elsewhere(ordinal: int = 1, tap_id: str = "there", *, device: str = "edge-9") -> Use:
    return Use(
        entitlement="ticket-1", ordinal=ordinal, scan_ms=NOW_MS, device=device, point="castle", tap_id=tap_id
    )


def test_a_green_that_the_site_agreed_to_says_so_and_nothing_else(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:
        view = tapped(here)
        assert (view.outcome, view.reason, view.notes) == (Outcome.GRANTED, Reason.ENTERED, ())
        assert view.basis is Basis.LIVE
        [decided] = here.decided()
        assert (decided.agreed, decided.unconfirmed, decided.unsettled) == (True, False, ())
        assert len(here.line.asked) == 1
        assert here.pending() == ()


def test_the_second_gate_of_one_right_is_told_where_it_was_used(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, there]:
        assert tapped(here, "tap-here").outcome is Outcome.GRANTED
        view = tapped(there, "tap-there")
        assert (view.outcome, view.reason) == (Outcome.DENIED, Reason.ALREADY_USED_HERE)
        assert view.first is not None
        assert there.gate.opened == []
        assert view.basis is Basis.LIVE


def test_control_without_the_book_both_gates_open(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, there]:
        there.line.book = type(there.line.book)()
        assert [tapped(one, f"tap-{n}").outcome for n, one in enumerate((here, there))] == ["granted"] * 2


def test_a_right_with_uses_left_takes_the_next_number(tmp_path: Path) -> None:
    with a_site(tmp_path, THRICE) as [here, there]:
        assert tapped(here, "tap-1").uses_left == 2
        assert tapped(there, "tap-2").uses_left == 1
        assert [len(asked) for asked in there.line.asked] == [1, 1]
        assert sorted(here.line.book.held) == [("ticket-1", 1), ("ticket-1", 2)]


def test_exactly_one_of_many_gates_opens_in_a_race(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE, count=3) as edges:
        moment, views = Barrier(len(edges)), list[StaffView]()

        def tap(house: Neighbour) -> None:
            moment.wait()
            views.append(tapped(house, f"tap-{house.device}"))

        hands = [Thread(target=tap, args=(one,)) for one in edges]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        assert sorted(view.outcome for view in views) == ["denied", "denied", "granted"]


def test_what_a_read_only_look_refuses_is_never_asked_for(tmp_path: Path) -> None:
    with a_site(tmp_path, a_day_ticket(status="unpaid")) as [here, _]:
        assert tapped(here).outcome is not Outcome.GRANTED
        assert here.line.asked == []


# Nobody answers


def test_out_of_touch_nothing_is_asked_and_the_green_says_that_it_stands_alone(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:
        here.line.touch = False
        view = tapped(here)
        assert (view.outcome, view.notes) == (Outcome.GRANTED, (Reason.UNCONFIRMED_OFFLINE,))
        assert view.basis is Basis.EDGE
        assert here.line.asked == []
        assert [(one.use.tap_id, one.keep) for one in here.pending()] == [(view.tap_id, True)]
        assert here.line.nudges == 1


def test_alone_a_device_lets_in_one_too_many_of_a_right_and_no_more(tmp_path: Path) -> None:
    with a_site(tmp_path, THRICE) as [here, _]:
        here.line.touch = False
        assert tapped(here).outcome is Outcome.GRANTED
        view = tapped(here)
        assert (view.outcome, view.reason) == (Outcome.REFERRED, Reason.UNCONFIRMED_OFFLINE)
        assert len(here.gate.opened) == 1
        assert len(here.pending()) == 1


def test_once_the_site_has_heard_of_it_the_device_may_be_alone_again(tmp_path: Path) -> None:
    with a_site(tmp_path, THRICE) as [here, _]:
        here.line.touch = False
        tapped(here)
        here.sequencer.submit(lambda tx: agreeing.settle(tx, agreeing.waiting(tx)))
        assert tapped(here).outcome is Outcome.GRANTED


@pytest.mark.parametrize("heard", [True, False], ids=["done and not answered", "not done"])
def test_an_answer_that_does_not_come_leaves_the_use_to_be_read_back(tmp_path: Path, heard: bool) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:
        here.line.heard, here.line.answers = heard, False
        view = tapped(here)
        assert view.notes == (Reason.UNCONFIRMED_OFFLINE,)
        assert [one.keep for one in here.pending()] == [True]
        assert len(here.line.asked) == 1, "never asked a second time blindly"


def test_a_gate_that_refers_what_is_not_confirmed_gives_back_what_it_may_hold(tmp_path: Path) -> None:
    gate = a_gate(refer_unconfirmed=True)
    with a_site(tmp_path, ONCE, layout=a_layout(gate, gates=GATES)) as [here, _]:
        here.line.answers = False
        assert tapped(here).outcome is Outcome.REFERRED
        assert [(one.use.ordinal, one.keep) for one in here.pending()] == [(1, False)]


def test_a_right_that_is_lost_again_and_again_is_referred_and_never_green(tmp_path: Path) -> None:
    """As when another reader of this very device has it, and hangs before it is written."""
    with a_site(tmp_path, ONCE) as [here, _]:
        here.line.before.append(elsewhere(device="edge-1", tap_id="hangs"))
        view = tapped(here)
        assert (view.outcome, view.reason) == (Outcome.REFERRED, Reason.UNCONFIRMED_OFFLINE)
        assert len(here.line.asked) == ASKS_MAX
        assert here.gate.opened == []


def test_asking_ends_with_its_time(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:
        here.line.meanwhile = lambda: here.hands.forward(ms=200)
        here.line.before.append(elsewhere(device="edge-1", tap_id="hangs"))
        assert tapped(here).reason is Reason.UNCONFIRMED_OFFLINE
        assert len(here.line.asked) == 1


def test_the_site_is_asked_outside_the_sequencer(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:
        others_go_on = list[int]()
        here.line.meanwhile = lambda: others_go_on.append(here.sequencer.submit(lambda tx: 1))
        assert tapped(here).outcome is Outcome.GRANTED
        assert others_go_on == [1]


# Nothing is kept in vain


def test_a_claim_whose_tap_could_not_be_written_is_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:

        def fails(act: object) -> object:
            raise StoreError("The disk is full.")

        here.line.meanwhile = lambda: monkeypatch.setattr(here.sequencer, "submit", fails)
        view = tapped(here)
        monkeypatch.undo()
        assert view.reason is Reason.STORE_UNAVAILABLE
        assert [use.tap_id for use in here.line.given_back] == [view.tap_id]


def test_a_claim_that_the_decision_does_not_use_is_noted_to_be_given_back(tmp_path: Path) -> None:
    """Between the look and the act central told of a use elsewhere."""
    with a_site(tmp_path, ONCE) as [here, _]:
        here.line.meanwhile = lambda: here.remember_uses([elsewhere(tap_id="told by central")])
        assert tapped(here).reason is Reason.ALREADY_USED_ELSEWHERE
        assert [(one.use.ordinal, one.keep) for one in here.pending()] == [(1, False)]


def test_the_same_tap_again_is_answered_from_memory(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:
        first, again = tapped(here, "tap-1"), tapped(here, "tap-1")
        assert (first.seq, first.outcome) == (again.seq, again.outcome)
        assert len(here.line.asked) == 1


def test_staff_confirm_a_held_passage_without_asking_anew(tmp_path: Path) -> None:
    layout = a_layout(a_gate(confirm=True), gates=GATES)
    with a_site(tmp_path, ONCE, layout=layout) as [here, there]:
        view = tapped(here)
        assert view.reason is Reason.CONFIRM_REQUIRED
        assert tapped(there, "tap-there").outcome is Outcome.DENIED, "what is held is no one else's"
        let_in = here.service.confirm(here.session(), view.tap_id, "passage", granted=True)
        assert (let_in.outcome, let_in.basis) == (Outcome.GRANTED, Basis.LIVE)
        assert len(here.line.asked) == 1


def test_a_device_knows_which_of_its_claims_came_to_nothing(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:
        view = tapped(here)
        [own] = here.line.book.held.values()
        killed = elsewhere(2, "killed", device="edge-1")
        undone = msgspec.structs.replace(own, redemption=Redemption.UNDONE)
        assert own.tap_id == view.tap_id
        assert here.sequencer.submit(lambda tx: agreeing.strays(tx, [undone, killed])) == (killed,)


def test_a_device_without_neighbours_asks_nobody(tmp_path: Path) -> None:
    with an_edge(tmp_path) as house:
        view = house.service.present(house.tap())
        assert (view.outcome, view.basis) == (Outcome.GRANTED, Basis.EDGE)


def test_an_erased_guest_leaves_the_book_too(tmp_path: Path) -> None:
    with a_site(tmp_path, ONCE) as [here, _]:
        here.line.touch = False
        tapped(here)
        here.service.erase("guest-1", [band_of(here)])
        assert here.pending() == ()
        assert here.line.forgotten == [(frozenset({"ticket-1"}), frozenset({band_of(here)}))]


# Many acts at one device


def test_acts_that_wait_for_the_site_at_once_go_each_by_its_own_word(tmp_path: Path) -> None:
    """Twelve guests at one device, all of them asked for before any is answered; every other one is lost."""
    count = 12
    with a_site(tmp_path, count=1) as [here]:
        uids = [UID[:-1] + bytes((number,)) for number in range(count)]
        rights = [a_day_ticket(id=f"right-{number}", reentry=Reentry.NEVER) for number in range(count)]
        guests = [
            worn(here, uid, guest=f"guest-{number}", entitlements=(rights[number],), rev=20 + number)
            for number, uid in enumerate(uids)
        ]
        here.tell(*guests)
        for right in rights[1::2]:
            here.line.book.create((msgspec.structs.replace(elsewhere(), entitlement=right.id),))
        all_asked, views = Barrier(count, timeout=20), dict[int, StaffView]()
        here.line.meanwhile = all_asked.wait

        def tap(number: int) -> None:
            held = here.tap(uids[number], counter=None, tap_id=f"tap-{number}")
            views[number] = here.service.present(held)

        hands = [Thread(target=tap, args=(number,)) for number in range(count)]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        won = [number for number, view in sorted(views.items()) if view.outcome is Outcome.GRANTED]
        assert won == list(range(0, count, 2))
        assert {view.basis for view in views.values()} == {Basis.LIVE}
        assert len(here.line.asked) == count, "each asked once, for its own"
        assert all(one.agreed for one in here.decided())
        assert (here.pending(), here.line.given_back) == ((), [])
