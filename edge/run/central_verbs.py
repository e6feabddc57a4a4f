"""The verbs of `polso central` beside its serving: what an operator does to its database."""

from __future__ import annotations

import click

from edge.run.audit_verb import audit as audit


@click.command()
@click.option("--database", required=True, help="Central's, as postgresql://…")
@click.option("--give-up", "giving_up", is_flag=True, help="Call off what was begun: the events stay whole.")
def partition(database: str, *, giving_up: bool) -> None:
    """Put central's events into parts by site; workers may run, and whoever is cut off begins again there.

    A database that this release made stands in parts from the start; an older one goes on whole until then.
    """
    from edge.run.platform import existing
    from sync.central.machines.lanes import event_table
    from sync.central.store import give_up, is_parted, turn_over

    with existing(database) as store:
        if is_parted(store, event_table):
            click.echo("The events stand in parts already.")
            return
        if giving_up:
            begun = give_up(store, event_table)
            click.echo("It was called off: the events stay whole." if begun else "Nothing was begun.")
            return
        moved = turn_over(store, event_table, told=lambda rows: click.echo(f"{rows} events", err=True))
    click.echo(f"{moved} events were put into parts.")


@click.command()
@click.argument("site")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
@click.option("--give-up", "device", default="", help="Wait no more for this device; its loss is yours.")
def restored(site: str, database: str, device: str) -> None:
    """Say whom SITE awaits since central was put back from a backup: until they report nothing is lent.

    Given up, what a device holds goes back to its guests, and what it spent after all is the operator's loss.
    """
    from edge.run.platform import opened_site
    from sync.central.console.acts import Act, record
    from sync.central.settling import forgotten

    act = Act(who="", what="restored_given_up", target=device, site=site)

    with opened_site(database, site) as store:
        if device:
            click.echo(
                forgotten.words_of(forgotten.give_up(store, site, device, also=lambda tx: record(tx, act)))
            )
        with store.reading() as tx:
            found = forgotten.standing(tx, site)
    click.echo(forgotten.in_words(found))


OF_CENTRAL = {"replay": audit, "partition": partition, "restored": restored}
"""The audit is a verb of its own as well."""
