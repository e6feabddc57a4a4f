"""Runs a few lines against the screens' own modules, under node."""

from __future__ import annotations

import atexit
import importlib.util
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tests.real.parts import which

STATIC = Path(__file__).parents[2] / "kiosk" / "static"
HOST = """
import { createInterface } from "node:readline";
import { Worker } from "node:worker_threads";
for await (const line of createInterface({ input: process.stdin })) {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(JSON.parse(line))}`));
  const told = await new Promise((done) => {
    worker.on("message", (value) => done({ value }));
    worker.on("error", (error) => done({ error: String(error?.stack ?? error) }));
    worker.on("exit", () => done({ error: "ended without an answer" }));
  });
  await worker.terminate();
  console.log(JSON.stringify(told));
}
"""
"""One node for a whole run, because starting it takes longer than most tests; each body in a worker of its
own, where every module is new."""


def run(body: str) -> Any:
    """Return what ``body`` (an async function's, with ``load(file)``) returns."""
    script = (
        'import { parentPort } from "node:worker_threads";'
        f"const load = (name) => import({json.dumps(STATIC.as_uri())} + '/' + name);"
        f"parentPort.postMessage((await (async () => {{ {body}\n }})()) ?? null);"
    )
    host = _host()
    assert host.stdin is not None, "it was asked for"
    assert host.stdout is not None, "it was asked for"
    host.stdin.write(json.dumps(script) + "\n")
    host.stdin.flush()
    line = host.stdout.readline()
    assert line, f"node ended with {host.wait()}"
    told = json.loads(line)
    assert "error" not in told, told["error"]
    return told["value"]


@cache
def _host() -> subprocess.Popen[str]:
    """Start the node that ends with this process, when nobody writes to it any more."""
    host = subprocess.Popen(
        [_node(), "--input-type=module", "-e", HOST],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(host.communicate)  # waited for, so that its time is counted
    return host


def _node() -> str:
    """The machine's own, or the one that Playwright's package brings along."""
    found = which("node")
    if found is not None:
        return str(found)
    package = importlib.util.find_spec("playwright")
    assert package is not None, "pip install -e '.[test]' brings playwright, and node with it"
    assert package.origin is not None, "playwright is a folder of files"
    return str(Path(package.origin).parent / "driver" / "node")
