"""Enrolling this device: a key made here, a name and a credential from central, kept before anything else."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from edge import config as configuration
from edge.errors import ConfigError, Offline, Refused
from edge.keys.source import Source
from edge.run.boot import CentralKey
from edge.run.identity import IDENTITY_FILE, Identity, new_private_key, save
from edge.run.tls import cable_for
from edge.run.unlocking import FORMER_KEYS, ring_of, source_of
from edge.store.folder import Folder
from edge.vault import SITE_FILE, Vault
from sync.client import Cable, Declined
from sync.client import enrol as ask
from sync.wire import Problem

HINT = "Make a new code in central's console; each works once, for 15 minutes."
NO_ANSWER = "Check address, cable and certificate; the code is not spent until central has answered."
NOT_SIGNED = "The code is not spent: try again with the address that the message names."
ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")


def enrol(url: str, code: str, path: Path | None, *, ca: str = "") -> Identity:
    """Spend ``code`` at central and keep what it answers in the configuration's folder."""
    config = configuration.load(path)
    central = msgspec.structs.replace(config.central, ca=ca or config.central.ca)
    if not ADDRESS.fullmatch(url):
        raise ConfigError(f"{url!r} is no address.", hint="Write it as https://central.example.")
    folder, cable = Path(config.store.folder), cable_for(central, url)
    return enrol_in(folder, url, code, source=source_of(config), cable=cable)


def enrol_in(folder: Path, url: str, code: str, *, source: Source, cable: Cable | None = None) -> Identity:
    """Spend ``code`` at central and keep what it answers in ``folder``, which must be new."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = Folder(folder)
    held.take()
    try:
        return _enrol(folder, url.rstrip("/"), code, source=source, cable=cable)
    finally:
        held.release()


def _enrol(folder: Path, url: str, code: str, *, source: Source, cable: Cable | None) -> Identity:
    if any((folder / name).exists() for name in (IDENTITY_FILE, SITE_FILE, FORMER_KEYS)):
        raise Refused(
            f"{folder} belongs to a device already.",
            hint="Give this one a folder of its own; a device is never enrolled over another's journal.",
        )
    ring = ring_of(source)  # before the code is spent: without a key the answer could not be kept
    draft = Identity(site="", device="", private_key=new_private_key(), central=url)
    try:
        answer = ask(url, code, private_key=draft.private_key, cable=cable)
    except Declined as error:
        wrong_code = error.problem is Problem.CODE_REFUSED
        raise Refused(str(error), hint=HINT if wrong_code else NOT_SIGNED) from error
    except Offline as error:
        raise Offline(f"{url} does not answer as central does.", hint=NO_ANSWER) from error
    identity = msgspec.structs.replace(
        draft,
        site=answer.site,
        device=answer.device,
        incarnation=answer.incarnation,
        key_id=answer.key_id,
        central_key=answer.central_key,
        central_ca=cable.ca if cable else "",
    )
    if isinstance(source, CentralKey):
        source.settle(identity)
    save(folder, Vault.create(folder, ring, answer.band_key), identity)
    return identity
