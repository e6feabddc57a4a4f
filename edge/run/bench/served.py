"""The screens' server over a gatehouse, for measurements: real app, real waitress, screens enrolled."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType

from edge.run import outside, processor
from edge.run.bench import town
from edge.run.bench.figures import BenchError
from edge.run.bench.gatehouse import Gatehouse
from edge.run.web import Web
from kiosk.app import House, create_app, serve_options, streams_of
from kiosk.house import SCREENS_MAX, Settings
from kiosk.listening import listening_socket

CLIENT_S_MAX = 120


class Served:
    """A gatehouse with its screens' server; use it as a context."""

    def __init__(self, gatehouse: Gatehouse, screens_max: int = SCREENS_MAX) -> None:
        """Serve on a free port of loopback."""
        self.gatehouse = gatehouse
        house = House(
            service=gatehouse.service,
            staff=gatehouse.staff,
            feed=gatehouse.feed,
            health=gatehouse.health,
            clock=gatehouse.clock,
            settings=Settings(screens_max=screens_max),
            remote=lambda remote: gatehouse.service.present(outside.tap_of(remote), remote.point),
        )
        self.app = create_app(house)
        with processor.shared():
            self._web = Web(self.app, listening_socket("127.0.0.1", 0), serve_options(screens_max))

    def __enter__(self) -> Served:
        """Begin to answer."""
        with processor.shared():
            self._web.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop answering."""
        streams_of(self.app).end()
        self._web.stop()

    @property
    def port(self) -> int:
        """Where it answers."""
        return self._web.port

    def tokens(self, kind: str, count: int) -> list[tuple[str, str]]:
        """Enrol screens of a kind at the town's gate; returns (screen id, token) each."""
        staff = self.gatehouse.staff
        made = (staff.enrol_screen(staff.new_screen(kind, town.GATE)) for _ in range(count))
        return [(screen.id, token) for screen, token in made]


def ask(module: str, question: dict[str, object]) -> dict[str, list[float]]:
    """Run a client of this package in a process of its own: it must not share our interpreter's lock."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", module],
        input=json.dumps(question).encode(),
        capture_output=True,
        check=False,
        timeout=CLIENT_S_MAX,
    )
    if done.returncode:
        raise BenchError(f"The client failed: {done.stderr.decode()[-500:]}")
    answer: dict[str, list[float]] = json.loads(done.stdout)
    return answer
