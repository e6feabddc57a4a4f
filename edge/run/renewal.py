"""Renewal: this device makes itself a new signing key, and its old one tells central of it."""

from __future__ import annotations

from pathlib import Path

import msgspec

from edge import config as configuration
from edge.config import Config
from edge.errors import Offline, Refused
from edge.run import identity
from edge.run.identity import Identity, NotEnrolled, new_private_key, pinned
from edge.run.tls import cable_for
from edge.run.unlocking import source_of, unlock
from edge.store.folder import Folder
from sync.client import Declined
from sync.client import roll as ask
from sync.signing import Keys

LATER = "Try again later: the key made now is kept, and central goes by either until it has answered."


def renew(path: Path | None) -> Identity:
    """Change the signing key of a device that is stopped; cut short anywhere, it is gone on with."""
    config = configuration.load(path)
    held = Folder(Path(config.store.folder))
    held.take()
    try:
        return _renew(held.path, config)
    finally:
        held.release()


def _renew(folder: Path, config: Config) -> Identity:
    vault = unlock(folder, source_of(config))
    who = identity.load(folder, vault)
    if not who.key_id:
        raise NotEnrolled
    pinned(who)
    if not who.next_key:
        who = msgspec.structs.replace(who, next_key=new_private_key())
        identity.save(folder, vault, who)  # before central hears of it
    url = config.central.url or who.central
    keys = Keys(key_id=who.key_id, private_key=who.private_key, central=who.central_key)
    cable = cable_for(config.central, url, ca=who.central_ca)
    try:
        told = ask(url, who.device, keys=keys, next_key=who.next_key, cable=cable)
    except Declined as error:
        raise Refused(str(error), hint="Look at central's console for this device.") from error
    except Offline as error:
        raise Offline(f"{url} does not answer as central does.", hint=LATER) from error
    renewed = msgspec.structs.replace(
        who,
        private_key=who.next_key,
        next_key=b"",
        key_id=told.key_id,
        first_key=who.first_key or who.private_key,
    )
    identity.save(folder, vault, renewed)
    return renewed
