"""What else on this machine keeps an NFC reader from Polso, each with the line that mends it."""

from __future__ import annotations

from pathlib import Path

_LATENCY_MS_MAX = 1
_SHARE = (
    "echo PCSCLITE_FILTER_IGNORE_READER_NAMES=ACR122 >> /etc/default/pcscd && systemctl restart pcscd; "
    'or drive this reader by "pcsc" too'
)


def culprits(root: Path = Path("/"), *, pcscd_wanted: bool = False) -> list[str]:
    """Name who grabs USB readers and what slows serial ones down; empty on a machine that is ready.

    ``pcscd_wanted``: another reader of this device is driven through it, so it must stay.
    """
    found = []
    modules = root / "proc/modules"
    if modules.exists() and any(line.startswith("pn533_usb ") for line in modules.read_text().splitlines()):
        blacklist = "echo blacklist pn533_usb > /etc/modprobe.d/polso-nfc.conf && modprobe -r pn533_usb"
        found.append(f"the kernel's pn533_usb holds the reader: {blacklist}")
    if (root / "run/pcscd/pcscd.comm").exists():
        leave = "systemctl disable --now pcscd.socket pcscd.service"
        found.append(f"pcscd holds the reader: {_SHARE if pcscd_wanted else leave}")
    for timer in sorted((root / "sys/bus/usb-serial/devices").glob("ttyUSB*/latency_timer")):
        if int(timer.read_text()) > _LATENCY_MS_MAX:
            found.append(f"FTDI waits {timer.read_text().strip()} ms at each answer: echo 1 > {timer}")
    return found
