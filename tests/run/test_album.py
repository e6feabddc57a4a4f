"""The album: one command draws every page in every state, and the same picture twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.core.decision import Family
from edge.payviews import BasketState
from edge.run.album import browser
from edge.run.album.page import Page
from edge.run.album.scene import Scene
from edge.run.album.scenes import scenes
from edge.run.album.shoot import pictures
from edge.run.cli import main
from edge.run.demo.open import Choices, DemoPark

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TAKEN = "gate-go"


def test_every_family_and_every_state_of_a_basket_has_its_picture() -> None:
    names = [scene.name for scene in scenes()]
    assert len(names) == len(set(names))
    wanted = [f"gate-{family.value}" for family in Family]
    wanted += [f"{side}-{state.value}" for side in ("till", "display") for state in BasketState]
    assert set(wanted) <= set(names)


def test_a_machine_without_a_browser_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POLSO_CHROMIUM", str(tmp_path / "none"))
    ended = CliRunner().invoke(main, ["demo", "--screenshots", str(tmp_path / "pictures")])
    assert ended.exit_code == 1
    assert "apt install chromium" in ended.output
    assert not (tmp_path / "pictures").exists()


@pytest.mark.journey
@pytest.mark.browser
@pytest.mark.timeout(120)
def test_the_same_scene_is_the_same_picture_and_a_page_that_is_not_there_is_refused(
    chromium_path: Path, tmp_path: Path
) -> None:
    """Two parks, two browsers: what differs between them (clock, ids, network) is in no picture."""
    found = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        park = DemoPark(Choices(), folder)
        try:
            park.start()
            with browser.Browser(chromium_path) as opened:
                page = Page(opened)
                found.append({scene.name: picture for scene, picture in pictures(page, park, TAKEN)})
                missing = Scene(name="none", path="/g/nowhere", size=(800, 600))
                with pytest.raises(browser.BrowserFailed, match="none: /g/nowhere answers 404"):
                    page.take(park.edge.url, missing)
        finally:
            park.stop()
    assert set(found[0]) == {"gate-go", "gate-go-three", "gate-go-offline"}
    assert all(picture.startswith(SIGNATURE) for picture in found[0].values())
    assert found[0] == found[1]
