"""The configuration: a site's TOML file over the commented defaults that ship with the package."""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from edge.errors import ConfigError
from edge.receivers import Radio, Word, wrongs

READERS_MAX = 32
"""Readers, gates and lights of one device, each kind."""
RADIOS_MAX = 8
EQUIPMENT = ("readers", "gates", "lights", "printers")

Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Table = dict[str, Any]


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """The site this device belongs to, and the book that it shares with the site's other devices."""

    id: Word
    etcd: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^https?://[^/\s]+$", max_length=300)], ...], Meta(max_length=7)
    ]
    ca: Annotated[str, Meta(max_length=500)]
    certificate: Annotated[str, Meta(max_length=500)]


class Device(Struct, frozen=True, forbid_unknown_fields=True):
    """This device's own identity."""

    id: Word


class Store(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the journal lives and what is kept free for it."""

    folder: str
    encrypt: bool
    reserve_bytes: Annotated[int, Meta(ge=65_536, le=1_073_741_824)]
    free_bytes_min: Annotated[int, Meta(ge=0)]
    second_folder: Annotated[str, Meta(max_length=500)] = ""
    run_folder: Annotated[str, Meta(max_length=500)] = ""


class Key(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the key comes from that opens the data folder."""

    source: Literal["auto", "credential", "tpm", "file", "central"]
    path: Annotated[str, Meta(max_length=500)]
    seal_with: Literal["", "host", "tpm2", "host+tpm2"]


class Central(Struct, frozen=True, forbid_unknown_fields=True):
    """The central platform; without an address the device stays alone."""

    url: Annotated[str, Meta(max_length=500, pattern=r"^(https?://[^\s/]+.*)?$")]
    push_ms: Annotated[int, Meta(ge=10, le=60_000)]
    ca: Annotated[str, Meta(max_length=500)]
    plain_http: bool


class Caps(Struct, frozen=True, forbid_unknown_fields=True):
    """How much central may take from guests in an hour before this device obeys it no longer."""

    revoked_percent_max: Annotated[int, Meta(ge=1, le=100)]
    revoked_min: Annotated[int, Meta(ge=1, le=1_000_000)]


class Screens(Struct, frozen=True, forbid_unknown_fields=True):
    """The server of the screens."""

    host: Annotated[str, Meta(min_length=1, max_length=255)]
    port: Annotated[int, Meta(ge=0, le=65_535)]
    hosts: Annotated[tuple[str, ...], Meta(min_length=1, max_length=16)]
    screens_max: Annotated[int, Meta(ge=1, le=500)]
    origins: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^https?://[^/\s]+$")], ...], Meta(max_length=16)
    ] = ()


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """How long people's acts stay possible, and how many of them one person may do in a shift."""

    hold_s_max: Annotated[int, Meta(ge=5, le=600)]
    undo_min_max: Annotated[int, Meta(ge=1, le=240)]
    help_s_max: Annotated[int, Meta(ge=5, le=600)]
    look_up_max: Annotated[int, Meta(ge=1, le=100)]
    overrides_shift_max: Annotated[int, Meta(ge=0, le=900)]
    undos_shift_max: Annotated[int, Meta(ge=1, le=900)]
    look_ups_shift_max: Annotated[int, Meta(ge=1, le=900)]
    voids_shift_max: Annotated[int, Meta(ge=0, le=900)]
    refund_minor_max: Annotated[int, Meta(ge=0, le=1_000_000)]
    wallet_want_minor: Annotated[int, Meta(ge=0, le=10_000_000)]
    lease_wait_ms: Annotated[int, Meta(ge=0, le=5_000)]


Days = Annotated[int, Meta(ge=1, le=3_660)]
Hours = Annotated[int, Meta(ge=1, le=8_784)]


class Retention(Struct, frozen=True, forbid_unknown_fields=True):
    """How long what belongs to guests is kept; nothing is deleted by a clock that is not trusted."""

    answers_days: Days
    seen_h: Hours
    zones_h: Hours
    sealed_days: Days
    moved_days: Days
    ended_days: Days
    booked_days: Days
    words_days: Days


class Log(Struct, frozen=True, forbid_unknown_fields=True):
    """What is written to standard error, one JSON object a line."""

    level: Literal["debug", "info", "warning", "error"]
    lines_per_s_max: Count


class Equipment(Struct, frozen=True, forbid_unknown_fields=True):
    """One reader, gate or light: its own name, its driver's name, the point it stands at."""

    name: Word
    driver: Word
    point: Word
    settings: Table = {}


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """The whole configuration of one edge device."""

    site: Site
    device: Device
    store: Store
    key: Key
    central: Central
    caps: Caps
    screens: Screens
    limits: Limits
    retention: Retention
    log: Log
    readers: Annotated[tuple[Equipment, ...], Meta(max_length=READERS_MAX)] = ()
    gates: Annotated[tuple[Equipment, ...], Meta(max_length=READERS_MAX)] = ()
    lights: Annotated[tuple[Equipment, ...], Meta(max_length=READERS_MAX)] = ()
    printers: Annotated[tuple[Equipment, ...], Meta(max_length=READERS_MAX)] = ()
    radios: Annotated[tuple[Radio, ...], Meta(max_length=RADIOS_MAX)] = ()


