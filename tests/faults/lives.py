"""Lives of devices and of central, each lived in a process of its own that a knife may end at any step."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import sqlite_utils  # noqa: F401  # a store that is new needs it: imported once for all lives

from edge.clock import Clock, wall_ms
from edge.core.entitlements import Redemption, Reentry
from edge.core.site import Answer, Said
from edge.keys.keyfile import KeyFile
from edge.run import enrol
from edge.sequencer import Sequencer
from edge.signature import signer
from edge.store import profilefile
from edge.store.checkpoints import Notary, Signer
from edge.store.records import Owner
from edge.store.state import Store as EdgeStore
from sync.central.app import create_app
from sync.central.machines.devices import device
from sync.central.settings import Settings
from sync.central.store import Store
from sync.site import SiteBook, Unanswered
from sync.site.book import entries
from sync.wire import EnrolAnswer
from tests.builders import a_day_ticket, a_gate, a_layout
from tests.faults.doorkeeper import Openings, expect, present
from tests.faults.gates import Gate, a_book, a_use, eventually
from tests.faults.seller import Told, in_a_process
from tests.faults.spoils import SPOILS
from tests.faults.steps import STEPS, Knife
from tests.service.house import Hands, an_edge, worn
from tests.store.house import a_record, a_sequencer
from tests.sync.builders import a_journal
from tests.sync.caller import URL, Caller
from tests.sync.ends import PRIVATE_KEY, PUBLIC_KEY, Edge, until

EVENTS = 12
BUILT_ROWS = 10
"""Rows of one transaction of a snapshot here, so that a small one has several."""
THRICE = a_day_ticket(uses_max=3, reentry=Reentry.NEVER)
PARK = a_layout(a_gate(), gates=("edge-1",))
SIGNING = Owner("park", "edge-1", PUBLIC_KEY)
"""Who makes checkpoints here."""
DAYS_LATER_MS = 8 * 86_400_000
Tell = Callable[[Told], None]


class Asked(msgspec.Struct, frozen=True):
    """Which life is to be lived where, and beside which step it ends; no step: to its end."""

    life: str
    folder: str
    step: int = -1
    side: str = "before"
    url: str = ""
    welcome: EnrolAnswer | None = None
    nodes: tuple[str, ...] = ()
    site: str = "site-1"
    code: str = ""
    spoil: str = ""
    """Which protection is taken away once the act begins: a control."""


class Lived(msgspec.Struct, frozen=True):
    """What a life told before it ended, and how it ended."""

    told: list[dict[str, Any]]
    status: int


def tap(asked: Asked, knife: Knife, tell: Tell) -> None:
    """One guest at one gate."""
    with an_edge(Path(asked.folder)) as house:
        house.gate.opened = Openings(tell)
        expect(house, 1)
        knife.arm()
        view = present(house, 1)
        tell({"told": view.outcome, "seq": view.seq})


def an_end(asked: Asked) -> Edge:
    """The device of a life on the wire."""
    assert asked.welcome is not None
    return Edge(Path(asked.folder), asked.url, asked.welcome, report_s=0.1)


def uplink(asked: Asked, knife: Knife, tell: Tell) -> None:
    """Write, push, prune what central has held for long."""
    edge = an_end(asked).start(sync=False)
    edge.write(EVENTS)
    tell({"written": EVENTS})
    knife.arm()
    edge.client.start()
    until(edge.drained)
    tell({"acked": edge.journal.acked(0)})
    edge.client.stop()
    edge.sequencer.erase_ghosts()  # what waits for its table is not pruned
    with edge.sequencer._seat:
        edge.sequencer._store.prune(wall_ms() + DAYS_LATER_MS)
    tell({"pruned": edge.journal.anchor(0).seq})


def downlink(asked: Asked, knife: Knife, tell: Tell) -> None:
    """Take what central says until there is no more.

    Its end is the cursor as the device tells it, which moves when the whole act has returned. Rows are seen
    before that, in a spoilt life sooner still: whoever waited for them would end it before it is cut.
    """
    edge = an_end(asked).start(sync=False)
    before = edge.profiles.cursor()
    knife.arm()
    edge.client.start()
    until(lambda: edge.profiles.cursor() != before and edge.journal.head(1).seq)
    tell({"count": edge.profiles.count()})


def snapshot(asked: Asked, knife: Knife, tell: Tell) -> None:
    """Take the whole copy at first contact, and let go of the old one; it ends as ``downlink`` does."""
    profilefile.BUILD_ROWS_MAX = BUILT_ROWS
    edge = an_end(asked).start(sync=False)
    before = edge.profiles.cursor()
    knife.arm()
    edge.client.start()
    until(lambda: edge.profiles.cursor() != before)
    edge.profiles.close()  # a thread keeps the old file open until its next question
    tell({"taken": True})


class Known(Caller):
    """A device that central knows already."""

    def __init__(self, store: Store, name: str, key_id: str) -> None:
        self.http, self.store = create_app(store, Settings(public_url=URL)).test_client(), store
        with store.reading() as tx:
            self.device, self.key_id = device(tx, "park", name), key_id
        self.journal = a_journal(self.device)
        self.events = f"/v1/devices/{name}/events"


def central(asked: Asked, knife: Knife, tell: Tell) -> None:
    """Take one batch of a device."""
    name, _, key_id = asked.code.partition(" ")
    with ExitStack() as stack:
        store = Store(str(Path(asked.folder) / "central.db"), now_ms=wall_ms)
        stack.callback(store.close)
        caller = Known(store, name, key_id)
        caller.journal.write(EVENTS)
        knife.arm()
        status, _, _ = caller.post(caller.events, caller.journal.batch(1, EVENTS))
        tell({"status": status})


def a_gate_of(asked: Asked) -> Gate:
    """A gate among the site's nodes; it knows one guest with three entries."""
    hands = Hands()
    hands.wall_ms = wall_ms()
    gate = Gate(Path(asked.folder), hands, device="edge-1", nodes=asked.nodes, site=asked.site)
    layout = msgspec.structs.replace(PARK, version=2)
    gate.tell(worn(gate, entitlements=(THRICE,)), layout=layout)
    return gate


