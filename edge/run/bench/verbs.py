"""The verbs of ``polso bench``, each a thin shell over one measurement."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import msgspec


@click.group()
def bench() -> None:
    """Measure this machine: will it keep up? Each verb prints one JSON object."""


as_json = click.option("--json", "_", is_flag=True, help="For scripts: the answer always is JSON.")
profiles = click.option(
    "--profiles", default=1_000_000, show_default=True, type=click.IntRange(1_000), help="Bands known."
)

town = click.option(
    "--town",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of bands that a measurement before this one left; it is made if it is not there, and stays.",
)


def seconds(default: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option that says how long to measure."""
    return click.option("--seconds", default=default, show_default=True, help="How long to measure.")


@bench.command()
@as_json
@profiles
@town
@seconds(12.0)
def tap(_: bool, *, profiles: int, town: Path | None, seconds: float) -> None:
    """A whole decision beside a bare append with fdatasync, in turns, then 32 lanes at once."""
    from edge.run.bench.tap import measure

    click.echo(measure(profiles, seconds, town=town))


@bench.command()
@as_json
@profiles
@town
def start(_: bool, profiles: int, town: Path | None) -> None:
    """From a cold start to the first durable decision, and the memory that takes."""
    from edge.run.bench.start import measure

    click.echo(measure(profiles, town=town))


@bench.command()
@as_json
@click.option("--streams", default=50, show_default=True, type=click.IntRange(1, 64), help="Open screens.")
@seconds(10.0)
def screens(_: bool, streams: int, seconds: float) -> None:
    """From a decision to fifty screens, and what the taps themselves feel of it."""
    from edge.run.bench.screens import measure

    click.echo(measure(streams, seconds))


@bench.command()
@as_json
@click.option("--rate", default=200, show_default=True, type=click.IntRange(1, 2000), help="Junk a second.")
@click.option(
    "--adverts", default=10_000, show_default=True, type=click.IntRange(1, 20_000), help="Strangers a second."
)
@seconds(20.0)
def flood(_: bool, rate: int, *, adverts: int, seconds: float) -> None:
    """Taps under a flood of junk from the network and of strangers on air, beside quiet ones, in turns."""
    from edge.run.bench.flood import measure

    click.echo(measure(rate, adverts, seconds))


@bench.command()
@as_json
@seconds(10.0)
def http(_: bool, seconds: float) -> None:
    """A remote reader's tap beside a bare POST on the same server, in turns."""
    from edge.run.bench.http import measure

    click.echo(measure(seconds))


@bench.command()
@as_json
@click.option("--database", default="", help="postgresql://…; without it a SQLite file.")
@click.option("--events", default=100_000, show_default=True, type=click.IntRange(1_000), help="How many.")
def sync(_: bool, database: str, events: int) -> None:
    """A full journal on its way to central: events a second, and what one weighs."""
    from edge.run.bench.sync import measure

    click.echo(measure(database, events))


@bench.command()
@as_json
@click.option(
    "--rate", default=1_000, show_default=True, type=click.IntRange(1, 2_000), help="Adverts a second."
)
@click.option("--devices", default=1_000, show_default=True, type=click.IntRange(1), help="Bands that send.")
@seconds(10.0)
def radio(_: bool, *, rate: int, devices: int, seconds: float) -> None:
    """Advertisements of a crowd through the real bleak: how many are lost, and the share of a core."""
    from edge.run.bench.radio import Crowd, measure

    click.echo(measure(Crowd(devices, rate, seconds)))


@bench.command("eid")
@as_json
@click.option(
    "--bands", default=1_000_000, show_default=True, type=click.IntRange(1_000), help="Bands expected."
)
def identities(_: bool, bands: int) -> None:
    """How long a table of changing identities takes, what it weighs, and how fast a band is found."""
    from edge.run.bench.eid import measure

    click.echo(measure(bands))


