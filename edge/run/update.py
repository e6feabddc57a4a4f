"""Update: fetch what is vouched for, install it beside, switch, and come back if it does not answer well."""

from __future__ import annotations

import subprocess
import urllib.request
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import msgspec

from edge import config as configuration
from edge.core.known import ANSWERS
from edge.errors import ConfigError
from edge.run.slots import GOOD_S_MAX, Slots

ASK_S_MAX = 3.0
ANSWER_BYTES_MAX = 65_536
ALL = ("0.0.0.0", "::")  # noqa: S104 - what a configuration may say, not where we listen


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever updates says."""

    repository: str = ""
    link: Path
    keep: Path
    root: Path | None = None
    unit: str = ""
    health: str = ""
    again: bool = False
    settle: bool = False


class _Said(msgspec.Struct, frozen=True):
    """What a device says of its health, as far as a release is judged by it."""

    ok: bool
    decides: dict[str, str] = {}


def update(said: Choices, config: Path | None, say: Callable[[str], None]) -> str:
    """Bring this device to the newest release of a repository; return what became of it in words."""
    slots = Slots(said.link, said.keep)
    good = _good(said.health or address(config))
    if said.settle or slots.pending() is not None:
        told = slots.settle(_restart(said.unit), good)
        if said.settle:
            return told
        say(told)
    if not said.repository and said.root is None:
        raise ConfigError("No repository is named.", hint="polso update https://… or a folder; see --help.")
    return _bring(said, slots, good, say=say)


def _bring(said: Choices, slots: Slots, good: Callable[[], bool], *, say: Callable[[str], None]) -> str:
    try:
        from edge.run import release as releases
    except ImportError as error:
        raise ConfigError("tuf is not installed.", hint="pip install 'polso[update]'") from error
    if said.root is not None:
        releases.trust(said.keep, said.root)
        say("The root of trust is pinned.")
    if not said.repository:
        return "Name a repository to update from it."
    slots.in_use()  # before anything is fetched: without slots nothing could be installed
    release, folder = releases.fetched(said.repository, said.keep)
    if release.version == metadata.version("polso"):
        return f"Version {release.version} is the newest, and in use."
    if release.version == slots.left() and not said.again:
        return f"Version {release.version} was left before; --again tries it once more."
    say(f"Version {release.version} is vouched for.")
    say(f"installed into {slots.install(folder, folder / releases.LOCK)}")
    slots.turn(release.version)
    return slots.settle(_restart(said.unit), good)


def address(path: Path | None) -> str:
    """Return where this device says how it is."""
    screens = configuration.load(path).screens
    host = "localhost" if screens.host in ALL else screens.host
    return f"http://{f'[{host}]' if ':' in host else host}:{screens.port}/healthz"


def _restart(unit: str) -> Callable[[], None]:
    """Return what starts the service anew; without a unit that is somebody else's."""

    def restart() -> None:
        if not unit:
            return
        try:
            command = ["systemctl", "restart", "--", unit]
            subprocess.run(command, check=False, timeout=GOOD_S_MAX)  # noqa: S603 - the operator's own word
        except subprocess.TimeoutExpired:
            return  # it has used up its time: whoever looks finds it not well
        except OSError as error:
            raise ConfigError("systemctl does not run here.", hint="Say --unit '' and restart it.") from error

    return restart


def _good(health: str) -> Callable[[], bool]:
    def good() -> bool:
        try:
            with urllib.request.urlopen(health, timeout=ASK_S_MAX) as answer:  # noqa: S310 - http by configuration
                said = msgspec.json.decode(answer.read(ANSWER_BYTES_MAX), type=_Said)
        except (OSError, msgspec.MsgspecError):
            return False
        # By the answers that this release knows: a new one that decides otherwise must not vouch for itself.
        return said.ok and all(said.decides.get(name) == answer for name, answer in ANSWERS.items())

    return good
