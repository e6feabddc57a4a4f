"""Joined: who is known as another one is told by a word that nothing else reads."""

from __future__ import annotations

from edge.core.joined import JOINED, is_joined
from edge.core.segments import is_code, plain


def test_the_word_is_read_and_shown_nowhere_else() -> None:
    assert is_joined(("vip", JOINED))
    assert not is_joined(("vip",))
    assert not is_code(JOINED)
    assert plain(("vip", JOINED)) == ("vip",)
