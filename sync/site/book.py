"""The site's book: rights used, and where bands are, under keys that only one tap can make."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from edge.core.entitlements import Use
from edge.core.site import Answer, Said, is_same, meaning
from sync.packing import UNREADABLE
from sync.site.gateway import Gateway, Pair, Unanswered, after, coded, created, pairs, ranges, says, unchanged

FOUND_MAX = 100
"""Uses of one right that are read beside a claim: the newest."""
FIRST_SHARE = 0.6
"""Of the time that there is: what is left afterwards is for reading back."""
WAIT_S = 2.0
"""What a call may take that nobody stands and waits for."""
TRIES_MAX = 5
NAME_BYTES = 8


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One use as the site keeps it: whose, by which tap, and which life of that device says so."""

    use: Use
    incarnation: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


class Keys(NamedTuple):
    """Where things stand in etcd; the site comes first."""

    site: str

    def all(self) -> str:
        """Return what every key begins with."""
        return f"polso/{self.site}/"

    def uses(self) -> str:
        """Return what keys of uses begin with."""
        return f"{self.all()}use/"

    def right(self, right: str) -> str:
        """Return what keys of one right's uses begin with."""
        return f"{self.uses()}{right}/"

    def use(self, use: Use) -> str:
        """Return the key of one use: whichever device makes it first has it."""
        return f"{self.right(use.entitlement)}{use.ordinal:06d}"

    def band(self, band: bytes) -> str:
        """Return the key of where a band is."""
        return f"{self.bands()}{band.hex()}"

    def bands(self) -> str:
        """Return what keys of bands' whereabouts begin with."""
        return f"{self.all()}band/"

    def wants(self) -> str:
        """Return what keys of money that is lacking somewhere begin with."""
        return f"{self.all()}want/"

    def states(self) -> str:
        """Return what keys of bands' states begin with."""
        return f"{self.all()}state/"

    def blocks(self) -> str:
        """Return what keys of wallets that are blocked begin with."""
        return f"{self.all()}block/"

    def head(self, device: str) -> str:
        """Return the key of a device's newest checkpoint."""
        return f"{self.all()}head/{device}"

    def name(self) -> str:
        """Return the key of the name that a book is given when it is begun."""
        return f"{self.all()}name"


