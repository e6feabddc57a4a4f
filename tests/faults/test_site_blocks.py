"""Tills of one site with a real etcd, of which central reaches one: a blocked wallet is blocked at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.core.decision import Reason
from edge.core.events import Kind
from edge.payviews import BasketState
from edge.service.payments import chest
from tests.faults.gates import Gate, eventually, three_nodes
from tests.faults.test_site_money import paid, tills
from tests.service.purses import WALLET, left

pytestmark = [pytest.mark.real("etcd"), pytest.mark.timeout(240)]


def test_a_wallet_blocked_by_central_is_blocked_at_a_till_that_only_its_neighbours_reach(
    tmp_path: Path,
) -> None:
    with three_nodes(tmp_path / "nodes") as nodes, tills(tmp_path, nodes, 0, 2_000) as [reached, cut_off]:
        assert paid(cut_off).state is BasketState.APPROVED
        reached.service.placement.block(WALLET, 3)
        eventually(lambda: cut_off.sequencer.submit(lambda tx: chest.block_epoch(tx, WALLET)) == 3)
        assert left(cut_off) == 0, "what lay here goes back to central"
        refused = paid(cut_off)
        assert (refused.state, refused.reason) == (BasketState.DECLINED, Reason.WALLET_BLOCKED)
        eventually(lambda: not cut_off.member._outbox)
        assert blocked_at(reached) == blocked_at(cut_off) == 1, "each journal says it once"


def blocked_at(till: Gate) -> int:
    return sum(event.kind == Kind.URGENT_APPLIED for event in till.journal.events(1))
