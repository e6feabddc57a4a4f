"""Pictures of a running demo park for the README: `python -m tests.pictures .docs/pictures`."""

from __future__ import annotations

import struct
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.run.demo.park import load
from tests.journeys.park import Park, a_park, until
from tests.real.parts import find_chromium

KIB = 1024
BYTES_MAX = 150 * KIB
WIDE, DESK, TALL = (1440, 1000), (1366, 768), (1080, 1920)
SIGNATURE = b"\x89PNG\r\n\x1a\n"
ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
SETTLE_MS = 900
"""A page's own movements are over by then."""


@dataclass(frozen=True)
class Studio:
    """One browser before one park."""

    browser: Any
    park: Park
    folder: Path

    def page(self, path: str, size: tuple[int, int], *, scale: float = 1.0) -> Any:
        """Open a page at a size, at rest."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=scale,
            locale="en-GB",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto(path if path.startswith("http") else self.park.edge + path)
        page.wait_for_timeout(SETTLE_MS)
        return page

    def take(self, page: Any, name: str) -> None:
        """Keep what a page shows, and close it."""
        file = self.folder / f"{name}.png"
        page.wait_for_timeout(SETTLE_MS)
        file.write_bytes(packed(page.screenshot()))
        page.context.close()
        assert file.stat().st_size <= BYTES_MAX, f"{file} is too heavy: {file.stat().st_size}"


def packed(png: bytes) -> bytes:
    """Press a PNG's picture as small as deflate can: browsers hurry."""
    kept, picture, at = [], b"", len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            picture += body
        elif kind in (b"IHDR", b"PLTE"):
            kept.append(chunk(kind, body))
        at += length + 12
    pressed = chunk(b"IDAT", zlib.compress(zlib.decompress(picture), 9))
    return SIGNATURE + b"".join([*kept, pressed, chunk(b"IEND", b"")])


def chunk(kind: bytes, body: bytes) -> bytes:
    """Frame one part of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def gate(studio: Studio) -> None:
    """The gate's light: go, and wait."""
    for name, band, reader in (("gate-go", "giulia", "gate-1"), ("gate-wait", "hans", "volo-1")):
        page = studio.page(f"/g/{reader}", (1280, 800), scale=0.6)
        studio.park.tap(band, reader)
        studio.take(page, name)


def kiosk(studio: Studio) -> None:
    """A guest's day at the kiosk, in portrait."""
    page = studio.page("/k/kiosk-1", TALL, scale=0.45)
    studio.park.tap("emma", "kiosk-1")
    studio.take(page, "kiosk")


def counter(studio: Studio) -> None:
    """A bar's till and its guest's side: part of a bill is ready here, then it is paid by two bands."""
    till = studio.page("/till/bar-1", DESK, scale=0.8)
    sign_in(till, "carla")
    till.keyboard.type("100")
    till.keyboard.press("Enter")
    till.wait_for_selector("#amount[open]", state="detached")
    till.click("#groups button:nth-of-type(3)")
    for tile in ("Pizza", "Garden salad"):
        till.click(f".tile:has-text('{tile}')")
        till.wait_for_selector(f".bill-line:has-text('{tile}')")
    till.click("[data-act='pay']")
    till.wait_for_selector("#state[data-state='await_tap']", state="attached")
    guest = studio.page("/till/bar-1/guest", (1024, 600), scale=0.7)
    studio.park.tap("emma", "bar-1")
    studio.take(guest, "till-guest")
    till.click("[data-act='part']")
    till.wait_for_selector("#state[data-state='partly_paid']", state="attached")
    studio.park.tap("giulia", "bar-1")
    till.wait_for_selector("#state[data-state='approved']", state="attached")
    till.click("[data-act='receipt']")
    until(lambda: studio.park.state()["printers"][0]["slips"], 10)
    studio.take(till, "till")


def demo(studio: Studio) -> None:
    """The tray, the readers and the story of a tap."""
    page = studio.page("/demo", WIDE, scale=0.58)
    studio.park.tap("anna")
    studio.park.tap("hans", "volo-1")
    studio.take(page, "demo")


def desks(studio: Studio) -> None:
    """What staff and operators see."""
    page = studio.page("/staff/gate-1", DESK, scale=0.8)
    sign_in(page)
    for band in ("luca", "leo", "paolo"):
        studio.park.tap(band)
    studio.take(page, "staff")
    studio.park.post("crowd", rate=600)
    until(lambda: studio.park.state()["crowd"] == 600, 5)
    page = studio.page("/ops", (1366, 900), scale=0.8)
    sign_in(page)
    page.wait_for_timeout(12_000)  # the rates need a while of crowd to be worth a picture
    studio.take(page, "ops")
    page = studio.page(f"{studio.park.central}/console/", DESK, scale=0.8)
    look_into_central(page)
    studio.take(page, "central")
    studio.park.post("crowd", rate=0)


def sign_in(page: Any, who: str = "olga") -> None:
    """Sign a colleague in, by default the park's operator."""
    found = next(one for one in load().staff if one.id == who)
    page.fill("#who", found.id)
    for digit in found.pin:
        page.click(f'#pad button:text-is("{digit}")')
    page.click("#pad .primary")
    page.wait_for_timeout(SETTLE_MS)


def look_into_central(page: Any) -> None:
    """Sign into central's console and look at what happens at the park."""
    who = load().console
    page.get_by_label("Name").fill(who.name)
    page.get_by_label("Password").fill(who.word)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Parco Aurora").click()
    page.wait_for_timeout(SETTLE_MS)


def main(folder: Path) -> None:
    """Open a park, look at it, close it."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as kept,
        a_park(Path(kept) / "park") as park,
        sync_playwright() as play,
    ):
        browser = play.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        studio = Studio(browser, park, folder)
        for scene in (gate, kiosk, counter, demo, desks):
            scene(studio)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
