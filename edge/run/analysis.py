"""The verb by which a site is analysed now, and not in the night."""

from __future__ import annotations

import datetime as dt

import click

from edge.errors import Refused


@click.command()
@click.argument("site")
@click.option(
    "--cut-off", default="", help="The last local day that counts, as 2026-06-30; else yesterday's."
)
@click.option("--anew", is_flag=True, help="Compute also what did not change since the last time.")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def analyse(site: str, *, cut_off: str, anew: bool, database: str) -> None:
    """Read SITE's campaigns, and compute its reports and segments with who is in them (extra `analysis`)."""
    from edge.run.platform import opened, refuse_unknown_site
    from sync.central.analysis import facts, wanted
    from sync.central.campaigns import readings

    wanted.insist()
    from sync.central.analysis.run import analyse as act  # seconds, and only where it is installed

    store = opened(database)
    try:
        refuse_unknown_site(store, site)
        with store.reading() as tx:
            yesterday = facts.Calendar(tx, site).day(store.now_ms()) - 1
        day = _day(cut_off, yesterday)
        nights = readings.bring(store, site, day)
        ran = act(store, site, day, anew=anew)
    finally:
        store.close()
    click.echo(
        f"{site} up to {facts.date_of(ran.day)}: {len(ran.computed)} computed, {ran.stood} as before,"
        f" {ran.moved} came or left; {ran.heard_permille} in 1,000 edges heard since;"
        f" {nights} nights of campaigns read."
    )


def _day(text: str, yesterday: int) -> int:
    from sync.central.analysis import facts

    if not text:
        return yesterday
    try:
        day = facts.day_named(dt.date.fromisoformat(text))
    except ValueError:
        raise Refused(f"{text[:40]!r} is no date.", hint="Write it as 2026-06-30.") from None
    if day > yesterday:
        raise Refused(f"{text} is not over yet.", hint="A cut-off is a whole day: yesterday's at the latest.")
    return day
