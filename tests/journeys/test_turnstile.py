"""A turnstile that does not turn, and a supervisor who lets somebody through it: real readers, real wires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import pytest

from edge.core.entitlements import Use
from edge.run.demo.park import load
from edge.run.demo.tray import tray
from hardware.virtual.bands import Band
from sync.central.feed import item_table
from sync.central.store import select
from sync.wire import USES
from tests.hardware.osdp_bench import KEY, a_key_file, commands
from tests.journeys.desks import Console, Desk
from tests.journeys.devices import SITE, Device, House, a_device
from tests.journeys.park import polso, until

if TYPE_CHECKING:  # needs what a bare machine lacks
    from hardware.virtual.door import VirtualDoor

pytestmark = [
    pytest.mark.journey,
    pytest.mark.real("nfcpy"),
    pytest.mark.real("libosdp"),
    pytest.mark.timeout(120),
]
POINT = "gate-1"
PASS_S_MAX = 2
"""So long the turnstile waits for somebody."""
TOLD_S_MAX = 10


class Gate(NamedTuple):
    """A gate with a turnstile on its wires, another gate of the same site, and the bands of the tray."""

    house: House
    here: Device
    there: Device
    turnstile: VirtualDoor
    bands: dict[str, Band]

    def pulses(self) -> int:
        """How often the turnstile was told to open."""
        import osdp_sys

        return len(commands(self.turnstile, osdp_sys.CMD_OUTPUT))

    def turns(self) -> None:
        """Somebody goes through."""
        for closed in (True, False):
            self.turnstile.contact(0, closed=closed)


@pytest.fixture
def gate(house: House, tmp_path: Path) -> Iterator[Gate]:
    from hardware.virtual.door import VirtualDoor

    turnstile, key = VirtualDoor(KEY), a_key_file(tmp_path / "door.key", KEY.hex())
    here, there = (a_device(house, tmp_path / name, POINT) for name in ("here", "there"))
    wires = f'port = "{turnstile.path}", key_file = "{key}", passed_input = 0, pass_s_max = {PASS_S_MAX}'
    text = here.config.read_text()
    here.config.write_text(text.replace('driver = "virtual"', f'driver = "osdp"\nsettings = {{ {wires} }}'))
    house.publish()
    for device in (here, there):
        device.start()
        until(lambda known=device: known.figure("polso_profiles") > 0, 20)
    yield Gate(house, here, there, turnstile, tray(load(), house.master, written=set()))
    turnstile.close()


def uses_at_central(house: House) -> Counter[str]:
    """How the uses of all rights stand that central tells the site's devices of."""
    own = item_table.c
    with house.central.store.reading() as tx:
        query = select(own.body).where(own.site_id == SITE, own.kind == USES, own.body.is_not(None))
        found = [msgspec.msgpack.decode(bytes(body), type=tuple[Use, ...]) for (body,) in tx.execute(query)]
    return Counter(use.redemption.name for uses in found for use in uses)


def test_use_is_given_back_when_the_gate_did_not_turn_and_the_band_enters_again(
    gate: Gate, tmp_path: Path
) -> None:
    desk, console, luca = Desk(gate.here, POINT, "marta"), Console(gate.house.central), gate.bands["luca"]
    assert gate.here.tap(luca) == "entered"
    until(lambda: gate.pulses() == 1, TOLD_S_MAX)
    until(lambda: uses_at_central(gate.house) == {"ANNULLED": 1}, PASS_S_MAX + TOLD_S_MAX)
    assert desk.last(POINT)["reason"] == "annulled"
    assert any("not_passed" in row for row in console.events()), "with its cause, not by anybody"

    assert gate.here.tap(luca) == "entered", "the one entry that was bought"
    until(lambda: gate.pulses() == 2, TOLD_S_MAX)
    gate.turns()
    until(lambda: uses_at_central(gate.house) == {"ANNULLED": 1, "VALID": 1}, TOLD_S_MAX)
    until(lambda: gate.there.tap(luca) in ("already_used_elsewhere", "inside_already"), TOLD_S_MAX)
    assert gate.here.tap(luca) in ("already_used_here", "inside_already"), "who went through has used it"
    until(lambda: gate.here.figure("polso_outbox_events") == 0, TOLD_S_MAX)
    gate.house.central.stop()
    audited = polso("audit", SITE, "--database", str(tmp_path / "central.db"))
    gate.house.reopen(tmp_path / "central.db")
    assert audited.returncode == 0, audited.stdout + audited.stderr


def test_supervisor_lets_a_refused_guest_pass_and_central_reads_who_and_why(gate: Gate) -> None:
    marta, dario = Desk(gate.here, POINT, "marta"), Desk(gate.here, POINT)
    assert gate.here.tap(gate.bands["paolo"]) == "unpaid"
    tap_id = marta.last(POINT)["tap_id"]
    refused = marta.ask("staff/override", tap_id=tap_id, reason="ticket_seen")
    assert (refused.status_code, gate.pulses()) == (403, 0), "gate staff ask, they do not decide"
    assert dario.ask("staff/override", tap_id=tap_id, reason="he is nice").status_code >= 400
    passed = dario.post("staff/override", tap_id=tap_id, reason="ticket_seen")
    assert (passed["outcome"], passed["staff"], "overridden" in passed["notes"]) == ("granted", "dario", True)
    until(lambda: gate.pulses() == 1, TOLD_S_MAX)
    gate.turns()
    assert dario.ask("staff/override", tap_id=tap_id, reason="ticket_seen").status_code == 200, (
        "the same answer"
    )
    until(lambda: gate.here.figure("polso_outbox_events") == 0, TOLD_S_MAX)
    assert gate.pulses() == 1, "and no second opening"

    rows = Console(gate.house.central).events()
    (told,) = [row for row in rows if "Let pass by a supervisor" in row]
    assert "dario" in told
    assert "I have seen the ticket" in told
    assert any("marta" in row and "override" in row for row in rows), "her try is told as well"


def test_no_supervisor_lifts_what_a_copied_band_is(gate: Gate) -> None:
    dario = Desk(gate.here, POINT)
    assert gate.here.tap(gate.bands["clone"]) == "band_not_authentic"
    refused = dario.ask("staff/override", tap_id=dario.last(POINT)["tap_id"], reason="goodwill")
    assert (refused.status_code, gate.pulses()) == (403, 0)
