"""The verb that installs a door reader, and the configuration that it leads to."""

from __future__ import annotations

from pathlib import Path

from edge.errors import ConfigError


def install(port: str, *, key_file: Path, address: int, baud: int) -> str:
    """Give the reader a key and return the lines to put into the configuration."""
    from hardware.osdp.settings import door_settings

    told: dict[str, str | int] = {
        "port": port,
        "key_file": str(key_file.absolute()),
        "address": address,
        "baud": baud,
    }
    try:
        settings = door_settings("polso osdp install", told)
        from hardware.osdp.install import install as act
    except ValueError as error:
        raise ConfigError(str(error), hint="See polso osdp install --help.") from error
    except ImportError as error:
        raise ConfigError("libosdp is not installed.", hint="pip install 'polso[osdp]'") from error
    act(settings)
    inside = ", ".join(f"{name} = {value!r}".replace("'", '"') for name, value in told.items())
    return f'The reader has its key. In the configuration:\n  driver = "osdp"\n  settings = {{ {inside} }}'
