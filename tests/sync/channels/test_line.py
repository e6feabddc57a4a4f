"""A channel's end of the wire says in words that central does not answer."""

from __future__ import annotations

import socket

import pytest

from edge.errors import Refused
from sync.client.channel import ChannelLine
from sync.signing import Keys
from tests.sync.builders import PRIVATE_KEY


def test_a_central_that_does_not_answer_is_said_with_what_to_do() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        line = ChannelLine(Keys(key_id="park.app.channel", private_key=PRIVATE_KEY), lambda: url, lambda: 0)
        with pytest.raises(Refused, match="does not answer") as refused:
            line.asks("GET", "/v1/articles/mug", media="application/json")
    assert refused.value.hint == "Ask again."
