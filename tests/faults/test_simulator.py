"""The simulator: a thousand seeds in which every promise holds, and what it finds where one is not kept."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from importlib import metadata
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

import edge.core.payment.replaying
import edge.service.agreeing
import edge.service.payments.passing
import edge.service.taps
import sync.central.money.leases
import sync.central.money.policy
import sync.client.beside
import sync.client.pulling
import sync.client.pushing
import sync.client.urgent
from edge.core.events import Kind
from edge.core.lease import Grant, Lease, Passing, Refusal
from edge.core.site import Answer, Said
from edge.run.cli import main
from edge.run.simulate.neighbours import Word
from edge.run.simulate.nodes import Nodes
from edge.run.simulate.run import TRIES_MAX, Failure, Ran, run_seed, run_seeds, shrunk
from edge.run.simulate.source import commit
from edge.store.transaction import Transaction
from sync.client.pushing import Pusher
from sync.site.book import SiteBook
from sync.site.purse import Purse
from sync.wire import Problem

pytestmark = pytest.mark.timeout(600)
HEAVY = (pytest.mark.journey, pytest.mark.slow)
"""They take a processor for seconds: they run with the journeys."""
SEEDS, PIECE = 1_000, 100
CONTROL_SEEDS = 250


@cache
def played(first: int) -> Ran:
    """A piece of the thousand, played once whoever asks."""
    return run_seeds(range(first, first + PIECE))


@pytest.mark.parametrize("first", [pytest.param(first, marks=HEAVY) for first in range(0, SEEDS, PIECE)])
def test_every_promise_holds_in_every_seed(first: int) -> None:
    ran = played(first)
    assert ran.failure is None, ran.failure.words()


@pytest.mark.journey
@pytest.mark.slow
def test_seeds_come_to_every_kind_of_day_before_long() -> None:
    missing = set(HAPPENS)
    for first in range(0, SEEDS, PIECE):
        if missing:
            missing -= {what for what, count in played(first).seen.items() if count}
    assert not missing, f"it never comes to {missing}"


HAPPENS = (
    *("killed before", "killed after", "rebooted", "clock set", "passages too many", "judged again"),
    *("request lost", "answer lost", "request doubled", "request delayed", "central said epoch"),
    *("copy that central knows better", "copy that nobody can tell", "act save_central", "central put back"),
    *("central put back to less", "backup that lacks a grant", "grant that only its device knows"),
    *(
        "hold held",
        "hold approved",
        "hold given_up",
        "let pass",
        "till approved",
        "till short",
        "till declined",
        "act void",
        "lease at central in_doubt",
    ),
    *("part taken", "site begun anew", "money lent after a restore", *Word),
    *("reason entered", "reason already_used_here", "reason already_used_elsewhere", "reason band_revoked"),
)
"""A simulator that never comes to a thing tests nothing of it."""


@pytest.mark.journey
def test_one_seed_is_a_story_that_the_verb_tells() -> None:
    told = CliRunner().invoke(main, ["simulate", "--seed", "7"])
    assert told.exit_code == 0, told.output
    assert told.output.rstrip().endswith("seed 7: every promise holds")
    counted = CliRunner().invoke(main, ["simulate", "--seeds", "2"])
    assert counted.output.rstrip().endswith("2 seeds: every promise holds")


@pytest.mark.journey
@pytest.mark.slow
def test_the_same_seed_is_the_same_story_in_every_process() -> None:
    tell = (
        "import sys; from edge.run.simulate.run import run_seed; print([run_seed(n)[1] for n in range(4, 9)])"
    )
    told = {
        hashlib.sha256(
            subprocess.run(
                [sys.executable, "-c", tell],
                env={**os.environ, "PYTHONHASHSEED": salt},
                check=True,
                capture_output=True,
            ).stdout
        ).hexdigest()
        for salt in ("1", "2")
    }
    assert len(told) == 1


def freed_at_its_expiry(patch: pytest.MonkeyPatch) -> None:
    kept = sync.central.money.policy.policy
    at_once = {"write_off_s": 0}
    patch.setattr(
        sync.central.money.policy, "policy", lambda *of: msgspec.structs.replace(kept(*of), **at_once)
    )


def told_before_its_commit(patch: pytest.MonkeyPatch) -> None:
    kept = sync.central.money.leases._grant

    def more(*row: Any, **said: Any) -> Grant:
        grant = kept(*row, **said)
        return msgspec.structs.replace(grant, total=grant.total + 500)

    patch.setattr(sync.central.money.leases, "_grant", more)


def an_old_copy_believed(patch: pytest.MonkeyPatch) -> None:
    for room, name in (
        (sync.client.pulling, "demand_same"),
        (sync.client.pulling, "demand_seen"),
        (sync.client.pushing, "demand_not_above"),
    ):
        patch.setattr(room, name, lambda *_: None)


def asked_again_judged_anew(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edge.service.taps, "kept_answer", lambda *_: None)


def a_revocation_put_aside(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync.client.urgent, "_bind", lambda *_: False)


def uses_not_remembered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Transaction, "put_use", lambda *_, **__: None)


def others_uses_not_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync.client.beside, "take", lambda *_, **__: None)


def acked_before_it_was_sent(patch: pytest.MonkeyPatch) -> None:
    kept = Pusher.push

    def push(self: Pusher) -> int | None:
        books, lane = self._ports.books, self.lane
        books.ack(lane, self._ports.journal.head(lane).seq)
        return kept(self)

    patch.setattr(Pusher, "push", push)


def never_sent_again(patch: pytest.MonkeyPatch) -> None:
    """A central that was put back to less is left with that: nobody goes back."""
    kept = Pusher._obey

    def obey(self: Pusher, refusal: Any, batch: Any) -> None:
        if refusal.problem is not Problem.GAP:
            kept(self, refusal, batch)

    patch.setattr(Pusher, "_obey", obey)
    patch.setattr(Pusher, "go_back", lambda *_: None)


def another_rulebook_at_central(patch: pytest.MonkeyPatch) -> None:
    kept = edge.core.payment.replaying.decide_payment

    def otherwise(facts: Any) -> Any:
        ruling = kept(facts)
        return msgspec.structs.replace(
            ruling,
            payment=msgspec.structs.replace(ruling.payment, ready_minor=ruling.payment.ready_minor + 1),
        )

    patch.setattr(edge.core.payment.replaying, "decide_payment", otherwise)


def time_by_the_wall(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("edge.store.transaction.hlc_tick", lambda last, now_ms: now_ms << 16)


def put_in_place_of_create(patch: pytest.MonkeyPatch) -> None:
    kept = Nodes._holds
    patch.setattr(Nodes, "_holds", lambda self, one: one["target"] == "CREATE" or kept(self, one))


def compared_with_an_old_state(patch: pytest.MonkeyPatch) -> None:
    asked = Nodes.ask

    def ask(self: Nodes, path: str, body: dict[str, Any]) -> dict[str, Any]:
        before = dict(self._keys)
        said = asked(self, path, body)
        old[id(self)] = before if before != self._keys else old.get(id(self), before)
        return said

    def holds(self: Nodes, one: dict[str, Any]) -> bool:
        now, self._keys = self._keys, old.get(id(self), self._keys)
        try:
            return kept(self, one)
        finally:
            self._keys = now

    old: dict[int, Any] = {}
    kept = Nodes._holds
    patch.setattr(Nodes, "ask", ask)
    patch.setattr(Nodes, "_holds", holds)


def silence_taken_for_yes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SiteBook, "_read_back", lambda self, uses, until: Answer(Said.MINE, uses))


def the_site_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edge.service.agreeing, "missing", lambda *_: ())


def passed_on_and_kept(patch: pytest.MonkeyPatch) -> None:
    kept = edge.service.payments.passing.pass_on

    def pass_on(lease: Lease, wanted: int, **said: Any) -> tuple[Lease, Passing] | Refusal:
        given = kept(lease, wanted, **said)
        return given if isinstance(given, Refusal) else (lease, given[1])

    patch.setattr(edge.service.payments.passing, "pass_on", pass_on)


def taken_home_by_the_clock(patch: pytest.MonkeyPatch) -> None:
    def settle(self: Purse, passed: Any, passing: Any, *, offer: Any) -> None:
        self._ports.come_home(passed, passing)

    patch.setattr(Purse, "_settle_offered", settle)


def sold_without_a_record(patch: pytest.MonkeyPatch) -> None:
    kept = Transaction.append

    def append(self: Transaction, kind: Any, *body: Any, **said: Any) -> int:
        return 1 if kind == Kind.PAID else kept(self, kind, *body, **said)

    patch.setattr(Transaction, "append", append)


CONTROLS = {
    sold_without_a_record: {"sold_means_paid"},
    put_in_place_of_create: {"one_green_per_right"},
    compared_with_an_old_state: {"one_green_per_right"},
    silence_taken_for_yes: {"one_green_per_right"},
    the_site_not_asked: {"one_green_per_right"},
    passed_on_and_kept: {
        "nothing_is_overspent",
        "central_is_never_more_generous",
        "both_ends_agree_on_money",
    },
    taken_home_by_the_clock: {"parts_are_had_once", "nothing_is_overspent"},
    freed_at_its_expiry: {"nothing_is_overspent", "both_ends_agree_on_money"},
    told_before_its_commit: {"central_is_never_more_generous", "nothing_is_overspent"},
    an_old_copy_believed: {"a_copy_spends_nothing", "central_holds_a_beginning", "everything_drains"},
    asked_again_judged_anew: {"same_tap_same_answer"},
    a_revocation_put_aside: {"revocations_arrive"},
    uses_not_remembered: {"one_green_per_right"},
    others_uses_not_taken: {"one_green_per_right"},
    never_sent_again: {"everything_drains"},
    acked_before_it_was_sent: {"nothing_acked_is_lost"},
    another_rulebook_at_central: {"central_judges_the_same"},
    time_by_the_wall: {"order_is_the_device_s_own"},
}


@pytest.mark.parametrize("take", CONTROLS, ids=lambda take: take.__name__)
@pytest.mark.journey
@pytest.mark.slow
def test_without_its_protection_a_promise_is_broken_within_so_many_seeds(
    take: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_seed(0)  # what worlds begin with is made by the whole product
    take(monkeypatch)
    ran = run_seeds(range(1, CONTROL_SEEDS + 1))
    assert ran.failure is not None, f"{CONTROL_SEEDS} seeds notice nothing"
    assert ran.failure.promise in CONTROLS[take], ran.failure.words()
    monkeypatch.undo()
    assert _again(ran.failure) == "", "the same seed holds with its protection"


@pytest.mark.journey
@pytest.mark.slow
def test_a_story_that_fails_is_told_with_the_acts_that_it_takes_and_its_commit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_seed(0)  # what worlds begin with is made by the whole product
    sold_without_a_record(monkeypatch)
    failure = next(found for seed in range(1, CONTROL_SEEDS) if (found := _late(seed)) is not None)
    played: list[frozenset[int]] = []
    kept = run_seed

    def counted(seed: int, **said: Any) -> tuple[Failure | None, str]:
        played.append(said["without"])
        return kept(seed, **said)

    monkeypatch.setattr("edge.run.simulate.run.run_seed", counted)
    least = shrunk(failure)
    assert least.promise == failure.promise
    assert least.without, "of three acts at least not all are needed"
    assert len(played) <= TRIES_MAX
    assert kept(least.seed, without=frozenset(least.without))[0] == msgspec.structs.replace(least, without=())
    options = " ".join(f"--without {one}" for one in least.without)
    assert least.words().endswith(f"again: polso simulate --seed {least.seed} {options}")
    assert f"commit {commit()}, step {least.step}: {least.promise}" in least.words()
    again = CliRunner().invoke(main, ["simulate", "--seed", str(least.seed), *options.split()])
    assert again.exit_code == 1
    assert least.how in again.output


def _late(seed: int) -> Failure | None:
    """Return a seed's failure, if it comes at the third act or later."""
    found, _ = run_seed(seed)
    return found if found is not None and found.step > 2 else None


def test_a_place_that_is_no_checkout_says_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    assert commit(), "of a checkout, or of an install"
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert commit() == f"of version {metadata.version('polso')}"


def _again(failure: Failure) -> str:
    found, _ = run_seed(failure.seed)
    return "" if found is None else found.words()
