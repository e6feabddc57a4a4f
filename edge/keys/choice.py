"""The choice of a key source: what the configuration names, or the best that this machine has."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from edge.keys.credential import STORE, Credential, handed_over
from edge.keys.keyfile import KeyFile
from edge.keys.source import Source
from edge.keys.tpm import TpmKey

SITE_FILE = Path("/etc/polso/key")
"""Where a key file stands unless the configuration names another place."""
TPM_FILE = Path("/etc/polso/key.tpm")
NAME_BYTES = 8


def choose(source: str, path: str, folder: Path, *, seal_with: str = "") -> Source:
    """Return the source that the configuration names; ``auto`` takes a credential, else a key file."""
    named = Path(path).expanduser() if path else None
    makers: dict[str, Callable[[], Source]] = {
        "credential": lambda: Credential(named or STORE, seal_with=seal_with),
        "tpm": lambda: TpmKey(named or TPM_FILE),
        "file": lambda: KeyFile(named or SITE_FILE, folder),
        "auto": lambda: _found(named, folder),
    }
    return makers[source]()


def _found(named: Path | None, folder: Path) -> Source:
    if named is None and (handed_over() is not None or STORE.exists()):
        return Credential()
    if named is None and not SITE_FILE.exists():
        return KeyFile(own_file(folder), folder)
    return KeyFile(named or SITE_FILE, folder)


def own_file(folder: Path) -> Path:
    """Return where the key of ``folder`` lies for an account that has not been told of any other place."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    name = hashlib.blake2b(str(folder.resolve()).encode(), digest_size=NAME_BYTES).hexdigest()
    return Path(state).expanduser() / "polso" / f"{name}.key"
