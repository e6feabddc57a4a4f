"""A web server in a thread of its own: started on a bound socket, stopped within a moment."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server

from edge.errors import PolsoError
from edge.run.network import WILD
from kiosk.listening import listening_socket

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = logging.getLogger(__name__)
STOP_S_MAX = 1.0
WAITING_EVERY_S = 60.0
HUNG_UP = "Socket error"
"""What waitress says of a line that broke, with a traceback of its own code below it."""
REMEDIES = {
    errno.EADDRINUSE: "Stop what listens there, or choose another port; 0 takes any free one.",
    errno.EACCES: "Ports below 1024 are root's: choose a higher one.",
}


class CannotListen(PolsoError):
    """Nobody can be served at this address."""

    hint = "Name an address of this machine, 127.0.0.1 for itself alone, or 0.0.0.0 for its whole network."


def listen(host: str, port: int) -> socket.socket:
    """Take an address for a server, or say why it cannot be had."""
    try:
        return listening_socket(host, port)
    except OSError as error:
        hint = REMEDIES.get(error.errno or 0, "")
        raise CannotListen(f"Cannot listen at {host}:{port}: {error.strerror}.", hint=hint) from error


def address_of(host: str, port: int) -> str:
    """Return the http address of what listens there, as this machine reaches it."""
    own = "127.0.0.1" if host in WILD else host
    return f"http://{f'[{own}]' if ':' in own else own}:{port}"


class Connection(HTTPChannel):  # type: ignore[misc] # waitress brings no types
    """A client's line: what cannot be read ends it, and says so in one line of the log."""

    def handle_error(self) -> None:
        """Hang up: waitress would print the path through its own code, for anybody's junk."""
        LOG.warning("web.unreadable cause=%s", type(sys.exc_info()[1]).__name__)
        self.handle_close()


def in_one_line(record: logging.LogRecord) -> bool:
    """Say of a line that broke what broke it, and no more; all else that waitress says stays as it is."""
    if record.msg == HUNG_UP and record.exc_info:
        cause = record.exc_info[1]
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = "web.hung_up cause=%s detail=%s", (type(cause).__name__, cause)
        record.exc_info = None
    return True


class Seldom:
    """Lets a message through once in so many seconds: waitress says of each request that it has to wait."""

    def __init__(self, every_s: float) -> None:
        """Begin with one that is due."""
        self._every_s, self._last_s = every_s, float("-inf")

    def __call__(self, record: logging.LogRecord) -> bool:
        """Say whether this one is due."""
        now_s = time.monotonic()
        due = now_s - self._last_s >= self._every_s
        if due:
            self._last_s = now_s
        return due


WAITING = Seldom(WAITING_EVERY_S)


def by_the_loop(server: BaseWSGIServer, act: Callable[[], None]) -> None:
    """Let a server's own thread do something, and wake it.

    waitress's ``pull_trigger`` gives that thread time between the word and the bell. If somebody else rings
    then, an act that closes everything is over before our bell: its descriptor is nobody's, or another's.
    """
    bell = server.trigger
    with bell.lock:  # acts are done under it
        bell.thunks.append(act)
        bell.pull_trigger()


class Web:
    """Serves one WSGI app by waitress; open streams never keep it from stopping."""

    def __init__(self, app: WSGIApplication, bound: socket.socket, options: dict[str, Any]) -> None:
        """Prepare to serve ``app`` on a bound socket with waitress's own ``options``."""
        self._port: int = bound.getsockname()[1]
        self._host: str = bound.getsockname()[0]
        self._server = create_server(app, sockets=[bound], **options)
        self._server.channel_class = Connection
        logging.getLogger("waitress").addFilter(in_one_line)
        logging.getLogger("waitress.queue").addFilter(WAITING)
        self._thread = threading.Thread(target=self._server.run, name=f"web-{self._port}", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return address_of(self._host, self._port)

    @property
    def port(self) -> int:
        """The port it listens at."""
        return self._port

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and the socket; a thread still inside a request is left to end by itself."""
        if not self._thread.is_alive():
            self._server.close()
            return
        # Sockets belong to the loop's thread. The trigger is closed last: a thread that still answers pulls
        # it to be heard, finds its channel closed, and ends as it does when any client hangs up.
        closed = threading.Event()
        by_the_loop(self._server, lambda: self._hang_up(closed))
        closed.wait(STOP_S_MAX)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=STOP_S_MAX)
        by_the_loop(self._server, lambda: wasyncore.close_all(self._server._map))
        self._thread.join(timeout=STOP_S_MAX)

    def _hang_up(self, closed: threading.Event) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.accepting = False
        self._server.del_channel()
        self._server.socket.close()
        closed.set()
