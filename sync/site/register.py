"""Register: one key of the site's book, changed only as it was read, whose answers name their book."""

from __future__ import annotations

from typing import NamedTuple

from sync.site.gateway import Gateway, Json, Pair, after, coded, pairs, ranges, unchanged


class Stand(NamedTuple):
    """What a key says, and which book says so."""

    pair: Pair | None
    book: str


class Swap(NamedTuple):
    """Whether a key was changed, and how it stands then: as it was put, or as somebody else left it."""

    done: bool
    stand: Stand


class Register:
    """Reads keys and changes them by compare-and-set on the revision: at most once for each that was read."""

    def __init__(self, gateway: Gateway, name: str) -> None:
        """Speak through a gateway; every answer is read together with the key that says the book's name."""
        self._gateway = gateway
        self._name = name

    def read(self, key: str, wait_s: float) -> Stand:
        """Return how a key stands; raises ``Unanswered``."""
        said = self._gateway.call("kv/txn", {"success": [_looked(key), _looked(self._name)]}, wait_s)
        return self._stand(key, ranges(said))

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
            "success": [put if value else gone, _looked(self._name)],
            "failure": [_looked(key), _looked(self._name)],
        }
        said = self._gateway.call("kv/txn", body, wait_s)
        done, found = bool(said.get("succeeded")), ranges(said)
        if done and value:
            found = [*found, Pair(key, value, int(said["header"].get("revision", "0")))]
        return Swap(done, self._stand(key, found))

    def _stand(self, key: str, found: list[Pair]) -> Stand:
        known = {pair.key: pair for pair in found}
        name = known.get(self._name)
        return Stand(known.get(key), name.value.hex() if name else "")


def _looked(key: str) -> Json:
    return {"request_range": {"key": coded(key)}}
