"""Runs a few lines against the screens' own modules, under node."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tests.real.parts import which

STATIC = Path(__file__).parents[2] / "kiosk" / "static"


def run(body: str) -> Any:
    """Return what ``body`` (an async function's, with ``load(file)``) returns."""
    prelude = f"const load = (name) => import({json.dumps(STATIC.as_uri())} + '/' + name);"
    script = f"{prelude} console.log(JSON.stringify(await (async () => {{ {body} }})()));"
    done = subprocess.run(
        [_node(), "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@cache
def _node() -> str:
    """The machine's own, or the one that Playwright's package brings along."""
    found = which("node")
    if found is not None:
        return str(found)
    package = importlib.util.find_spec("playwright")
    assert package is not None, "pip install -e '.[test]' brings playwright, and node with it"
    assert package.origin is not None, "playwright is a folder of files"
    return str(Path(package.origin).parent / "driver" / "node")
