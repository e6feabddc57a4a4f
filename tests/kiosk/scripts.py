"""Runs a few lines against the screens' own modules: under node if it is here, else in Chromium."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.real.parts import find_chromium, which

STATIC = Path(__file__).parents[2] / "kiosk" / "static"


def run(body: str) -> Any:
    """Return what ``body`` (an async function's, with ``load(file)``) returns."""
    node = which("node")
    return _in_node(node, body) if node is not None else _in_chromium(body)


def _in_node(node: Path, body: str) -> Any:
    prelude = f"const load = (name) => import({json.dumps(STATIC.as_uri())} + '/' + name);"
    script = f"{prelude} console.log(JSON.stringify(await (async () => {{ {body} }})()));"
    done = subprocess.run(
        [str(node), "--input-type=module", "-e", script],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _in_chromium(body: str) -> Any:
    from playwright.sync_api import Route, sync_playwright  # only where there is no node

    def serve(route: Route) -> None:
        name = route.request.url.rsplit("/", 1)[1]
        if not name:
            return route.fulfill(body="<!doctype html>", content_type="text/html")
        return route.fulfill(body=(STATIC / name).read_text("utf-8"), content_type="text/javascript")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.route("**/*", serve)
        page.goto("http://static.test/")
        return page.evaluate(f"async () => {{ const load = (name) => import('/' + name); {body} }}")
