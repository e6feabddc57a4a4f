"""The network's view of this machine: the names and the address under which others may ask for it."""

from __future__ import annotations

import socket

WILD = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared, not bound
ELSEWHERE = ("192.0.2.1", 9)
"""An address of nobody (RFC 5737): asked only which way a packet would leave; none is sent."""


def own_address() -> str:
    """Return this machine's address on its network, or nothing if it has no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(ELSEWHERE)
        except OSError:
            return ""
        address: str = asked.getsockname()[0]
        return address


def names_for(host: str) -> tuple[str, ...]:
    """Return the names under which a browser may ask for a server that listens at ``host``."""
    if host not in WILD:
        return (f"[{host}]" if ":" in host else host,)
    name = socket.gethostname()
    return tuple(one for one in (own_address(), name, f"{name}.local") if one)


def seen_from_outside(url: str, host: str) -> str:
    """Return the address of a server of ours as other machines need it."""
    return url.replace("//127.0.0.1:", f"//{own_address() or '127.0.0.1'}:") if host in WILD else url
