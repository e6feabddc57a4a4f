"""From a driver's name in the configuration to the gate or the light, imported only when it is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edge.config import Config, Equipment
from edge.errors import ConfigError
from hardware.port import DeviceError, Gate, Light, PassageSink, Printer

GATES = ("relay", "osdp", "virtual")
LIGHTS = ("tower", "osdp", "virtual")
PRINTERS = ("escpos", "virtual")

NEEDS = {"relay": ("gpiozero", "gpio"), "tower": ("gpiozero", "gpio"), "osdp": ("osdp_sys", "osdp")}
NEEDS |= {"escpos": ("escpos", "printer"), "virtual": ("escpos", "printer")}
"""The library behind a driver, and the extra that brings it."""


def gates(equipment: tuple[Equipment, ...], sink: PassageSink) -> Mapping[str, Gate]:
    """Make the configured gates, by the point they stand at."""
    return {one.point: _gate(one, sink) for one in equipment}


def lights(equipment: tuple[Equipment, ...]) -> Mapping[str, Light]:
    """Make the configured lights, by the point they stand at."""
    return {one.point: _light(one) for one in equipment}


def printers(equipment: tuple[Equipment, ...]) -> Mapping[str, Printer]:
    """Make the configured receipt printers, by the point they stand at."""
    return {one.point: _printer(one) for one in equipment}


def _printer(one: Equipment) -> Printer:
    if one.driver not in PRINTERS:
        raise _unknown("printer", one, PRINTERS)
    try:
        from hardware import printer
    except ImportError as error:
        raise _missing("printer", one) from error
    if one.driver == "virtual":
        from hardware.virtual.printer import Paper

        return printer.EscposPrinter(one.name, Paper())
    try:
        return printer.build(one.name, one.settings)
    except DeviceError as error:
        raise ConfigError(str(error), hint=error.hint) from error


def _gate(one: Equipment, sink: PassageSink) -> Gate:
    if one.driver == "virtual":
        from hardware.virtual.gate import VirtualGate

        return VirtualGate(one.name, sink)
    if one.driver not in GATES:
        raise _unknown("gate", one, GATES)
    try:
        return _gate_on_wires(one, sink)
    except ImportError as error:
        raise _missing("gate", one) from error
    except DeviceError as error:
        raise ConfigError(str(error), hint=error.hint) from error


def _gate_on_wires(one: Equipment, sink: PassageSink) -> Gate:
    if one.driver == "osdp":
        from hardware.osdp.actuators import build_gate as build_door

        return build_door(one.name, one.settings, sink)
    from hardware.gate import build_gate

    return build_gate(one.name, one.settings, sink)


def _light(one: Equipment) -> Light:
    if one.driver == "virtual":
        from hardware.virtual.gate import VirtualLight

        return VirtualLight()
    if one.driver not in LIGHTS:
        raise _unknown("light", one, LIGHTS)
    try:
        return _light_on_wires(one)
    except ImportError as error:
        raise _missing("light", one) from error
    except DeviceError as error:
        raise ConfigError(str(error), hint=error.hint) from error


def _light_on_wires(one: Equipment) -> Light:
    if one.driver == "osdp":
        from hardware.osdp.actuators import build_light as build_lamp

        return build_lamp(one.name, one.settings)
    from hardware.gate import build_light

    return build_light(one.settings)


def _unknown(what: str, one: Equipment, known: tuple[str, ...]) -> ConfigError:
    return ConfigError(
        f"{what} {one.name}: there is no driver {one.driver!r}.", hint=f"Use one of {', '.join(known)}."
    )


def _missing(what: str, one: Equipment) -> ConfigError:
    library, extra = NEEDS[one.driver]
    hint = f"pip install 'polso[{extra}]'"
    return ConfigError(f"{what} {one.name}: {library} is not installed.", hint=hint)


def kinds(config: Config) -> Iterator[tuple[str, str, str]]:
    """Yield name, kind and point of every configured device."""
    for reader in config.readers:
        yield reader.name, "reader", reader.point
    for gate in config.gates:
        yield gate.name, "gate", gate.point
    for light in config.lights:
        yield light.name, "light", light.point
    for radio in config.radios:
        yield radio.name, "radio", radio.point or radio.area or ""
