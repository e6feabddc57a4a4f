"""Protections taken away one by one: with each the simulator breaks one of these promises before long."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

import edge.core.checks.identity
import edge.core.payment.replaying
import edge.sequencer
import edge.service.agreeing
import edge.service.payments.chest
import edge.service.payments.passing
import edge.service.taps
import edge.store.batch
import edge.store.checkpoints
import edge.store.effects
import edge.store.folder
import edge.store.readers
import edge.store.records
import edge.store.strays
import edge.store.transaction
import sync.central.money.leases
import sync.central.money.policy
import sync.client.beside
import sync.client.pulling
import sync.client.pushing
import sync.client.urgent
from edge.core.decision import Outcome
from edge.core.events import Kind
from edge.core.lease import Grant, Lease, Passing, Refusal
from edge.core.site import Answer, Said
from edge.run.simulate.nodes import Nodes
from edge.store.transaction import Transaction
from sync.client.pushing import Pusher
from sync.site.book import SiteBook
from sync.site.purse import Purse
from sync.wire import Problem
from tests.faults.narrow import narrow


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
        if refusal.problem is Problem.GAP:
            raise refusal  # else whoever pushes until nothing waits pushes for ever
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


def let_pass_without_a_record(patch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written the gate opens all the same."""
    patch.setattr(edge.service.taps, "outcome_of", lambda _: Outcome.GRANTED)


def a_full_disk_given_up(patch: pytest.MonkeyPatch) -> None:
    """Nobody tries again whether there is room."""
    patch.setattr(edge.sequencer.Sequencer, "_probe", lambda *_: None)


def what_staff_said_of_bands_not_asked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edge.core.checks.identity, "_state", lambda *_: None)


def records_not_compared_at_a_start(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edge.store.batch, "check_tails", lambda *_: None)
    patch.setattr(edge.store.checkpoints, "doubt", lambda *_, **__: "")


def strays_not_looked_for(patch: pytest.MonkeyPatch) -> None:
    """Neither by the walk nor, until it has come by, beside what is not found."""
    patch.setattr(edge.store.strays.Strays, "piece", lambda *_: False)
    for search in ("for_use", "for_band", "for_kept"):
        patch.setattr(edge.store.strays.Lookout, search, lambda *_: None)


def rows_not_compared_with_their_digest(patch: pytest.MonkeyPatch) -> None:
    for room in (edge.store.transaction, edge.store.effects, edge.store.checkpoints, edge.store.records):
        patch.setattr(room, "checked", lambda _, body, **__: body)


def the_reserve_not_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edge.store.folder.Folder, "keep_reserve", lambda _: None)


def old_copies_left_lying(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edge.store.readers.Readers, "_tell_unused", lambda *_: None)


def batches_of_any_length(patch: pytest.MonkeyPatch) -> None:
    narrow(patch, but="sync.client.pushing:ROWS_MAX")


def pages_of_any_length(patch: pytest.MonkeyPatch) -> None:
    narrow(patch, but="sync.central.telling.pages:PAGE_ITEMS_MAX")


def rows_put_off_for_ever(patch: pytest.MonkeyPatch) -> None:
    narrow(patch, but="edge.sequencer:EFFECTS_ROWS_MAX")


def what_is_wanted_back_is_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(edge.service.payments.chest, "end", lambda *_: None)


CONTROLS = {
    what_is_wanted_back_is_kept: {"closing_leases_close"},
    the_reserve_not_kept: {"limits_hold"},
    old_copies_left_lying: {"limits_hold"},
    batches_of_any_length: {"limits_hold"},
    pages_of_any_length: {"limits_hold"},
    rows_put_off_for_ever: {"limits_hold"},
    records_not_compared_at_a_start: {"no_flipped_bit_is_believed"},
    strays_not_looked_for: {"no_flipped_bit_is_believed"},
    rows_not_compared_with_their_digest: {"no_flipped_bit_is_believed"},
    let_pass_without_a_record: {"same_tap_same_answer"},
    a_full_disk_given_up: {"everything_drains"},
    what_staff_said_of_bands_not_asked: {"revoked_means_closed"},
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
SELDOM = {
    others_uses_not_taken: 630,
    silence_taken_for_yes: 150,
    rows_not_compared_with_their_digest: 150,
    an_old_copy_believed: 130,
}
"""Faults that show once in some hundreds of seeds: from where on theirs are played."""
