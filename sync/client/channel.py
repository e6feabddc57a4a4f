"""A channel's end of the wire: what a shop online, an app or a mail system asks central, signed."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import requests

from edge.errors import Refused
from sync.client.cable import Cable
from sync.signing import IDEMPOTENCY, Keys, Signer

ANSWER_S_MAX = 10.0


class ChannelLine:
    """Asks one central by one channel's key."""

    def __init__(self, keys: Keys, url: Callable[[], str], now_ms: Callable[[], int]) -> None:
        """Sign by these keys, at the time that central goes by; ``url`` is where central answers."""
        self._keys, self._url, self._now_ms = keys, url, now_ms
        self._cable = Cable()

    def asks(self, method: str, path: str, body: object = None, *, media: str) -> dict[str, Any]:
        """Return what central answers, or raise ``Refused`` with its words."""
        url = self._url()
        try:
            answer = self._cable.session().request(
                method,
                url + path,
                json=body,
                headers={IDEMPOTENCY: secrets.token_hex(16), "Content-Type": media},
                auth=Signer(self._keys, self._now_ms, dialled=url),
                timeout=ANSWER_S_MAX,
            )
            told: dict[str, Any] = answer.json()
        except requests.RequestException as error:
            raise Refused(f"Central does not answer: {type(error).__name__}.", hint="Ask again.") from error
        if not answer.ok:
            raise Refused(f"Central refuses: {told.get('detail') or told.get('title')}")
        return told
