"""Colours: recomputed from the one file that states them, for eyes of every kind."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

TOKENS = (Path(__file__).parents[2] / "kiosk" / "static" / "tokens.css").read_text("utf-8")
SCREENS = {"--go": "#2db270", "--ask": "#ffe74d", "--wait": "#16246e", "--out": "#4a5058"} | {
    "--allow": "#38d66b", "--attend": "#2b1a6b", "--deny": "#7a0010"
}  # fmt: skip
CONTRAST_MIN = 7.0
DELTA_E_MIN = 40.0
# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISIONS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Colour = tuple[float, float, float]


def token(name: str, block: str = ":root") -> str:
    body = TOKENS.split(block + " {", 1)[1].split("\n}", 1)[0]
    found = re.search(rf"{name}: (#[0-9a-f]{{6}});", body)
    assert found is not None, f"{name} in {block}"
    return found[1]


def linear(hexed: str) -> Colour:
    parts = [int(hexed[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return r, g, b


def contrast(one: str, other: str) -> float:
    light = sorted(
        sum(k * v for k, v in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True)) for c in (one, other)
    )
    return (light[1] + 0.05) / (light[0] + 0.05)


def seen(hexed: str, vision: str) -> Colour:
    r, g, b = (
        min(1.0, max(0.0, sum(k * v for k, v in zip(row, linear(hexed), strict=True))))
        for row in VISIONS[vision]
    )
    return r, g, b


def lab(rgb: Colour) -> Colour:
    rows = (
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339, 0.1191920, 0.9503041),
    )
    white = (0.95047, 1.0, 1.08883)
    xyz = [sum(k * v for k, v in zip(row, rgb, strict=True)) / w for row, w in zip(rows, white, strict=True)]
    f = [t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in xyz]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def delta_e(one: str, other: str, vision: str) -> float:
    pairs = zip(lab(seen(one, vision)), lab(seen(other, vision)), strict=True)
    return float(sum((a - b) ** 2 for a, b in pairs) ** 0.5)


@pytest.mark.parametrize(("name", "value"), SCREENS.items())
def test_the_colours_are_those_that_were_measured(name: str, value: str) -> None:
    assert token(name) == value


@pytest.mark.parametrize(
    "name", ["go", "ask", "wait", "out", "allow", "attend", "deny", "accent", "aging", "aged"]
)
def test_text_on_a_verdict_has_seven_to_one(name: str) -> None:
    assert contrast(token(f"--{name}"), token(f"--on-{name}")) >= CONTRAST_MIN


@pytest.mark.parametrize("block", [":root", "\n.dark", "  .auto"])
@pytest.mark.parametrize("text", ["--ink", "--ink-soft", "--accent"])
def test_text_on_paper_has_seven_to_one_in_every_theme(block: str, text: str) -> None:
    assert contrast(token("--paper", block), token(text, block)) >= CONTRAST_MIN


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("group", [("--go", "--ask", "--wait"), ("--allow", "--attend", "--deny")])
def test_groups_stay_apart_for_every_kind_of_eye(vision: str, group: tuple[str, ...]) -> None:
    assert (
        min(delta_e(token(a), token(b), vision) for a, b in itertools.combinations(group, 2)) >= DELTA_E_MIN
    )


def test_the_measure_knows_the_pair_that_fails() -> None:
    assert delta_e("#0b6b2e", "#a3121f", "deutan") < DELTA_E_MIN


@pytest.mark.parametrize("name", ["--go", "--ask", "--wait", "--out", "--accent"])
def test_no_guest_sees_red(name: str) -> None:
    _, a, b = lab(linear(token(name)))
    assert not (a > 30 and b > 10)


def test_no_other_file_states_a_colour() -> None:
    folder = Path(__file__).parents[2] / "kiosk" / "static"
    own = [path for path in folder.glob("*.css") if path.name != "tokens.css"]
    stated = {path.name: re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text("utf-8")) for path in own}
    assert {name: found for name, found in stated.items() if found} == {}
