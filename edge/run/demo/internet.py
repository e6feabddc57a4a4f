"""The demo's internet: a relay between edge and central that can be cut like a cable."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress

CHUNK_BYTES_MAX = 64 * 1024
START_S_MAX = 5


class Internet:
    """Carries every byte from ``url`` to central at ``port`` until it is cut; both sides are on loopback."""

    def __init__(self, port: int) -> None:
        """Start relaying to 127.0.0.1:``port`` from a free port."""
        self._target = port
        self._up = True
        self._pairs: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._port = 0
        self._thread = threading.Thread(target=self._run, name="demo-internet", daemon=True)
        self._thread.start()
        if not self._ready.wait(START_S_MAX):
            raise OSError("the demo's relay to central did not start")

    @property
    def url(self) -> str:
        """Where the edge finds central."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def up(self) -> bool:
        """Whether bytes pass."""
        return self._up

    def set(self, up: bool) -> None:
        """Cut the cable, in the middle of whatever is said, or mend it."""
        self._up = up
        if not up:
            self._loop.call_soon_threadsafe(self._abort)

    def close(self) -> None:
        """End the relay."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout=1)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._carry, "127.0.0.1", 0))
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            self._abort()
            waiting = asyncio.all_tasks(self._loop)
            for task in waiting:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*waiting, return_exceptions=True))
            self._loop.close()

    def _abort(self) -> None:
        for writer in list(self._pairs):
            writer.transport.abort()

    async def _carry(self, near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        self._pairs.add(answer)
        try:
            if not self._up:
                return
            far, ask = await asyncio.open_connection("127.0.0.1", self._target)
            self._pairs.add(ask)
            try:
                await asyncio.gather(_pump(near, ask), _pump(far, answer))
            finally:
                self._pairs.discard(ask)
                ask.transport.abort()
        except OSError:
            # Central is not there, or a side hung up: to the edge both look as a cable does.
            return
        finally:
            self._pairs.discard(answer)
            answer.transport.abort()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK_BYTES_MAX):
        sink.write(chunk)
        await sink.drain()
    with suppress(OSError):
        sink.write_eof()
