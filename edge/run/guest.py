"""The verbs about one guest: show everything that is held, and erase it."""

from __future__ import annotations

import click


@click.command()
@click.argument("guest")
@click.option("--site", default="", help="The guest's site; not needed where central has only one.")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
@click.confirmation_option(prompt="Nothing of this guest can be brought back. Erase?", help="Ask nothing.")
def erase(guest: str, site: str, database: str) -> None:
    """Erase GUEST at central and at every edge, for ever; on SQLite central must be stopped."""
    from edge.run.privacy import erase as act

    click.echo(act(database, guest, site=site))


@click.command(name="export-guest")
@click.argument("guest")
@click.option("--site", default="", help="The guest's site; not needed where central has only one.")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def export_guest(guest: str, site: str, database: str) -> None:
    """Print as JSON everything that central holds of GUEST; on SQLite central must be stopped."""
    from edge.run.privacy import export

    click.echo(export(database, guest, site=site))


def add_verbs(group: click.Group) -> None:
    """Add these verbs to the command."""
    group.add_command(erase)
    group.add_command(export_guest)
