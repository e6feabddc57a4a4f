"""Findings about this machine: what would stop a gate here, and what to do about each."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.config import Config
from edge.errors import PolsoError
from edge.keys.source import OnlyRoot
from edge.run import air, site
from edge.run.actuators import GATES, LIGHTS, NEEDS
from edge.run.finding import Finding, Level
from edge.run.identity import load
from edge.run.unlocking import FORMER_KEYS, source_of
from edge.store.database import WAL_RESET_FIXED
from edge.vault import Vault
from hardware import registry
from hardware.nfc.culprits import culprits
from hardware.osdp.settings import read_key
from hardware.port import DeviceError

ASK_S_MAX = 3
"""How long one question to another program or to central may take."""
BUILT_MS = 1_767_225_600_000
"""1 January 2026: no device of this version can honestly be older."""
READERS = {"072f": "ACS (ACR122U)", "04cc": "NXP (PN533)", "054c": "Sony (RC-S3xx)", "04e6": "SCM (SCL3711)"}
"""USB vendors whose readers nfcpy drives."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the checks look; tests give another root and other ears."""

    root: Path = Path("/")
    run: Callable[[list[str]], str] = field(default=lambda command: _output(command))
    pcsc: Callable[[], list[str]] = field(default=lambda: _pcsc_readers())
    radios: air.Ask = air.adapters


def check(config: Config, machine: Machine, *, now_ms: int) -> list[Finding]:
    """Look at everything that a device needs, worst findings last."""
    findings = [
        *_library(),
        *_folder(Path(config.store.folder), config.store.free_bytes_min),
        *_key(config),
        *_clock(machine, now_ms),
        *_drivers(config),
        *_actuators(config),
        *_usb(machine, wanted=_wants_usb(config), pcsc=_wants_pcsc(config)),
        *_pcsc(config, machine),
        *_doors(config),
        *_serial(machine),
        *air.findings(config.radios, machine.root, machine.radios),
        *_central(config),
        *site.findings(config.site),
        *_witnesses(config),
        *_screens(config),
    ]
    return sorted(findings, key=lambda finding: list(Level).index(finding.level))


def _library() -> Iterator[Finding]:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info >= WAL_RESET_FIXED:
        yield Finding(Level.OK, f"SQLite {version}")
        return
    safe = ".".join(map(str, WAL_RESET_FIXED))
    yield Finding(
        Level.LOOK,
        f"SQLite {version} has the WAL-reset bug (mended in {safe})",
        "nothing: Polso lets one connection a file write; never open state.db with another program",
    )


def _folder(folder: Path, free_bytes_min: int) -> Iterator[Finding]:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK):
        yield Finding(Level.BAD, f"{there} cannot be written", f"give {folder} to the service's account")
        return
    free = shutil.disk_usage(there).free
    level = Level.OK if free >= free_bytes_min else Level.LOOK
    act = "" if level is Level.OK else "free some space"
    yield Finding(level, f"{free // 2**20} MiB free for {folder}", act)


def _clock(machine: Machine, now_ms: int) -> Iterator[Finding]:
    told = machine.run(["timedatectl", "show", "--property=NTPSynchronized", "--value"]).strip()
    if now_ms < BUILT_MS:
        act = "fit a clock battery or let it reach a time server"
        yield Finding(Level.BAD, "the clock is years behind", act)
    elif told == "yes":
        yield Finding(Level.OK, "the clock is synchronised")
    else:
        yield Finding(
            Level.LOOK,
            "nobody says that the clock is synchronised",
            "timedatectl set-ntp true; until central has answered, time rules go to staff",
        )


def _drivers(config: Config) -> Iterator[Finding]:
    usable = {driver.name: driver for driver in registry.available()}
    if not config.readers:
        yield Finding(Level.LOOK, "no reader is configured", "add a [[readers]] table to the configuration")
    for reader in config.readers:
        driver = usable.get(reader.driver)
        if driver is None:
            act = f"use one of {', '.join(sorted(usable))}"
            yield Finding(Level.BAD, f"reader {reader.name}: no driver {reader.driver!r}", act)
        elif driver.usable:
            yield Finding(Level.OK, f"reader {reader.name}: driver {reader.driver}")
        else:
            yield Finding(Level.BAD, f"reader {reader.name}: driver {reader.driver}", driver.advice)


