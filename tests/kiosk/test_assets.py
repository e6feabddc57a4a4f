"""Files for browsers: what leaves them is what they do, and nothing that is written for us."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kiosk.assets import FOLDER, spoken

OURS = sorted(
    path for path in FOLDER.rglob("*") if path.suffix in (".js", ".css") and "vendor" not in path.parts
)


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_every_comment_with_lines_of_its_own_stays_here_and_no_line_of_code_does(path: Path) -> None:
    source = path.read_bytes()
    said = spoken(source)
    assert not re.search(rb"^\s*/\*(?:(?!\*/).)*\*/\s*$", said, re.DOTALL | re.MULTILINE)
    kept = iter(said.splitlines())
    comment = False
    for line in source.splitlines():
        bare = line.strip()
        if comment or (bare.startswith(b"/*") and not re.search(rb"\*/\s*\S", bare)):
            comment = b"*/" not in bare
            continue
        assert next(kept) == line, path
    assert next(kept, None) is None


def test_what_stands_beside_code_or_in_a_string_is_left() -> None:
    source = b'const a = /** @type {Dialog} */ (b);\nconst c = "/* no */";\n/* away */\nlet d;\n'
    assert spoken(source) == b'const a = /** @type {Dialog} */ (b);\nconst c = "/* no */";\nlet d;\n'
