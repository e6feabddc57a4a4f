"""Strangers' bytes at every door: a named error or a value comes back, and nothing else."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from itertools import count

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.parsers import PARSERS, Parser, fault_of
from tests.fuzz.signed import DEEP
from tests.portions import sample_and_whole


@pytest.mark.parametrize("name", PARSERS)
def test_sample_passes_its_door(name: str) -> None:
    """Without this the mutations would all die at the first octet and prove nothing."""
    parser = PARSERS[name]

    for sample in parser.samples:
        parser.feed(sample)


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("inputs", sample_and_whole(250, 10_000))
@pytest.mark.timeout(120)
def test_mutations_bring_a_named_error_or_a_value(name: str, inputs: int) -> None:
    parser = PARSERS[name]
    for seed in range(inputs):
        octets = mutated(parser.samples, seed)
        error = fault_of(parser, octets)
        assert error is None, f"{error!r} from bytes.fromhex({octets.hex()!r}), seed {seed}"


@pytest.mark.parametrize("name", ["offers", "profile"])
def test_what_is_too_deep_to_be_read_is_refused(name: str) -> None:
    """Mutations do not come by it: only central in wrong hands would send it."""
    assert fault_of(PARSERS[name], DEEP) is None


def test_planted_fault_is_found() -> None:
    """The control: a parser that trusts a length octet is caught within a few hundred inputs."""

    def trusting(octets: bytes) -> int:
        return octets[1 + octets[0]]

    planted = Parser(trusting, (b"\x02abc", b"\x00a"))
    found = next(seed for seed in count() if fault_of(planted, mutated(planted.samples, seed)) is not None)

    assert found < 500


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.real("atheris")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="atheris is published for x86-64 only")
@pytest.mark.parametrize("name", ["wire message", "type 4 answers", "sun link", "csv of guests"])
def test_atheris_finds_nothing_in_a_few_seconds(name: str) -> None:
    """Ten minutes a parser is `python -m tests.fuzz`; this keeps that command whole."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--seconds", "3", name],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    said = json.loads(done.stdout)

    assert (done.returncode, said["fault"]) == (0, "")
    assert said["inputs"] > 1_000
