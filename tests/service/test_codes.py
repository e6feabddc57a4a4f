"""Codes to scan: what a page draws is the code of that text, whole and with nothing too near."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Tree

import segno

from edge.codes import QUIET_MODULES, qr_code, qr_svg

TEXT = "otpauth://totp/Polso:olga?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Polso"


def test_each_dark_module_of_the_code_is_drawn_and_no_other() -> None:
    code, rows = qr_code(TEXT), segno.make_qr(TEXT, error="m").matrix
    drawn = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", code.path)}
    dark = {(x, y) for y, row in enumerate(rows) for x, module in enumerate(row) if module}
    assert drawn == {(x + QUIET_MODULES, y + QUIET_MODULES) for x, y in dark}
    assert code.size == len(rows) + 2 * QUIET_MODULES


def test_another_text_is_another_code() -> None:
    assert qr_code(TEXT) != qr_code(TEXT + "x")


def test_the_picture_says_nothing_but_the_code() -> None:
    picture = Tree.fromstring(qr_svg("<&>"))  # noqa: S314 - our own picture
    assert [each.get("d") for each in picture][1] == qr_code("<&>").path
    assert list(picture.itertext()) == []
