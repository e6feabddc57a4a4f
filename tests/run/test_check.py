"""Findings about a machine, judged on machines made of files."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest

from edge.config import Config, parse
from edge.run import identity
from edge.run.check import BUILT_MS, Machine, check
from edge.run.finding import Finding, Level
from edge.run.unlocking import FORMER_KEYS, source_of, unlock_or_make
from hardware.port import DeviceError

NOW_MS = BUILT_MS + 86_400_000


class Box:
    """A machine made of files under a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.synchronised = "yes"
        self.now_ms = NOW_MS
        self.pcsc: list[str] | DeviceError = []

    def pcsc_readers(self) -> list[str]:
        if isinstance(self.pcsc, DeviceError):
            raise self.pcsc
        return self.pcsc

    def write(self, path: str, text: str = "") -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def reader(self, vendor: str = "072f", product: str = "2200") -> Path:
        at = "sys/bus/usb/devices/1-1"
        for name, text in {"idVendor": vendor, "idProduct": product, "busnum": "1", "devnum": "4"}.items():
            self.write(f"{at}/{name}", f"{text}\n")
        return self.write("dev/bus/usb/001/004")

    def findings(self, text: str = "") -> list[Finding]:
        machine = Machine(self.root, run=lambda command: self.synchronised, pcsc=self.pcsc_readers)
        found = check(self.config(text), machine, now_ms=self.now_ms)
        # The folder's own name must not answer for a finding.
        return [replace(finding, what=finding.what.replace(str(self.root), "")) for finding in found]

    def config(self, text: str) -> Config:
        place = f'[key]\npath = "{self.root / "stick" / "key"}"\n'
        return parse(f'{place}[store]\nfolder = "{self.root / "data"}"\n{text}', "test")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def one(findings: list[Finding], word: str) -> Finding:
    (found,) = [finding for finding in findings if word in finding.what]
    return found


def test_worst_findings_stand_last_and_each_says_what_to_do(box: Box) -> None:
    box.reader()
    box.write("run/pcscd/pcscd.comm")
    findings = box.findings()
    levels = [list(Level).index(finding.level) for finding in findings]
    assert levels == sorted(levels)
    assert all(finding.act for finding in findings if finding.level is not Level.OK)


def test_reader_without_rights_gets_its_udev_rule(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    node = box.reader()
    assert one(box.findings(), "072f:2200").level is Level.OK
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != node and real(path, mode))
    found = one(box.findings(), "072f:2200")
    assert found.level is Level.BAD
    assert "udev" in found.act


@pytest.mark.parametrize(
    ("path", "text", "word", "act"),
    [
        ("proc/modules", "snd 1 0\npn533_usb 20480 0 - Live\n", "pn533_usb holds", "blacklist pn533_usb"),
        ("run/pcscd/pcscd.comm", "", "pcscd holds", "systemctl disable --now pcscd.socket"),
    ],
)
def test_culprit_that_grabs_the_reader_is_named_with_its_one_line_fix(
    box: Box, path: str, text: str, word: str, act: str
) -> None:
    box.write(path, text)
    assert not [finding for finding in box.findings() if word in finding.what], "harmless without a reader"
    box.reader()
    found = one(box.findings(), word)
    assert found.level is Level.BAD
    assert act in found.act


PCSC = '[[readers]]\nname = "door"\ndriver = "pcsc"\npoint = "d"\nsettings = { reader = "acr1252" }\n'
USB = '[[readers]]\nname = "g"\ndriver = "nfcpy"\npoint = "g"\nsettings = { path = "usb" }\n'


@pytest.mark.parametrize(
    ("names", "level", "act"),
    [
        (["ACS ACR1252 Dual Reader [PICC] 00 00"], Level.OK, ""),
        (["ACS ACR1252 [PICC] 00", "ACS ACR1252 [SAM] 01"], Level.LOOK, "[PICC]"),
        (["Other Reader"], Level.BAD, "readers here: Other Reader"),
        ([], Level.BAD, "plug it in"),
    ],
)
def test_pcsc_reader_is_looked_for_by_its_name(box: Box, names: list[str], level: Level, act: str) -> None:
    box.pcsc = names
    found = next(one for one in box.findings(PCSC) if "PC/SC" in one.what)
    assert found.level is level
    assert act in found.act


def test_daemon_that_does_not_answer_is_bad_and_a_reader_of_its_own_is_not_asked_for_rights(box: Box) -> None:
    box.pcsc = DeviceError("pcscd: Service not available", "start the daemon")
    box.reader()
    box.write("run/pcscd/pcscd.comm")
    findings = box.findings(PCSC)
    assert one(findings, "pcscd: Service not available").act == "start the daemon"
    assert not [finding for finding in findings if "holds the reader" in finding.what]


def test_daemon_that_one_reader_needs_is_told_to_leave_the_other_alone(box: Box) -> None:
    box.pcsc = ["ACS ACR1252"]
    box.reader()
    box.write("run/pcscd/pcscd.comm")
    found = one(box.findings(PCSC + USB), "pcscd holds")
    assert "PCSCLITE_FILTER_IGNORE_READER_NAMES=ACR122" in found.act
    assert "disable" not in found.act


