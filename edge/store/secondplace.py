"""The second place: a folder on another disk with a device's newest checkpoint and its unsent sales."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from edge.core.checkpoint import CHECKPOINT_BYTES_MAX, Checkpoint, decoded, encoded
from edge.core.events import Event
from edge.errors import PolsoError, StoreError
from edge.store.folder import sync_folder
from edge.store.salvage import MONEY, Salvage

SUFFIX = ".checkpoint"
STOP_S_MAX = 1.0
LOG = logging.getLogger("polso.checkpoints")


class CheckpointError(PolsoError):
    """This file holds no checkpoint of this device."""

    hint = (
        "Take the file DEVICE.checkpoint of the second place, or one that `polso journal checkpoint` wrote."
    )
    retryable = False


class SecondPlace:
    """Writes into a folder what is new, on a thread of its own: a slow stick keeps no tap waiting."""

    def __init__(
        self, folder: Path, newest: Callable[[], Checkpoint | None], salvage: Salvage | None = None
    ) -> None:
        """Keep there what ``newest`` returns, and the sales that central does not hold yet."""
        self._folder, self._newest, self._salvage = folder, newest, salvage
        self._bell = threading.Event()
        self._written: Checkpoint | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._keep, name="second-place", daemon=True)
        self.cause = ""
        """Why the last could not be written; empty: it was."""

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what is newest, then end."""
        self._ended = True
        self._bell.set()
        self._thread.join(STOP_S_MAX)

    def committed(self, results: Sequence[object], events: Sequence[Event]) -> None:
        """Hear of a commit; made for the sequencer's ``after_commit``, it returns at once.

        One without events may be central's word that it holds something.
        """
        if self._newest() is not self._written or not events or any(one.lane == MONEY for one in events):
            self._bell.set()

    def _keep(self) -> None:
        while not self._ended:
            self._bell.wait()
            self._bell.clear()
            self._write(self._newest())
        self._write(self._newest())

    def _write(self, newest: Checkpoint | None) -> None:
        try:
            why = self._salvage.keep() if self._salvage is not None else ""
            if not why and newest is not None and newest is not self._written:
                write(self._folder, newest)
                self._written = newest
        except (OSError, StoreError) as error:
            why = str(error)
        if why and not self.cause:
            LOG.warning("the second place cannot be written: %s", why)
        self.cause = why


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint there durably, in the place of an older one of its device."""
    new = folder / f"{checkpoint.device}{SUFFIX}.new"
    with new.open("wb") as file:
        file.write(encoded(checkpoint))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path_of(folder, checkpoint.device))
    sync_folder(folder)


def path_of(folder: Path, device: str) -> Path:
    """Return where a device's checkpoint lies in a folder."""
    return folder / f"{device}{SUFFIX}"


def read(path: Path) -> Checkpoint:
    """Return the checkpoint in a file."""
    try:
        with path.open("rb") as file:
            found = decoded(file.read(CHECKPOINT_BYTES_MAX + 1))
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error}.") from error
    if found is None:
        raise CheckpointError(f"{path} holds no checkpoint.")
    return found
