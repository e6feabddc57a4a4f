"""One device as a process: opened by its configuration, run until it is told to stop."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from edge import config as configuration
from edge import logs
from edge.config import Config
from edge.run import identity
from edge.run.app import Edge, Own
from edge.run.waiting import until_stopped

LOG = logging.getLogger("polso.run")


def opened(path: Path | None) -> tuple[Config, Own]:
    """Read the configuration and open the folder's keys and identity; a lone device makes its own."""
    config = configuration.load(path)
    folder = Path(config.store.folder)
    vault, who = identity.alone(folder, config.site.id, config.device.id)
    # Central may have moved since this device was enrolled: the configuration has the last word.
    moved = msgspec.structs.replace(who, central=config.central.url or who.central)
    return config, Own(vault=vault, identity=moved)


def serve(path: Path | None) -> None:
    """Run the device until SIGTERM or Ctrl-C."""
    config, own = opened(path)
    logs.begin(config.log)
    edge = Edge(config, own)
    until_stopped(edge.stop, started=lambda: _start(edge))


def _start(edge: Edge) -> None:
    edge.start()
    who = edge.own.identity
    LOG.info("ready site=%s device=%s screens=%s", who.site, who.device, edge.url)
