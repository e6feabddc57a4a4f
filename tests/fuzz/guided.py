"""One parser under atheris, in a process of its own: `python -m tests.fuzz.guided SECONDS NAME`."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["edge", "hardware", "sync"]):
    from tests.fuzz.parsers import PARSERS, fault_of


def main(seconds: int, name: str) -> None:
    """Feed what opens new branches; a fault is raised, and atheris prints the octets that brought it."""

    def one(octets: bytes) -> None:
        error = fault_of(PARSERS[name], octets)
        if error is not None:
            raise error

    options = [f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
