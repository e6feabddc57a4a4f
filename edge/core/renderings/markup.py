"""Markup: the parts of a message as HTML, every text of it escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from edge.core.renderings.said import Said


def document(said: Said, parts: Iterable[str]) -> str:
    """Return a whole page in the language of a message."""
    return (
        f'<!doctype html>\n<html lang="{escape(said.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(said.name)}</title></head>\n<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )


def parts_of(said: Said) -> list[str]:
    """Return headline, text, price, validity and terms, each in an element of its own class."""
    told = [
        f'<h1 class="headline">{escape(said.headline)}</h1>',
        f'<p class="name">{escape(said.name)}</p>',
        part("body", said.body),
        part("price", said.price),
        part("was", said.was),
        part("until", said.until),
        part("terms", said.terms),
    ]
    return [one for one in told if one]


def part(kind: str, text: str) -> str:
    """Return a paragraph; of no text there is none."""
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""


def link(kind: str, address: str, words: str) -> str:
    """Return a paragraph that leads somewhere."""
    return f'<p class="{kind}"><a href="{escape(address)}">{escape(words)}</a></p>'
