"""A remote reader: a small device with readers, gates and lights, and an edge elsewhere that decides."""

from __future__ import annotations

import logging
from pathlib import Path

from msgspec.structs import replace

from edge.config import Config
from edge.core.decision import Outcome
from edge.keys.source import write_whole
from edge.run import actuators
from edge.run.tls import cable_for
from edge.run.waiting import until_stopped
from edge.service.tell import SIGNALS
from hardware import registry
from hardware.port import DeviceError, Gate, Light, Passage, Report, Signal, Tap
from hardware.supervisor import Fleet
from sync.client import Cable
from sync.remote import Away, EdgeLine, NotIts, Presented, Verdict

LOG = logging.getLogger("polso.reader")
ANSWER_S_MAX = 3.0
"""So long a guest stands and waits; what is answered later opens nothing."""
AWAY_HOLD_S = 5.0
AGAIN_HOLD_S = 2.0


class RemoteReader:
    """Forwards taps and does as it is told; without an answer no gate opens, and the light says so."""

    def __init__(self, config: Config, line: EdgeLine) -> None:
        """Build what the configuration names; nothing is opened before ``start``."""
        self._line = line
        self._points = {reader.name: reader.point for reader in config.readers}
        self.gates = actuators.gates(config.gates, _unheard)
        self.lights = actuators.lights(config.lights)
        self.readers = {
            one.name: registry.build(one.driver, one.name, one.settings, keys=no_keys)
            for one in config.readers
        }
        self._fleet = Fleet(self.readers, self.report)
        self._lost = False

    def start(self) -> None:
        """Begin to read."""
        self._fleet.start()

    def stop(self) -> None:
        """Stop reading, then leave the gates as they are at rest."""
        self._fleet.stop()
        for gate in self.gates.values():
            gate.close()

    def report(self, report: Report) -> None:
        """Take what a reader reports; a band that could not be read is asked for again, here and now."""
        if not isinstance(report, Tap):
            return
        point = self._points.get(report.reader, report.reader)
        if report.fault is not None or not report.uid:
            self._show(point, Signal.AGAIN, AGAIN_HOLD_S)
            return
        try:
            verdict = self._line.present(_asked(report), ANSWER_S_MAX)
        except (Away, NotIts) as error:
            self._lose(error)
            self._show(point, Signal.OUT_OF_SERVICE, AWAY_HOLD_S)
            return
        self._lost = False
        self._obey(point, verdict)

    def _obey(self, point: str, verdict: Verdict) -> None:
        gate: Gate | None = self.gates.get(point)
        if gate is not None and verdict.outcome is Outcome.GRANTED and verdict.seq > 0:
            try:
                gate.open(verdict.tap_id, verdict.seq, verdict.people)
            except (DeviceError, OSError) as error:
                LOG.warning("the gate at %s does not obey: %s", point, error)
        self._show(point, *SIGNALS[verdict.family])

    def _show(self, point: str, signal: Signal, hold_s: float) -> None:
        light: Light | None = self.lights.get(point)
        if light is None:
            return
        try:
            light.show(signal, hold_s)
        except (DeviceError, OSError) as error:
            LOG.warning("the light at %s does not obey: %s", point, error)

    def _lose(self, error: Away | NotIts) -> None:
        if not self._lost:
            LOG.warning("%s %s", error, error.hint)
        self._lost = True


def serve(config: Config, url: str, *, code: str, token: Path, ca: str = "") -> None:
    """Run until told to stop; ``code`` enrols this reader first and keeps its token in a file."""
    way = replace(config.central, ca=ca or config.central.ca)  # the edge's own authority is not central's
    line = line_to(url, cable_for(way, url), code=code, token=token)
    reader = RemoteReader(config, line)
    until_stopped(reader.stop, started=reader.start)


def line_to(url: str, cable: Cable, *, code: str, token: Path) -> EdgeLine:
    """Return the line to an edge, under the token that a code buys or that an earlier one bought."""
    if not code:
        try:
            return EdgeLine(url, cable, token.read_text(encoding="ascii").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise NotIts(f"{token} holds no token: {error}.") from error
    line = EdgeLine(url, cable)
    bought = line.enrol(code)
    write_whole(token, bought.encode("ascii"))
    return line


def no_keys(uid: bytes, key_no: int) -> None:
    """No band's key leaves an edge: what a remote reader reads proves its number, and no more."""


def _unheard(passage: Passage) -> None:
    """Whether somebody passed is seen by nobody here: the edge counts what it let in."""
    LOG.info("passage gate=%s passed=%s", passage.gate, passage.passed)


def _asked(tap: Tap) -> Presented:
    return Presented(
        tap_id=tap.tap_id,
        seq=tap.seq,
        uid=tap.uid.hex(),
        trust=max(1, int(tap.trust)),
        counter=tap.counter,
        product=tap.product,
    )
