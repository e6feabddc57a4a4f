"""How many changes does nobody notice? `python -m tests.mutants [--count 100] [--seed 1] [NAME ...]`."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutants.changes import Mutant, mutants, told
from tests.mutants.hunt import survives, touching
from tests.tidy.source import ROOT

CORE = "edge/core"


def sample(count: int, seed: int) -> list[Mutant]:
    """So many changes of the rulebook, the same for the same seed."""
    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / CORE).rglob("*.py"))
    everywhere = [one for file in files for one in mutants(file)]
    return random.Random(seed).sample(everywhere, min(count, len(everywhere)))  # noqa: S311  # to be replayed


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each change that survives, then the share that was noticed."""
    ask = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    ask.add_argument("--count", type=int, default=100, help="how many changes")
    ask.add_argument("--seed", type=int, default=1, help="which ones")
    ask.add_argument("--workers", type=int, default=2, help="how many at a time")
    ask.add_argument("names", nargs="*", metavar="NAME", help="FILE:NODE:CHANGE, and no others")
    asked = ask.parse_args(arguments)
    wanted = [Mutant.named(name) for name in asked.names] or sample(asked.count, asked.seed)
    left = 0
    with TemporaryDirectory() as folder, ThreadPoolExecutor(asked.workers) as pool:
        touched = touching(Path(folder))
        found = pool.map(lambda one: survives(one, touched), wanted)
        for one, survived in zip(wanted, found, strict=True):
            left += survived
            if survived:
                print(told(one), flush=True)
    print(f"{len(wanted) - left} of {len(wanted)} noticed, seed {asked.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
