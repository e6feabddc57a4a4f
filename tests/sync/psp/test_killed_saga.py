"""kill -9 of central between any two steps of a charge: the next one ends it, once, and both books agree."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from edge.keys.ring import new_ring, ring_in
from edge.vault import Vault
from sync.central.claims import CLAIM_MS
from sync.central.psp.judgement import State
from sync.central.psp.saga import Saga
from sync.central.psp.sandbox import Card, Sandbox
from sync.central.psp.stripe import Stripe
from sync.central.store import Store
from tests.sync.builders import Clockwork
from tests.sync.psp.shop import WALLET, Shop, a_card, a_shop
from tests.tidy.source import ROOT

pytestmark = pytest.mark.timeout(60)
WORKER = textwrap.dedent("""
    import os, signal, sys
    from edge.keys.ring import ring_in
    from edge.vault import Vault
    from sync.central.psp import charges, saga as room
    from sync.central.psp.saga import Saga
    from sync.central.psp.sandbox.server import API_KEY, SECRET
    from sync.central.psp.stripe import Stripe, StripeKeys
    from sync.central.store import Store
    from pathlib import Path

    url, provider, ring, now, point = sys.argv[1:]

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    def after(owner, name):
        real = getattr(owner, name)
        def act(*args, **kwargs):
            real(*args, **kwargs)
            die()
        setattr(owner, name, act)

    store = Store(url, now_ms=lambda: int(now))
    psp = Stripe(StripeKeys(API_KEY, SECRET), url=provider, timeout_ms=2000)
    saga = Saga(store, psp, Vault(bytes(32), ring_in(Path(ring).read_bytes())))
    if point == "before the claim":
        room.charges.claim = die
    elif point == "in the claim, before its commit":
        after(room.mandates, "held")
    elif point == "after the claim":
        psp.charge = die
    elif point == "after the provider booked":
        after(psp, "charge")
    elif point == "before the outcome is written":
        saga.settle = die
    elif point == "outcome written, not posted":
        room.books.book_charge = die
    elif point == "posted, before the commit":
        after(room.books, "book_charge")
    elif point == "after the commit":
        after(saga, "settle")
    saga.step()
    raise SystemExit("nobody died")
""")
POINTS = (
    "before the claim", "in the claim, before its commit", "after the claim", "after the provider booked",
    "before the outcome is written", "outcome written, not posted", "posted, before the commit",
    "after the commit",
)  # fmt: skip


@pytest.mark.parametrize(
    ("card", "point"),
    [
        *((Card.PAID, point) for point in POINTS),
        *((Card.HARD, point) for point in POINTS if "post" not in point),  # a no is not posted
    ],
)
def test_a_central_that_dies_leaves_a_charge_that_the_next_one_ends_once(
    url: str, clock: Clockwork, sandbox: Sandbox, psp: Stripe, tmp_path: Path, point: str, card: Card
) -> None:
    key = tmp_path / "ring"
    key.write_bytes(new_ring().written())
    vault = Vault(bytes(32), ring_in(key.read_bytes()))
    store = Store(url, now_ms=clock)
    shop = a_shop(store, clock, sandbox, psp)
    shop.saga = Saga(store, psp, vault)
    a_card(shop, card)
    id_ = shop.due()
    store.close()
    command = [sys.executable, "-c", WORKER, url, sandbox.url, str(key), str(clock.ms), point]
    dead = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=50)
    assert dead.returncode == -signal.SIGKILL, dead.stderr
    clock.ms += CLAIM_MS
    again = Store(url, now_ms=clock)
    try:
        after = Shop(again, clock, sandbox, Saga(again, psp, vault), shop.mandate)
        ended = after.settled(id_)
        wanted, taken = (State.PAID, 2_000) if card is Card.PAID else (State.DECLINED, 0)
        assert (ended.state, after.posted(), after.holds(f"wallet:{WALLET}")) == (wanted, taken, taken)
        assert after.books_agree()
        assert len(sandbox.book.all("payment_intent")) == 1
    finally:
        again.close()
