"""What else on this machine keeps an NFC reader from Polso, each with the line that mends it."""

from __future__ import annotations

from pathlib import Path

_LATENCY_MS_MAX = 1


def culprits(root: Path = Path("/")) -> list[str]:
    """Name who grabs USB readers and what slows serial ones down; empty on a machine that is ready."""
    found = []
    modules = root / "proc/modules"
    if modules.exists() and any(line.startswith("pn533_usb ") for line in modules.read_text().splitlines()):
        blacklist = "echo blacklist pn533_usb > /etc/modprobe.d/polso-nfc.conf && modprobe -r pn533_usb"
        found.append(f"the kernel's pn533_usb holds the reader: {blacklist}")
    if (root / "run/pcscd/pcscd.comm").exists():
        found.append("pcscd holds the reader: systemctl disable --now pcscd.socket pcscd.service")
    for timer in sorted((root / "sys/bus/usb-serial/devices").glob("ttyUSB*/latency_timer")):
        if int(timer.read_text()) > _LATENCY_MS_MAX:
            found.append(f"FTDI waits {timer.read_text().strip()} ms at each answer: echo 1 > {timer}")
    return found