def _actuators(config: Config) -> Iterator[Finding]:
    """Look for what relays and lamps need."""
    for kind, known, configured in (("gate", GATES, config.gates), ("light", LIGHTS, config.lights)):
        for one in configured:
            name = f"{kind} {one.name}: driver {one.driver}"
            if one.driver not in known:
                yield Finding(Level.BAD, f"{name} does not exist", f"use one of {', '.join(known)}")
            elif one.driver in NEEDS and importlib.util.find_spec(NEEDS[one.driver][0]) is None:
                library, extra = NEEDS[one.driver]
                yield Finding(Level.BAD, f"{name} needs {library}", f"pip install 'polso[{extra}]'")
            else:
                yield Finding(Level.OK, name)


def _screens(config: Config) -> Iterator[Finding]:
    """A server open to the network that answers to no name of it lets no other machine's screen in."""
    screens = config.screens
    if screens.host not in LOOPBACK and all(name in LOOPBACK for name in screens.hosts):
        act = "add the name or address that other machines use to screens.hosts"
        yield Finding(Level.LOOK, f"screens listen at {screens.host} and answer to this machine alone", act)


def _wants_usb(config: Config) -> bool:
    paths = [str(one.settings.get("path", "")) for one in config.readers if one.driver == "nfcpy"]
    return any(path.startswith("usb") for path in paths)


def _wants_pcsc(config: Config) -> bool:
    return any(one.driver == "pcsc" for one in config.readers)


def _pcsc_readers() -> list[str]:
    """Ask pcscd for its readers; raises ``ImportError`` where the extra is missing, else ``DeviceError``."""
    from hardware.nfc.pcsc.service import reader_names

    return reader_names()


def _pcsc(config: Config, machine: Machine) -> Iterator[Finding]:
    """Look for the readers that pcscd should have."""
    if not _wants_pcsc(config):
        return
    try:
        names = machine.pcsc()
    except ImportError:
        return  # the driver's own finding says what to install
    except DeviceError as error:
        yield Finding(Level.BAD, str(error), error.hint)
        return
    here = f"readers here: {', '.join(names)}" if names else "plug it in; pcscd sees no reader at all"
    for one in config.readers:
        wanted = str(one.settings.get("reader", ""))
        fitting = [name for name in names if wanted.casefold() in name.casefold()]
        if one.driver != "pcsc":
            continue
        if not wanted or not fitting:
            yield Finding(Level.BAD, f"reader {one.name}: no PC/SC reader is called {wanted!r}", here)
        elif len(fitting) > 1:
            act = f"name one of them whole: {', '.join(fitting)}"
            yield Finding(Level.LOOK, f"reader {one.name}: {len(fitting)} PC/SC readers fit {wanted!r}", act)
        else:
            yield Finding(Level.OK, f"reader {one.name}: PC/SC reader {fitting[0]}")


def _doors(config: Config) -> Iterator[Finding]:
    """Look for the lines and keys of door readers."""
    for one in config.readers:
        if one.driver != "osdp":
            continue
        port, key_file = (str(one.settings.get(name, "")) for name in ("port", "key_file"))
        try:
            read_key(Path(key_file))
        except DeviceError as error:
            yield Finding(Level.BAD, f"reader {one.name}: {error}", error.hint)
            continue
        if Path(port).exists():
            yield Finding(Level.OK, f"reader {one.name}: line {port} and its key are here")
        else:
            act = "plug the RS-485 adapter in; name it by /dev/serial/by-id/..."
            yield Finding(Level.BAD, f"reader {one.name}: there is no line {port!r}", act)


