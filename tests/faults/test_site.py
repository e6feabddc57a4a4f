"""The site's book on three real nodes of etcd: races, lost answers, a cut gate."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from edge.core.bands import BandState
from edge.core.decision import Basis, Outcome, Reason
from edge.core.entitlements import Redemption, Reentry, Use
from edge.core.events import Kind
from edge.core.places import Passback
from edge.core.site import Answer, Said
from edge.run.bench.nodes import Nodes
from edge.service.agreeing import WAIT_MS_MAX, waiting
from sync.client import urgent
from sync.site import Gateway, SiteBook, Unanswered
from sync.site.book import entries
from sync.wire import BandNotice, Cursor, Item
from tests.builders import a_day_ticket, a_gate, a_layout
from tests.faults.gates import Gate, a_book, a_use, copied, eventually, gates, three_nodes
from tests.faults.proxy import Faults, between
from tests.service.house import band_of
from tests.store.house import a_record
from tests.sync.test_site_witness import a_member

pytestmark = [pytest.mark.real("etcd"), pytest.mark.timeout(240)]
GATES, RACES, RIVALS = 40, 1_000, 4
PATIENT_S = 10.0
BUDGET_S = WAIT_MS_MAX / 1_000
THRICE = a_day_ticket(uses_max=3, reentry=Reentry.NEVER)
PARK = a_layout(a_gate(passback=Passback.HARD), gates=("edge-1", "edge-2"))


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with three_nodes(tmp_path_factory.mktemp("etcd") / "nodes") as running:
        yield running


@pytest.fixture
def book(nodes: Nodes) -> SiteBook:
    return a_book(nodes.urls)


def turned(nodes: Nodes, n: int) -> list[str]:
    """The nodes' addresses, another one first for each gate."""
    return [*nodes.urls[n % 3 :], *nodes.urls[: n % 3]]


