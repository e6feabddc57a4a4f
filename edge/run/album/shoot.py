"""Taking the album: a park that forgets is opened, each scene is taken, and a page lists them all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import msgspec

from edge.run.album.browser import Browser, found
from edge.run.album.page import Page
from edge.run.album.scene import PHONE, Scene
from edge.run.album.scenes import scenes
from edge.run.demo.open import Choices, DemoPark

LIST = "index.html"
OWN, OWN_BAND, KIOSK = "own", "matteo", "kiosk-1"
"""The guest's own page, whose it is, and where the band is held to."""
CONSOLE = "console"
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Polso, page by page</title><style>
body { font: 16px/1.4 sans-serif; margin: 24px; display: grid; gap: 24px; grid-template-columns:
repeat(auto-fill, minmax(300px, 1fr)); } figure { margin: 0 } img { max-width: 100%; max-height: 420px }
</style>"""


def album(folder: Path, told: Callable[[str], None], only: str = "") -> int:
    """Take every scene whose name begins with ``only`` into ``folder``; returns how many there are."""
    path, names = found(), []
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="polso-album-") as kept:
        park = DemoPark(Choices(), Path(kept))
        try:
            park.start()
            with Browser(path) as browser:
                for scene, picture in pictures(Page(browser), park, only):
                    (folder / f"{scene.name}.png").write_bytes(picture)
                    names.append(scene.name)
                    told(scene.name)
        finally:
            park.stop()
    figures = [
        f'<figure><img src="{escape(name)}.png" alt=""><figcaption>{escape(name)}</figcaption></figure>'
        for name in names
    ]
    (folder / LIST).write_text("\n".join([HEAD, *figures]), encoding="utf-8")
    return len(names)


def pictures(page: Page, park: DemoPark, only: str = "") -> Iterator[tuple[Scene, bytes]]:
    """Yield each scene with its picture, those of one person after each other."""
    wanted = [scene for scene in scenes() if scene.name.startswith(only)]
    people = list(dict.fromkeys(scene.who for scene in wanted))
    for who in people:
        page.ask("Storage.clearCookies")
        if who:
            sign_in(page, park, who, at=next(scene.path for scene in wanted if scene.who == who))
        for scene in wanted:
            if scene.who == who:
                yield scene, page.take(base_of(park, scene), scene)
    if OWN.startswith(only):
        page.ask("Storage.clearCookies")
        scene = Scene(name=OWN, path=own_page(park), size=PHONE)
        yield scene, page.take("", scene)


def base_of(park: DemoPark, scene: Scene) -> str:
    """Return where a scene's page is served: at the edge, or at central."""
    return park.central.url if scene.path.startswith("/console") else park.edge.url


def sign_in(page: Page, park: DemoPark, who: str, *, at: str) -> None:
    """Sign a colleague in at a page of theirs, or the operator at central, as people do."""
    if who == CONSOLE:
        name, word = park.park.console.name, park.park.console.word
        page.open(park.central.url + "/console/")
        form = "const form = document.querySelector('main form'); const { name, password } = form.elements;"
        page.press(f"{form} name.value = {quoted(name)}; password.value = {quoted(word)}; form.submit()")
        return
    colleague = next(one for one in park.park.staff if one.id == who)
    page.open(park.edge.url + at)
    page.run("import(document.querySelector('script[type=module]').src).then(() => true)")
    page.press(
        f"document.getElementById('who').value = {quoted(who)}; const pad = document.getElementById('pad');"
        f" for (const digit of {quoted(colleague.pin)}) pad.press(digit); pad.enter()"
    )


def own_page(park: DemoPark) -> str:
    """Return the address at which a guest of the tray opens their own page, once."""
    story = park.keeper.tap(OWN_BAND, KIOSK)
    return park.edge.service.own_page(story.tap_id, KIOSK)


def quoted(text: str) -> str:
    """Return a text as a script writes it."""
    return msgspec.json.encode(text).decode()
