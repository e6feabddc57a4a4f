"""The command ``polso``: its verbs, each a thin shell over one room."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import NoReturn, TextIO

import click
import msgspec

from edge.errors import PolsoError
from edge.run import garbage
from edge.run.analysis import analyse
from edge.run.backup_verbs import VERBS as KEPT
from edge.run.band_verbs import band
from edge.run.bench.verbs import bench
from edge.run.calibrate import calibrate_verb
from edge.run.causes import in_words
from edge.run.central_verbs import OF_CENTRAL, audit
from edge.run.crowd_option import crowd_option
from edge.run.guest import add_verbs
from edge.run.offer_verbs import learn
from edge.run.reader_verb import reader
from edge.run.salvage_verbs import salvage
from edge.run.simulate.verb import simulate
from edge.run.update_verbs import update
from edge.store import driver
from hardware.port import DeviceError

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
POLLS = click.IntRange(1, 900)
config_option = click.option("--config", type=FILE, help="The device's TOML file; else the defaults hold.")


class Verbs(click.Group):
    """A group whose verbs turn our own errors into two lines and an exit code, never into a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; 75 (EX_TEMPFAIL) says that trying again may help, 1 that it will not."""
        try:
            return super().invoke(ctx)
        except PolsoError as error:
            _end(ctx, error)
        except BrokenPipeError:
            raise  # whoever read our output went away: click knows what to do
        except DeviceError as error:
            _end(ctx, in_words(error))
        except driver.DISK as error:
            _end(ctx, in_words(error))


def _end(ctx: click.Context, error: PolsoError) -> NoReturn:
    click.echo(f"polso: {error}", err=True)
    if error.hint:
        click.echo(f"  what to do: {error.hint}", err=True)
    ctx.exit(75 if error.retryable else 1)


@click.group(cls=Verbs)
@click.version_option(metadata.version("polso"), prog_name="polso")
def main() -> None:
    """Polso, the open MagicBand: bands open gates from a locally cached profile, online or off."""
    garbage.seldom()  # before a verb imports its rooms


@main.command()
@config_option
def run(config: Path | None) -> None:
    """Run this device: readers, decisions, gates, screens and sync, until SIGTERM or Ctrl-C."""
    from edge.run.device import serve

    serve(config)


@main.group(invoke_without_command=True)
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8443, show_default=True, type=click.IntRange(0, 65535), help="0: a free one.")
@click.option(
    "--url",
    default="",
    help="Central's address behind a proxy, as https://central.example; devices sign for it.",
)
@click.option(
    "--name", "names", multiple=True, help="A name by which browsers reach the console; may be repeated."
)
@click.option(
    "--psp",
    type=click.Choice(["stripe", "sandbox"]),
    help="Who charges stored credentials; sandbox: a test provider of its own, without real money.",
)
@click.option(
    "--second-factor/--no-second-factor",
    default=True,
    show_default=True,
    help="Whether every operator must set up a second factor before anything else.",
)
@click.option("--polls", default=64, show_default=True, type=POLLS, help="Feed requests held open at once.")
@click.pass_context
def central(ctx: click.Context, /, database: str, **said: object) -> None:
    """Run the central platform: the devices' API and the operators' console."""
    from edge.run.platform import Serving, serve

    if ctx.invoked_subcommand is None:
        serve(database, msgspec.convert(said, Serving))


central.commands.update(OF_CENTRAL)


@main.command()
@click.argument("name")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
@click.option("--password", default="", help="Asked for if not given.")
@click.option(
    "--factor-lost",
    is_flag=True,
    help="Take their lost second factor away instead; they set up a new one when they sign in.",
)
def operator(name: str, database: str, *, password: str, factor_lost: bool) -> None:
    """Let NAME into central's console, or give them another password; on SQLite central must be stopped."""
    from edge.run.platform import forget_factor, let_in

    if factor_lost:
        forget_factor(database, name)
        click.echo(f"{name} signs in by password alone, once, and sets up a new second factor.")
        return
    let_in(database, name, password or click.prompt("Password", hide_input=True, confirmation_prompt=True))
    click.echo(f"{name} can sign in at the console.")


