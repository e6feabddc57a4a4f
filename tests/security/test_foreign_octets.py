"""Ten thousand strangers pass a running device's precise radio: no octet of theirs is anywhere afterwards."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import requests

from hardware.ble.frames import EDDYSTONE, POLSO, BandFrame, band_payload
from hardware.virtual.radio import Advert, Radio, private_bus
from hardware.virtual.radio.bluez import BURST

pytestmark = [pytest.mark.journey, pytest.mark.real("dbus-daemon"), pytest.mark.timeout(180)]

STRANGERS = 10_000
MARK_BYTES = 8
"""Octets that only one stranger sends, somewhere in each advertisement."""
ADDRESS_BYTES = 6
FAMILY = UUID("11111111-2222-3333-4444-555555555555")
REFERENCE = bytes.fromhex("00000000000000a1")
CONFIG = """
store = {{ folder = "{folder}/kept" }}
screens = {{ port = 0 }}
log = {{ level = "debug", lines_per_s_max = 100000 }}
[[radios]]
name = "ear"
mode = "precise"
beacons = ["ibeacon:{family}"]
reference = "polso:{reference}"
"""


def element(kind: int, octets: bytes) -> bytes:
    return bytes([len(octets) + 1, kind]) + octets


def foreign(number: int, chance: random.Random) -> tuple[Advert, bytes]:
    """One stranger: a beacon of any make, a band of another house, or noise; and what only they send."""
    mark = chance.randbytes(MARK_BYTES)
    flags = b"\x02\x01\x06"
    made = (
        flags + element(0xFF, b"\x4c\x00\x02\x15" + mark + chance.randbytes(12) + b"\xc5"),
        flags + element(0xFF, b"\x4c\x00\x02\x15" + FAMILY.bytes[:16] + mark[:4] + b"\xc5"),
        flags + element(0xFF, b"\x18\x01\xbe\xac" + mark + chance.randbytes(12) + b"\xc5\x00"),
        flags + element(0x16, bytes.fromhex(EDDYSTONE[4:8])[::-1] + b"\x00\xee" + mark + bytes(10)),
        flags + element(0x16, bytes.fromhex(EDDYSTONE[4:8])[::-1] + b"\x30\xee" + mark),
        element(0x21, UUID(POLSO).bytes[::-1] + band_payload(BandFrame(mark, -60, number & 0xFF, 3))),
        flags + element(0xFF, b"\xff\xff" + mark + chance.randbytes(9)),
        element(0x09, b"Anna " + mark.hex().encode()) + element(0xFF, b"\x06\x00" + mark[:4]),
    )
    address = bytes([0xC0 | chance.randrange(64)]) + chance.randbytes(ADDRESS_BYTES - 1)
    written = ":".join(f"{octet:02X}" for octet in address)
    return Advert(written, made[number % len(made)], -50 - number % 40), mark


class Searched:
    """Everything that strangers said, to be looked for in whatever a device leaves behind."""

    def __init__(self, adverts: list[Advert], marks: list[bytes]) -> None:
        self.marks = set(marks)
        self.addresses = {bytes.fromhex(one.address.replace(":", "")) for one in adverts}

    def found(self, octets: bytes) -> list[bytes]:
        """Octets of strangers as they are, or written in hex with or without separators, in any case."""
        text = re.sub(rb"[:_\- ]", b"", octets)
        written = [bytes.fromhex(run[at : len(run) - (len(run) - at) % 2].decode())
                   for run in re.findall(rb"[0-9a-fA-F]{12,}", text) for at in (0, 1)]  # fmt: skip
        return [hit for place in (octets, *written) for hit in self._in(place)]

    def _in(self, octets: bytes) -> Iterator[bytes]:
        for size, known in ((MARK_BYTES, self.marks), (ADDRESS_BYTES, self.addresses)):
            for sought in (known, {one[::-1] for one in known}):
                yield from sought & {octets[at : at + size] for at in range(len(octets) - size + 1)}


class Running:
    """`polso run` with a radio, and all that it says."""

    def __init__(self, folder: Path, bus: str) -> None:
        config = folder / "polso.toml"
        config.write_text(CONFIG.format(folder=folder, family=FAMILY, reference=REFERENCE.hex()))
        command = [sys.executable, "-m", "edge.run", "run", "--config", str(config)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE)
        self.log, self.url = bytearray(), ""
        self._ready = threading.Event()
        self._hearing = threading.Thread(target=self._hear)
        self._hearing.start()
        assert self._ready.wait(30)

    def _hear(self) -> None:
        for line in self.process.stderr or ():
            self.log += line
            said = str(json.loads(line).get("says", ""))
            if said.startswith("ready "):
                self.url = said.rpartition("screens=")[2]
                self._ready.set()

    def stop(self) -> int:
        """End it as systemd does; returns with what it ended, its log whole."""
        self.process.terminate()
        ended = self.process.wait(20)
        self._hearing.join()
        if self.process.stderr is not None:
            self.process.stderr.close()
        return ended

    def metrics(self) -> str:
        return requests.get(f"{self.url}/metrics", timeout=5).text

    def until_radio_is(self, state: str, within_s: float = 30.0) -> None:
        ends = time.monotonic() + within_s
        while f'polso_device_up{{device="ear",state="{state}"}}' not in (told := self.metrics()):
            assert time.monotonic() < ends, told
            time.sleep(1)  # the rate at which figures may be asked for


def test_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    chance = random.Random(2026)  # noqa: S311 - invented strangers, nothing secret
    pairs = [foreign(number, chance) for number in range(20)]
    searched = Searched([advert for advert, _ in pairs], [mark for _, mark in pairs])
    advert, mark = pairs[3]
    address = bytes.fromhex(advert.address.replace(":", ""))

    for left in (
        b"x" + mark + b"y",
        b"x" + mark[::-1],
        mark.hex().upper().encode(),
        b"a" + mark.hex().encode(),
        advert.address.lower().encode(),
        f"/org/bluez/hci0/dev_{advert.address.replace(':', '_')}".encode(),
        address[::-1],
        advert.octets,
    ):
        assert searched.found(b"before " + left + b" after"), left
    assert searched.found(b"nothing of the kind " * 50) == []


def test_strangers_leave_no_octet_in_file_log_figure_or_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(2026)  # noqa: S311 - invented strangers, nothing secret
    pairs = [foreign(number, chance) for number in range(STRANGERS)]
    adverts = [advert for advert, _ in pairs]
    searched = Searched(adverts, [mark for _, mark in pairs])
    reference = element(0x21, UUID(POLSO).bytes[::-1] + band_payload(BandFrame(REFERENCE, -60, 1, 3)))
    with private_bus() as bus:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", bus)
        radio = Radio(bus)
        radio.start()
        running = Running(tmp_path, bus)
        running.until_radio_is("degraded")  # its reference beacon is silent
        for start in range(0, STRANGERS, BURST):
            radio.hear(*adverts[start : start + BURST])
        for _ in range(3):
            radio.hear(Advert("C0:00:00:00:00:A1", reference, -60))
        running.until_radio_is("idle")  # it heard the beacon, and so all strangers before
        told = running.metrics() + requests.get(f"{running.url}/healthz", timeout=5).text
        assert running.stop() == 0
        radio.close()

    left = {str(path): path.read_bytes() for path in (tmp_path / "kept").rglob("*") if path.is_file()}
    left |= {"log": bytes(running.log), "figures": told.encode()}
    assert any(name.endswith("state.db") for name in left)
    assert b'"bluetooth' not in left["log"]
    assert {name: hits for name, octets in left.items() if (hits := searched.found(octets)[:3])} == {}
