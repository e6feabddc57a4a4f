"""The verb `polso simulate`: seeds by the hundred, one of them again with its story, or a whole day."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import click

VISITORS, DAY_SEED = 50_000, 7


class Asked(NamedTuple):
    """What the verb was asked for."""

    seed: int | None
    without: tuple[int, ...]
    many: int
    first: int
    whole: bool
    visitors: int
    page: Path | None


@click.command()
@click.option("--seed", type=click.IntRange(min=0), help="Play this one seed, and tell its whole story.")
@click.option("--without", multiple=True, type=click.IntRange(min=1), help="With --seed: leave a step out.")
@click.option("--seeds", "many", default=100, show_default=True, type=click.IntRange(min=1), help="How many.")
@click.option("--first", default=1, show_default=True, type=click.IntRange(min=0), help="The first of them.")
@click.option("--day", "whole", is_flag=True, help="Play a whole day of a park and its store instead.")
@click.option(
    "--visitors",
    default=VISITORS,
    show_default=True,
    type=click.IntRange(min=10, max=500_000),
    help="With --day: how many come.",
)
@click.option("--page", type=click.Path(path_type=Path, dir_okay=False), help="With --day: its page as HTML.")
def simulate(**said: object) -> None:
    """Play a whole site in one process, with every bad day a seed can think of; look at every promise.

    Devices, central, guests, a network that loses, doubles and delays, clocks that jump, killed processes
    and disks put back from old copies: the same seed is the same story.
    """
    asked = Asked(**said)  # type: ignore[arg-type]  # click has made each of its type
    if asked.whole:
        held = _day(asked.visitors, DAY_SEED if asked.seed is None else asked.seed, asked.page)
    elif asked.seed is not None:
        held = _one(asked.seed, frozenset(asked.without))
    else:
        held = _many(range(asked.first, asked.first + asked.many))
    if not held:
        sys.exit(1)


def _one(seed: int, without: frozenset[int]) -> bool:
    from edge.run.simulate.run import run_seed

    failure, story = run_seed(seed, without=without)
    click.echo(failure.words() if failure else f"{story}\nseed {seed}: every promise holds")
    return failure is None


def _many(seeds: range) -> bool:
    from edge.run.simulate.run import run_seeds, shrunk, summary

    ran = run_seeds(seeds)
    click.echo(shrunk(ran.failure).words() if ran.failure else summary(ran))
    return ran.failure is None


def _day(visitors: int, seed: int, file: Path | None) -> bool:
    from edge.run.simulate.day.html import in_html
    from edge.run.simulate.day.page import in_text
    from edge.run.simulate.day.run import run_day

    page = run_day(visitors, seed, say=lambda words: click.echo(words, err=True))
    click.echo(in_text(page))
    if file is not None:
        file.write_text(in_html(page), encoding="utf-8")
    return page.held
