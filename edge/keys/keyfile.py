"""A key file: the ring in a file elsewhere than in the folder that it opens."""

from __future__ import annotations

from pathlib import Path

from edge.keys.ring import Ring, ring_in
from edge.keys.source import NoKey, write_whole


class KeyFile:
    """A file that only its owner may read, never inside ``folder``."""

    name = "file"

    def __init__(self, path: Path, folder: Path) -> None:
        """Name the file; one inside the folder that it opens is refused, because it would travel with it."""
        self.path = path.absolute()
        if self.path.resolve().is_relative_to(folder.resolve()):
            raise NoKey(
                f"The key file {self.path} would lie in the folder that it opens.",
                hint="Name another place as key.path, as /etc/polso/key, or use a credential.",
            )

    @property
    def worth(self) -> str:
        """What it protects from."""
        return (
            f"{self.path}: a copy of the data folder opens nowhere; "
            "whoever takes the whole disk has the key too, unless this file lies on another medium"
        )

    def ring(self) -> Ring:
        """Read the file; one that others may read is refused."""
        try:
            if self.path.stat().st_mode & 0o077:
                raise NoKey(f"{self.path} can be read by others.", hint=f"chmod 600 {self.path}")
            return ring_in(self.path.read_bytes())
        except FileNotFoundError as error:
            raise NoKey(f"The key file {self.path} is not there.") from error
        except OSError as error:
            raise NoKey(
                f"The key file {self.path} cannot be read: {error.strerror}.",
                hint="It belongs to the service's account.",
            ) from error

    def has_ring(self) -> bool:
        """Say whether the file is there."""
        return self.path.exists()

    def put(self, ring: Ring) -> None:
        """Replace the file whole."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self.path, ring.written())
        except OSError as error:
            raise NoKey(
                f"The key file {self.path} cannot be written: {error.strerror}.",
                hint="Run `polso key make` as root, or name another place as key.path.",
            ) from error
