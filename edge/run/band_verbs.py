"""The verbs of ``polso band``: what somebody at a desk with a reader does to a wristband."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from edge.run.band import Choices

Verb = Callable[..., None]


def _choices(said: Mapping[str, object]) -> Choices:
    """Return what was said; the password is asked for where central's database is opened here."""
    from edge.run.band import Choices

    if said.get("operator") and not said.get("password"):
        said = {**said, "password": click.prompt("Password", hide_input=True)}
    return msgspec.convert(dict(said), Choices)


def _options(*named: Callable[[Verb], Verb]) -> Callable[[Verb], Verb]:
    def add(verb: Verb) -> Verb:
        for option in reversed(named):
            verb = option(verb)
        return verb

    return add


reader_option = click.option(
    "--reader", default="usb:072f:2200", show_default=True, help="The desk's reader: a path of nfcpy's."
)
desk_options = _options(
    reader_option,
    click.option("--central", default="", help="A running central's address, as https://central.example."),
    click.option("--token", default="", envvar="POLSO_DESK_TOKEN", help="From the console's page of bands."),
    click.option("--ca", default="", help="The authority that vouches for central, a PEM file."),
    click.option("--site", default="", help="Without --central: the site whose band it is to be."),
    click.option(
        "--central-database",
        "database",
        default="polso-central.db",
        show_default=True,
        help="Central's SQLite file (central stopped) or postgresql://…",
    ),
    click.option("--operator", default="", help="Without --central: your name at central's console."),
    click.option("--password", default="", help="Without --central: asked for if not given."),
    click.option("--code", default="", help="Your app's code, if you have set up a second factor."),
)
write_options = _options(
    desk_options,
    click.option("--url", default="https://polso.example/b", show_default=True, help="The link's address."),
    click.option("--label", default="", help="What is printed on the band."),
)


@click.group()
def band() -> None:
    """Personalise, try and retire wristbands at a desk with a reader."""


@band.command()
@write_options
@click.option("--guest", default="", help="Whose band it becomes; else it goes to the stock.")
def personalise(**said: str) -> None:
    """Give the band on the reader the site's keys and link, or finish what was begun, and try it."""
    from edge.run.band import personalise as act

    click.echo(f"ready: band {act(_choices(said), click.echo)}")


@band.command()
@write_options
@click.option("--new-version", "fresh", is_flag=True, help="Make a new version of the site's keys first.")
def rekey(*, fresh: bool, **said: str) -> None:
    """Give the band on the reader the newest keys; gates take old and new ones until it is done."""
    from edge.run.band import personalise as act

    click.echo(f"ready: band {act(_choices({'fresh': fresh, **said}), click.echo)}")


@band.command()
@desk_options
def verify(**said: str) -> None:
    """Try the band on the reader as a gate would, and as a thief would."""
    from edge.run.band import verify as act

    act(_choices(said), click.echo)


@band.command()
@desk_options
def retire(**said: str) -> None:
    """Revoke the band on the reader everywhere; its keys leave every device."""
    from edge.run.band import retire as act

    click.echo(f"retired: band {act(_choices(said))}")


@band.command()
@desk_options
@click.option("--key-file", default="", help="Where the new key goes; for a band of our own.")
@click.option("--beacon", default="", help="The public key of a radio of another maker, in hex.")
@click.option("--clock", default=0, help="With --beacon: what its clock shows, in seconds.")
@click.option("--identity", default="", help="With --beacon: by what it goes at that moment, in hex.")
def radio(*, clock: int, **said: str) -> None:
    """Register the radio of the band on the reader, so that its guest can be known from afar."""
    from edge.run.band import radio as act

    act(_choices({"clock": clock, **said}), click.echo)


@band.command()
@desk_options
def resolver(**said: str) -> None:
    """Print the site's public key, which a radio of another maker is told before it is registered."""
    from edge.run.band import resolver as act

    click.echo(act(_choices(said)))


@band.command()
@reader_option
def show(reader: str) -> None:
    """Say what the band on the reader is and what it proves; no key and no identifier is printed."""
    from edge.run.band import show as act

    act(_choices({"reader": reader}), click.echo)
