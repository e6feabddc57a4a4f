"""The verb `polso simulate`: seeds by the hundred, or one of them again with its story."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--seed", type=click.IntRange(min=0), help="Play this one seed, and tell its whole story.")
@click.option(
    "--seeds", "count", default=100, show_default=True, type=click.IntRange(min=1), help="How many."
)
@click.option("--first", default=1, show_default=True, type=click.IntRange(min=0), help="The first of them.")
def simulate(*, seed: int | None, count: int, first: int) -> None:
    """Play a whole site in one process, with every bad day a seed can think of; look at every promise.

    Devices, central, guests, a network that loses, doubles and delays, clocks that jump, killed processes
    and disks put back from old copies: the same seed is the same story.
    """
    from edge.run.simulate.run import run_seed, run_seeds, summary

    if seed is not None:
        failure, story = run_seed(seed)
        click.echo(failure.words() if failure else f"{story}\nseed {seed}: every promise holds")
    else:
        ran = run_seeds(range(first, first + count))
        failure = ran.failure
        click.echo(failure.words() if failure else summary(ran))
    if failure is not None:
        sys.exit(1)
