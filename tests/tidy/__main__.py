"""Prints each finding of the tree, or of the paths given: `python -m tests.tidy edge/core`."""

from __future__ import annotations

import sys

from tests.tidy.rules import RULES
from tests.tidy.source import load


def main() -> int:
    """Print one line per finding; fail when there is one."""
    sources = load()
    wanted = tuple(sys.argv[1:]) or ("",)
    found = sorted(finding for rule in RULES for finding in rule(sources) if finding.path.startswith(wanted))
    for finding in found:
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