def raced(
    nodes: Nodes, claim: Callable[[SiteBook, Use], Answer], *, races: int, prefix: str
) -> dict[str, list[Answer]]:
    """Forty gates at once, each band before four of them at the same moment; all that each was told."""
    draw, plan = Random(1), list[list[str]]()  # noqa: S311  # a race to be had again
    plan = [[] for _ in range(GATES)]
    for race in range(races):
        for gate in draw.sample(range(GATES), RIVALS):
            plan[gate].append(f"{prefix}{race}")
    told: dict[str, list[Answer]] = {right: [] for rights in plan for right in rights}
    begin = threading.Barrier(GATES)

    def lane(number: int) -> None:
        own = a_book(turned(nodes, number))
        begin.wait()
        for right in plan[number]:
            told[right].append(claim(own, a_use(right, device=f"edge-{number}")))

    threads = [threading.Thread(target=lane, args=(number,)) for number in range(GATES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return told


def winners(told: dict[str, list[Answer]]) -> Counter[int]:
    return Counter(sum(one.said is Said.MINE for one in answers) for answers in told.values())


@pytest.mark.slow
def test_of_a_thousand_rights_before_forty_gates_each_has_exactly_one(nodes: Nodes) -> None:
    told = raced(nodes, lambda book, use: book.claim((use,), PATIENT_S), races=RACES, prefix="race-")
    assert winners(told) == {1: RACES}
    assert {len(answers) for answers in told.values()} == {RIVALS}


def test_control_a_plain_put_in_place_of_a_create_has_many_winners(nodes: Nodes) -> None:
    def put(book: SiteBook, use: Use) -> Answer:
        said = book._gateway.call("kv/txn", {"success": [book._put(use)]}, PATIENT_S)
        return Answer(Said.MINE if said.get("succeeded") else Said.LOST)

    assert winners(raced(nodes, put, races=20, prefix="put-")) == {RIVALS: 20}


# One book


def test_who_asks_again_for_what_is_theirs_has_it(book: SiteBook) -> None:
    use = a_use("again")
    assert [book.claim((use,), PATIENT_S).said for _ in range(2)] == [Said.MINE] * 2


def test_who_asks_again_keeps_it_from_whoever_frees_what_came_of_the_first_asking(book: SiteBook) -> None:
    """A device was killed, and its tap is sent again while what it left is about to be freed."""
    first = a_use("anew")
    later = msgspec.structs.replace(first, scan_ms=first.scan_ms + 1_000)
    book.claim((first,), PATIENT_S)
    [before] = book.all(0, book.keys.right("anew"))[0]
    assert book.claim((later,), PATIENT_S).said is Said.MINE
    book.free(first)
    book.free(later, revision=before.revision)
    assert held(book, "anew") == [later]
    [before] = book.all(0, book.keys.right("anew"))[0]
    assert book.claim((later,), PATIENT_S).said is Said.MINE
    book.free(later, revision=before.revision)
    assert held(book, "anew") == [later], "of the same scan too"


def test_what_an_earlier_asking_left_is_written_anew_by_who_is_not_answered(
    nodes: Nodes, book: SiteBook
) -> None:
    first = a_use("left")
    later = msgspec.structs.replace(first, scan_ms=first.scan_ms + 1_000)
    book.claim((first,), PATIENT_S)
    faults = Faults(lose_replies=1.0)
    with between(nodes.urls[0], faults) as url:
        told = a_book([url, *nodes.urls[1:]]).claim((later,), PATIENT_S)
    assert (faults.lost, told.said, held(book, "left")) == (1, Said.MINE, [later])


def test_who_finds_theirs_freed_before_it_is_written_anew_has_nothing_yet(
    book: SiteBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = a_use("freed")
    later = msgspec.structs.replace(first, scan_ms=first.scan_ms + 1_000)
    book.claim((first,), PATIENT_S)
    honest = SiteBook._confirmed

    def late(self: SiteBook, *args: Any) -> Answer:
        book.free(first)
        return honest(self, *args)

    monkeypatch.setattr(SiteBook, "_confirmed", late)
    assert book.claim((later,), PATIENT_S).said is Said.UNREACHABLE
    assert held(book, "freed") == []


def test_who_loses_is_told_all_uses_of_the_right(book: SiteBook) -> None:
    first, second = a_use("told"), a_use("told", 2)
    assert book.claim((first, second), PATIENT_S).said is Said.MINE
    lost = book.claim((a_use("told", device="edge-2"),), PATIENT_S)
    assert (lost.said, set(lost.uses)) == (Said.LOST, {first, second})


def test_of_several_uses_all_are_had_or_none(book: SiteBook) -> None:
    book.claim((a_use("party", 2),), PATIENT_S)
    party = tuple(a_use("party", n, device="edge-2") for n in (1, 2, 3))
    assert book.claim(party, PATIENT_S).said is Said.LOST
    assert book.claim((a_use("party", 1, device="edge-3"),), PATIENT_S).said is Said.MINE


def test_only_who_has_a_use_gives_it_back_or_says_what_became_of_it(book: SiteBook) -> None:
    use, other = a_use("back"), a_use("back", device="edge-2")
    book.claim((use,), PATIENT_S)
    book.free(other)
    book.amend(msgspec.structs.replace(other, redemption=Redemption.UNDONE))
    assert held(book, "back") == [use]
    undone = msgspec.structs.replace(use, redemption=Redemption.UNDONE)
    book.amend(undone)
    assert held(book, "back") == [undone]
    book.free(use)
    assert held(book, "back") == []


def test_what_names_an_erased_guest_is_taken_out_and_nothing_beside_it(nodes: Nodes) -> None:
    book = a_book(nodes.urls, site="site-of-its-own")
    band, other = bytes(16), bytes(15) + b"\x01"
    book.claim((a_use("gone"), a_use("gone", 2), a_use("gone-not")), PATIENT_S)
    for key in (book.keys.band(band), book.keys.band(other), f"{book.keys.states()}{band.hex()}"):
        book.tell(key, lambda _: b"there")
    book.forget({"gone"}, {band})
    assert (held(book, "gone"), held(book, "gone-not")) == ([], [a_use("gone-not")])
    kept, _ = book.all(0, book.keys.bands())
    assert [pair.key for pair in kept] == [book.keys.band(other)]
    assert book.all(0, book.keys.states())[0] == []
    book.drop(kept[0])
    assert book.all(0, book.keys.bands())[0] == []


def held(book: SiteBook, right: str) -> list[Use]:
    found, _ = book.all(0, book.keys.right(right))
    return [entry.use for _, entry in entries(found)]


# Answers that do not come


def test_a_claim_that_was_done_and_not_answered_is_found_to_be_ours(nodes: Nodes) -> None:
    faults = Faults(lose_replies=1.0)
    with between(nodes.urls[0], faults) as url:
        told = a_book([url, *nodes.urls[1:]]).claim((a_use("unanswered"),), PATIENT_S)
    assert faults.lost == 1
    assert told.said is Said.MINE


def test_a_claim_that_was_lost_and_not_answered_is_found_to_be_anothers(nodes: Nodes, book: SiteBook) -> None:
    book.claim((a_use("taken"),), PATIENT_S)
    faults = Faults(lose_replies=1.0)
    with between(nodes.urls[0], faults) as url:
        told = a_book([url, *nodes.urls[1:]]).claim((a_use("taken", device="edge-2"),), PATIENT_S)
    assert (faults.lost, told.said) == (1, Said.LOST)


def test_who_hears_nothing_at_all_knows_nothing_and_may_have_it_all_the_same(
    nodes: Nodes, book: SiteBook
) -> None:
    use = a_use("silence")
    with between(nodes.urls[0], Faults(lose_replies=1.0)) as url:
        assert a_book([url]).claim((use,), PATIENT_S).said is Said.UNREACHABLE
    assert held(book, "silence") == [use], "so it counts as spent until it is read back"


def test_what_answers_in_etcds_place_is_believed_nothing(nodes: Nodes) -> None:
    with between(nodes.urls[0], Faults(bad_gateway=True)) as url:
        assert a_book([url]).claim((a_use("portal"),), PATIENT_S).said is Said.UNREACHABLE


def test_where_no_node_listens_that_is_known_at_once(nodes: Nodes) -> None:
    gateway = Gateway(["http://127.0.0.1:9"], a_book(nodes.urls)._gateway._cable)
    with pytest.raises(Unanswered) as failed:
        gateway.call("kv/range", {"key": "YQ=="}, PATIENT_S)
    assert not failed.value.sent


# Whole gates


def test_gates_agree_see_each_other_and_stand_alone_within_bounds(tmp_path: Path, nodes: Nodes) -> None:
    """One story: agreed entry, exit seen elsewhere, taken back, a cut gate, healed."""
    with gates(tmp_path, nodes.urls, THRICE, layout=PARK) as [here, there]:
        assert here.tapped("t1").basis is Basis.LIVE
        eventually(lambda: where(there) == "park")
        assert there.tapped("t2").reason is Reason.INSIDE_ALREADY
        here.hands.forward(s=1)
        assert there.tapped("t3", reader="reader-out").outcome is Outcome.GRANTED
        eventually(lambda: where(here) is None)
        here.hands.forward(s=1)
        view = here.tapped("t4")
        assert (view.outcome, view.uses_left) == (Outcome.GRANTED, 1)
        here.service.undo(here.session("supervisor"), "t4", reason="mistake")
        eventually(lambda: Redemption.UNDONE in {use.redemption for use in uses(there)})
        cut_off_and_healed(here, there)
        here.service.set_band_state(here.session("supervisor"), band_of(here).hex(), "lost", reason="mislaid")
        eventually(lambda: there.sequencer.submit(lambda tx: tx.held(band_of(there))).state is BandState.LOST)
        there.hands.forward(s=1)
        assert there.tapped("t8").reason is Reason.BAND_LOST


def test_a_band_bound_by_central_is_bound_at_gates_by_the_site_alone(tmp_path: Path, nodes: Nodes) -> None:
    """The internet reaches one gate of two; told on, it is told no third time and moves no cursor there."""
    with gates(tmp_path, nodes.urls, THRICE, layout=PARK) as [here, there]:
        notice = BandNotice(band=band_of(here), state=BandState.LOST, epoch=0)
        item = Item(kind="band", key="lost", version=1, body=msgspec.msgpack.encode(notice))
        urgent.apply(here.sequencer, [item], Cursor(1, 1), shut_out_max=9)
        eventually(lambda: there.sequencer.submit(lambda tx: tx.held(band_of(there))).state is BandState.LOST)
        assert there.tapped("t1").reason is Reason.BAND_LOST
        there.member.nudge()
        eventually(lambda: not there.member._outbox)
        assert [applied_at(gate) for gate in (here, there)] == [1, 1], "each journal says it once"
        assert urgent.applied(there.sequencer) == Cursor(), "central itself was not heard there"


def test_an_older_copy_of_a_gate_is_frozen_by_the_nodes_alone(tmp_path: Path, nodes: Nodes) -> None:
    book = a_book(nodes.urls, site="site-of-witnesses")
    with a_member(tmp_path / "gate", book) as (sequencer, _):
        sequencer.submit(a_record())
    copied(tmp_path / "gate", tmp_path / "old")
    with a_member(tmp_path / "gate", book) as (sequencer, there):
        sequencer.submit(a_record())
        there.keep("book")
        assert sequencer.frozen == ""
    with a_member(tmp_path / "old", book) as (sequencer, there):
        there.keep("book")
        assert "ends before record 2" in sequencer.frozen


def applied_at(gate: Gate) -> int:
    """How often a gate's journal says that a band was bound from elsewhere."""
    return sum(event.kind == Kind.URGENT_APPLIED for event in gate.journal.events(1))


def cut_off_and_healed(here: Gate, there: Gate) -> None:
    here.hands.forward(s=1)
    here.cable.pull()
    eventually(lambda: not here.member.in_touch())
    alone = here.tapped("t5")
    assert (alone.outcome, alone.notes, alone.basis) == (
        Outcome.GRANTED, (Reason.UNCONFIRMED_OFFLINE,), Basis.EDGE,
    )  # fmt: skip
    here.hands.forward(s=1)
    here.tapped("t6", reader="reader-out")
    here.hands.forward(s=1)
    again = here.tapped("t7")
    assert (again.outcome, again.reason) != (Outcome.GRANTED, Reason.ENTERED)
    here.cable.plug()
    eventually(here.member.in_touch)
    eventually(lambda: not here.sequencer.submit(waiting))
    eventually(lambda: "t5" in {use.tap_id for use in uses(there)})


def where(gate: Gate) -> str | None:
    location = gate.sequencer.submit(lambda tx: tx.held(band_of(gate))).location
    return location.zone if location is not None else "nowhere yet"


def uses(gate: Gate) -> tuple[Use, ...]:
    return gate.sequencer.submit(lambda tx: tx.held(b"", ("ticket-1",))).uses
