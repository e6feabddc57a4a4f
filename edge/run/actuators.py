"""From a driver's name in the configuration to the gate or the light, imported only when it is named."""

from __future__ import annotations

from collections.abc import Mapping

from edge.config import Equipment
from edge.errors import ConfigError
from hardware.port import DeviceError, Gate, Light, PassageSink

GATES = ("relay", "virtual")
LIGHTS = ("tower", "virtual")


def gates(equipment: tuple[Equipment, ...], sink: PassageSink) -> Mapping[str, Gate]:
    """Make the configured gates, by the point they stand at."""
    return {one.point: _gate(one, sink) for one in equipment}


def lights(equipment: tuple[Equipment, ...]) -> Mapping[str, Light]:
    """Make the configured lights, by the point they stand at."""
    return {one.point: _light(one) for one in equipment}


def _gate(one: Equipment, sink: PassageSink) -> Gate:
    if one.driver == "virtual":
        from hardware.virtual.gate import VirtualGate

        return VirtualGate(one.name, sink)
    if one.driver != "relay":
        raise _unknown("gate", one, GATES)
    try:
        from hardware.gate import build_gate
    except ImportError as error:
        raise _missing("gate", one) from error
    try:
        return build_gate(one.name, one.settings, sink)
    except DeviceError as error:
        raise ConfigError(str(error), hint=error.hint) from error


def _light(one: Equipment) -> Light:
    if one.driver == "virtual":
        from hardware.virtual.gate import VirtualLight

        return VirtualLight()
    if one.driver != "tower":
        raise _unknown("light", one, LIGHTS)
    try:
        from hardware.gate import build_light
    except ImportError as error:
        raise _missing("light", one) from error
    try:
        return build_light(one.settings)
    except DeviceError as error:
        raise ConfigError(str(error), hint=error.hint) from error


def _unknown(what: str, one: Equipment, known: tuple[str, ...]) -> ConfigError:
    return ConfigError(
        f"{what} {one.name}: there is no driver {one.driver!r}.", hint=f"Use one of {', '.join(known)}."
    )


def _missing(what: str, one: Equipment) -> ConfigError:
    return ConfigError(f"{what} {one.name}: gpiozero is not installed.", hint="pip install 'polso[gpio]'")
