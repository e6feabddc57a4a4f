"""Release: what two of three keys vouch for, fetched by The Update Framework's client, or refused."""

from __future__ import annotations

import platform
import re
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import msgspec
from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, RepositoryError
from tuf.api.metadata import Metadata, Root, TargetFile, Timestamp
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from edge.clock import wall_ms
from edge.errors import ConfigError, Offline, PolsoError
from edge.keys.source import write_whole
from edge.run.tls import is_loopback

MANIFEST, LOCK = "release.json", "release.txt"
ROOT = "root.json"
SIGNED_BY_MIN = 2
"""Keys that have to sign a root, a list of files and a snapshot: a stolen one alone is worth nothing."""
FRESH_MS_MAX = 7 * 24 * 3_600_000
"""For so long a repository may vouch that nothing is newer; who holds it back longer is found out."""
SLACK_MS = 60_000
FILES_MAX = 500
MANIFEST_BYTES_MAX = 100_000
FILE_BYTES_MAX = 200_000_000
ROOTS_MAX = 64
"""Changes of keys that a device catches up with at once."""
METADATA_BYTES_MAX = 1_000_000
CHUNK_BYTES = 65_536
WAIT_S_MAX = 30
"""Nothing at all within this time is a server that is away."""
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,150}\.whl")
MACHINES = ("x86_64", "aarch64", "armv7l", "i686")


class NotVouchedFor(PolsoError):
    """What the repository offers is not vouched for; nothing was installed."""

    hint = "Ask whoever makes the releases. Until then this device keeps the release that it has."


class Release(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A release's own list of what belongs to it: wheels, and ``release.txt`` with each one's hash."""

    version: str
    files: tuple[str, ...]


class Source(FetcherInterface):
    """Fetches from a server or from a folder, a stick say; the library counts each octet it takes."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            with urllib.request.urlopen(url, timeout=WAIT_S_MAX) as answer:  # noqa: S310 - looked at in _address
                while chunk := answer.read(CHUNK_BYTES):
                    yield chunk
        except HTTPError as error:
            error.close()
            raise DownloadHTTPError(str(error), error.code) from error
        except (OSError, HTTPException) as error:
            if isinstance(getattr(error, "reason", None), FileNotFoundError):
                raise DownloadHTTPError("it is not there", 404) from error
            raise DownloadError(str(error)) from error


def trust(keep: Path, root: Path) -> None:
    """Pin the root that all else is judged by; one that a single key could replace is refused."""
    try:
        content = root.read_bytes()
        signed = Metadata[Root].from_bytes(content)
        signed.signed.verify_delegate("root", signed.signed_bytes, signed.signatures)
        known = signed.signed
    except (OSError, RepositoryError, ValueError) as error:
        raise ConfigError(
            f"{root} is no root of trust: {error}", hint="Take the one of the release."
        ) from error
    weak = [name for name in ("root", "targets", "snapshot") if known.roles[name].threshold < SIGNED_BY_MIN]
    if weak:
        raise ConfigError(
            f"{root}: one key alone could sign {', '.join(weak)}.", hint="It takes two of three."
        )
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(keep / ROOT, content)


def fetched(repository: str, keep: Path) -> tuple[Release, Path]:
    """Return the newest release and the folder with its files, each proven; ``keep`` holds what is known.

    Raises ``NotVouchedFor`` for whatever is not signed by enough keys, older than what was seen, expired,
    mixed, endless or changed, and ``Offline`` where nothing answers.
    """
    updater = _updater(repository, keep)
    try:
        updater.refresh()
        _refuse_frozen(keep)
        return _files(updater, keep / "files")
    except (DownloadLengthMismatchError, RepositoryError) as error:
        raise NotVouchedFor(f"{repository} is not believed: {error}") from error
    except DownloadError as error:
        raise Offline(f"{repository} does not answer: {error}", hint="Check address and cable.") from error


def _updater(repository: str, keep: Path) -> Updater:
    try:
        root = (keep / ROOT).read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(
            "No root of trust is pinned.", hint="Pin the release's with --root FILE."
        ) from error
    base = _address(repository)
    (keep / "metadata").mkdir(parents=True, exist_ok=True, mode=0o700)
    (keep / "files").mkdir(exist_ok=True, mode=0o700)
    limits = UpdaterConfig(
        max_root_rotations=ROOTS_MAX,
        snapshot_max_length=METADATA_BYTES_MAX,
        targets_max_length=METADATA_BYTES_MAX,
    )
    return Updater(
        metadata_dir=str(keep / "metadata"),
        metadata_base_url=f"{base}/metadata",
        target_base_url=f"{base}/targets",
        fetcher=Source(),
        config=limits,
        bootstrap=root,
    )


def _address(repository: str) -> str:
    """Return where to fetch: https, plain http on this machine alone, or a folder."""
    where = urlsplit(repository)
    if where.scheme == "http" and not is_loopback(where.hostname or ""):
        raise ConfigError(f"{repository} is plain http.", hint="Use https, or a folder.")
    is_far = where.scheme in ("http", "https")
    return repository.rstrip("/") if is_far else Path(repository).absolute().as_uri()


def _refuse_frozen(keep: Path) -> None:
    """Refuse a repository that vouches for longer than a week: it could hide all newer releases as long.

    A clock that runs behind sees the same, for what is signed now ends in a week at most.
    """
    path = keep / "metadata" / "timestamp.json"
    ends = Metadata[Timestamp].from_file(str(path)).signed.expires
    if ends.timestamp() * 1_000 > wall_ms() + FRESH_MS_MAX + SLACK_MS:
        path.unlink()
        raise NotVouchedFor(
            f"The repository vouches for itself until {ends.date()}, longer than a week.",
            hint="If that day is near, this device's clock is behind: set it.",
        )


def _files(updater: Updater, folder: Path) -> tuple[Release, Path]:
    listed = _one(updater, folder, MANIFEST, bytes_max=MANIFEST_BYTES_MAX)
    try:
        release = msgspec.json.decode(listed.read_bytes(), type=Release)
    except msgspec.MsgspecError as error:
        raise NotVouchedFor(f"The release's own list cannot be read: {error}") from error
    names = [name for name in release.files if name != LOCK]
    if LOCK not in release.files or len(names) > FILES_MAX or not all(map(FILE_NAME.fullmatch, names)):
        raise NotVouchedFor("The release's own list names what no release has.")
    wanted = [LOCK, *filter(_fits, names)]
    for name in wanted:
        _one(updater, folder, name, bytes_max=FILE_BYTES_MAX)
    for old in folder.iterdir():
        if old.name not in (*wanted, MANIFEST):
            old.unlink()
    return release, folder


def _one(updater: Updater, folder: Path, name: str, *, bytes_max: int) -> Path:
    """Return a file of the release, from before if it is the same."""
    told: TargetFile | None = updater.get_targetinfo(name)
    if told is None or told.length > bytes_max:
        raise NotVouchedFor(f"{name} is not among what was signed.")
    # The library's own name for the file would be quoted as in an address: pip knows wheels by their names.
    path = str(folder / name)
    return Path(updater.find_cached_target(told, path) or updater.download_target(told, path))


def _fits(wheel: str) -> bool:
    """Whether a wheel is for this kind of machine, or for all: the others' need not be fetched."""
    return not any(machine in wheel for machine in MACHINES if machine != platform.machine())
