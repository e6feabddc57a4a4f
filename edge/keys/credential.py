"""A systemd credential: the ring sealed to this host, to its TPM or to both, opened by systemd alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from edge.keys.ring import Ring, ring_in
from edge.keys.source import NoKey, OnlyRoot, write_whole

CREDENTIAL = "polso.key"
"""The credential's name; it is sealed into it, so that no other can stand in its place."""
FOLDER_VARIABLE = "CREDENTIALS_DIRECTORY"
STORE = Path("/etc/credstore.encrypted") / CREDENTIAL
"""Where systemd looks by itself for an encrypted credential of this name."""
TOOL_S_MAX = 30
WORTH = {
    "host": "sealed to this system's own secret: a copied data folder opens nowhere; whoever takes the whole "
    "disk can open it",
    "tpm2": "sealed to this machine's TPM: neither a copied folder nor the whole disk opens elsewhere",
    "host+tpm2": "sealed to this system's secret and its TPM: the disk opens in this machine alone",
}


class Credential:
    """A ring that systemd hands to the service; root may also open and replace the sealed file."""

    name = "credential"

    def __init__(self, path: Path = STORE, *, seal_with: str = "") -> None:
        """Name the sealed file, and what a new one is sealed to; nothing: whatever there is."""
        self.path = path
        self._seal_with = seal_with

    @property
    def worth(self) -> str:
        """What it protects from, as far as this account can tell what it is sealed to."""
        known = WORTH.get(self._seal_with)
        if known is None and self.path.exists() and os.access(self.path, os.R_OK):
            known = WORTH["tpm2" if has_tpm2() else "host"]
        return known or "sealed by systemd to this host, and to its TPM where there is one"

    def ring(self) -> Ring:
        """Read what systemd handed over, or, as root, open the sealed file."""
        handed = handed_over()
        if handed is not None:
            return ring_in(handed)
        if not self.path.exists():
            raise NoKey(f"systemd handed over no credential {CREDENTIAL}, and {self.path} is not there.")
        if os.geteuid() != 0:
            raise OnlyRoot
        return ring_in(_tool(["decrypt", f"--name={CREDENTIAL}", str(self.path), "-"], b""))

    def has_ring(self) -> bool:
        """Say whether there is a credential."""
        return handed_over() is not None or self.path.exists()

    def put(self, ring: Ring) -> None:
        """Seal a ring into the file; only root can."""
        command = ["encrypt", f"--name={CREDENTIAL}", f"--with-key={self._key()}", "-", "-"]
        sealed = _tool(command, ring.written())
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self.path, sealed)
        except OSError as error:
            raise NoKey(
                f"{self.path} cannot be written: {error.strerror}.", hint="Run this as root."
            ) from error

    def _key(self) -> str:
        return self._seal_with or ("host+tpm2" if has_tpm2() else "host")


def handed_over() -> bytes | None:
    """Return the credential as systemd handed it to this service, or None."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return None
    try:
        return (Path(folder) / CREDENTIAL).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NoKey(f"The credential {CREDENTIAL} cannot be read: {error.strerror}.") from error


def has_tpm2() -> bool:
    """Ask systemd whether firmware, driver and system can use a TPM 2.0."""
    try:
        told = subprocess.run(
            ["systemd-creds", "has-tpm2", "--quiet"],  # noqa: S607 - found on the path as any system tool
            check=False,
            capture_output=True,
            timeout=TOOL_S_MAX,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return told.returncode == 0


def _tool(arguments: list[str], given: bytes) -> bytes:
    """Run systemd-creds; keys pass through pipes alone, never through arguments, files or the environment."""
    try:
        told = subprocess.run(  # noqa: S603 - arguments are ours
            ["systemd-creds", *arguments],  # noqa: S607 - as above
            input=given,
            capture_output=True,
            check=False,
            timeout=TOOL_S_MAX,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoKey("systemd-creds does not run here.", hint='Use key.source = "file" or "tpm".') from error
    if told.returncode:
        last = told.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NoKey(
            f"systemd-creds says: {''.join(last) or told.returncode}",
            hint="Run this as root; a credential of another host or TPM opens nowhere else.",
        )
    return told.stdout
