"""Searches the small worlds and reports: `python -m tests.core.lease_model [--large] [--states N]`."""

from __future__ import annotations

import argparse
import sys
import time

from tests.core.lease_model.search import Search
from tests.core.lease_model.spaces import LARGE, MUTATIONS, SMALL, SPACES


def main() -> int:
    """Print one line per world; fail when an invariant breaks or a mistake is not found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", action="store_true", help="the larger worlds, too: minutes and gigabytes")
    parser.add_argument("--states", type=int, default=10**9, help="stop a world after so many states")
    asked = parser.parse_args()
    failed = False
    for bounds in SPACES + (LARGE if asked.large else ()):
        began = time.monotonic()
        found = Search(bounds).run(asked.states, settle_every=97)
        took = time.monotonic() - began
        whole = "exhausted" if found.exhausted else "NOT exhausted"
        print(
            f"{bounds.name}: {found.states} states {whole}, {took:.1f} s", found.violation or "0 violations"
        )
        failed |= found.violation is not None
    for rules in MUTATIONS:
        found = Search(SMALL[rules.name], rules).run(asked.states)
        failed |= found.violation is None
        print(f"{rules.name}: {found.violation or 'NOT FOUND'}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
