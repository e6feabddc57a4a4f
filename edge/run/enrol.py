"""Enrolling this device: a key made here, a name and a credential from central, kept before anything else."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from edge import config as configuration
from edge.errors import ConfigError, Offline, Refused
from edge.run.identity import IDENTITY_FILE, Identity, new_private_key, save
from edge.store.folder import Folder
from edge.vault import KEYS_FILE, Vault
from sync.client import Declined
from sync.client import enrol as ask
from sync.wire import EnrolRequest

HINT = "Make a new code in central's console; each works once, for 15 minutes."
NO_ANSWER = "Check address, cable and certificate; the code is not spent until central has answered."
ADDRESS = re.compile(r"https?://[^\s/]+(/\S*)?")


def enrol(url: str, code: str, path: Path | None) -> Identity:
    """Spend ``code`` at central and keep what it answers in the configuration's folder."""
    return enrol_in(Path(configuration.load(path).store.folder), url, code)


def enrol_in(folder: Path, url: str, code: str) -> Identity:
    """Spend ``code`` at central and keep what it answers in ``folder``, which must be new."""
    if not ADDRESS.fullmatch(url):
        raise ConfigError(f"{url!r} is no address.", hint="Write it as https://central.example.")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = Folder(folder)
    held.take()
    try:
        return _enrol(folder, url.rstrip("/"), code)
    finally:
        held.release()


def _enrol(folder: Path, url: str, code: str) -> Identity:
    if (folder / IDENTITY_FILE).exists() or (folder / KEYS_FILE).exists():
        raise Refused(
            f"{folder} belongs to a device already.",
            hint="Give this one a folder of its own; a device is never enrolled over another's journal.",
        )
    draft = Identity(site="", device="", private_key=new_private_key(), central=url)
    try:
        answer = ask(url, EnrolRequest(code=code, public_key=draft.public_key))
    except Declined as error:
        raise Refused(str(error), hint=HINT) from error
    except Offline as error:
        raise Offline(f"{url} does not answer as central does.", hint=NO_ANSWER) from error
    identity = msgspec.structs.replace(
        draft,
        site=answer.site,
        device=answer.device,
        incarnation=answer.incarnation,
        credential=answer.credential,
    )
    save(folder, Vault.create(folder, answer.band_key), identity)
    return identity