@bench.command()
@as_json
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="The first world's.")
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 100), help="How many worlds.")
def offers(_: bool, seed: int, seeds: int) -> None:
    """A choice among 200 offers, and what ranking brings in three worlds beside who knows the truth."""
    from edge.run.bench.offers import measure

    click.echo(measure(seed, seeds))


@bench.command()
@as_json
@click.option("--database", default="", help="postgresql://…: its bare commits stand beside the sales.")
@seconds(30.0)
def pay(_: bool, database: str, seconds: float) -> None:
    """Sales in the edge, over HTTP, cut off and settled, beside bare PostgreSQL and a bare POST."""
    from edge.run.bench.pay import measure

    click.echo(measure(database, seconds))


@bench.command()
@as_json
@seconds(10.0)
def band(_: bool, seconds: float) -> None:
    """From a band laid on a reader to its durable decision, through the real driver."""
    from edge.run.bench.band import measure

    click.echo(measure(seconds))


@bench.command("import")
@as_json
@click.option("--database", default="", help="postgresql://…; without it a SQLite file.")
@click.option("--guests", default=1_000_000, show_default=True, type=click.IntRange(1_000), help="Lines.")
def import_(_: bool, database: str, guests: int) -> None:
    """A file of guests into central, each with a band, its keys and a right."""
    from edge.run.bench.guests import measure

    click.echo(measure(database, guests))


@bench.command()
@as_json
@click.option("--seed", default=1, show_default=True, help="Another seed is another crowd.")
@click.option(
    "--visits", default=400, show_default=True, type=click.IntRange(20), help="Approaches, and walks past."
)
@click.option(
    "--runs", default=40, show_default=True, type=click.IntRange(2), help="Times ten minutes at a place."
)
def presence(_: bool, *, seed: int, visits: int, runs: int) -> None:
    """How surely a guest at a kiosk is noticed, on simulated walks, beside two plain averages."""
    from edge.run.bench.presence import measure

    click.echo(measure(seed, visits, runs))


@bench.command()
@as_json
@click.option(
    "--purchases", default=1_000_000, show_default=True, type=click.IntRange(1_000), help="Of the segments."
)
@click.option(
    "--entries", default=10_000_000, show_default=True, type=click.IntRange(1_000), help="Of the diary."
)
@click.option(
    "--events", default=20_000, show_default=True, type=click.IntRange(1_000), help="Told by web hook."
)
def loop(_: bool, *, purchases: int, entries: int, events: int) -> None:
    """From what guests did to what is made of it at central: segments, figures, and letters to others."""
    from edge.run.bench.loop import measure

    click.echo(measure(purchases, entries, events))


@bench.command("site")
@as_json
@click.option("--races", default=1_000, show_default=True, type=click.IntRange(1), help="Rights raced for.")
@seconds(10.0)
def site_(_: bool, races: int, seconds: float) -> None:
    """Gates that agree through three nodes of etcd (Debian: etcd-server): what it adds, who wins a race."""
    from edge.run.bench.site import measure

    click.echo(measure(races, seconds))


@bench.command()
@as_json
@click.option("--database", default="", help="postgresql://…; without it a SQLite file, and one worker.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 16), help="Of central.")
@click.option("--devices", default=10_000, show_default=True, type=click.IntRange(1), help="That post.")
@click.option("--events", default=1_000_000, show_default=True, type=click.IntRange(1_000), help="Of 72 h.")
@click.option(
    "--lossy", default=200_000, show_default=True, type=click.IntRange(1_000), help="Again, on a losing line."
)
@click.option("--edges", default=500, show_default=True, type=click.IntRange(1), help="That wait for news.")
@click.option("--recalls", default=10, show_default=True, type=click.IntRange(1), help="Bands revoked.")
def fleet(_: bool, **said: object) -> None:
    """Ten thousand devices at central's workers, a million events of three days, 500 edges told at once."""
    from edge.run.bench.fleet import Sizes, measure

    click.echo(measure(msgspec.convert(said, Sizes)))
