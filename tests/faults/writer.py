"""A child that journals taps as fast as it can and tells each durable number on its standard output."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from edge.clock import Clock
from edge.core.events import Acted, Kind
from edge.sequencer import Sequencer, Transaction
from edge.store.state import Store
from tests.store.house import OWNER, a_band

LANES = 4


def tap(sequencer: Sequencer, number: int, lane: int) -> int:
    """Journal one tap with a use, an answer and a small thing, as a gate does."""
    band = a_band(number)

    def act(tx: Transaction) -> int:
        seq = tx.append(Kind.DECIDED, Acted(tap_id=f"tap-{lane}-{number}"), band=band)
        tx.keep_answer(f"tap-{lane}-{number}", seq.to_bytes(8, "big"))
        tx.put("last", str(lane), seq.to_bytes(8, "big"))
        return seq

    return sequencer.submit(act)


def run(folder: Path) -> None:
    """Tell ``<seq> <lane> <number>`` of each tap once it is durable, until killed."""
    sequencer = Sequencer(
        Store(folder), Clock(), site=OWNER.site, device=OWNER.device, public_key=OWNER.public_key
    )
    sequencer.start()
    begin = sequencer.submit(lambda tx: tx.chain.heads[0].seq)

    def lane(lane_number: int) -> None:
        for number in range(begin, begin + 1_000_000):
            seq = tap(sequencer, number, lane_number)
            sys.stdout.write(f"{seq} {lane_number} {number}\n")
            sys.stdout.flush()

    for number in range(LANES):
        threading.Thread(target=lane, args=(number,), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    run(Path(sys.argv[1]))