def _usb(machine: Machine, *, wanted: bool, pcsc: bool) -> Iterator[Finding]:
    if pcsc and not wanted:
        return  # pcscd opens them, with rights of its own
    found = False
    for device in sorted((machine.root / "sys/bus/usb/devices").glob("*")):
        vendor = _line(device / "idVendor")
        if vendor not in READERS:
            continue
        found = True
        name = f"{READERS[vendor]} {vendor}:{_line(device / 'idProduct')}"
        node = machine.root / f"dev/bus/usb/{_number(device / 'busnum'):03}/{_number(device / 'devnum'):03}"
        if os.access(node, os.R_OK | os.W_OK):
            yield Finding(Level.OK, f"USB reader {name}")
        else:
            rule = f'SUBSYSTEM=="usb", ATTRS{{idVendor}}=="{vendor}", GROUP="plugdev", MODE="0660"'
            yield Finding(Level.BAD, f"USB reader {name}: {node} is not ours", f"add the udev rule {rule}")
    if not found:
        if wanted:
            yield Finding(
                Level.BAD, "no USB reader is plugged in", "plug it in, or try another cable or port"
            )
        else:
            yield Finding(Level.OK, "no USB reader of nfcpy's is plugged in")
        return
    for culprit in culprits(machine.root, pcscd_wanted=pcsc):
        what, _, act = culprit.partition(": ")
        yield Finding(Level.BAD if "holds" in what else Level.LOOK, what, act)


def _serial(machine: Machine) -> Iterator[Finding]:
    for port in sorted((machine.root / "dev").glob("tty[AU][MSC][AB]*")):
        if not os.access(port, os.R_OK | os.W_OK):
            yield Finding(Level.BAD, f"/dev/{port.name} is not ours", "add the account to group dialout")


def _central(config: Config) -> Iterator[Finding]:
    url = config.central.url or _enrolled_at(config)
    if not url:
        act = "polso enrol URL, with a code from its console; until then the device stays alone"
        yield Finding(Level.LOOK, "no central is configured", act)
        return
    try:
        health = f"{url.rstrip('/')}/healthz"
        with urllib.request.urlopen(health, timeout=ASK_S_MAX) as answer:  # noqa: S310 - http or https by config
            status = answer.status
    except OSError as error:
        act = "check cable, address and certificate; gates go on without it"
        yield Finding(Level.LOOK, f"central {url} does not answer: {error}", act)
        return
    yield Finding(Level.OK, f"central {url} answers {status}")


def _witnesses(config: Config) -> Iterator[Finding]:
    """Look where else signed checkpoints are kept: a journal alone cannot tell that it was rolled back."""
    named = config.store.second_folder
    if named and not os.access(named, os.W_OK):
        yield Finding(Level.LOOK, f"checkpoints: {named} cannot be written", "plug in and mount its disk")
    elif named:
        yield Finding(Level.OK, f"checkpoints and unsent sales are kept in {named} too")
    elif config.central.url or _enrolled_at(config):
        yield Finding(Level.OK, "checkpoints are kept by the platform and by the site's other devices")
    else:
        act = "name a folder on another disk in store.second_folder"
        yield Finding(Level.LOOK, "checkpoints of the journal are kept in one place, beside it", act)


def _key(config: Config) -> Iterator[Finding]:
    """Say where the key comes from and what that is worth."""
    folder = Path(config.store.folder)
    if (folder / FORMER_KEYS).exists():
        act = "start the device once: it moves the key out and seals everything anew"
        yield Finding(Level.LOOK, f"the key lies in {folder}: whoever copies the folder opens it", act)
    try:
        source = source_of(config)
    except PolsoError as error:
        yield Finding(Level.BAD, f"key: {error}", error.hint)
        return
    try:
        if not source.has_ring():
            yield Finding(Level.LOOK, f"key source {source.name}: no key yet", "polso key make")
            return
        source.ring()
        yield Finding(Level.OK, f"key source {source.name}: {source.worth}")
    except OnlyRoot:
        yield Finding(Level.OK, f"key source {source.name}: {source.worth} (root can try whether it opens)")
    except PolsoError as error:
        yield Finding(Level.BAD, f"key: {error}", error.hint)


def _enrolled_at(config: Config) -> str:
    """Return the central at which this folder's device was enrolled, as far as we may read that."""
    folder = Path(config.store.folder)
    try:
        return load(folder, Vault.load(folder, source_of(config).ring())).central
    except (PolsoError, OSError):
        return ""


def _line(path: Path) -> str:
    return path.read_text().strip() if path.exists() else ""


def _number(path: Path) -> int:
    text = _line(path)
    return int(text) if text.isdecimal() else 0


def _output(command: list[str]) -> str:
    """Return what a program prints, or nothing where it is not there or does not answer."""
    try:
        told = subprocess.run(  # noqa: S603 - a fixed command of this file
            command, capture_output=True, text=True, timeout=ASK_S_MAX, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout
