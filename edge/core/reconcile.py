"""Reconciliation: of all devices' uses of one right, which stand and which are one too many."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from edge.core.entitlements import Redemption, Use

ScanKey = tuple[int, str, int, int]

_FINALITY = (Redemption.PENDING, Redemption.VALID, Redemption.UNDONE, Redemption.ANNULLED)
"""What is known later of a use outweighs what was known before, whatever arrives first."""


class Conflict(msgspec.Struct, frozen=True):
    """One passage too many (``duplicate_offline``) and the one it stands against; it accuses nobody."""

    use: Use
    stands: Use | None
    """The last use that stands; None where the right never had one."""
    uncertain: bool
    """The two clocks leave open which came first: the order is fixed all the same."""


class Reconciled(msgspec.Struct, frozen=True):
    """All uses of one right, judged: the same for every order and repetition of what arrived."""

    valid: tuple[Use, ...]
    duplicates: tuple[Conflict, ...]


def weightier(one: Use, other: Use) -> Use:
    """Return what is to be believed of two words about one use, in whatever order they come."""
    return max(one, other, key=_weight)


def settled(uses: Iterable[Use]) -> tuple[Use, ...]:
    """Return each use of one right once, by scan key: the last word on it counts, under its first number."""
    found: dict[tuple[str, int, str], Use] = {}
    for use in uses:
        key = (use.device, use.ordinal, use.tap_id)
        before = found.get(key, use)
        first = min(before.seq, use.seq)
        found[key] = weightier(replace(before, seq=first), replace(use, seq=first))
    return tuple(sorted(found.values(), key=scan_key))


def scan_key(use: Use) -> ScanKey:
    """Return what orders uses: scan time, device, number; several people of one tap by ordinal."""
    return use.scan_ms, use.device, use.seq, use.ordinal


def reconcile(uses: Iterable[Use], uses_max: int | None) -> Reconciled:
    """Judge the uses of one right that holds ``uses_max`` (None: without limit).

    The first by scan key stand, after undone and annulled ones are taken out; re-entries spend nothing.
    """
    known: dict[ScanKey, Use] = {}
    for use in uses:
        key = scan_key(use)
        known[key] = weightier(known.get(key, use), use)
    standing = [
        use for _, use in sorted(known.items()) if use.redemption <= Redemption.PENDING and not use.reentry
    ]
    limit = len(standing) if uses_max is None else max(uses_max, 0)
    valid, extra = standing[:limit], standing[limit:]
    last = valid[-1] if valid else None
    return Reconciled(tuple(valid), tuple(Conflict(use, last, _uncertain(last, use)) for use in extra))


def _weight(use: Use) -> tuple[int, bytes]:
    """Later knowledge weighs more; the bytes only make equal weights a total order."""
    return _FINALITY.index(use.redemption), msgspec.msgpack.encode(use)


def _uncertain(first: Use | None, second: Use) -> bool:
    if first is None or first.device == second.device:
        return False
    return second.scan_ms - first.scan_ms <= first.uncertainty_ms + second.uncertainty_ms