def default_text() -> str:
    """Return the commented defaults file, as shipped."""
    return resources.files("edge").joinpath("polso.toml").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def shipped() -> Config:
    """Return the defaults alone, for whoever builds a room without a configuration."""
    return parse("", "the defaults")


def load(path: Path | None = None) -> Config:
    """Return the configuration of a site's file over the defaults; None: the defaults alone."""
    if path is None:
        return shipped()
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError as error:
        hint = "Give another one with --config, or write one after the example in .docs/device.md."
        raise ConfigError(f"{path} does not exist.", hint=hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}.", hint="Check its rights; it is UTF-8."
        ) from error


def parse(text: str, source: str) -> Config:
    """Return the configuration of a TOML text over the defaults; errors name key, line and remedy."""
    own = _read_toml(text, source)
    defaults = tomllib.loads(default_text())
    _refuse_unknown(own, Config, (), text=text, source=source)
    try:
        config = msgspec.convert(_over(defaults, own), Config)
    except msgspec.ValidationError as error:
        raise _wrong_value(error, text, source) from error
    _refuse_twins(config, text, source)
    others = {row.name for kind in EQUIPMENT for row in getattr(config, kind)}
    for wrong in wrongs(config.radios, others):
        place = _place(("radios", wrong.key), text, source)
        raise ConfigError(f"{place}: {wrong.what}.", hint=wrong.hint)
    return config


def _read_toml(text: str, source: str) -> Table:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        hint = "Mend the line named; strings stand in quotes, tables in [brackets]."
        raise ConfigError(f"{source} is not TOML: {error}.", hint=hint) from error


def _over(below: Table, above: Table) -> Table:
    """Lay ``above`` over ``below``, table by table; lists and values replace what is there."""
    laid = dict(below)
    for key, value in above.items():
        under = laid.get(key)
        laid[key] = _over(under, value) if isinstance(value, dict) and isinstance(under, dict) else value
    return laid


def _refuse_unknown(
    table: Table, kind: type[Struct], above: tuple[str, ...], *, text: str, source: str
) -> None:
    """Refuse keys that no struct knows, with the nearest one that does, before anything else is judged."""
    fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in table.items():
        path = (*above, key)
        if key not in fields:
            raise _unknown_key(path, list(fields), text=text, source=source)
        if isinstance(value, dict) and isinstance(fields[key], type) and issubclass(fields[key], Struct):
            _refuse_unknown(value, fields[key], path, text=text, source=source)
        elif isinstance(value, list) and not above:
            for row in value:
                if isinstance(row, dict):
                    of = Radio if key == "radios" else Equipment
                    _refuse_unknown(row, of, path, text=text, source=source)


def _unknown_key(path: tuple[str, ...], known: list[str], *, text: str, source: str) -> ConfigError:
    near = difflib.get_close_matches(path[-1], known, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known here: {', '.join(known)}."
    return ConfigError(f"{_place(path, text, source)}: there is no key {'.'.join(path)!r}.", hint=hint)


_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")


def _wrong_value(error: msgspec.ValidationError, text: str, source: str) -> ConfigError:
    """Say msgspec's sentence with our own address: the key as written in the file, and its line."""
    sentence = str(error)
    found = _AT.search(sentence)
    dotted = found["path"] if found else ""
    path = tuple(re.sub(r"\[[^\]]*\]", "", dotted).split(".")) if dotted else ()
    what = _AT.sub("", sentence)
    hint = "Compare it with the commented default in edge/polso.toml; `polso check` tries the file."
    return ConfigError(f"{_place(path, text, source)}: {dotted or 'the file'}: {what}.", hint=hint)


def _refuse_twins(config: Config, text: str, source: str) -> None:
    """Two readers of one name could not be told apart in the journal."""
    for kind in (*EQUIPMENT, "radios"):
        names = [row.name for row in getattr(config, kind)]
        twins = sorted({name for name in names if names.count(name) > 1})
        if twins:
            place = _place((kind, "name"), text, source)
            raise ConfigError(f"{place}: two {kind} are named {twins[0]!r}.", hint="Give each its own name.")


def _place(path: tuple[str, ...], text: str, source: str) -> str:
    """Return ``file:line`` of the key where the text shows it, else the file alone."""
    table, line_of_table = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
        if header is not None:
            table = header[1]
            if path and table == ".".join(path):
                return f"{source}:{number}"
            line_of_table = number if path and table == path[0] else line_of_table
        elif path and _is_key(line, path, table):
            return f"{source}:{number}"
    return f"{source}:{line_of_table}" if line_of_table else source


def _is_key(line: str, path: tuple[str, ...], table: str) -> bool:
    """Say whether this line sets the key ``path``, dotted or inside its table."""
    key = re.match(r"\s*([A-Za-z0-9_.-]+)\s*=", line)
    if key is None:
        return False
    full = f"{table}.{key[1]}" if table else key[1]
    return full == ".".join(path) or (
        bool(table) and full.startswith(".".join(path[:2]) + ".") and len(path) > 2
    )
