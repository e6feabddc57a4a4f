"""The provider that central charges by: its secrets, and the key that seals what could be charged by."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from edge.errors import ConfigError
from edge.keys.choice import SITE_FILE, choose
from edge.keys.credential import FOLDER_VARIABLE
from edge.keys.source import Source
from edge.run.unlocking import ring_of
from edge.vault import SITE_KEY_BYTES, Vault
from sync.central.psp.mandates import prove_seals
from sync.central.psp.sandbox import Sandbox
from sync.central.psp.sandbox.server import API_KEY, SECRET
from sync.central.psp.stripe import Stripe, StripeKeys
from sync.central.settings import Settings
from sync.central.store import Store

STRIPE, SANDBOX = "stripe", "sandbox"
PROVIDERS = (STRIPE, SANDBOX)
API_NAME, NOTICES_NAME = "polso.psp-api", "polso.psp-notices"
"""The credentials that systemd hands over, or files of these names beside central's key."""
SECRET_BYTES_MAX = 1_024
ANYWHERE = Path("/var/lib/polso-central")
"""Stands for the folder of a database that is none of this machine's."""


class Provider:
    """A provider as central is started with it; ``stop`` ends the test provider's own server."""

    def __init__(self, name: str, source: Source, *, sandbox: Sandbox | None = None) -> None:
        """Read the secrets, or open the test provider, which has none worth keeping.

        ``source`` holds the key that seals what could be charged by.
        """
        self._sandbox = sandbox or (Sandbox() if name == SANDBOX else None)
        if self._sandbox is not None:
            keys, url = StripeKeys(API_KEY, SECRET), self._sandbox.url
        else:
            keys, url = StripeKeys(_secret(API_NAME), _secret(NOTICES_NAME)), ""
        self._psp = Stripe(keys, url=url, name=name)
        self._vault = Vault(bytes(SITE_KEY_BYTES), ring_of(source))

    @property
    def page(self) -> str:
        """Where the test provider answers; nothing for a real one."""
        return self._sandbox.url if self._sandbox else ""

    def settings(self, settings: Settings) -> Settings:
        """Return central's settings with this provider."""
        return msgspec.structs.replace(settings, psp=self._psp, seals=self._vault)

    def prove(self, store: Store) -> None:
        """Refuse to start with another key than the one that sealed what is stored."""
        with store.reading() as tx:
            prove_seals(tx, self._vault)

    def start(self, central: str) -> None:
        """Let the test provider answer, and send its notices to central's address."""
        if self._sandbox:
            self._sandbox.start(f"{central}/psp/{SANDBOX}/notices")

    def stop(self) -> None:
        """End the test provider."""
        if self._sandbox:
            self._sandbox.stop()


class LateSeals:
    """Central's key, taken where it lies at the first cell that is sealed or opened."""

    def __init__(self, source: Callable[[], Source]) -> None:
        """Look nowhere yet: most verbs never need it."""
        self._source = source
        self._vault: Vault | None = None

    def seal(self, plain: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return a sealed cell."""
        return self._opened().seal(plain, table, column, row=row)

    def open(self, sealed: bytes, table: str, column: str, *, row: bytes) -> bytes:
        """Return what was sealed for this very cell."""
        return self._opened().open(sealed, table, column, row=row)

    def _opened(self) -> Vault:
        if self._vault is None:
            self._vault = Vault(bytes(SITE_KEY_BYTES), ring_of(self._source()))
        return self._vault


def key_of(database: str) -> Source:
    """Return where central's key comes from: nowhere near its database."""
    return choose("auto", "", _folder(database))


def _folder(database: str) -> Path:
    """Return the folder that central's key must not lie in."""
    name = database.removeprefix("sqlite:///")
    return ANYWHERE if "://" in name else Path(name).absolute().parent


def _secret(name: str) -> str:
    """Return a secret from outside repository, configuration and environment; say where it belongs."""
    handed = os.environ.get(FOLDER_VARIABLE)
    places = [Path(handed) / name] if handed else []
    for path in (*places, SITE_FILE.with_name(name)):
        try:
            if not handed and path.stat().st_mode & 0o077:
                raise ConfigError(f"{path} can be read by others.", hint=f"chmod 600 {path}")
            with path.open("rb") as file:
                return file.read(SECRET_BYTES_MAX).decode("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
    raise ConfigError(
        f"Central is not told the provider's secret {name}.",
        hint=f"Hand it over as a systemd credential of that name, or as {SITE_FILE.with_name(name)}.",
    )
