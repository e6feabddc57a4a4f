"""The radio: BlueZ with nothing on air, heard through the real bleak by a bus of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from hardware.virtual.radio.bluez import Advert, Bluez
from hardware.virtual.radio.bus import private_bus

__all__ = ["Advert", "Bluez", "Radio", "private_bus"]
CALL_S_MAX = 10
T = TypeVar("T")


class Radio:
    """The daemon in a loop and a thread of its own, to be told from any other thread."""

    def __init__(self, address: str, *adapters: str, monitors: bool = True) -> None:
        """Stand on the bus at ``address``; nothing answers before ``start``."""
        self.address, self.bluez = address, Bluez(*adapters, monitors=monitors)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="radio", daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Have the daemon answer."""
        self._await(self.bluez.start(self.address))

    def crash(self) -> None:
        """Kill the daemon."""
        self._await(self.bluez.crash())

    def close(self) -> None:
        """End daemon and thread; harmless if repeated."""
        if self._thread.is_alive():
            self.crash()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=CALL_S_MAX)
            self._loop.close()

    def do(self, act: Callable[[Bluez], T]) -> T:
        """Do something to the daemon in its own thread; returns when the bus has what it said of it."""

        async def inside() -> T:
            made = act(self.bluez)
            await self.bluez.settled()
            return made

        return self._await(inside())

    def hear(self, *adverts: Advert) -> None:
        """Have advertisements arrive, one after the other."""
        self.do(lambda bluez: bluez.hear(*adverts))

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        waiting: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return waiting.result(timeout=CALL_S_MAX)
