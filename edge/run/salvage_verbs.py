"""The verb that settles a dead device's sales from its second disk."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def salvage(file: Path, database: str) -> None:
    """Take in at central what a dead device sold and never sent; FILE is DEVICE.sales of its second folder.

    What is known is not booked again. It says how much guests' money stays in doubt in the device's leases.
    """
    from edge.run.platform import existing
    from sync.central.salvaging import in_words
    from sync.central.salvaging import salvage as act

    with existing(database) as store:
        click.echo(in_words(act(store, file)))
