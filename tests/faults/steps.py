"""The named steps of every path: which call of the product each one is, and the knife that cuts beside it."""

from __future__ import annotations

import importlib
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

SIDES = ("before", "after")
"""A step is cut when it is about to be done, and when it has just been done."""


class Step(NamedTuple):
    """One named step: a path of the handbook, its name there, and the product's own call that it is."""

    path: str
    name: str
    at: str
    """Module and qualified name of the call, with a colon between them."""
    nth: int = 1
    """Which of its calls in one act."""
    life: str = ""
    """Which life comes to it, where that is not the one named like the path."""

    @property
    def lived_by(self) -> str:
        """The name of the life that is cut here."""
        return self.life or self.path

    def __str__(self) -> str:
        return f"{self.path}, {self.name}"


STEPS = (
    Step("tap", "read", "edge.service:Service.present"),
    Step("tap", "site claim asked", "edge.service.agreeing:Agreement._ask", life="claim"),
    Step("tap", "site claim answered", "edge.service.agreeing:Hand.take", life="claim"),
    Step("tap", "batch taken", "edge.sequencer:Sequencer._serve"),
    Step("tap", "decided", "edge.service.agreeing:Agreement.judge"),
    Step("tap", "rows written", "edge.store.batch:Ledger._flush"),
    Step("tap", "commit returned", "edge.store.batch:Ledger.run"),
    Step("tap", "waiter answered", "edge.store.waiting:Waiting.answer"),
    Step("tap", "gate opened", "edge.service.tell:open_gate"),
    Step("tap", "screens told", "edge.service.tell:publish"),
    Step("site", "create sent", "sync.site.book:SiteBook.claim", life="claim"),
    Step("site", "compare-and-set sent", "sync.site.book:SiteBook.amend", life="amend"),
    Step("site", "ambiguous read-back", "sync.site.book:SiteBook._read_back", life="unanswered"),
    Step("site", "release sent", "sync.site.book:SiteBook.free", life="release"),
    Step("site", "republish", "sync.site.member:Member._settle_one", life="republish"),
    Step("uplink", "range read", "sync.client.pushing:next_batch"),
    Step("uplink", "request signed", "sync.signing:Signer.__call__", nth=2),
    Step("uplink", "sent", "sync.client.line:Line.post", nth=2),
    Step("uplink", "answer read", "sync.client.pushing:Pusher._check"),
    Step("uplink", "ack committed", "sync.client.pushing:Pusher._accept"),
    Step("uplink", "prune begun", "edge.store.pruning:Pruner._prune_lane"),
    Step("uplink", "prune committed", "edge.store.pruning:Pruner.step"),
    Step("central", "cursor locked", "sync.central.machines.lanes:lock"),
    Step("central", "rows stored", "sync.central.intake:_keep"),
    Step("central", "cursor moved", "sync.central.machines.lanes:move"),
    Step("central", "commit returned", "sync.central.intake:take"),
    Step("central", "answered", "sync.central.api:Api.take_events"),
    Step("downlink", "page received", "sync.client.pulling:check_page"),
    Step("downlink", "checked", "sync.client.pulling:Puller._take"),
    Step("downlink", "applied", "edge.store.profilefile:_write", nth=2),
    Step("downlink", "committed", "edge.store.profilefile:apply"),
    Step("downlink", "urgent applied", "sync.client.urgent:_bind"),
    Step("downlink", "urgent acknowledged", "sync.client.urgent:apply"),
    Step("snapshot", "downloaded", "sync.client.line:Line.stream"),
    Step("snapshot", "checked", "sync.client.pulling:_agreed"),
    Step("snapshot", "each 10,000 rows", "edge.store.profilefile:_write", nth=15),
    Step("snapshot", "checkpointed", "edge.store.profilefile:_check"),
    Step("snapshot", "synced", "edge.store.profilefile:_sync"),
    Step("snapshot", "pointer committed", "edge.sequencer:Sequencer.point_at"),
    Step("snapshot", "readers reopened", "edge.store.readers:Readers.turn_to"),
    Step("snapshot", "old removed", "edge.store.profilefile:discard", nth=2),
    Step("life", "start before verify", "edge.store.batch:check_tails"),
    Step("life", "after verify", "edge.store.batch:Ledger._doubt"),
    Step("life", "enrolment key made", "edge.run.enrol:new_private_key", life="enrolment"),
    Step("life", "code used", "edge.run.enrol:ask", life="enrolment"),
    Step("life", "site's key kept", "edge.vault:Vault.save", life="enrolment"),
    Step("life", "identity kept", "edge.run.enrol:save", life="enrolment"),
    Step("life", "migration step", "edge.store.migrations:run_all", life="first start"),
    Step("life", "second migration step", "edge.store.migrations:seal_clear", life="first start"),
    Step("life", "migrated", "edge.store.state:migrate", life="first start"),
    Step("life", "reserve freed", "edge.store.folder:Folder.free_reserve", life="first start"),
    Step("life", "clean stop", "edge.sequencer:Sequencer._close"),
    Step("life", "journal checkpoint signed", "edge.store.checkpoints:Notary.attest"),
)
"""Section 3 of the handbook's page, and what else stands between two of its steps."""