@main.command()
@click.argument("site")
@click.argument("product")
@click.option("--from", "first_day", default="", help="First day, as 2026-06-30; else today.")
@click.option("--until", "last_day", default="", help="Last day; else the first.")
@click.option("--count", "number", default=1, show_default=True, help="How many.")
@click.option("--pictures", type=FOLDER, help="Draw them into this folder, in place of printing texts.")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def tickets(*, site: str, database: str, pictures: Path | None, **said: object) -> None:
    """Make signed tickets for PRODUCT of SITE: codes that gates take from guests nobody announced."""
    from edge.run.tickets import issue
    from sync.central.tickets import Wanted

    said = {**said, "last_day": said["last_day"] or said["first_day"]}
    click.echo(issue(database, site, Wanted(**said), pictures=pictures))  # type: ignore[arg-type]  # click's types


@main.command()
@click.argument("site")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def replay(site: str, database: str) -> None:
    """Try the events of SITE again that central kept aside because it could not read or book them."""
    from edge.run.platform import replay as act

    none_left, words = act(database, site)
    click.echo(words)
    if not none_left:
        sys.exit(1)


@main.command()
@click.argument("site")
@click.option("--date", default="", help="The site's local day as 2026-06-30; today if not given.")
@click.option("--json", "as_json", is_flag=True, help="The whole proof for a machine.")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def day(*, site: str, date: str, as_json: bool, database: str) -> None:
    """Prove a day of SITE: every accepted op has one posting and one receipt; name whatever does not."""
    from edge.run.platform import day as act

    proven, words = act(database, site, date=date, as_json=as_json)
    click.echo(words)
    if not proven:
        sys.exit(1)


@main.command()
@click.argument("url")
@click.option("--code", prompt="Code from the console", help="The one-time code; asked for if not given.")
@click.option("--ca", default="", help="File of the authority of central's certificate; default: central.ca.")
@config_option
def enrol(url: str, code: str, *, ca: str, config: Path | None) -> None:
    """Enrol this device at the central platform at URL: its key is made here, its name comes from there."""
    from edge.run.enrol import enrol as act

    identity = act(url, code, config, ca=ca)
    click.echo(f"This is {identity.device} of site {identity.site}. Start it with `polso run`.")


@main.command()
@config_option
def check(config: Path | None) -> None:
    """Look at readers, adapters, permissions, clock, disk and SQLite; say what to do about each finding."""
    from edge import config as configuration
    from edge.clock import wall_ms
    from edge.run.check import Machine
    from edge.run.check import check as look
    from edge.run.finding import Level

    findings = look(configuration.load(config), Machine(), now_ms=wall_ms())
    for finding in findings:
        click.echo(f"{finding.level.value:<4}  {finding.what}")
        if finding.act:
            click.echo(f"      -> {finding.act}")
    if any(finding.level is Level.BAD for finding in findings):
        sys.exit(1)


add_verbs(main)


@main.group()
def key() -> None:
    """Make or roll the key that opens this device's data folder, or renew the one that it signs with."""


@key.command(name="make")
@config_option
def make_key(config: Path | None) -> None:
    """Make the key and put it where the configuration says; a key that is there is never replaced."""
    from edge.run.keybox import make as act

    click.echo(act(config))


@key.command(name="roll")
@config_option
def roll_key(config: Path | None) -> None:
    """Seal everything with a new key and forget the old one; the device must be stopped."""
    from edge.run.keybox import roll as act

    click.echo(act(config))


@key.command(name="renew")
@config_option
def renew_key(config: Path | None) -> None:
    """Change the key that this device signs with, and tell central by the old one; it must be stopped."""
    from edge.run.renewal import renew as act

    click.echo(f"Central knows this device by {act(config).key_id} from now on.")