def test_door_reader_without_key_or_line_is_found_before_the_device_starts(box: Box) -> None:
    line, key = box.root / "ttyUSB9", box.root / "door.key"
    settings = f'settings = {{ port = "{line}", key_file = "{key}" }}\n'
    text = f'[[readers]]\nname = "door"\ndriver = "osdp"\npoint = "d"\n{settings}'
    without_key = one(box.findings(text), "reader door: door key")
    key.write_text("000102030405060708090a0b0c0d0e0f\n")
    key.chmod(0o600)
    without_line = one(box.findings(text), "there is no line")
    line.write_text("")

    assert "polso osdp install" in without_key.act
    assert without_line.level is Level.BAD
    assert one(box.findings(text), "and its key are here").level is Level.OK


def test_slow_serial_chip_is_named(box: Box) -> None:
    box.reader()
    box.write("sys/bus/usb-serial/devices/ttyUSB0/latency_timer", "16\n")
    found = one(box.findings(), "16 ms")
    assert found.level is Level.LOOK
    assert "ttyUSB0" in found.act
    box.write("sys/bus/usb-serial/devices/ttyUSB0/latency_timer", "1\n")
    assert not [finding for finding in box.findings() if "FTDI" in finding.what]


def test_clock_that_nobody_sets_is_looked_at_and_one_years_behind_is_bad(box: Box) -> None:
    assert one(box.findings(), "clock").level is Level.OK
    box.synchronised = "no"
    assert one(box.findings(), "clock").level is Level.LOOK
    box.now_ms = 0
    assert one(box.findings(), "clock").level is Level.BAD


def test_driver_that_does_not_exist_is_named_with_those_that_do(box: Box) -> None:
    text = '[[readers]]\nname = "gate-1"\ndriver = "magic"\npoint = "gate-1"\n'
    found = one(box.findings(text), "gate-1")
    assert found.level is Level.BAD
    assert "nfcpy" in found.act


def test_folder_that_cannot_be_written_is_bad(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != box.root and real(path, mode))
    assert one(box.findings(), "cannot be written").level is Level.BAD


def test_central_that_answers_and_one_that_does_not(box: Box) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    text = f'[central]\nurl = "http://127.0.0.1:{server.server_port}"\n'
    assert one(box.findings(text), "central").level is Level.OK
    server.shutdown()
    server.server_close()
    found = one(box.findings(text), "central")
    assert found.level is Level.LOOK
    assert "gates go on" in found.act


def test_reader_that_is_configured_and_not_plugged_in_is_bad(box: Box) -> None:
    text = '[[readers]]\nname = "g"\ndriver = "nfcpy"\npoint = "g"\nsettings = { path = "usb" }\n'
    found = one(box.findings(text), "no USB reader")
    assert found.level is Level.BAD
    assert found.act


def test_gate_of_an_unknown_driver_is_found_before_the_device_starts(box: Box) -> None:
    found = one(box.findings('[[gates]]\nname = "t"\ndriver = "rely"\npoint = "g"\n'), "gate t")
    assert found.level is Level.BAD
    assert "relay" in found.act


def test_screens_open_to_a_network_that_knows_no_name_for_them_are_found(box: Box) -> None:
    found = one(box.findings('[screens]\nhost = "0.0.0.0"\n'), "screens listen")
    assert "screens.hosts" in found.act
    named = box.findings('[screens]\nhost = "0.0.0.0"\nhosts = ["gate.example"]\n')
    assert not [finding for finding in named if "screens listen" in finding.what]


def test_enrolled_device_is_asked_for_its_own_central(box: Box) -> None:
    folder = box.root / "data"
    folder.mkdir()
    vault = unlock_or_make(folder, source_of(box.config("")))
    who = identity.alone(folder, vault, "site-1", device="edge-1")
    assert one(box.findings(), "no central is configured"), "the control: this one stays alone"
    identity.save(folder, vault, msgspec.structs.replace(who, central="http://127.0.0.1:1"))
    assert "does not answer" in one(box.findings(), "central http://127.0.0.1:1").what


def test_key_is_looked_for_and_what_it_is_worth_is_said(box: Box) -> None:
    missing = one(box.findings(), "no key yet")
    assert (missing.level, missing.act) == (Level.LOOK, "polso key make")
    (box.root / "data").mkdir()
    unlock_or_make(box.root / "data", source_of(box.config("")))
    found = one(box.findings(), "key source file")
    assert found.level is Level.OK
    assert "whoever takes the whole disk has the key too" in found.what


def test_key_that_others_may_read_or_that_lies_inside_is_found(box: Box) -> None:
    box.write("stick/key").chmod(0o644)
    assert one(box.findings(), "can be read by others").level is Level.BAD
    box.write(f"data/{FORMER_KEYS}")
    assert "moves the key out" in one(box.findings(), "whoever copies the folder opens it").act


def test_a_journal_without_a_second_witness_is_told_until_one_is_named(box: Box) -> None:
    found = one(box.findings(""), "checkpoints")
    assert found.level is Level.LOOK
    assert "store.second_folder" in found.act
    there = box.findings(f'second_folder = "{box.root}"\n')
    assert one(there, "checkpoints").level is Level.OK
    gone = box.findings(f'second_folder = "{box.root / "stick"}"\n')
    assert "plug in" in one(gone, "checkpoints").act
    assert one(box.findings('[central]\nurl = "http://127.0.0.1:9"\n'), "checkpoints").level is Level.OK
