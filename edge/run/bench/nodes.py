"""Three real nodes of etcd on this machine, for measurements and for whoever tries the site's book."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from edge.run.bench.figures import BenchError
from sync.client import Cable
from sync.site import Gateway, Unanswered
from sync.site.gateway import Json

COUNT = 3
READY_S_MAX = 30.0
ASK_S = 0.3
ELECTION_MS = 1_000
HEARTBEAT_MS = 100
PROGRAM = "etcd"


class Nodes:
    """A cluster on loopback, each node in a folder of its own; they can be killed, held and started again."""

    def __init__(
        self, folder: Path, *, cable: Cable | None = None, tls: Mapping[str, str] | None = None
    ) -> None:
        """Start all three, and wait until they have agreed on a leader.

        ``tls`` are etcd's own options by which it asks for certificates; ``cable`` then shows one.
        """
        program = shutil.which(PROGRAM)
        if program is None:
            raise BenchError("There is no etcd here.", hint="apt-get install etcd-server")
        self._program, self._folder = program, folder
        ports = _free_ports(2 * COUNT)
        self._cable, self._tls = cable or Cable(), dict(tls or {})
        scheme = "https" if self._tls else "http"
        self.urls = tuple(f"{scheme}://127.0.0.1:{port}" for port in ports[:COUNT])
        self._peers = tuple(f"http://127.0.0.1:{port}" for port in ports[COUNT:])
        self.processes: dict[int, subprocess.Popen[bytes]] = {}
        for number in range(COUNT):
            self.start(number)
        self.await_leader()

    def start(self, number: int) -> None:
        """Start one node, with whatever it kept."""
        log = (self._folder / f"node-{number}.log").open("ab")
        with log:
            self.processes[number] = subprocess.Popen(  # noqa: S603 - the program that was looked up
                [self._program, *_words(self._arguments(number))],
                stdout=log, stderr=log, cwd=self._folder,
            )  # fmt: skip

    def kill(self, number: int) -> None:
        """Kill one node, as the kernel would."""
        process = self.processes.pop(number)
        process.kill()
        process.wait()

    def hold(self, number: int, *, held: bool) -> None:
        """Stop one node in its tracks, or let it go on."""
        self.processes[number].send_signal(signal.SIGSTOP if held else signal.SIGCONT)

    def leader(self) -> int | None:
        """Return which node leads, as those that run say."""
        for number in self.processes:
            try:
                said = self._ask(number)
            except Unanswered:
                continue
            if said.get("leader", "0") == said["header"]["member_id"]:
                return number
        return None

    def await_leader(self) -> int:
        """Return which node leads once one does and all that run know it."""
        until = time.monotonic() + READY_S_MAX
        pause = 0.05
        while time.monotonic() < until:
            found = self.leader()
            if found is not None and self._agree(found):
                return found
            time.sleep(pause)
        raise BenchError("The nodes of etcd found no leader.", hint=f"Look into {self._folder}.")

    def close(self) -> None:
        """End all of them."""
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def _agree(self, leader: int) -> bool:
        try:
            led = {self._ask(number).get("leader", "0") for number in self.processes}
            return led == {self._ask(leader)["header"]["member_id"]}
        except Unanswered:
            return False

    def _ask(self, number: int) -> Json:
        gateway = Gateway([self.urls[number]], self._cable)
        return gateway.call("maintenance/status", {}, ASK_S)

    def _arguments(self, number: int) -> Mapping[str, str]:
        cluster = ",".join(f"node-{each}={peer}" for each, peer in enumerate(self._peers))
        return {
            "name": f"node-{number}",
            "data-dir": str(self._folder / f"node-{number}"),
            "listen-client-urls": self.urls[number],
            "advertise-client-urls": self.urls[number],
            "listen-peer-urls": self._peers[number],
            "initial-advertise-peer-urls": self._peers[number],
            "initial-cluster": cluster,
            "heartbeat-interval": str(HEARTBEAT_MS),
            "election-timeout": str(ELECTION_MS),
            "auto-compaction-retention": "1h",
            "log-level": "error",
            **self._tls,
        }


def _words(arguments: Mapping[str, str]) -> list[str]:
    return [f"--{key}={value}" for key, value in arguments.items()]


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody has at this moment."""
    lines = [socket.socket() for _ in range(count)]
    try:
        for line in lines:
            line.bind(("127.0.0.1", 0))
        return [int(line.getsockname()[1]) for line in lines]
    finally:
        for line in lines:
            line.close()
