"""What axe finds on a page of ours: violations, and what it leaves to a person who has not looked yet."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8") + "; true"
LOOK = Path(__file__).with_suffix(".js").read_text("utf-8")
REVIEWED = (
    (
        "color-contrast",
        ".scroll *",
        "cut where a wide table scrolls; the cells in view have the same colours",
    ),
)
"""Rule, where, and why it is right there: axe itself cannot tell."""


def barriers(page: Any, *, contrast: bool = True) -> list[str]:
    """What axe says of a page as it stands; a shaded ground is judged at both of its ends."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    return list(page.evaluate(LOOK, [contrast, [(rule, where) for rule, where, _ in REVIEWED]]))
