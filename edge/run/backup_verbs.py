"""The verbs that put a device's folder or central's database into one file, and back."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
config = click.option("--config", type=FILE, help="The device's TOML file; else the defaults hold.")
database = click.option(
    "--database", default="", help="Central's in place of a device's: a file or postgresql://…"
)


@click.command()
@click.argument("file", type=FILE)
@config
@click.option("--data", "data_dir", type=FOLDER, help="The data folder, instead of the configuration's.")
@database
def backup(*, file: Path, config: Path | None, data_dir: Path | None, database: str) -> None:
    """Put a consistent copy into FILE, while the device or central runs on; it has to be kept safe.

    A device's identity and keys are not in it. PostgreSQL's is made by its own pg_dump.
    """
    if database:
        from edge.run.backup_central import save as save_central

        click.echo(save_central(database, file))
        return
    from edge.run.backup import save

    click.echo(save(config, data_dir, file))


@click.command()
@click.argument("file", type=FILE)
@config
@database
def restore(*, file: Path, config: Path | None, database: str) -> None:
    """Put a backup back where nothing is yet; no worker may run meanwhile.

    A device's comes back frozen, as a witness; the machine is enrolled anew. Central's heals by itself: edges
    send again what it lacks.
    """
    if database:
        from edge.run.backup_central import restore as restore_central

        click.echo(restore_central(file, database))
        return
    from edge.run.backup import restore as act

    click.echo(act(config, file))


VERBS = (backup, restore)
