"""The wire as the simulator has it: the client's own line, over weather in place of a socket."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace
from typing import TypeVar

import msgspec

from edge.run.simulate.platform import Central
from edge.run.simulate.weather import Fate, Weather
from sync.client.line import Exchange, Line, TimedOut, Unreachable
from sync.signing import public_half

M = TypeVar("M", bound=msgspec.Struct)
SIGNATURE = "simulated"
_encode = msgspec.msgpack.Encoder().encode


class Wire(Line):
    """One device's way to central: each exchange has a fate, and takes its time."""

    def __init__(
        self,
        number: int,
        central: Central,
        weather: Weather,
        *,
        passes: Callable[[int], None],
        carried: Callable[[msgspec.Struct, int], None],
    ) -> None:
        """Tell ``passes`` how long each exchange took, and ``carried`` of each message and its octets."""
        self._number, self._far, self._weather = number, central, weather
        self._passes, self._carried = passes, carried
        self._central = public_half(central.voice.private_key)
        self.took_ms = 0
        self.sent_bytes = 0

    def post(self, path: str, message: msgspec.Struct, kind: type[M], *, wait_s: float = 0.0) -> M:
        """Send a message, return the answer, if there is one."""
        body = _encode(message)
        self._carried(message, len(body))
        return self._exchange(lambda: self._far.post(self._number, path, body), kind)

    def get(self, exchange: Exchange, kind: type[M]) -> M:
        """Ask for a message, return it."""
        return self._exchange(lambda: self._far.page(exchange), kind)

    def stream(  # type: ignore[override]  # it is read as an answer is, without the web's library
        self, path: str, media: str
    ) -> SimpleNamespace:
        """Ask for the whole site."""
        fate = self._weather.fate(self._number)
        if fate is not Fate.THROUGH:
            raise Unreachable
        packed, encoding = self._far.snapshot(SIGNATURE)
        raw, asked = BytesIO(packed), SimpleNamespace(headers={"Signature": SIGNATURE})

        def read(size: int, **_: object) -> bytes:
            return raw.read(size)

        return SimpleNamespace(
            raw=SimpleNamespace(read=read),
            headers={"Content-Encoding": encoding},
            request=asked,
            close=raw.close,
        )

    def _exchange(self, ask: Callable[[], bytes], kind: type[M]) -> M:
        fate = self._weather.fate(self._number)
        self.took_ms = self._weather.took_ms()
        if fate is Fate.LOST:
            raise Unreachable
        if fate is Fate.LATE:
            self._weather.delay(ask)
            raise TimedOut
        answer = ask()
        if fate is Fate.TWICE:
            answer = ask()
        if fate is Fate.UNANSWERED:
            raise TimedOut
        self._passes(self.took_ms)
        told = msgspec.msgpack.decode(answer, type=kind)
        self._carried(told, len(answer))
        return told