class SiteBook:
    """Claims, gives back and tells; nothing here is a record, every fact in it is in some journal."""

    def __init__(
        self,
        gateway: Gateway,
        site: str,
        *,
        incarnation: int,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep ``site``'s book through a gateway; ``monotonic_s`` is the clock that waits are counted by."""
        self._gateway, self.keys, self._incarnation = gateway, Keys(site), incarnation
        self._monotonic_s = monotonic_s

    def claim(self, uses: tuple[Use, ...], wait_s: float) -> Answer:
        """Create all of these uses or none, and say what came of it; never creates a second time."""
        until = self._monotonic_s() + wait_s
        rights = sorted({use.entitlement for use in uses})
        body = {
            "compare": [created(self.keys.use(use)) for use in uses],
            "success": [self._put(use) for use in uses],
            "failure": [{"request_range": self._newest(right)} for right in rights],
        }
        try:
            said = self._gateway.call("kv/txn", body, wait_s * FIRST_SHARE)
        except Unanswered as error:
            if not error.sent:
                return Answer(Said.UNREACHABLE)
            return self._read_back(uses, until)
        if said.get("succeeded"):
            return Answer(Said.MINE, uses)
        return self._confirmed(uses, entries(ranges(said)), until)

    def _read_back(self, uses: tuple[Use, ...], until: float) -> Answer:
        """Find out by the taps' own ids what became of a claim that nobody answered."""
        left, rights = until - self._monotonic_s(), sorted({use.entitlement for use in uses})
        if left <= 0:
            return Answer(Said.UNREACHABLE)
        body = {"success": [{"request_range": self._newest(right)} for right in rights]}
        try:
            said = self._gateway.call("kv/txn", body, left)
        except Unanswered:
            return Answer(Said.UNREACHABLE)
        found = entries(ranges(said))
        if {entry.use for _, entry in found}.issuperset(uses):
            return Answer(Said.MINE, tuple(entry.use for _, entry in found))  # what was just sent has arrived
        return self._confirmed(uses, found, until)

    def _confirmed(self, uses: tuple[Use, ...], found: list[tuple[Pair, Entry]], until: float) -> Answer:
        """Say what it means that these stand there; what an earlier asking left of ours is written anew.

        The tap that asked then came to nothing, as in a device that was killed: who takes that for a stray
        has read it before, and frees it at the revision that it had, or at the time of that scan.
        """
        answer = meaning(uses, [entry.use for _, entry in found])
        left = until - self._monotonic_s()
        if answer.said is not Said.MINE:
            return answer
        stood = {pair.key: pair.revision for pair, _ in found}
        keys = [self.keys.use(use) for use in uses]
        body = {
            "compare": [unchanged(key, stood[key]) for key in keys],
            "success": [self._put(use) for use in uses],
        }
        try:
            if left > 0 and self._gateway.call("kv/txn", body, left).get("succeeded"):
                return answer
        except Unanswered:
            pass  # whether it is ours will be asked again
        return Answer(Said.UNREACHABLE)

    def free(self, use: Use, *, revision: int = 0) -> None:
        """Give one use back, if it is still this tap's and of that scan; raises ``Unanswered``.

        With the ``revision`` that it was read at only if nobody has written it anew since.

        Who has heard of it meanwhile goes on counting it: rather a guest to staff than two in by one right.
        """
        self._change(self.keys.use(use), lambda found: _freed(found, use, revision))

    def amend(self, use: Use) -> None:
        """Say what became of one use, if it is this tap's; raises ``Unanswered``."""
        self._change(self.keys.use(use), lambda found: self._amended(found, use))

    def forget(self, rights: Iterable[str], bands: Iterable[bytes]) -> None:
        """Take out all that names these rights and bands; raises ``Unanswered``."""
        keys = self.keys
        spans = [(keys.right(right), after(keys.right(right))) for right in rights]
        for band in bands:
            state = f"{keys.states()}{band.hex()}"
            spans += [(keys.band(band), after(keys.band(band))), (state, after(state))]
        for begin, end in spans:
            self._gateway.call("kv/deleterange", {"key": coded(begin), "range_end": end}, WAIT_S)

    def drop(self, pair: Pair) -> None:
        """Remove a key, if it says what it said when it was read; raises ``Unanswered``."""
        self._change(pair.key, lambda found: b"" if found == pair else None)

    def tell(self, key: str, told: Callable[[bytes | None], bytes | None]) -> None:
        """Change what a key says by a function of what it says now; raises ``Unanswered``."""
        self._change(key, lambda found: told(found.value if found else None))

    def all(self, since: int, prefix: str = "") -> tuple[list[Pair], int]:
        """Return what was changed from a revision on, and the revision that this was read at."""
        found: list[Pair] = []
        prefix = prefix or self.keys.all()
        key, revision = coded(prefix), 0
        while True:
            body = {"key": key, "range_end": after(prefix), "limit": "1000", "min_mod_revision": str(since)}
            if revision:
                body["revision"] = str(revision)
            said = self._gateway.call("kv/range", body, WAIT_S)
            revision = revision or int(said["header"]["revision"])
            page = pairs(said.get("kvs"))
            found += page
            if not page or not said.get("more"):
                return found, revision
            key = coded(page[-1].key + "\0")

    def pulse(self, wait_s: float) -> str:
        """Ask for what only a majority can say, the book's name; a book that has none is given one.

        Nodes that are set up anew in the old ones' place have their cluster's id again: it follows from their
        addresses. The name does not come again.
        """
        name, key = secrets.token_bytes(NAME_BYTES), self.keys.name()
        body = {
            "compare": [created(key)],
            "success": [{"request_put": {"key": coded(key), "value": coded(name)}}],
            "failure": [{"request_range": {"key": coded(key)}}],
        }
        said = self._gateway.call("kv/range", {"key": coded(key)}, wait_s)
        known = pairs(said.get("kvs"))
        if not known:
            known = ranges(self._gateway.call("kv/txn", body, wait_s)) or [Pair(key, name, 0)]
        return known[0].value.hex()

    def prove_room(self, device: str, wait_s: float) -> None:
        """Change a key of this device's own; raises ``Unanswered`` where nodes are read and keep nothing.

        A full quota (NOSPACE) refuses what is written alone: the site would seem to agree, to nothing.
        """
        put = {"request_put": {"key": coded(f"{self.keys.all()}room/{device}"), "value": coded("1")}}
        self._gateway.call("kv/txn", {"success": [put]}, wait_s)

    def renamed(self, former: str, wait_s: float) -> str:
        """Give a book that went back another name, unless somebody did; return the name that it has now.

        Whatever was on its way in the one that went back is another book's from now on, at every device.
        """
        key, name = self.keys.name(), secrets.token_bytes(NAME_BYTES)
        body = {
            "compare": [says(key, bytes.fromhex(former))],
            "success": [{"request_put": {"key": coded(key), "value": coded(name)}}],
        }
        self._gateway.call("kv/txn", body, wait_s, anew=True)
        return self.pulse(wait_s)

    def stands(self, *, at_least: int = 0) -> int:
        """Return the highest revision that was seen; ``at_least`` is what a former run had seen."""
        self._gateway.newest = max(self._gateway.newest, at_least)
        return self._gateway.newest

    def _change(self, key: str, change: Callable[[Pair | None], bytes | None]) -> None:
        """Compare and set by the revision that was read; None leaves it as it is, empty removes it."""
        for _ in range(TRIES_MAX):
            said = self._gateway.call("kv/range", {"key": coded(key)}, WAIT_S)
            found = next(iter(pairs(said.get("kvs"))), None)
            value = change(found)
            if value is None:
                return
            put = {"request_put": {"key": coded(key), "value": coded(value)}}
            gone = {"request_delete_range": {"key": coded(key)}}
            revision = found.revision if found else 0
            body = {"compare": [unchanged(key, revision)], "success": [put if value else gone]}
            if self._gateway.call("kv/txn", body, WAIT_S).get("succeeded"):
                return
        raise Unanswered(f"{key} changes too often", sent=False)

    def _amended(self, found: Pair | None, use: Use) -> bytes | None:
        held = _entry(found)
        if held is None or not is_same(held.use, use) or held.use.redemption == use.redemption:
            return None
        return _encode(Entry(use, self._incarnation))

    def _put(self, use: Use) -> dict[str, dict[str, str]]:
        value = _encode(Entry(use, self._incarnation))
        return {"request_put": {"key": coded(self.keys.use(use)), "value": coded(value)}}

    def _newest(self, right: str) -> dict[str, str]:
        prefix = self.keys.right(right)
        return {
            "key": coded(prefix),
            "range_end": after(prefix),
            "limit": str(FOUND_MAX),
            "sort_order": "DESCEND",
            "sort_target": "KEY",
        }


def entries(found: Iterable[Pair]) -> list[tuple[Pair, Entry]]:
    """Return the uses among keys; what does not decode is none."""
    read = [(pair, _entry(pair)) for pair in found]
    return [(pair, entry) for pair, entry in read if entry is not None]


def _entry(found: Pair | None) -> Entry | None:
    if found is None:
        return None
    try:
        return _decode(found.value)
    except UNREADABLE:
        return None


def _freed(found: Pair | None, use: Use, revision: int) -> bytes | None:
    held = _entry(found)
    if found is None or held is None or revision not in (0, found.revision):
        return None
    return b"" if is_same(held.use, use) and held.use.scan_ms == use.scan_ms else None
