"""A device that calls central's app in the same thread, without a socket."""

from __future__ import annotations

import secrets

import msgspec
import requests
from flask.testing import FlaskClient

from sync.central.store import Store
from sync.packing import pack
from sync.signing import IDEMPOTENCY, Keys, Signer
from sync.wire import MEDIA, Problem, ProblemDocument
from tests.sync.builders import KEY, PRIVATE_KEY, PaperJournal, a_device, a_journal

URL = "http://localhost"


class Caller:
    """A device that calls central in the same thread."""

    def __init__(self, http: FlaskClient, store: Store) -> None:
        self.http, self.store = http, store
        self.device, self.key_id = a_device(store)
        self.journal: PaperJournal = a_journal(self.device)
        self.events = f"/v1/devices/{self.device.id}/events"
        self.report = f"/v1/devices/{self.device.id}/report"

    def signed(
        self, method: str, path: str, body: bytes = b"", *, key_id: str | None = None
    ) -> requests.PreparedRequest:
        """A request as a device's own code signs it."""
        named = self.key_id if key_id is None else key_id
        signer = Signer(Keys(key_id=named, private_key=PRIVATE_KEY), self.store.now_ms, dialled=URL)
        headers = {IDEMPOTENCY: secrets.token_hex(16), "Content-Type": MEDIA}
        return requests.Request(method, URL + path, headers=headers, data=body, auth=signer).prepare()

    @property
    def public_key(self) -> bytes:
        """The public half of what it signs with."""
        return KEY

    @staticmethod
    def problem(told: tuple[int, str, bytes]) -> Problem | None:
        """Why it was refused; None where it was not."""
        return msgspec.json.decode(told[2], type=ProblemDocument).problem if told[0] >= 400 else None

    def headers(self, path: str, body: bytes = b"", *, method: str = "GET") -> dict[str, str]:
        """The headers of a signed request."""
        return dict(self.signed(method, path, body).headers)

    def send(self, request: requests.PreparedRequest, **changes: str) -> tuple[int, str, bytes]:
        """Hand a request to central as it is, but for the headers named."""
        headers = {name: value for name, value in request.headers.items() if name != "Content-Length"}
        told = self.http.open(
            str(request.path_url),
            method=str(request.method),
            data=request.body or b"",
            headers={**headers, **changes},
        )
        return told.status_code, told.content_type, told.data

    def post(
        self, path: str, message: msgspec.Struct, *, key_id: str | None = None, media: str = MEDIA
    ) -> tuple[int, str, bytes]:
        body, encoding = pack(msgspec.msgpack.encode(message))
        changes = {"Content-Encoding": encoding, "Content-Type": media}
        return self.send(self.signed("POST", path, body, key_id=key_id), **changes)

    def status(self, path: str, message: msgspec.Struct) -> int:
        return self.post(path, message)[0]

    def get(self, path: str, key_id: str | None = None) -> tuple[int, str, bytes]:
        return self.send(self.signed("GET", path, key_id=key_id))
