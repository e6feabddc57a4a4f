"""The real pcscd with vpcd's virtual reader, in network and mount namespaces of its own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from hardware.virtual.card import PORT
from tests.real.parts import VPCD

_NEW_NETWORK = 0x40000000
_START_S_MAX = 10
CURRENT = Path(tempfile.gettempdir()) / f"polso-pcscd-{os.getpid()}.comm"
"""Where libpcsclite looks. It reads ``PCSCLITE_CSOCK_NAME`` once a process: a link to each daemon in turn."""
_CONFIGURATION = f"""FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x{PORT:X}
LIBPATH {VPCD}
CHANNELID 0x{PORT:X}
"""


class Daemon:
    """One pcscd of ours; a system's own one is not touched, nor another's of ours.

    Its socket's folder is mounted from a folder of its own; one daemon at a time in one process. It dies with
    the session that started it, however that ends.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="polso-pcscd-"))
        (self.folder / "run").mkdir()
        (self.folder / "conf").mkdir()
        (self.folder / "conf" / "vpcd").write_text(_CONFIGURATION)
        self.socket = self.folder / "run" / "pcscd.comm"
        self._process: subprocess.Popen[bytes] | None = None
        CURRENT.unlink(missing_ok=True)
        CURRENT.symlink_to(self.socket)
        os.environ["PCSCLITE_CSOCK_NAME"] = str(CURRENT)

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self.socket.unlink(missing_ok=True)
        (self.folder / "run" / "pcscd.pid").unlink(missing_ok=True)
        here = f"mount --bind {self.folder / 'run'} /run/pcscd && ip link set lo up"
        inside = f"mkdir -p /run/pcscd && {here} && exec pcscd -f -c {self.folder / 'conf'}"
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "sh", "-c", inside],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"PATH": path},
        )  # fmt: skip
        until = time.monotonic() + _START_S_MAX
        while not self._listens():
            assert self._process.poll() is None, "pcscd ended at its start"
            assert time.monotonic() < until, "pcscd does not listen"
            time.sleep(0.01)

    def kill(self) -> None:
        """Kill it as the kernel would: nothing is tidied up."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(timeout=5)

    def close(self) -> None:
        """End it and leave nothing behind."""
        self.kill()
        CURRENT.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def dial(self) -> socket.socket:
        """Connect to vpcd from inside the daemon's own network; raises ``OSError`` while it is down."""
        process, found = self._process, list[socket.socket | OSError]()
        if process is None:
            raise ConnectionRefusedError("pcscd is down")
        thread = threading.Thread(target=lambda: found.append(_dial_in(process.pid)))
        thread.start()
        thread.join()
        answer = found[0]
        if isinstance(answer, OSError):
            raise answer
        return answer

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.socket))
            return True
        return False


def _dial_in(pid: int) -> socket.socket | OSError:
    """Enter another process's network with this thread alone, which ends at once, and connect there."""
    try:
        network = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY)
        try:
            if ctypes.CDLL(None, use_errno=True).setns(network, _NEW_NETWORK):
                return OSError(ctypes.get_errno(), "setns")
        finally:
            os.close(network)
        return socket.create_connection(("127.0.0.1", PORT), timeout=2)
    except OSError as error:
        return error