def enter(gate: Gate, tell: Tell, tap_id: str = "t1") -> None:
    """Hold the band out, and say what came of it."""
    view = gate.tapped(tap_id)
    tell({"told": view.outcome, "seq": view.seq})


def claim(asked: Asked, knife: Knife, tell: Tell) -> None:
    """An entry that the site agrees to."""
    gate = a_gate_of(asked)
    gate.open()
    knife.arm()
    enter(gate, tell)


def unanswered(asked: Asked, knife: Knife, tell: Tell) -> None:
    """An entry whose claim is done and never answered."""
    gate = a_gate_of(asked)
    gate.open()
    honest = gate.member._book._gateway.call
    lost: list[str] = []

    def deaf(path: str, body: dict[str, Any], wait_s: float) -> dict[str, Any]:
        said = honest(path, body, wait_s)
        if "compare" in body and not lost:
            lost.append(path)
            raise Unanswered("lost", sent=True)
        return said

    gate.member._book._gateway.call = deaf  # type: ignore[method-assign]  # the harness's own line
    knife.arm()
    enter(gate, tell)


def amend(asked: Asked, knife: Knife, tell: Tell) -> None:
    """An entry that is taken back."""
    gate = a_gate_of(asked)
    gate.open()
    enter(gate, tell)
    knife.arm()
    gate.service.undo(gate.session("supervisor"), "t1", reason="mistake")
    tell({"undone": True})
    book = a_book(asked.nodes, site=asked.site)
    eventually(lambda: is_told_back(book))
    gate.close()  # the book says so before whoever told it has heard that it does


def is_told_back(book: SiteBook) -> bool:
    """Whether the book says that an entry was taken back."""
    found = [entry.use for _, entry in entries(book.all(0, book.keys.uses())[0])]
    return any(use.redemption is Redemption.UNDONE for use in found)


def release(asked: Asked, knife: Knife, tell: Tell) -> None:
    """A claim of a tap that came to nothing is given back."""
    gate = a_gate_of(asked)
    said = a_book(asked.nodes, site=asked.site).claim((a_use("ticket-1", tap_id="gone"),), 5)
    assert said.said is Said.MINE
    knife.arm()
    gate.open()
    eventually(lambda: gate.member._tidied_ms)
    tell({"tidied": True})


def republish(asked: Asked, knife: Knife, tell: Tell) -> None:
    """An entry decided alone is told to the site afterwards."""
    gate = a_gate_of(asked)
    gate.open()
    silent = SiteBook.claim
    SiteBook.claim = lambda *_: Answer(Said.UNREACHABLE)  # type: ignore[method-assign]  # no node is heard
    enter(gate, tell)
    SiteBook.claim = silent  # type: ignore[method-assign]  # heard again
    knife.arm()
    gate.member.nudge()
    eventually(lambda: gate.member.in_touch() and not gate.member._restless)
    gate.close()  # a member that is still at it is at rest already
    tell({"settled": True})


def life(asked: Asked, knife: Knife, tell: Tell) -> None:
    """Start over a journal, write on, stop; checkpoints are made."""
    knife.arm()
    store = EdgeStore(Path(asked.folder))
    store.employ(Notary(SIGNING, Signer(1, "b1", signer(PRIVATE_KEY))))
    sequencer = Sequencer(
        store, Clock(), site=SIGNING.site, device=SIGNING.device, public_key=SIGNING.public_key
    )
    sequencer.start()
    for _ in range(3):
        tell({"written": sequencer.submit(a_record())})
    sequencer.stop()
    tell({"stopped": True})


def first_start(asked: Asked, knife: Knife, tell: Tell) -> None:
    """Make a new folder's store, and write."""
    knife.arm()
    with a_sequencer(Path(asked.folder)) as sequencer:
        tell({"written": sequencer.submit(a_record())})


def enrolment(asked: Asked, knife: Knife, tell: Tell) -> None:
    """Spend a code."""
    folder = Path(asked.folder)
    knife.arm()
    who = enrol.enrol_in(folder, asked.url, asked.code, source=KeyFile(folder.parent / "key", folder))
    tell({"enrolled": who.device})


LIVES: dict[str, Callable[[Asked, Knife, Tell], None]] = {
    "tap": tap,
    "claim": claim,
    "unanswered": unanswered,
    "amend": amend,
    "release": release,
    "republish": republish,
    "uplink": uplink,
    "central": central,
    "downlink": downlink,
    "snapshot": snapshot,
    "life": life,
    "first start": first_start,
    "enrolment": enrolment,
}


def live(asked: Asked, tell: Tell) -> None:
    """Live one life."""
    step = STEPS[asked.step] if asked.step >= 0 else None
    spoil = SPOILS[asked.spoil] if asked.spoil else None
    LIVES[asked.life](asked, Knife(step, asked.side, spoil), tell)


def main() -> None:
    """Live what each line asks for, in a process forked for it; say what came of it in one line."""
    for line in sys.stdin.buffer:
        asked = msgspec.json.decode(line, type=Asked)
        told, status = in_a_process(lambda tell, asked=asked: live(asked, tell))
        sys.stdout.buffer.write(msgspec.json.encode(Lived(told, status)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