NAMED = {
    "tap": (
        *("read", "site claim asked", "site claim answered", "batch taken", "decided", "rows written"),
        *("commit returned", "waiter answered", "gate opened", "screens told"),
    ),
    "site": ("create sent", "compare-and-set sent", "ambiguous read-back", "release sent", "republish"),
    "uplink": (
        *("range read", "request signed", "sent", "answer read", "ack committed"),
        *("prune begun", "prune committed"),
    ),
    "central": ("cursor locked", "rows stored", "cursor moved", "commit returned", "answered"),
    "downlink": (
        *("page received", "checked", "applied", "committed"),
        *("urgent applied", "urgent acknowledged"),
    ),
    "snapshot": (
        *("downloaded", "checked", "each 10,000 rows", "checkpointed", "synced"),
        *("pointer committed", "readers reopened", "old removed"),
    ),
    "life": (
        *("start before verify", "after verify", "enrolment key made", "code used", "migration step"),
        *("reserve freed", "clean stop", "journal checkpoint signed"),
    ),
}
"""Section 3: the least that must be cut."""


class Knife:
    """Kills this very process beside one call of the product, once it is armed."""

    def __init__(self, step: Step | None, side: str, spoil: Callable[[], None] | None = None) -> None:
        """Stand beside ``step``; None: never, as the next life does."""
        self._step, self._side, self._spoil = step, side, spoil
        self._armed, self._calls = False, 0
        self._lock = threading.Lock()
        if step is not None:
            owner, name = found(step.at)
            setattr(owner, name, self._beside(getattr(owner, name)))

    def arm(self) -> None:
        """Cut from now on; what is to be spoilt is spoilt first."""
        if self._spoil is not None:
            self._spoil()
        self._armed = True

    def _beside(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def cut(*args: Any, **more: Any) -> Any:
            here = self._is_here()
            if here and self._side == "before":
                die()
            result = call(*args, **more)
            if here:
                die()
            return result

        return cut

    def _is_here(self) -> bool:
        if self._step is None or not self._armed:
            return False
        with self._lock:
            self._calls += 1
            return self._calls == self._step.nth


def found(at: str) -> tuple[Any, str]:
    """Who owns a call, and its name there; raises where the product has no such call any more."""
    module, _, qualified = at.partition(":")
    *owners, name = qualified.split(".")
    owner: Any = importlib.import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    if not callable(getattr(owner, name)):
        raise TypeError(f"{at} cannot be called")
    return owner, name


def die() -> None:
    """End as a process ends that is killed: nothing more is done."""
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # the signal has been sent; no line of ours runs meanwhile
