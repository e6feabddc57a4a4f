"""Codes to scan: a text as a QR code that a page draws, without any network."""

from __future__ import annotations

from typing import NamedTuple

import segno

ERROR_LEVEL = "m"
QUIET_MODULES = 4
"""Nothing stands so near a code (ISO/IEC 18004, 9.1)."""


class Code(NamedTuple):
    """A QR code as a page draws it: the path of its dark modules in a square of ``size`` units."""

    path: str
    size: int


def qr_code(text: str) -> Code:
    """Return a text's QR code with its quiet zone."""
    rows = segno.make_qr(text, error=ERROR_LEVEL).matrix
    dark = (
        f"M{x + QUIET_MODULES} {y + QUIET_MODULES}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, module in enumerate(row)
        if module
    )
    return Code("".join(dark), len(rows) + 2 * QUIET_MODULES)


def qr_svg(text: str) -> str:
    """Return the code as an SVG of its own, black on white."""
    path, size = qr_code(text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path fill="#000" d="{path}"/></svg>'
    )
