"""The command ``polso``: its verbs, each a thin shell over one room."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NoReturn, TextIO

import click

from edge.errors import PolsoError
from edge.run.causes import in_words
from hardware.port import DeviceError

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
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
        except (OSError, DeviceError, sqlite3.DatabaseError) as error:
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


@main.command()
@config_option
def run(config: Path | None) -> None:
    """Run this device: readers, decisions, gates, screens and sync, until SIGTERM or Ctrl-C."""
    from edge.run.device import serve

    serve(config)


@main.command()
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", default=8443, show_default=True, type=click.IntRange(0, 65535), help="0: a free one.")
@click.option("--behind-tls", is_flag=True, help="A proxy in front ends https: cookies travel by https only.")
@click.option(
    "--name", "names", multiple=True, help="A name by which browsers reach the console; may be repeated."
)
def central(*, database: str, host: str, port: int, behind_tls: bool, names: tuple[str, ...]) -> None:
    """Run the central platform: the devices' API and the operators' console."""
    from edge.run.platform import serve

    serve(database, host=host, port=port, behind_tls=behind_tls, names=names)


@main.command()
@click.argument("name")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
@click.option(
    "--password", prompt=True, hide_input=True, confirmation_prompt=True, help="Asked for if not given."
)
def operator(name: str, database: str, password: str) -> None:
    """Let NAME into central's console, or give them another password; on SQLite central must be stopped."""
    from edge.run.platform import let_in

    let_in(database, name, password)
    click.echo(f"{name} can sign in at the console.")


@main.command()
@click.argument("site")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def audit(site: str, database: str) -> None:
    """Judge every decision of SITE again with the same rulebook, and name what comes out otherwise."""
    from edge.run.platform import audit as act

    equal, words = act(database, site)
    click.echo(words)
    if not equal:
        sys.exit(1)


@main.command()
@click.argument("site")
@click.option(
    "--database", default="polso-central.db", show_default=True, help="A SQLite file or postgresql://…"
)
def replay(site: str, database: str) -> None:
    """Try the events of SITE again that central kept aside because it could not read them."""
    from edge.run.platform import replay as act

    none_left, words = act(database, site)
    click.echo(words)
    if not none_left:
        sys.exit(1)


@main.command()
@click.argument("url")
@click.option("--code", prompt="Code from the console", help="The one-time code; asked for if not given.")
@config_option
def enrol(url: str, code: str, config: Path | None) -> None:
    """Enrol this device at the central platform at URL: its key is made here, its name comes from there."""
    from edge.run.enrol import enrol as act

    identity = act(url, code, config)
    click.echo(f"This is {identity.device} of site {identity.site}. Start it with `polso run`.")


@main.command()
@config_option
def check(config: Path | None) -> None:
    """Look at readers, adapters, permissions, clock, disk and SQLite; say what to do about each finding."""
    from edge import config as configuration
    from edge.clock import wall_ms
    from edge.run.check import Level, Machine
    from edge.run.check import check as look

    findings = look(configuration.load(config), Machine(), now_ms=wall_ms())
    for finding in findings:
        click.echo(f"{finding.level.value:<4}  {finding.what}")
        if finding.act:
            click.echo(f"      -> {finding.act}")
    if any(finding.level is Level.BAD for finding in findings):
        sys.exit(1)


@main.group()
def journal() -> None:
    """Look into this device's journal; it may be running meanwhile."""


@journal.command()
@config_option
@click.option("--data", "data_dir", type=FOLDER, help="The data folder, instead of the configuration's.")
def verify(config: Path | None, data_dir: Path | None) -> None:
    """Check every link of the hash chain; name the first broken record and the kind of damage."""
    from edge.run.books import verify as act

    whole, words = act(config, data_dir)
    click.echo(words)
    if not whole:
        sys.exit(1)


@journal.command()
@config_option
@click.option("--data", "data_dir", type=FOLDER, help="The data folder, instead of the configuration's.")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="A file.")
def export(config: Path | None, data_dir: Path | None, output: TextIO) -> None:
    """Write every event as a line of CloudEvents JSON."""
    from edge.run.books import export as act

    click.echo(f"{act(config, data_dir, output)} events", err=True)


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
def demo(*, headless: bool, host: str, port: int, data_dir: Path | None) -> None:
    """Open the demo park: central and one edge with four virtual readers and a tray of wristbands."""
    from edge.run.demo.open import Choices, serve

    serve(Choices(headless=headless, host=host, port=port, data_dir=data_dir))


@main.group()
def bench() -> None:
    """Measure this machine: will it keep up? Each verb prints one JSON object."""


as_json = click.option("--json", "_", is_flag=True, help="For scripts: the answer always is JSON.")
profiles = click.option(
    "--profiles", default=1_000_000, show_default=True, type=click.IntRange(1_000), help="Bands known."
)


def seconds(default: float) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return the option that says how long to measure."""
    return click.option("--seconds", default=default, show_default=True, help="How long to measure.")


@bench.command()
@as_json
@profiles
@seconds(12.0)
def tap(_: bool, profiles: int, seconds: float) -> None:
    """A whole decision beside a bare append with fdatasync, in turns, then 32 lanes at once."""
    from edge.run.bench.tap import measure

    click.echo(measure(profiles, seconds))


@bench.command()
@as_json
@profiles
def start(_: bool, profiles: int) -> None:
    """From a cold start to the first durable decision, and the memory that takes."""
    from edge.run.bench.start import measure

    click.echo(measure(profiles))


@bench.command()
@as_json
@click.option("--streams", default=50, show_default=True, type=click.IntRange(1, 64), help="Open screens.")
@seconds(10.0)
def screens(_: bool, streams: int, seconds: float) -> None:
    """From a decision to fifty screens, and what the taps themselves feel of it."""
    from edge.run.bench.screens import measure

    click.echo(measure(streams, seconds))


@bench.command()
@as_json
@seconds(10.0)
def http(_: bool, seconds: float) -> None:
    """A remote reader's tap beside a bare POST on the same server, in turns."""
    from edge.run.bench.http import measure

    click.echo(measure(seconds))


@bench.command()
@as_json
@click.option("--database", default="", help="postgresql://…; without it a SQLite file.")
@click.option("--events", default=100_000, show_default=True, type=click.IntRange(1_000), help="How many.")
def sync(_: bool, database: str, events: int) -> None:
    """A full journal on its way to central: events a second, and what one weighs."""
    from edge.run.bench.sync import measure

    click.echo(measure(database, events))
