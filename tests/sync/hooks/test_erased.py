"""An erasure is told to whoever was told of the guest, by the names that they know, and to nobody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from edge.core.events import Acted, Kind
from sync.central import intake
from sync.central.hooks import happened, subscriptions
from sync.central.privacy import erasure
from sync.central.store import delete, select
from tests.sync.builders import SITE, a_device, a_journal
from tests.sync.hooks.acts import deliver, subscribe
from tests.sync.hooks.receiver import TAKEN, Answer, listening
from tests.sync.hooks.test_happened import Listening, folk
from tests.sync.hooks.test_letters import deliver_each

__all__ = ["folk"]
ADAS = bytes([1]) * 16


def erases(folk: Listening, guest: str) -> None:
    with folk.store.transaction() as tx:
        erasure.erase(tx, SITE, guest)


def calls(folk: Listening) -> None:
    """A device tells of Ada's band."""
    device, _ = a_device(folk.store)
    paper = a_journal(device)
    call = Acted(point="gate", reason="help")
    paper.append(0, msgspec.msgpack.encode(call), kind=int(Kind.HELP_CALLED), band=ADAS)
    intake.take(folk.store, device, paper.batch(1, 1))


def test_an_erasure_is_told_once_by_the_names_that_this_receiver_knows(folk: Listening) -> None:
    """Nobody asked to hear of erasures; a device told of the band, and central of the guest."""
    for guest in ("ada", "bea"):
        folk.says(guest, "offers", given=True)
    folk.hears(("help_called", "diary_entry"))
    folk.writes("ada", "a-2")
    calls(folk)
    assert {kind for kind, _ in folk.news()} == {"help_called", "diary_entry"}
    of_guest, of_band = (
        next(one["subject"] for one in folk.to.letters if kind in one["type"])
        for kind in ("diary_entry", "help_called")
    )
    erases(folk, "bea")
    assert folk.news() == [], "of whom nothing was told"
    erases(folk, "ada")
    assert folk.news() == [("guest_erased", {"bands": [of_band]})]
    assert folk.to.letters[-1]["subject"] == of_guest
    assert folk.news() == []
    with folk.store.transaction() as tx:
        kept = tx.execute(select(happened.own_table.c.guest_id, happened.own_table.c.body)).all()
    assert "ada" not in {one.guest_id for one in kept}
    assert not any(ADAS in bytes(one.body) or ADAS.hex().encode() in bytes(one.body) for one in kept)
    erases(folk, "ada")
    assert folk.news() == [], "erased again, nothing is left to forget"


def test_each_receiver_hears_of_it_by_its_own_names_and_who_was_told_nothing_hears_nothing(
    folk: Listening, tmp_path: Path
) -> None:
    folk.says("ada", "offers", given=True)
    (tmp_path / "other").mkdir()
    with listening(tmp_path / "other") as second:
        subscribe(folk.store, folk.to, kinds=("diary_entry",), purpose="offers")
        subscribe(folk.store, second, kinds=("segment_left",), purpose="offers")
        deliver_each(folk.store, folk.to, second)
        folk.writes("ada", "a-2")
        folk.clock.ms += 2_000
        deliver_each(folk.store, folk.to, second)
        erases(folk, "ada")
        folk.clock.ms += 2_000
        deliver_each(folk.store, folk.to, second)
        told = [one["type"].split(".")[2] for one in folk.to.letters]
        assert told == ["diary_entry", "guest_erased"]
        assert second.letters == []


def test_one_who_is_paused_hears_of_it_when_it_goes_on(folk: Listening) -> None:
    folk.says("ada", "offers", given=True)
    hook = folk.hears(("diary_entry",))
    folk.writes("ada", "a-2")
    folk.news()
    with folk.store.transaction() as tx:
        subscriptions.pause(tx, SITE, hook.id)
    erases(folk, "ada")
    assert folk.news() == []
    with folk.store.transaction() as tx:
        subscriptions.resume(tx, SITE, hook.id)
    assert [kind for kind, _ in folk.news()] == ["guest_erased"]


def test_who_is_erased_while_the_first_letter_is_under_way_is_told_of_after_it(folk: Listening) -> None:
    folk.says("ada", "offers", given=True)
    folk.hears(("diary_entry",))

    def answer(number: int) -> Answer:
        if number == 1:
            erases(folk, "ada")
        return TAKEN

    folk.to.answers = answer
    folk.writes("ada", "a-2")
    assert [kind for kind, _ in folk.news()] == ["diary_entry", "guest_erased"]


@pytest.mark.parametrize("removed", [True, False])
def test_a_guest_is_erased_although_a_subscription_is_gone(folk: Listening, removed: bool) -> None:
    folk.says("ada", "offers", given=True)
    hook = folk.hears(("diary_entry",))
    folk.writes("ada", "a-2")
    folk.news()
    with folk.store.transaction() as tx:
        if removed:
            subscriptions.remove(tx, SITE, hook.id)
        else:
            tx.execute(delete(subscriptions.hook_table))
    erases(folk, "ada")
    deliver(folk.store, folk.to)
    kinds: list[Any] = [one["type"] for one in folk.to.letters]
    assert len(kinds) == 1
