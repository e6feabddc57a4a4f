"""The bus: a message bus of our own, on which nobody else is."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow own="*"/><allow send_type="method_call"/><allow send_type="signal"/>
<allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>
<allow receive_type="signal"/></policy></busconfig>"""
WORDS = ("--nofork", "--nosyslog", "--print-address=1")
END_S_MAX = 5
UNTIL_WE_GO = 'dbus-daemon "$@" & exec >&-; read -r _; kill $!'
"""The daemon runs until its shell hears the end of who began it, who may be killed before ending it."""


@contextmanager
def private_bus(folder: Path | None = None) -> Iterator[str]:
    """Run one and hand out its address; bleak finds it where ``DBUS_SYSTEM_BUS_ADDRESS`` holds it.

    In one ``folder`` it has one address, however often it is run. Raises ``OSError`` where there is no
    dbus-daemon.
    """
    with tempfile.TemporaryDirectory(prefix="polso-bus-") as made:
        daemon = _run(folder or Path(made))
        try:
            address = daemon.stdout.readline().decode().strip() if daemon.stdout else ""
            if not address:
                raise OSError("dbus-daemon did not start; install it (Debian: dbus-daemon).")
            yield address
        finally:
            os.killpg(daemon.pid, signal.SIGTERM)
            daemon.communicate(timeout=END_S_MAX)


def _run(folder: Path) -> subprocess.Popen[bytes]:
    written = folder / "bus.conf"
    written.write_text(CONFIGURATION.format(socket=folder / "bus"), encoding="utf-8")
    return subprocess.Popen(  # noqa: S603 - our own words
        ["sh", "-c", UNTIL_WE_GO, "bus", f"--config-file={written}", *WORDS],  # noqa: S607 - where the system has it
        stdin=subprocess.PIPE,  # held open by us alone
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # it complains of limits that it may not raise
        process_group=0,  # Ctrl-C at a terminal ends whoever began it first, and they end it
    )
