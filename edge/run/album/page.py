"""A page before the camera: opened at a size, told what it hears, taken as a picture."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from importlib import resources
from typing import Any

import msgspec

from edge.run.album.browser import Browser, BrowserFailed, Said
from edge.run.album.scene import NOON_MS, Scene

PATIENCE_MS = 20_000
REFUSED = 400
LOADED = "!document.querySelector('#stage[aria-busy=true]')"
"""What a page fetches only when somebody stands before it is there."""
UNTIL = """new Promise((done, late) => {
  const end = setTimeout(() => late(new Error("not seen: " + %(what)s)), %(patience)d);
  const look = () => {
    let seen = false;
    try { seen = Boolean(%(seen)s); } catch { seen = false; }
    if (!seen) return setTimeout(look, 20);
    clearTimeout(end);
    done(true);
  };
  look();
})"""


class Page:
    """One tab; every scene begins it anew, and cookies stay."""

    def __init__(self, browser: Browser) -> None:
        """Open an empty tab in which pages stand still."""
        self._browser = browser
        target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable")
        text = resources.files("edge.run.album").joinpath("still.js").read_text(encoding="utf-8")
        script = text.replace("__NOON__", str(NOON_MS))
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=script)
        still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        self.ask("Emulation.setEmulatedMedia", features=still)

    def ask(self, method: str, **params: object) -> Said:
        """Give this tab a command."""
        return self._browser.ask(method, self._session, **params)

    def open(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        self._browser.forget()
        self.ask("Page.navigate", url=url)
        self._browser.wait("Page.loadEventFired", self._session)

    def run(self, script: str) -> Any:  # noqa: ANN401 - whatever the page says
        """Run a script in the page, wait for its promise, return its value."""
        done = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            thrown = done["exceptionDetails"].get("exception", {})
            raise BrowserFailed(f"{script[:80]!r}: {thrown.get('description', 'a script failed')}")
        return done["result"].get("value")

    def until(self, seen: str) -> None:
        """Wait until an expression is true in the page."""
        what = msgspec.json.encode(seen).decode()
        self.run(UNTIL % {"what": what, "patience": PATIENCE_MS, "seen": seen})

    def press(self, script: str) -> None:
        """Do something that leads to another page, and wait for it."""
        self._browser.forget()
        self.run(f"setTimeout(() => {{ {script} }}, 0); true")
        self._browser.wait("Page.loadEventFired", self._session)

    def take(self, base: str, scene: Scene) -> bytes:
        """Return the picture of a scene."""
        width, height = scene.size
        self.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
            mobile=False,
        )  # fmt: skip
        self.open(base + scene.path)
        status = self.run("performance.getEntriesByType('navigation')[0].responseStatus")
        if status >= REFUSED:
            raise BrowserFailed(f"{scene.name}: {scene.path} answers {status}.")
        if scene.heard:
            self.until("polso.heard")
            self.run("polso.hello()")
            self.say(scene.heard)
        for step in scene.steps:
            self.run(step)
        self.until(LOADED)
        if scene.seen:
            self.until(f"document.querySelector({msgspec.json.encode(scene.seen).decode()})")
        self.run("polso.painted()")
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])

    def say(self, told: Sequence[tuple[str, Any]]) -> None:
        """Let the page hear events as from its stream."""
        for name, body in told:
            words = msgspec.json.encode(body).decode()
            self.run(f"polso.say({msgspec.json.encode(name).decode()}, {words})")
