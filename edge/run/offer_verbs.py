"""The verb by which what guests took teaches the next version of the offers."""

from __future__ import annotations

import click


@click.command()
@click.argument("site")
@click.argument("version", type=int)
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
@click.option("--by", required=True, help="The operator in whose name the draft is made.")
def learn(site: str, version: int, *, database: str, by: str) -> None:
    """Make a draft of VERSION of SITE's offers, ranked by what its first tiles came to; two make it live."""
    from edge.run.platform import learn as act

    click.echo(act(database, site, version, by=by))
