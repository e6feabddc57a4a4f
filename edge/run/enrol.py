"""Enrolling this device: a key made here, a name and a credential from central, kept before anything else."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import msgspec

from edge import config as configuration
from edge.errors import ConfigError, Offline, Refused, StoreDamaged
from edge.keys.ring import Ring
from edge.keys.source import Source, write_whole
from edge.run.boot import CentralKey
from edge.run.identity import IDENTITY_FILE, Identity, new_private_key, save
from edge.run.tls import cable_for
from edge.run.unlocking import FORMER_KEYS, ring_of, source_of
from edge.store.folder import Folder
from edge.vault import SITE_FILE, SITE_KEY_BYTES, Vault
from sync.client import Cable, Declined
from sync.client import enrol as ask
from sync.wire import Problem

HINT = "Make a new code in central's console; each works once, for 15 minutes."
NO_ANSWER = "Check address, cable and certificate; the code is not spent until central has answered."
NOT_SIGNED = "The code is not spent: try again with the address that the message names."
TRY_FILE = "enrolling"
"""Holds a device's key, sealed, from before its code is spent until its identity is kept."""
STATE_FILE = "state.db"
_CELL = ("enrolling", "key")
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
    _demand_new(folder)
    ring = ring_of(source)  # before the code is spent: without a key the answer could not be kept
    draft = Identity(site="", device="", private_key=_key_of_this_try(folder, ring), central=url)
    try:
        answer = ask(url, code, private_key=draft.private_key, cable=cable)
    except Declined as error:
        # The key stays: an earlier code may have been spent on it, and this one may only be mistyped.
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
    (folder / SITE_FILE).unlink(missing_ok=True)  # of a try that was cut off: nothing is sealed by it
    save(folder, Vault.create(folder, ring, answer.band_key), identity)
    (folder / TRY_FILE).unlink()
    return identity


def _demand_new(folder: Path) -> None:
    """Refuse a folder that belongs to a device; what a try that was cut off left behind is none."""
    cut_off = (folder / TRY_FILE).exists()
    names = (IDENTITY_FILE, FORMER_KEYS, STATE_FILE, *(() if cut_off else (SITE_FILE,)))
    if any((folder / name).exists() for name in names):
        if (folder / IDENTITY_FILE).exists():
            (folder / TRY_FILE).unlink(missing_ok=True)  # cut off as its last step: the identity is kept
        raise Refused(
            f"{folder} belongs to a device already.",
            hint="Give this one a folder of its own; a device is never enrolled over another's journal.",
        )


def _key_of_this_try(folder: Path, ring: Ring) -> bytes:
    """Return the device's private key, kept before any code is spent on it.

    Whoever is cut off then asks again with the same code and the same key, and is given the same answer.
    A ring that is to be left at central waits in memory: cut off before that, a new key and code are needed.
    """
    vault, path = Vault(bytes(SITE_KEY_BYTES), ring), folder / TRY_FILE
    if path.exists():
        with suppress(StoreDamaged):  # sealed by another ring, or cut: nothing was spent on it that counts
            return vault.open(path.read_bytes(), *_CELL, row=b"1")
    key = new_private_key()
    write_whole(path, vault.seal(key, *_CELL, row=b"1"))
    return key
