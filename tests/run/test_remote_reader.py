"""A remote reader before a real edge's server: it does as it is told, and without an answer nothing opens."""

from __future__ import annotations

import dataclasses
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.config import parse
from edge.core.decision import Outcome
from edge.run import reader as room
from edge.run.reader import RemoteReader, line_to
from edge.run.waiting import until
from hardware.port import ReadFault, Signal, Tap, Trust
from kiosk.listening import listening_socket
from sync.client import Cable
from sync.remote import Away, EdgeLine, NotIts, Presented
from tests.builders import a_day_ticket
from tests.faults.proxy import Faults, between
from tests.kiosk.desk_park import Desk, a_desk, serving
from tests.service.house import UID, worn

pytestmark = pytest.mark.timeout(30)
CONFIG = """
[[gates]]
name = "turnstile"
driver = "virtual"
point = "north"
[[lights]]
name = "lamp"
driver = "virtual"
point = "north"
"""
served = True


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with a_desk(tmp_path / "edge") as desk:
        desk.edge.tell(worn(desk.edge, entitlements=(a_day_ticket(reentry="never"),)))
        yield desk


@pytest.fixture
def url(desk: Desk) -> Iterator[str]:
    with serving(desk) as url:
        yield url


def a_code(desk: Desk, kind: str = "reader") -> str:
    return desk.house.staff.new_screen(kind, "north")


def a_reader(desk: Desk, url: str, cable: Cable | None = None) -> RemoteReader:
    _, token = desk.house.staff.enrol_screen(a_code(desk))
    return RemoteReader(parse(CONFIG, "test"), EdgeLine(url, cable or Cable(), token))


def a_tap(desk: Desk, n: int = 1, **changes: Any) -> Tap:
    tap = desk.edge.tap(tap_id=f"north:0000cafe:{n}", counter=None, reader="north", trust=Trust.LIVE)
    return dataclasses.replace(tap, **changes)


def opened(reader: RemoteReader) -> list[tuple[str, int]]:
    gate: Any = reader.gates["north"]
    return [(one.opening, one.people) for one in gate.opened]


def shown(reader: RemoteReader) -> Signal:
    light: Any = reader.lights["north"]
    signal: Signal = light.signal
    return signal


def test_the_edges_green_opens_here_and_its_refusal_does_not(desk: Desk, url: str) -> None:
    reader = a_reader(desk, url)
    reader.report(a_tap(desk))
    assert shown(reader) is Signal.ALLOW
    [(opening, people)] = opened(reader)
    assert people == 1
    assert desk.edge.decided()[-1].presented.tap_id == opening
    reader.report(a_tap(desk, 2))
    assert shown(reader) is Signal.DENY
    assert len(opened(reader)) == 1


def test_an_answer_that_was_lost_is_asked_for_again_and_opens_once(
    desk: Desk, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = Faults(lose_replies=1.0)
    with between(url, faults) as lossy:
        reader = a_reader(desk, lossy)
        monkeypatch.setattr("sync.remote.time.sleep", lambda _: setattr(faults, "lose_replies", 0.0))
        reader.report(a_tap(desk))
    assert faults.lost == 1
    assert (shown(reader), len(opened(reader))) == (Signal.ALLOW, 1)
    assert [one.decision.outcome for one in desk.edge.decided()] == [Outcome.GRANTED], "one tap, one decision"


def test_without_an_edge_no_gate_opens_and_the_light_says_so_until_it_is_back(
    desk: Desk, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cable = Cable()
    reader = a_reader(desk, url, cable)
    cable.pull()
    began = time.monotonic()
    with monkeypatch.context() as patch:
        patch.setattr(room, "ANSWER_S_MAX", 0.3)
        reader.report(a_tap(desk))
    assert time.monotonic() - began < 5, "a guest is told, and not kept"
    assert (shown(reader), opened(reader)) == (Signal.OUT_OF_SERVICE, [])
    cable.plug()
    reader.report(a_tap(desk, 2))
    assert (shown(reader), len(opened(reader))) == (Signal.ALLOW, 1)


def test_a_band_that_could_not_be_read_is_asked_for_again_without_the_edge(desk: Desk) -> None:
    reader = a_reader(desk, "http://127.0.0.1:9")
    reader.report(a_tap(desk, uid=b"", fault=ReadFault.TORN, trust=Trust.NONE))
    assert (shown(reader), opened(reader)) == (Signal.AGAIN, [])


@pytest.mark.parametrize("answer", [b'{"outcome": "granted"}', b"<html>sign in</html>"])
def test_what_answers_in_an_edges_place_opens_nothing(
    desk: Desk, answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ANSWER_S_MAX", 0.2)
    desk.app.add_url_rule("/portal/api/v1/taps", "portal", lambda: answer, methods=["POST"])
    with serving(desk) as url:
        reader = a_reader(desk, f"{url}/portal")
        reader.report(a_tap(desk))
    assert (shown(reader), opened(reader)) == (Signal.OUT_OF_SERVICE, [])


def test_what_a_reader_here_reads_proves_its_number_and_no_more(
    desk: Desk, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole of it, from a driver to the edge's journal, as `polso reader` runs it."""
    phone = '[[readers]]\nname = "phone"\ndriver = "webnfc"\npoint = "north"\n'
    made: list[Any] = []
    build = RemoteReader.__init__

    def while_it_runs(stop: Callable[[], None], *, started: Callable[[], None]) -> None:
        started()
        made[0].readers["phone"].hear(b'{"serial": "04:11:22:33:44:55:66"}')
        assert until(lambda: bool(desk.edge.decided()), 20)
        stop()

    def noted(self: RemoteReader, *said: Any) -> None:
        made.append(self)
        build(self, *said)

    monkeypatch.setattr(RemoteReader, "__init__", noted)
    monkeypatch.setattr(room, "until_stopped", while_it_runs)
    room.serve(parse(CONFIG + phone, "test"), url, code=a_code(desk), token=tmp_path / "token")
    [decided] = desk.edge.decided()
    assert (decided.presented.trust, decided.presented.band) == (1, desk.edge.vault.band_id(UID))


# Its token


def test_a_code_buys_a_token_that_lies_where_only_its_owner_reads(
    desk: Desk, url: str, tmp_path: Path
) -> None:
    file = tmp_path / "reader.token"
    line_to(url, Cable(), code=a_code(desk), token=file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = line_to(url, Cable(), code="", token=file)
    asked = Presented(tap_id="north:0000cafe:7", seq=7, uid=UID.hex(), trust=3)
    assert again.present(asked, 5.0).outcome is Outcome.GRANTED


def test_a_reader_without_a_token_or_with_another_screens_is_told_what_to_do(
    desk: Desk, url: str, tmp_path: Path
) -> None:
    with pytest.raises(NotIts) as none:
        line_to(url, Cable(), code="", token=tmp_path / "none")
    assert "--code" in none.value.hint
    with pytest.raises(NotIts, match="gate"):
        line_to(url, Cable(), code=a_code(desk, "gate"), token=tmp_path / "none")
    asked = Presented(tap_id="north:0000cafe:8", seq=8, uid=UID.hex())
    with pytest.raises(NotIts):
        EdgeLine(url, Cable(), "not-a-token").present(asked, 5.0)


def test_an_edge_that_is_not_there_is_away_within_the_time(desk: Desk) -> None:
    with listening_socket("127.0.0.1", 0) as deaf:
        line = EdgeLine(f"http://127.0.0.1:{deaf.getsockname()[1]}", Cable(), "token")
        with pytest.raises(Away):
            line.present(Presented(tap_id="north:0000cafe:9", seq=9, uid=UID.hex()), 0.3)
