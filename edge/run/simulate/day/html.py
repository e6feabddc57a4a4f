"""The day's page as one HTML file that needs nothing else: the house's colours, face and words in it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from html import escape
from importlib import resources
from string import Template

from edge.run.simulate.day.charts import drawn
from edge.run.simulate.day.page import STORY, Page, Promise, Section

FACE = "atkinson-hyperlegible-next-latin-wght-normal.woff2"


def in_html(page: Page) -> str:
    """Return the page as a file for a browser."""
    drawings = {one.title for one in page.charts}  # with a table each: nothing is said twice
    return Template(_own("page.html")).substitute(
        title=escape(page.title),
        subtitle=escape(page.subtitle),
        style=_style(),
        verdict=escape(page.verdict),
        broken="" if page.held else " broken",
        tiles="".join(
            f'<p class="tile"><b>{escape(much)}</b> <span>{escape(what)}</span></p>'
            for much, what in page.tiles
        ),
        promises="".join(map(_promise, page.promises)),
        charts="".join(map(drawn, (*page.charts, *page.timed_charts))),
        sections=_sections(one for one in (page.timed, *page.sections) if one.title not in drawings),
    )


def _sections(sections: Iterable[Section]) -> str:
    return "".join(map(_section, sections))


def _section(one: Section) -> str:
    rows = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(much)}</dd></div>" for what, much in one.rows)
    note = f'<p class="note">{escape(one.note)}</p>' if one.note else ""
    story = ' class="story"' if one.title == STORY else ""
    return f"<section{story}><h2>{escape(one.title)}</h2><dl>{rows}</dl>{note}</section>"


def _promise(one: Promise) -> str:
    held, word = ("", "held") if one.held else (' class="broken"', "broken")
    words = f'<span>{escape(one.words)}</span><span class="looked">{escape(one.looked)}</span>'
    return f"<li{held}><b>{word}</b>{words}</li>"


def _style() -> str:
    """Return the house's tokens and face, and this page's own rules."""
    static = resources.files("kiosk").joinpath("static")
    face = base64.b64encode(static.joinpath("fonts", FACE).read_bytes()).decode()
    font = (
        '@font-face{font-family:"Atkinson Hyperlegible Next";font-weight:200 800;'
        f"src:url(data:font/woff2;base64,{face}) format('woff2')}}"
    )
    return f"{font}\n{static.joinpath('tokens.css').read_text(encoding='utf-8')}\n{_own('page.css')}"


def _own(name: str) -> str:
    return resources.files("edge.run.simulate.day").joinpath("templates", name).read_text(encoding="utf-8")
