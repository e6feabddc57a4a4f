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
    sold = lost = 0
    goods: Counter[str] = Counter()
    for seed in range(asked.first, asked.first + asked.seeds):
        schedule = Schedule(seed).run()
        did.update(schedule.did)
        sold += len(schedule.sold)
        for device in schedule.devices:
            goods.update(device.goods)
        lost += any(schedule.central.lost.values())
    took = time.monotonic() - began
    print(f"{asked.seeds} schedules of {STEPS} steps in {took:.0f} s: overspend 0, money conserved")
    print(f"{sold} sales, {dict(goods)} delivered, {lost} schedules with a write-off; {dict(did)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
