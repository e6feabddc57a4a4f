"""Tests speak to this machine only: any other address is as unreachable as with the cable pulled."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

INTERNET = (socket.AF_INET, socket.AF_INET6)


def is_local(family: int, address: object) -> bool:
    """Whether connecting there stays on this machine; names other than localhost do not."""
    if family not in INTERNET or not isinstance(address, tuple):
        return True
    host = str(address[0]).partition("%")[0]
    try:
        return ipaddress.ip_address(host).is_loopback or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host in ("localhost", "")


@contextmanager
def loopback_only() -> Iterator[None]:
    """Refuse every connection of this process that would leave the machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: socket._Address) -> None:
        if not is_local(self.family, address):
            raise OSError(errno.ENETUNREACH, f"tests reach loopback only, not {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield
