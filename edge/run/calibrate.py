"""The verb ``polso calibrate``: how loud a radio hears a band that somebody holds up one metre away."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edge.core.presence.calibration import Calibrated, Doubt, calibrate
from edge.errors import ConfigError, PolsoError

if TYPE_CHECKING:
    from edge.receivers import Radio

SECONDS = 60.0
Listen = Callable[["Radio", float], Iterable[Sequence[int]]]
"""Listens by a radio for so many seconds; returns the levels of each band that it heard."""

HINTS = {
    Doubt.NOBODY: "Hold one band one metre from the antenna; `polso check` says whether the adapter works.",
    Doubt.SEVERAL: "Take all bands but one out of reach; if there was only one, begin again.",
    Doubt.UNSTEADY: "Keep the way between band and antenna free, and the band where it is.",
}


class NotCalibrated(PolsoError):
    """This minute says nothing about the radio."""


@click.command("calibrate")
@click.argument("radio")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The device's TOML file.")
@click.option(
    "--seconds", default=SECONDS, show_default=True, type=click.FloatRange(1, 600), help="How long to listen."
)
def calibrate_verb(radio: str, config: Path | None, seconds: float) -> None:
    """Measure how loud RADIO hears a band that is held one metre away; `polso run` may go on."""
    from edge.config import load

    chosen = next((one for one in load(config).radios if one.name == radio), None)
    if chosen is None:
        raise ConfigError(f"There is no radio {radio!r}.", hint="Name one of the [[radios]] of the file.")
    click.echo(f"Hold one band one metre from {radio}, free of hands and bodies, for {seconds:.0f} seconds.")
    click.echo(told(chosen, calibrate(listen(chosen, seconds)), config))


def told(radio: Radio, found: Calibrated | Doubt, config: Path | None) -> str:
    """Return what to write into the configuration; raise ``NotCalibrated`` with what to do instead."""
    if isinstance(found, Doubt):
        raise NotCalibrated(f"Nothing was measured: {found.value}.", hint=HINTS[found])
    where = f"the table of {radio.name!r} in {config or 'the configuration'}"
    before = "" if radio.ref1m_dbm is None else f" (it was {radio.ref1m_dbm})"
    return (
        f"{found.ref_1m_dbm} dBm at one metre{before}: the median of {found.samples} levels, "
        f"of which eight in ten lie within {found.spread_db} dB.\n"
        f"Write this into {where}, and start the device again:\n\nref1m_dbm = {found.ref_1m_dbm}"
    )


def listen(radio: Radio, seconds: float) -> Iterable[Sequence[int]]:
    """Listen to every band of Polso's, whoever wears it: levels are kept while this runs, names by none."""
    from msgspec.structs import replace

    from edge.run.radios import Ears, Radios

    heard: defaultdict[bytes, list[int]] = defaultdict(list)
    ears = Ears(
        whose=lambda eid: eid, worn=lambda beacon: beacon, hear=lambda one: heard[one.band].append(one.rssi)
    )
    radios = Radios([replace(radio, mode="precise")], ears)
    radios.start()
    try:
        threading.Event().wait(seconds)
    finally:
        radios.stop()
    return heard.values()
