"""A device that calls central's app in the same thread, without a socket."""

from __future__ import annotations

import msgspec
from flask.testing import FlaskClient

from sync.central.store import Store
from sync.packing import pack
from sync.wire import MEDIA
from tests.sync.builders import PaperJournal, a_device, a_journal


class Caller:
    """A device that calls central in the same thread."""

    def __init__(self, http: FlaskClient, store: Store) -> None:
        self.http, self.store = http, store
        self.device, self.credential = a_device(store)
        self.journal: PaperJournal = a_journal(self.device)
        self.events = f"/v1/devices/{self.device.id}/events"
        self.report = f"/v1/devices/{self.device.id}/report"

    def headers(self, credential: str | None = None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.credential if credential is None else credential}"}

    def post(self, path: str, message: msgspec.Struct, **changes: str) -> tuple[int, str, bytes]:
        body, encoding = pack(msgspec.msgpack.encode(message))
        headers = {**self.headers(changes.get("credential")), "Content-Encoding": encoding}
        told = self.http.post(path, data=body, headers=headers, content_type=changes.get("media", MEDIA))
        return told.status_code, told.content_type, told.data

    def status(self, path: str, message: msgspec.Struct) -> int:
        return self.post(path, message)[0]

    def get(self, path: str, credential: str | None = None) -> tuple[int, str, bytes]:
        told = self.http.get(path, headers=self.headers(credential))
        return told.status_code, told.content_type, told.data
