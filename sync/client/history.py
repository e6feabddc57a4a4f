"""History: what this device and central each remember of a lane, and whether that can be one story."""

from __future__ import annotations

import msgspec

from edge.core.checkpoint import decoded
from edge.core.events import Lane
from edge.errors import Refused, StoreDamaged
from sync.client.ports import JournalReader
from sync.wire import Tip

LANES = tuple(Lane)


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """Whose journal it is."""

    site: str
    device: str
    incarnation: int = 1


class Frozen(Refused):
    """This device's history and central's do not agree: it must not go on under this key."""

    hint = "Keep the data folder, enrol the device anew from central's console and call support."


def demand_not_above(journal: JournalReader, lane: int, ack: int) -> None:
    """Stop where central holds more of a lane than there is here: this is an old copy of the device."""
    head = journal.head(lane).seq
    if ack > head:
        raise Frozen(f"Central holds {ack} of lane {lane}; here it ends at {head}: an old copy.")


def demand_same(journal: JournalReader, tip: Tip) -> None:
    """Stop where central's last event of a lane is not ours."""
    demand_not_above(journal, tip.lane, tip.seq)
    own = journal.one(tip.lane, tip.seq)
    if own is not None and own.h != tip.h:
        raise Frozen(f"Central holds another event {tip.seq} of lane {tip.lane}.")


def demand_seen(journal: JournalReader, sender: Sender, body: bytes | None) -> None:
    """Stop where this cannot be the journal that a checkpoint was made of which others keep."""
    seen = None if body is None else decoded(body)
    if seen is None or (seen.site, seen.device, seen.incarnation) != (
        sender.site,
        sender.device,
        sender.incarnation,
    ):
        return
    if why := journal.contradiction(seen):
        raise Frozen(f"An old copy or another history: {why}")


def hash_at(journal: JournalReader, lane: int, seq: int) -> bytes:
    """Return the hash at a sequence, also where only the anchor of what was pruned is left."""
    anchor = journal.anchor(lane)
    if seq == anchor.seq:
        return anchor.h
    event = journal.one(lane, seq)
    if event is None:
        raise StoreDamaged(f"Event {seq} of lane {lane} is not in the journal.")
    return event.h


def waiting_ms(journal: JournalReader, now_ms: int) -> int:
    """Return for how long the oldest event has waited that central is not known to hold; 0: none waits."""
    oldest = [
        events[0].hlc >> 16 for lane in LANES if (events := journal.range(lane, journal.acked(lane), 1))
    ]
    return max(0, now_ms - min(oldest)) if oldest else 0
