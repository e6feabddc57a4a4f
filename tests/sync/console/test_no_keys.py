"""No page of the console shows the key of a sentence in place of its words."""

from __future__ import annotations

import re

import pytest

from tests.security.walking import PAGES, Walk, walk

__all__ = ["walk"]
pytestmark = pytest.mark.timeout(60)  # the first test makes the site
KEY = re.compile(
    r"\b(?:about|act|column|empty|event|field|nav|outcome|reason|said|status|title|via)\.[a-z_.]+[a-z]"
)
PAGES_MIN = 95


def keys_on(page: str) -> set[str]:
    """What stands on a page where a sentence should; addresses are no text."""
    return set(KEY.findall(re.sub(r"""(?:href|src|action|value|name)="[^"]*\"""", "", page)))


def test_every_page_says_words(walk: Walk) -> None:
    found: dict[str, set[str]] = {}
    for route in PAGES:
        for here in walk.addresses(route):
            reply = walk.browsers["admin"].get(here)
            if reply.mimetype == "text/html":
                found[here] = keys_on(reply.text)
    assert len(found) >= PAGES_MIN
    assert {here: keys for here, keys in found.items() if keys} == {}


def test_a_key_is_noticed() -> None:
    assert keys_on('<a href="/x">Save <span>title.rights</span></a>') == {"title.rights"}
    assert keys_on('<p>Came in.</p><input name="field.x">') == set()
