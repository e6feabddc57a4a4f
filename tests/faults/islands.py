"""Two islands: networks of a test's own with one cable between them, which the kernel itself breaks."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.disks import run

NEAR, FAR = "10.99.0.1", "10.99.0.2"
CLONE_NEWNET = 0x4000_0000


class Islands:
    """The near one is the device's, the far one central's, where the packet filter stands."""

    def __init__(self) -> None:
        self.near, self.far = (f"polso-{os.getpid()}-{end}" for end in ("near", "far"))
        for end in (self.near, self.far):
            run("ip", "netns", "add", end)
        run(
            *["ip", "link", "add", "near", "netns"],
            self.near,
            *["type", "veth", "peer", "name", "far", "netns"],
            self.far,
        )
        for end, link, address in ((self.near, "near", NEAR), (self.far, "far", FAR)):
            run("ip", "-n", end, "addr", "add", f"{address}/24", "dev", link)
            run("ip", "-n", end, "link", "set", link, "up")
            run("ip", "-n", end, "link", "set", "lo", "up")

    def rule(self, words: str) -> None:
        """Add a rule to the packet filter of the far end, as one types it."""
        run("ip", "netns", "exec", self.far, "iptables", "-A", *words.split())

    def link(self, state: str) -> None:
        """Put the near end of the cable up or down."""
        run("ip", "-n", self.near, "link", "set", "near", state)

    def slow(self, rate: str) -> None:
        """Let no more than so much through, each way."""
        for end, link in ((self.near, "near"), (self.far, "far")):
            shape = ["tbf", "rate", rate, "burst", "3000", "latency", "300ms"]
            run("ip", "netns", "exec", end, "tc", "qdisc", "add", "dev", link, "root", *shape)

    def heal(self) -> None:
        """Take every fault away."""
        for end, link in ((self.near, "near"), (self.far, "far")):
            run("ip", "netns", "exec", end, "iptables", "-F")
            command = ["ip", "netns", "exec", end, "tc", "qdisc", "del", "dev", link, "root"]
            subprocess.run(command, capture_output=True, check=False)  # there may be none
        self.link("up")

    def listening(self) -> socket.socket:
        """A socket that listens on the far island."""
        made: list[socket.socket] = []

        def listen() -> None:
            with Path("/run/netns", self.far).open("rb") as island:
                if ctypes.CDLL(None, use_errno=True).setns(island.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            made.append(socket.create_server((FAR, 0)))

        thread = threading.Thread(target=listen)  # it alone moves there, and ends
        thread.start()
        thread.join()
        return made[0]

    def close(self) -> None:
        """Sink both."""
        for end in (self.near, self.far):
            run("ip", "netns", "del", end)


@contextmanager
def two_islands() -> Iterator[Islands]:
    """Two islands for one test."""
    islands = Islands()
    try:
        yield islands
    finally:
        islands.close()
