"""The documented way to a driver of one's own: copy the blueprint, fill in four calls, run the contract."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

import hardware.blueprint
from hardware import registry
from hardware.port import DeviceError, Trust
from hardware.registry import Driver, build
from hardware.supervisor import Supervisor
from tests.hardware.reader_contract import ReaderContract, Subject

BLUEPRINT = Path(hardware.blueprint.__file__)
OWN = """
    def open(self) -> None:
        if not self._settings.get("there", True):
            raise DeviceError(f"reader {self._name}: no box", hint="plug the box in")
        self._box = BOXES.setdefault(self._name, [])

    def read(self, deadline_ns: int) -> Presented | None:
        return Presented(self._box[0], Trust.UID, product="box") if self._box else None

    def still_there(self, uid: bytes, deadline_ns: int) -> bool:
        return self._box[:1] == [uid]

    def close(self) -> None:
        self._box = []
"""


def test_blueprint_answers_every_call_and_says_what_to_do() -> None:
    reader = build("blueprint", "mine", {}, keys=lambda uid, key_no: None)
    with pytest.raises(DeviceError) as told:
        reader.open()
    assert "copy hardware/blueprint.py" in told.value.hint
    with pytest.raises(DeviceError):
        reader.read(0)
    assert not reader.still_there(b"x", 0)
    reader.close()


def test_supervisor_keeps_calm_over_a_driver_that_is_not_there_yet() -> None:
    reports: list[object] = []
    reader = build("blueprint", "mine", {}, keys=lambda uid, key_no: None)
    supervisor = Supervisor("mine", reader, reports.append)
    supervisor.start()
    supervisor.stop()
    assert reports


@pytest.fixture
def own_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The README's path, followed literally: copy, rename, fill in four calls, one line in the registry."""
    source = BLUEPRINT.read_text().replace("BlueprintReader", "BoxReader")
    calls, _, rest = source.partition("    def open(self)")
    _, _, build_part = rest.partition("\n\ndef build(")
    imports = "from hardware.port import DeviceError, KeyLookup, Presented, Reader, Trust"
    calls = calls.replace("from hardware.port import DeviceError, KeyLookup, Presented, Reader", imports)
    calls = calls.replace("\n\nclass BoxReader", "\nBOXES: dict[str, list[bytes]] = {}\n\n\nclass BoxReader")
    own = (
        calls.rstrip() + "\n" + textwrap.indent(textwrap.dedent(OWN), "    ") + "\n\ndef build(" + build_part
    )
    (tmp_path / "box_driver.py").write_text(own)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "DRIVERS", {**registry.DRIVERS, "box": Driver("box_driver")})
    yield own
    sys.modules.pop("box_driver", None)


def test_own_driver_is_short(own_driver: str) -> None:
    assert len(own_driver.splitlines()) <= 150


class TestOwnDriverHoldsTheContract(ReaderContract):
    @pytest.fixture
    def subject(self, own_driver: str) -> Subject:
        def nobody(uid: bytes, key_no: int) -> None:
            return None

        reader = build("box", "mine", {}, keys=nobody)
        boxes: dict[str, list[bytes]] = sys.modules["box_driver"].BOXES
        boxes["mine"] = []
        return Subject(
            reader,
            b"band-1",
            Trust.UID,
            present=lambda: boxes["mine"].append(b"band-1"),
            withdraw=boxes["mine"].clear,
            absent=build("box", "gone", {"there": False}, keys=nobody),
        )
