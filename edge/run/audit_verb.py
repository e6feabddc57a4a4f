"""The verb `polso audit`: a thin shell over the audit's words."""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("site")
@click.option("--json", "as_json", is_flag=True, help="All of it for a machine.")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def audit(site: str, database: str, *, as_json: bool) -> None:
    """Judge every decision and payment of SITE again with the same rulebook; name what differs."""
    from edge.run.audit import in_json, in_words, report

    found = report(database, site)
    click.echo(in_json(found) if as_json else in_words(found))
    if not found.equal:
        sys.exit(1)
