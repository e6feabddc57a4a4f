"""The guests' app: a channel outside that signs what it asks central, as any shop or app does."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from collections.abc import Callable
from typing import Any

from edge.core.consent import Channel, Namespace
from edge.errors import Refused
from sync.central.channels import book
from sync.central.channels.book import May, Member
from sync.central.channels.messages import MEDIA_EVENTS, MEDIA_JSON, PREFIX
from sync.central.journey.entry import What
from sync.central.store import Connection
from sync.client.channel import ChannelLine
from sync.signing import Keys, public_half

NAME = "app-aurora"


class App:
    """Speaks for guests who hold a telephone."""

    def __init__(
        self, site: str, master: bytes, *, central: Callable[[], str], now_ms: Callable[[], int]
    ) -> None:
        """Sign by a key that follows from the site's own: the park is the same after a night."""
        key = hmac.digest(master, b"polso demo app 1", "sha256")
        self.member = Member(
            site=site,
            id=NAME,
            via=Channel.APP,
            routes=frozenset(May),
            namespaces=frozenset({Namespace.INTEREST, Namespace.BEHAVIOUR}),
            public_key=public_half(key),
        )
        self._now_ms = now_ms
        self._line = ChannelLine(Keys(key_id=self.member.key_id, private_key=key), central, now_ms)

    def let_in(self, tx: Connection) -> None:
        """Enter it into central's book of channels, once."""
        if NAME not in {one.id for one in book.channels(tx, self.member.site)}:
            book.add(tx, self.member)

    def asks(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask central and return what it answers, or raise what it refuses with."""
        media = MEDIA_EVENTS if path == "/v1/touches" else MEDIA_JSON
        return self._line.asks(method, path, body, media=media)

    def touches(self, guest: str, what: What, about: str) -> None:
        """Tell what a guest did in the app."""
        touch = {
            "specversion": "1.0",
            "id": secrets.token_hex(8),
            "source": "/app",
            "type": f"{PREFIX}{what}",
            "subject": guest,
            "time": self.moment(),
            "data": {"about": about},
        }
        kept = self.asks("POST", "/v1/touches", [touch])
        if not kept["new"]:
            raise Refused(f"Central did not keep it: {kept['refused']}")

    def says(self, guest: str, topic: str, *, given: bool) -> None:
        """Tell what a guest allows, or no longer."""
        self.asks(
            "PUT", f"/v1/guests/{guest}/consents", {"topic": topic, "given": given, "at": self.moment()}
        )

    def moment(self, at_ms: int | None = None) -> str:
        """Return a moment as channels write it; none: now."""
        return dt.datetime.fromtimestamp(
            (self._now_ms() if at_ms is None else at_ms) / 1000, dt.UTC
        ).isoformat()
