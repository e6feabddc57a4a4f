"""kill -9 before and after every step of the site's book: one use a tap, what was told stands, no orphan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from edge.core.decision import Outcome, Reason
from edge.core.entitlements import Redemption, Use
from edge.run.bench.nodes import Nodes
from edge.service.agreeing import waiting
from sync.site import SiteBook
from sync.site.book import entries
from tests.faults.gates import Gate, a_book, eventually, three_nodes
from tests.faults.judges import cuts, demand_whole, killed
from tests.faults.killing import Lives, told
from tests.faults.lives import Asked, Lived, a_gate_of
from tests.faults.steps import STEPS

pytestmark = [pytest.mark.real("etcd"), pytest.mark.timeout(120)]
SITE_LIVES = ("claim", "unanswered", "amend", "release", "republish")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    with three_nodes(tmp_path_factory.mktemp("etcd") / "nodes") as running:
        yield running


def asked_of(place: Path, nodes: Nodes, number: int, side: str) -> Asked:
    """A gate of a site that nobody else is of."""
    return Asked("", str(place / "edge"), nodes=nodes.urls, site=f"site-{number}-{side}")


def held(book: SiteBook) -> list[Use]:
    """What the site's book says of uses."""
    found, _ = book.all(0)
    return [entry.use for _, entry in entries(found)]


@cuts(*SITE_LIVES)
def test_no_cut_word_with_the_site_loses_or_doubles_a_use(
    lives: Lives, nodes: Nodes, place: Path, number: int, side: str
) -> None:
    asked = asked_of(place, nodes, number, side)
    judge_site(asked, killed(lives, asked, number, side), life=STEPS[number].lived_by)


def judge_site(asked: Asked, lived: Lived, *, life: str) -> None:
    """The same tap is answered as it was told; the book then holds that one use, and nothing waits."""
    gate, book = a_gate_of(asked), a_book(asked.nodes, site=asked.site)
    try:
        gate.open()
        if life == "release":
            eventually(lambda: held(book) == [])
            return
        gate.hands.forward(s=1)
        view = gate.tapped("t1")
        if told(lived, "undone"):
            assert (view.outcome, view.reason) == (Outcome.DENIED, Reason.ANNULLED), "taken back and lost"
            assert uses_here(gate) == [Redemption.UNDONE]
        else:
            assert view.outcome is Outcome.GRANTED, "told and lost"
            assert told(lived, "seq") in ([], [view.seq]), "another answer for the same tap"
            assert uses_here(gate) == [Redemption.VALID]
        gate.member.nudge()
        eventually(lambda: not gate.sequencer.submit(waiting))
        eventually(lambda: [use.tap_id for use in held(book)] == ["t1"])
    finally:
        gate.close()
    demand_whole(Path(asked.folder))


def uses_here(gate: Gate) -> list[Redemption]:
    return [use.redemption for use in gate.sequencer.submit(lambda tx: tx.held(b"", ("ticket-1",))).uses]


def test_control_whoever_asks_blindly_for_the_next_number_is_seen(
    lives: Lives, nodes: Nodes, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the look for orphans would free the second number; it is switched off here."""
    monkeypatch.setattr("sync.site.member.Member._tidy", lambda self: None)
    monkeypatch.setattr("tests.faults.gates.SOON_S", 2.0)
    number = next(at for at, one in enumerate(STEPS) if one.name == "ambiguous read-back")
    asked = asked_of(place, nodes, number, "blind")
    spoilt = msgspec.structs.replace(asked, spoil="created_blindly")
    lived = killed(lives, spoilt, number, "after")
    with pytest.raises(AssertionError, match="still not so"):
        judge_site(asked, lived, life="unanswered")


def test_control_without_a_look_for_orphans_a_killed_claim_stays(
    lives: Lives, nodes: Nodes, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.site.member.Member._tidy", lambda self: None)
    monkeypatch.setattr("tests.faults.gates.SOON_S", 2.0)
    number = next(at for at, one in enumerate(STEPS) if one.name == "release sent")
    asked = asked_of(place, nodes, number, "orphan")
    lived = killed(lives, asked, number, "before")
    with pytest.raises(AssertionError, match="still not so"):
        judge_site(asked, lived, life="release")