@main.group()
def journal() -> None:
    """Look into this device's journal; it may be running meanwhile."""


@journal.command()
@config_option
@click.option("--data", "data_dir", type=FOLDER, help="The data folder, instead of the configuration's.")
@click.option("--checkpoint", "files", type=FILE, multiple=True, help="One kept elsewhere; may be repeated.")
def verify(config: Path | None, data_dir: Path | None, files: tuple[Path, ...]) -> None:
    """Check every link of the hash chain and compare it with signed checkpoints; name each damaged record."""
    from edge.run.books import verify as act

    whole, words = act(config, data_dir, files)
    click.echo(words)
    if not whole:
        sys.exit(1)


@journal.command()
@config_option
@click.option("--data", "data_dir", type=FOLDER, help="The data folder, instead of the configuration's.")
@click.option("--of", default="", help="Another device of the site: what this one keeps of it.")
@click.argument("folder", type=FOLDER)
def checkpoint(*, config: Path | None, data_dir: Path | None, of: str, folder: Path) -> None:
    """Put the newest signed checkpoint into FOLDER, to be kept elsewhere and given to `journal verify`."""
    from edge.run.books import checkpoint as act

    click.echo(act(config, data_dir, folder, of=of))


@journal.command()
@config_option
@click.option("--data", "data_dir", type=FOLDER, help="The data folder, instead of the configuration's.")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="A file.")
def export(config: Path | None, data_dir: Path | None, output: TextIO) -> None:
    """Write every event as a line of CloudEvents JSON."""
    from edge.run.books import export as act

    click.echo(f"{act(config, data_dir, output)} events", err=True)


@main.group()
def osdp() -> None:
    """Look after door readers on RS-485."""


@osdp.command("install")
@click.option("--port", required=True, help="The serial line, as /dev/serial/by-id/....")
@click.option("--key-file", required=True, type=FILE, help="Where the new key goes.")
@click.option("--address", default=0, show_default=True, type=click.IntRange(0, 126), help="Its address.")
@click.option("--baud", default=9600, show_default=True, help="The line's rate.")
def install_door(port: str, *, key_file: Path, address: int, baud: int) -> None:
    """Give a door reader in install mode a key of its own; the service must be stopped meanwhile."""
    from edge.run.door import install

    click.echo(install(port, key_file=key_file, address=address, baud=baud))


@main.command()
@click.argument("kind", type=click.Choice(["kiosk", "gate", "staff", "ops"]))
@click.option("--point", default="", help="The point it stands at.")
@config_option
def screen(kind: str, point: str, config: Path | None) -> None:
    """Make a one-time code for a screen of KIND; while the device runs, use its page /ops/screens."""
    from edge.run.screen import code

    click.echo(code(config, kind, point))


@main.command()
@click.option("--headless", is_flag=True, help="Print one JSON line when ready, and nothing else.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the screens.")
@click.option("--port", default=8080, show_default=True, type=click.IntRange(0, 65535), help="0: a free one.")
@click.option("--data", "data_dir", type=FOLDER, help="Folder to keep the park in; else it forgets.")
@click.option("--key", type=FILE, help="File of the edge's key; else one in your state folder.")
@click.option("--guests", default=5_000, show_default=True, type=click.IntRange(0), help="Earlier guests.")
@crowd_option
@click.option("--screenshots", type=FOLDER, help="Only draw every page in every state into this folder.")
def demo(*, screenshots: Path | None, **said: object) -> None:
    """Open the demo park: central and one edge with six virtual readers and a tray of wristbands."""
    from edge.run.album.shoot import album
    from edge.run.demo.open import Choices, serve

    if screenshots is not None:
        click.echo(f"{album(screenshots, click.echo)} pictures; {screenshots / 'index.html'} shows them all.")
        return
    serve(msgspec.convert(said, Choices))


for verb in (analyse, audit, band, bench, calibrate_verb, learn, reader, salvage, simulate, update, *KEPT):
    main.add_command(verb)
