"""Slots: two environments side by side, a link to the one in use, and the way back to the other."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from edge.clock import monotonic_ms
from edge.errors import ConfigError, PolsoError
from edge.keys.source import sync_of, write_whole
from edge.run.waiting import until

GOOD_S_MAX = 120.0
"""A release that does not answer well by then is left again."""
LOOK_S = 0.5
INSTALL_S_MAX = 1_800
"""A slow card takes minutes to unpack sixty packages."""
PENDING, LEFT = "pending.json", "left.json"
OUTPUT_CHARS_MAX = 800


class NotInstalled(PolsoError):
    """The release could not be installed; the one in use was not touched."""

    hint = "Free space on the disk, look at the last lines above, and update again."


class WentBack(PolsoError):
    """The new release did not answer well; the former one is in use again."""

    hint = "Read its log (journalctl -u polso), mend the cause, then update with --again."


class Turn(msgspec.Struct, frozen=True):
    """A change of slots that nobody has judged yet."""

    version: str
    before: str
    after: str


class Slots:
    """The link that everything starts from, as ``/opt/polso``, and beside it ``polso-a`` and ``polso-b``."""

    def __init__(self, link: Path, keep: Path) -> None:
        """Work on this link; ``keep`` is the folder that remembers a change until it is judged."""
        self._link, self._keep = link, keep

    def in_use(self) -> Path:
        """Return the environment that the link names."""
        names = [f"{self._link.name}-{letter}" for letter in "ab"]
        named = self._link.readlink().name if self._link.is_symlink() else ""
        if named not in names:
            raise ConfigError(
                f"{self._link} is no link to {' or '.join(names)}.",
                hint=f"Install into {self._link}-a and link it: ln -s {names[0]} {self._link}",
            )
        return self._link.with_name(named)

    def other(self) -> Path:
        """Return the environment that nothing starts from."""
        used = self.in_use().name
        return self._link.with_name(used[:-1] + ("b" if used.endswith("a") else "a"))

    def install(self, wheels: Path, lock: Path) -> Path:
        """Make the other environment anew from these wheels and nothing else; return it."""
        made = self.other()
        if made.exists():
            shutil.rmtree(made)
        _run([sys.executable, "-m", "venv", str(made)])
        pip = [str(made / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--isolated", "install"]
        told = ["--no-index", "--no-deps", "--require-hashes", "--find-links", str(wheels), "-r", str(lock)]
        _run([*pip, "-q", *told])
        _run([str(made / "bin/polso"), "--version"])  # what cannot even say its name is never switched to
        return made

    def turn(self, version: str) -> None:
        """Let everything start from the other environment from now on; remember that this is to be judged."""
        turn = Turn(version=version, before=self.in_use().name, after=self.other().name)
        write_whole(self._keep / PENDING, msgspec.json.encode(turn))
        self._point_at(turn.after)

    def settle(self, restart: Callable[[], None], good: Callable[[], bool]) -> str:
        """Judge a change that is not judged yet: stay, or go back and raise ``WentBack``; idempotent.

        ``restart`` returns when what starts from the link was told to start again, ``good`` says whether it
        answers well. Both together have two minutes.
        """
        turn = self.pending()
        if turn is None or self.in_use().name != turn.after:
            (self._keep / PENDING).unlink(missing_ok=True)  # power went before the link was changed
            return "Nothing is to be settled."
        end_ms = monotonic_ms() + int(GOOD_S_MAX * 1_000)
        restart()
        if until(good, max(0.0, (end_ms - monotonic_ms()) / 1_000), look_s=LOOK_S):
            (self._keep / PENDING).unlink()
            return f"Version {turn.version} is in use and answers well."
        self._point_at(turn.before)
        write_whole(self._keep / LEFT, msgspec.json.encode(turn))
        (self._keep / PENDING).unlink()
        restart()
        raise WentBack(f"Version {turn.version} did not answer well; the former one is in use again.")

    def pending(self) -> Turn | None:
        """Return the change that is not judged yet."""
        return _kept(self._keep / PENDING)

    def left(self) -> str:
        """Return the version that was left because it did not answer well, or nothing."""
        turn = _kept(self._keep / LEFT)
        return turn.version if turn is not None else ""

    def _point_at(self, name: str) -> None:
        """Change the link in one step: at each moment it names one whole environment."""
        new = self._link.with_name(f"{self._link.name}.new")
        new.unlink(missing_ok=True)
        new.symlink_to(name)
        new.replace(self._link)
        sync_of(self._link.parent)


def _kept(path: Path) -> Turn | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Turn)
    except FileNotFoundError:
        return None


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, or one that we have just made
            command, capture_output=True, text=True, check=False, timeout=INSTALL_S_MAX, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"{command[0]} does not run: {error}") from error
    if done.returncode:
        raise NotInstalled(f"{' '.join(command[:4])}: {(done.stderr or done.stdout)[-OUTPUT_CHARS_MAX:]}")
