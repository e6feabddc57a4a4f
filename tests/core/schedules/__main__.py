"""Runs many schedules: `python -m tests.core.schedules [--seeds N] [--first SEED]`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.core.schedules.schedule import STEPS, Schedule


def main() -> int:
    """Print what happened how often; a seed that breaks money raises and says its number."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    began = time.monotonic()
    did: Counter[str] = Counter()
    sold = goods = lost = 0
    for seed in range(asked.first, asked.first + asked.seeds):
        schedule = Schedule(seed).run()
        did.update(schedule.did)
        sold += len(schedule.sold)
        goods += sum(device.goods for device in schedule.devices)
        lost += schedule.central.lost > 0
    took = time.monotonic() - began
    print(f"{asked.seeds} schedules of {STEPS} steps in {took:.0f} s: overspend 0, money conserved")
    print(f"{sold} sales, {goods} units delivered, {lost} schedules with a write-off; {dict(did)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
