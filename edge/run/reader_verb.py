"""The verb ``polso reader``: this machine reads bands and lights a gate, and an edge elsewhere decides."""

from __future__ import annotations

from pathlib import Path

import click

FILE = click.Path(path_type=Path, dir_okay=False)
TOKEN = Path("/var/lib/polso/reader.token")


@click.command("reader")
@click.option("--edge", required=True, help="Address of the edge that decides, as https://gate-1.local.")
@click.option(
    "--code", default="", help="The one-time code of a new reader, from the edge's page /ops/screens."
)
@click.option(
    "--token", default=TOKEN, show_default=True, type=FILE, help="Where this reader's token is kept."
)
@click.option("--ca", default="", help="File of the authority that signs the edge's certificate, in PEM.")
@click.option(
    "--config", type=FILE, help="The TOML file that names readers, gates and lights of this machine."
)
def reader(edge: str, *, code: str, token: Path, ca: str, config: Path | None) -> None:
    """Forward the taps of this machine's readers to an edge, and do what it answers, until told to stop."""
    from edge.config import load
    from edge.logs import begin
    from edge.run.reader import serve

    found = load(config)
    begin(found.log)
    serve(found, edge, code=code, token=token, ca=ca)
