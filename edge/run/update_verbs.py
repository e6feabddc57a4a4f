"""The verb that brings a device to a newer release and back."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("repository", default="")
@click.option("--root", type=FILE, help="The root of trust, pinned once: 1.root.json of the repository.")
@click.option(
    "--link", type=click.Path(path_type=Path), default="/opt/polso", show_default=True,
    help="The link that the service starts from; beside it lie LINK-a and LINK-b.",
)  # fmt: skip
@click.option(
    "--keep", type=FOLDER, default="/var/lib/polso-update", show_default=True,
    help="Where the pinned root, what was seen last and fetched files are kept.",
)  # fmt: skip
@click.option(
    "--unit", default="polso.service", show_default=True, help="What systemd starts anew; empty: nothing."
)
@click.option("--health", default="", help="Where to ask how it is; default: the configuration's screens.")
@click.option("--again", is_flag=True, help="Try a release that was left before once more.")
@click.option("--settle", is_flag=True, help="Only judge a change that a power cut left unjudged.")
@click.option("--config", type=FILE, help="The device's TOML file; else the defaults hold.")
def update(config: Path | None, **said: object) -> None:
    """Bring this device to the newest release in REPOSITORY (https or a folder), if two of three signed it.

    It is installed beside the one in use. If /healthz is not good within 120 seconds after the restart, the
    former release is in use again.
    """
    from edge.run.update import Choices
    from edge.run.update import update as act

    click.echo(act(msgspec.convert(said, Choices), config, click.echo))
