"""The long run: `python -m tests.fuzz [--seconds 600] [NAME ...]`, guided by atheris where there is one."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec

from tests.fuzz.mutation import mutated
from tests.fuzz.parsers import PARSERS, Parser, fault_of


def blind(parser: Parser, seconds: float) -> tuple[int, str]:
    """Feeds mutations by counting seeds; returns how many, and the line that replays a fault."""
    began, seed = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        seed += 1
        octets = mutated(parser.samples, seed)
        error = fault_of(parser, octets)
        if error is not None:
            return seed, f"{error!r} from bytes.fromhex({octets.hex()!r})"
    return seed, ""


def guided(name: str, seconds: float) -> tuple[int, str]:
    """Feeds what opens new branches; atheris needs a process of its own, which it ends by itself."""
    command = [sys.executable, "-m", "tests.fuzz.guided", str(round(seconds)), name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    counts = [line.rpartition(":")[2] for line in said.splitlines() if "number_of_executed_units" in line]
    return int(counts[0]) if counts else 0, "" if done.returncode == 0 else said[-3_000:]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints one JSON line a parser; the exit status says whether all was well."""
    ask = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    ask.add_argument("--seconds", type=int, default=600, help="for each parser")
    ask.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(PARSERS)}")
    asked = ask.parse_args(arguments)
    faults = 0
    for name in asked.names or PARSERS:
        by_atheris = find_spec("atheris") is not None
        inputs, fault = guided(name, asked.seconds) if by_atheris else blind(PARSERS[name], asked.seconds)
        faults += bool(fault)
        print(json.dumps({"parser": name, "inputs": inputs, "fault": fault}), flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
