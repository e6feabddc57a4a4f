"""One device as a process: opened by its configuration, run until it is told to stop."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec

from edge import config as configuration
from edge import logs
from edge.config import Config
from edge.keys.source import Source
from edge.run import identity
from edge.run.app import Edge, Own
from edge.run.boot import CentralKey
from edge.run.identity import NotEnrolled
from edge.run.lobby import wait_for
from edge.run.tls import cable_for
from edge.run.unlocking import encrypt_if, source_of, unlock_or_make
from edge.run.waiting import until_stopped
from edge.run.watchdog import Watchdog
from edge.sequencer import Transaction

LOG = logging.getLogger("polso.run")


def opened(path: Path | None) -> tuple[Config, Own]:
    """Read the configuration and open the folder with this device's key; a lone device makes its own."""
    config = configuration.load(path)
    return config, own_of(config, source_of(config))


def own_of(config: Config, source: Source) -> Own:
    """Open the folder with the key that a source hands over."""
    folder = Path(config.store.folder)
    if source.name == CentralKey.name and not source.has_ring():
        raise NotEnrolled  # a key that nobody holds for us would be gone with this process
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    vault = unlock_or_make(folder, source)
    encrypt_if(config, vault)
    who = identity.alone(folder, vault, config.site.id, device=config.device.id)
    # Central may have moved since this device was enrolled: the configuration has the last word.
    moved = identity.pinned(msgspec.structs.replace(who, central=config.central.url or who.central))
    return Own(vault=vault, identity=moved, cable=cable_for(config.central, moved.central, ca=who.central_ca))


def serve(path: Path | None) -> None:
    """Run the device until SIGTERM or Ctrl-C."""
    config = configuration.load(path)
    logs.begin(config.log)
    source = source_of(config)
    if source.name == CentralKey.name and source.has_ring():
        wait_for(config, source, Watchdog(lambda: None))
    edge = Edge(config, own_of(config, source))
    watchdog = Watchdog(lambda: edge.sequencer.submit(nothing))
    until_stopped(lambda: _stop(edge, watchdog), started=lambda: _start(edge, watchdog))


def nothing(_: Transaction) -> None:
    """Change nothing: a batch that holds only this proves that acts are taken up, at no cost to the disk."""


def _stop(edge: Edge, watchdog: Watchdog) -> None:
    watchdog.stop()
    edge.stop()


def _start(edge: Edge, watchdog: Watchdog) -> None:
    edge.start()
    watchdog.start()
    who = edge.own.identity
    LOG.info("ready site=%s device=%s screens=%s", who.site, who.device, edge.url)
