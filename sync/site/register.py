"""Register: one key of the site's book, changed only as it was read, whose answers name their book."""

from __future__ import annotations

from typing import NamedTuple

from sync.site.gateway import Gateway, Pair, after, coded, pairs, ranges, unchanged


class Stand(NamedTuple):
    """What a key says, and which book says so."""

    pair: Pair | None
    cluster: str


class Swap(NamedTuple):
    """Whether a key was changed, and how it stands then: as it was put, or as somebody else left it."""

    done: bool
    stand: Stand


class Register:
    """Reads keys and changes them by compare-and-set on the revision: at most once for each that was read."""

    def __init__(self, gateway: Gateway) -> None:
        """Speak through a gateway."""
        self._gateway = gateway

    def read(self, key: str, wait_s: float) -> Stand:
        """Return how a key stands; raises ``Unanswered``."""
        said = self._gateway.call("kv/range", {"key": coded(key)}, wait_s)
        return Stand(next(iter(pairs(said.get("kvs"))), None), str(said["header"].get("cluster_id", "")))

    def names(self, prefix: str, wait_s: float) -> list[str]:
        """Return the keys that begin so; raises ``Unanswered``."""
        body = {"key": coded(prefix), "range_end": after(prefix), "keys_only": True}
        return [pair.key for pair in pairs(self._gateway.call("kv/range", body, wait_s).get("kvs"))]

    def swap(self, key: str, revision: int, value: bytes, *, wait_s: float) -> Swap:
        """Put a value where the key stands as at ``revision`` (0: is not there); nothing removes it.

        Raises ``Unanswered``: it may have been done, or be done later, and only a look can tell.
        """
        put = {"request_put": {"key": coded(key), "value": coded(value)}}
        gone = {"request_delete_range": {"key": coded(key)}}
        body = {
            "compare": [unchanged(key, revision)],
            "success": [put if value else gone],
            "failure": [{"request_range": {"key": coded(key)}}],
        }
        said = self._gateway.call("kv/txn", body, wait_s)
        head, done = said["header"], bool(said.get("succeeded"))
        mine = Pair(key, value, int(head.get("revision", "0"))) if value else None
        pair = mine if done else next(iter(ranges(said)), None)
        return Swap(done, Stand(pair, str(head.get("cluster_id", ""))))
