"""Letter: an e-mail in two parts that say the same, and the one press that takes the consent back."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from edge.core.renderings.markup import document, link, part, parts_of
from edge.core.renderings.said import Said

LIST, POST = "List-Unsubscribe", "List-Unsubscribe-Post"
ONE_CLICK = "List-Unsubscribe=One-Click"
"""What a mail program sends when its reader presses once (RFC 8058, 3.1)."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What is handed to a mail system: it adds whose address it goes to, and nothing else."""

    subject: str
    headers: dict[str, str]
    text: str
    html: str
    mark: str


def letter(said: Said, away: Mapping[str, str], *, words: str) -> Letter:
    """Return an offer as an e-mail; ``away`` are the headers by which its reader ends them, ``words`` say so.

    Raises ValueError where one press would not be enough: such a letter is not sent.
    """
    address = away.get(LIST, "").removeprefix("<").removesuffix(">")
    if away.get(POST) != ONE_CLICK or not address.startswith("https://"):
        raise ValueError("a letter needs an https address that takes the consent back in one press")
    told = (said.headline, said.name, said.body, said.price, said.was, said.until, said.terms)
    text = "\n\n".join([*filter(None, told), f"{words}: {address}", said.mark])
    html = document(said, [*parts_of(said), link("away", address, words), part("mark", said.mark)])
    return Letter(subject=said.headline, headers=dict(away), text=text + "\n", html=html, mark=said.mark)
