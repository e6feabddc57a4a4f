"""Where a server listens: central begins by this as well, without a screen of the house."""

from __future__ import annotations

import socket

UNACKNOWLEDGED_MS_MAX = 20_000
"""A client that takes nothing for so long is cut off by the kernel, else it would hold its thread."""


def listening_socket(host: str, port: int) -> socket.socket:
    """Return a bound socket for waitress's ``sockets``; connections inherit its limit on silent clients."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS_MAX)
    bound.bind((host, port))
    return bound
