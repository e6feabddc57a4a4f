"""Judges of lives that were cut: what must hold on the disk, at central and afterwards, and who says so."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from edge.clock import wall_ms
from edge.core.bands import Band, BandState
from edge.core.profiles import Cursor, Profile, ProfileItem
from edge.errors import Refused
from edge.keys.keyfile import KeyFile
from edge.run import enrol
from edge.run.identity import load
from edge.run.unlocking import unlock
from edge.store.journal import Journal
from edge.store.records import Owner
from sync.central import feed, intake, sites
from sync.central.enrolment import Invitation, invite
from sync.central.feed import Change
from sync.central.machines import devices, lanes
from sync.central.store import Store
from sync.wire import Ack, BandNotice
from tests.faults.doorkeeper import present, tap_id_of, valid_uses
from tests.faults.killing import Lives, told
from tests.faults.lives import EVENTS, Asked, Lived
from tests.faults.steps import SIDES, STEPS, Step
from tests.service.house import an_edge
from tests.store.house import a_record, a_sequencer
from tests.sync.builders import a_journal
from tests.sync.ends import Edge, a_welcome, running, until

ROWS = 25
"""Guests of a snapshot here: more than two of its transactions."""
NUMBERS = count(1)


class Central(NamedTuple):
    """A central that all lives on the wire share; each has a site of its own."""

    url: str
    store: Store
    new: Path


def cuts(*names: str) -> Any:
    """Every step that these lives come to, cut before and after it."""
    of = [(number, step) for number, step in enumerate(STEPS) if step.lived_by in names]
    return pytest.mark.parametrize(
        ("number", "side"),
        [pytest.param(number, side, id=f"{side} {step}") for number, step in of for side in SIDES],
    )


def killed(lives: Lives, asked: Asked, number: int, side: str) -> Lived:
    """Have a life end beside a step; one that never comes to it is a step without a test."""
    lived = lives.live(msgspec.structs.replace(asked, life=STEPS[number].lived_by, step=number, side=side))
    demand_killed(lived, STEPS[number])
    return lived


def demand_killed(lived: Lived, step: Step) -> None:
    """The life ended beside the step."""
    assert lived.status == -signal.SIGKILL, f"it never comes to {step}: {lived}"


def demand_whole(folder: Path) -> None:
    """The chain is whole and contiguous, and SQLite is content."""
    connection = sqlite3.connect(folder / "state.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    journal = Journal(folder)
    assert journal.verify().whole
    journal.close()


def judge_tap(folder: Path, lived: Lived) -> None:
    """The same tap is answered as it was told, opens once, and no other tap has the right again."""
    with an_edge(folder) as house:
        view = present(house, 1)
        assert view.outcome == "granted", "told and lost"
        assert told(lived, "seq") in ([], [view.seq]), "another answer for the same tap"
        assert valid_uses(house, 1) == 1
        assert present(house, 1, 1).reason == "already_used_here"
        opened = [*told(lived, "opened"), *(opening for opening, _, _ in house.gate.opened)]
        assert len(opened) <= 1, "a gate opened twice for one right"
        assert set(opened) <= {tap_id_of(1)}
    demand_whole(folder)


def of_its_own(central: Central, folder: Path, life: str) -> tuple[Asked, str]:
    """A device of a new site, and that site."""
    site = f"site-{next(NUMBERS)}"
    welcome = a_welcome(central.url, central.store, site)
    shutil.copytree(central.new, folder)
    return Asked(life, str(folder), url=central.url, welcome=welcome), site


def at_central(central: Central, site: str) -> list[int]:
    with central.store.reading() as tx:
        return sorted(one.event.seq for one in lanes.recent(tx, site, limit=500) if one.event.lane == 0)


def judge_push(folder: Path, central: Central, asked: Asked, *, site: str, lived: Lived) -> None:
    """All that was written arrives once, what was acknowledged stays so, and the chain is whole."""
    assert told(lived, "written") == [EVENTS]
    demand_whole(folder)
    assert asked.welcome is not None
    with running(Edge(folder, central.url, asked.welcome)) as edge:
        assert edge.journal.acked(0) in (0, EVENTS)
        assert told(lived, "acked") in ([], [edge.journal.acked(0)]), "an ack was told and is gone"
        edge.write(1)
        until(lambda: edge.client.frozen or edge.drained())
        assert edge.client.frozen == "", "its own history is not believed"
    assert at_central(central, site) == list(range(1, EVENTS + 2)), "lost or doubled"
    demand_whole(folder)


def judge_central(path: Path, code: str, lived: Lived) -> None:
    """What it answered is there; the same batch again is taken once."""
    store = Store(str(path), now_ms=wall_ms)
    try:
        with store.reading() as tx:
            device = devices.device(tx, "park", code.partition(" ")[0])
            there = len(lanes.recent(tx, "park", limit=100))
        assert there in (0, EVENTS), "half a batch"
        assert told(lived, "status") in ([], [200])
        assert there == EVENTS or not told(lived, "status"), "answered and lost"
        journal = a_journal(device)
        journal.write(EVENTS)
        again = intake.take(store, device, journal.batch(1, EVENTS))
        assert isinstance(again, Ack), again
        assert (again.ack, again.duplicates) == (EVENTS, there)
        with store.reading() as tx:
            assert len(lanes.recent(tx, "park", limit=100)) == EVENTS
    finally:
        store.close()


def a_guest(number: int) -> Change:
    band = bytes([number]) * 16
    profile = Profile(band=Band(id=band), rev=1, guest=f"g{number}")
    return Change("profile", band.hex(), msgspec.msgpack.encode(ProfileItem(profile=profile)))


def say(central: Central, site: str, *changes: Change) -> None:
    with central.store.transaction() as tx:
        feed.publish_new(tx, site, changes)


def behind(central: Central, folder: Path) -> Asked:
    """A device that knows one guest, and a central that has six more and a band to shut out."""
    asked, site = of_its_own(central, folder, "downlink")
    say(central, site, a_guest(1))
    assert asked.welcome is not None
    with running(Edge(folder, central.url, asked.welcome)) as edge:
        until(lambda: edge.profiles.count() == 1)
    say(central, site, *(a_guest(number) for number in range(2, 8)))
    shut_out(central, site)
    return asked


def shut_out(central: Central, site: str) -> None:
    notice = BandNotice(band=bytes([1]) * 16, epoch=2, state=BandState.REVOKED)
    with central.store.transaction() as tx:
        feed.publish_band(tx, site, notice)


def judge_page(folder: Path, asked: Asked, central: Central) -> None:
    """The cursor says what is there, and everything comes in the end, once."""
    assert asked.welcome is not None
    edge = Edge(folder, central.url, asked.welcome).start(sync=False)
    try:
        at_first = edge.profiles.cursor()
        assert edge.profiles.count() == (7 if at_first.seq > 1 else 1), "a cursor without its items"
    finally:
        edge.profiles.close()
        edge.journal.close()
        edge.sequencer.stop()
    with running(Edge(folder, central.url, asked.welcome)) as edge:
        until(lambda: edge.profiles.count() == 7)
        until(lambda: edge.journal.head(1).seq)
        until(edge.drained)
        assert edge.journal.head(1).seq == 1, "one notice, journaled twice"
        assert edge.sequencer.submit(lambda tx: tx.held(bytes([1]) * 16)).state is BandState.REVOKED
    demand_whole(folder)


def empty_handed(central: Central, folder: Path) -> Asked:
    """A device that has never been told anything, and a central that has something to tell."""
    asked, site = of_its_own(central, folder, "snapshot")
    say(central, site, *(a_guest(number) for number in range(1, ROWS + 1)))
    return asked


def judge_snapshot(folder: Path, asked: Asked, central: Central) -> None:
    assert asked.welcome is not None
    edge = Edge(folder, central.url, asked.welcome).start(sync=False)
    try:
        whole = edge.profiles.cursor() != Cursor()
        assert edge.profiles.count() == (ROWS if whole else 0), "half a copy is live"
        assert len([path for path in folder.glob("profiles.*") if path.suffix == ".db"]) == 1
    finally:
        edge.profiles.close()
        edge.journal.close()
        edge.sequencer.stop()
    with running(Edge(folder, central.url, asked.welcome)) as edge:
        until(lambda: edge.profiles.count() == ROWS)


def judge_start(folder: Path, lived: Lived, owner: Owner, *, before: int = 0) -> None:
    """It starts, writes on behind all that was told, and the chain is whole."""
    with a_sequencer(folder, owner=owner) as sequencer:
        assert sequencer.writable()[0], sequencer.writable()
        after = sequencer.submit(a_record())
    assert after > max([before, *(int(str(seq)) for seq in told(lived, "written"))])
    demand_whole(folder)


def with_a_code(central: Central, folder: Path) -> tuple[Asked, str]:
    """A folder that is nobody's yet, and a code of a new site."""
    site = f"site-{next(NUMBERS)}"
    with central.store.transaction() as tx:
        sites.create_site(tx, site)
        code = invite(tx, Invitation(site=site, points=("gate-1",)))
    return Asked("enrolment", str(folder), url=central.url, code=code), site


def judge_enrolment(central: Central, asked: Asked, site: str, *, done: bool) -> None:
    """The same code in the same folder makes the device, and one device alone."""
    folder = Path(asked.folder)
    source = KeyFile(folder.parent / "key", folder)
    if done:
        with pytest.raises(Refused, match="belongs to a device already"):
            enrol.enrol_in(folder, central.url, asked.code, source=source)
    else:
        enrol.enrol_in(folder, central.url, asked.code, source=source)
    assert load(folder, unlock(folder, source)).site == site
    assert not (folder / enrol.TRY_FILE).exists()
    with central.store.reading() as tx:
        assert len(devices.devices(tx, site)) == 1, "one code, two devices"
