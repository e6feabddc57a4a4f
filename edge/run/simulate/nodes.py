"""Nodes: a site's etcd as the simulator has it, one map that everybody sees as the last change left it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import NamedTuple

from sync.site.gateway import Json


class Kept(NamedTuple):
    """One key: what it says, since which revision it is there, and when it was last changed."""

    value: bytes
    made: int
    changed: int


class Nodes:
    """Answers ``kv/range``, ``kv/txn`` and ``kv/deleterange`` as etcd's gateway does, each whole."""

    def __init__(self) -> None:
        """Begin with an empty book."""
        self.book = 1
        """How many there were: one that is set up anew in the old one's place is another."""
        self._keys: dict[str, Kept] = {}
        self._revision = 1

    def begin_anew(self) -> None:
        """Lose all of it, as nodes do that are set up anew."""
        self._keys, self._revision, self.book = {}, 1, self.book + 1

    def ask(self, path: str, body: Json) -> Json:
        """Do what is asked; return the answer, with 64-bit numbers as text and without what is empty."""
        doers: dict[str, Callable[[Json], Json]] = {
            "kv/range": self._range,
            "kv/txn": self._transaction,
            "kv/deleterange": self._alone(self._delete),
        }
        said = doers[path](body)
        return {"header": {"revision": str(self._revision)}, **said}

    def _range(self, asked: Json) -> Json:
        since = int(asked.get("min_mod_revision", "0"))
        found = [key for key in self._named(asked) if self._keys[key].changed >= since]
        if asked.get("sort_order") == "DESCEND":
            found.reverse()
        most = int(asked.get("limit", "0")) or len(found)
        said: Json = {"count": str(len(found))}
        if found:
            said["kvs"] = [self._told(key, bare=asked.get("keys_only", False)) for key in found[:most]]
        if len(found) > most:
            said["more"] = True
        return said

    def _transaction(self, asked: Json) -> Json:
        holds = all(self._holds(one) for one in asked.get("compare", ()))
        acts = asked.get("success" if holds else "failure", ())
        said: Json = {"succeeded": True} if holds else {}
        return {**said, "responses": self._alone(self._acts)({"acts": acts})["responses"]}

    def _acts(self, asked: Json) -> Json:
        doers = {
            "request_range": ("response_range", self._range),
            "request_put": ("response_put", self._put),
            "request_delete_range": ("response_delete_range", self._delete),
        }
        done = []
        for act in asked["acts"]:
            [(name, body)] = act.items()
            answer, do = doers[name]
            done.append({answer: do(body)})
        return {"responses": done}

    def _alone(self, act: Callable[[Json], Json]) -> Callable[[Json], Json]:
        """Return an act under one revision of its own, which passes only if something was changed."""

        def whole(asked: Json) -> Json:
            before = {**self._keys}
            self._revision += 1
            said = act(asked)
            if self._keys == before:
                self._revision -= 1
            return said

        return whole

    def _put(self, asked: Json) -> Json:
        key = _text(asked["key"])
        before = self._keys.get(key)
        made = before.made if before is not None else self._revision
        self._keys[key] = Kept(base64.b64decode(asked["value"]), made, self._revision)
        return {}

    def _delete(self, asked: Json) -> Json:
        gone = self._named(asked)
        for key in gone:
            del self._keys[key]
        return {"deleted": str(len(gone))}

    def _holds(self, compare: Json) -> bool:
        known = self._keys.get(_text(compare["key"]))
        if compare["target"] == "CREATE":
            return (known.made if known else 0) == int(compare["create_revision"])
        if compare["target"] == "VALUE":
            return known is not None and known.value == base64.b64decode(compare["value"])
        return (known.changed if known else 0) == int(compare["mod_revision"])

    def _named(self, asked: Json) -> list[str]:
        """Return the keys from ``key`` up to ``range_end``, or just the one, in order."""
        begin = _text(asked["key"])
        if "range_end" not in asked:
            return [begin] if begin in self._keys else []
        end = _text(asked["range_end"])
        return [key for key in sorted(self._keys) if begin <= key < end]

    def _told(self, key: str, *, bare: bool) -> Json:
        known = self._keys[key]
        said = {"key": _coded(key.encode()), "create_revision": str(known.made)}
        value = {} if bare or not known.value else {"value": _coded(known.value)}
        return {**said, "mod_revision": str(known.changed), **value}


def _text(coded: str) -> str:
    return base64.b64decode(coded).decode()


def _coded(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")
