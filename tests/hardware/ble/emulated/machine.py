"""A machine: Debian's kernel, bluetoothd and this house in an emulator, for want of Bluetooth."""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from tests.hardware.ble.emulated.told import Told
from tests.tidy.source import ROOT

RUN_S_MAX = 500
MODULES = (
    "virtio_pci", "9pnet_virtio", "9p", "overlay", "bluetooth", "hci_vhci", "ecdh_generic", "cmac", "ecb",
    "algif_hash", "algif_skcipher", "uhid", "crc32c_generic",
)  # fmt: skip
"""What the guest needs of Debian's kernel; what these need comes with them."""
BLUETOOTHD = "usr/libexec/bluetooth/bluetoothd"
OUT = "/told"
GUEST = "tests.hardware.ble.emulated.guest"
INIT = """#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
for module in /modules/*; do $b insmod $module; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose host /host
$b mount -t tmpfs own /own
$b mkdir /own/upper /own/work
$b mount -t overlay -o lowerdir=/host,upperdir=/own/upper,workdir=/own/work both /both
$b mount -t proc proc /both/proc
$b mount -t sysfs sys /both/sys
$b mount -t devtmpfs dev /both/dev
$b mount -t tmpfs run /both/run
$b mkdir -p /both{out}
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 told /both{out}
$b ip link set lo up
$b chroot /both /bin/sh -c 'cd {root} && exec {python} -m {guest} {out} {bluetoothd}' > /dev/console 2>&1
$b sync
echo o > /proc/sysrq-trigger
$b sleep 10
"""


def run(folder: Path) -> Told:
    """Start it, let it play the scenario, and return what it told; its console is in the error else.

    The host's files are the guest's, read-only under a layer of its own: it runs this virtual environment.
    """
    system, told = folder / "system", folder / "told"
    told.mkdir()
    _unpack(folder, system)
    (kernel,) = (system / "boot").glob("vmlinuz-*")
    initrd = _initrd(folder, system, kernel.name.removeprefix("vmlinuz-"))
    done = subprocess.run(
        [
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-M", "q35", "-m", "1500"),
            *("-smp", "2", "-nographic", "-no-reboot", "-net", "none"),
            *("-kernel", str(kernel), "-initrd", str(initrd)),
            *("-append", "console=ttyS0 panic=-1 mitigations=off cryptomgr.notests quiet"),
            *_shared("host", Path("/"), "readonly=on"),
            *_shared("told", told),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    answer = told / "told.json"
    assert answer.exists(), done.stdout.decode(errors="replace")[-3_000:]
    return msgspec.json.decode(answer.read_bytes(), type=Told)


def _shared(tag: str, path: Path, *more: str) -> tuple[str, ...]:
    said = ",".join(("local", f"id={tag}", f"path={path}", "security_model=none", "multidevs=remap", *more))
    return "-fsdev", said, "-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"


def _unpack(folder: Path, system: Path) -> None:
    """Fetch Debian's own packages and unpack them; nothing is installed here."""
    depends = _said("apt-cache", "depends", "linux-image-amd64")
    kernel = re.search(r"Depends: (linux-image-\S+)", depends)
    assert kernel is not None, f"Debian names no kernel: {depends}"
    packages = (kernel[1], "bluez", "busybox-static")
    subprocess.run(["apt-get", "download", *packages], cwd=folder, capture_output=True, check=True)
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, system], check=True)


def _initrd(folder: Path, system: Path, kernel: str) -> Path:
    """Pack a first root of busybox and the modules, in the order in which they need each other."""
    busybox, modules = system / "bin" / "busybox", system / "lib" / "modules" / kernel
    subprocess.run([busybox, "depmod", "-b", system, kernel], check=True)
    first = folder / "first"
    for name in ("bin", "modules", "proc", "sys", "dev", "host", "own", "both"):
        (first / name).mkdir(parents=True)
    shutil.copy(busybox, first / "bin" / "busybox")
    for number, path in enumerate(_in_order((modules / "modules.dep").read_text())):
        shutil.copy(modules / path, first / "modules" / f"{number:02d}-{Path(path).name}")
    words = {"root": ROOT, "python": sys.executable, "guest": GUEST, "out": OUT}
    (first / "init").write_text(INIT.format(**words, bluetoothd=system / BLUETOOTHD))
    (first / "init").chmod(0o755)
    names = "\n".join(str(one.relative_to(first)) for one in sorted(first.rglob("*")))
    packed = subprocess.run(
        ["cpio", "-o", "-H", "newc", "--quiet"],
        cwd=first,
        input=names.encode(),
        capture_output=True,
        check=True,
    )
    made = folder / "initrd.gz"
    made.write_bytes(gzip.compress(packed.stdout, 1))
    return made


def _in_order(listed: str) -> list[str]:
    needs = {path: more.split() for path, _, more in (line.partition(":") for line in listed.splitlines())}
    named = {Path(path).name.partition(".ko")[0].replace("-", "_"): path for path in needs}
    order: list[str] = []

    def take(path: str) -> None:
        for other in needs[path]:
            take(other)
        if path not in order:
            order.append(path)

    for name in MODULES:
        take(named[name])
    return order


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout
