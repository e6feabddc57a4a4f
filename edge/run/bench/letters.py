"""Letters: how fast an integrator's system catches up by web hook with a site it did not hear for long."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from edge.clock import wall_ms
from edge.keys.ring import new_ring
from edge.run.bench.gatehouse import ORDINARY, PRIVATE_KEY, Gatehouse
from edge.run.bench.sync import PROFILES, central_at, fill, hand_over
from edge.vault import SITE_KEY_BYTES, Vault
from sync.central.hooks import outward, reach, subscriptions
from sync.central.hooks.delivery import Delivery
from sync.central.hooks.subscriptions import Wanted
from sync.central.store import Store
from sync.client import enrol

HOME = "127.0.0.1"
DAY = dt.timedelta(days=1)
FORGETS = 17
"""Each so manieth answer is lost, though the letters were taken."""
AGAIN_S = 0.01


class Receiver:
    """Takes letters by https and remembers which; loses an answer now and then."""

    def __init__(self) -> None:
        """Nothing has come."""
        self.came: dict[str, list[int]] = {}
        self.letters = self.posts = 0
        self.disorder = 0
        """Letters that came for the first time after a later one of their stream."""

    def take(self, body: bytes) -> bool:
        """Note what came; say whether the answer gets through."""
        self.posts += 1
        for one in json.loads(body):
            self.letters += 1
            known = self.came.setdefault(one["source"], [])
            number = int(one["id"])
            if not known or number > known[-1]:
                known.append(number)
            elif number not in known:
                self.disorder += 1
        return self.posts % FORGETS != 0


def measure(events: int) -> dict[str, float | int]:
    """Return letters taken a second, and how many were lost or came out of order."""
    with tempfile.TemporaryDirectory(prefix="polso-bench-") as made:
        folder = Path(made)
        database, site = str(folder / "central.db"), _filled(folder, events)
        store = Store(database, now_ms=wall_ms, seals=Vault(bytes(SITE_KEY_BYTES), new_ring()))
        receiver = Receiver()
        try:
            with _listening(folder, receiver) as url:
                seconds, told = _caught_up(store, site, url, ca=str(folder / "receiver.pem"))
        finally:
            store.close()
    taken = sum(map(len, receiver.came.values()))
    return {
        "webhooks_per_s": round(told / seconds, 1),
        "letters": told,
        "repeated": receiver.letters - taken,
        "lost": told - taken + receiver.disorder,
    }


def _filled(folder: Path, events: int) -> str:
    """Let a gate decide so many times and central hear of it; return the site."""
    with central_at(str(folder / "central.db")) as ready:
        welcome = enrol(ready.url, ready.code, private_key=PRIVATE_KEY, name="bench")
        gatehouse = Gatehouse(folder / "edge", PROFILES, site=welcome.site, device=welcome.device)
        try:
            fill(gatehouse, events)
            hand_over(gatehouse, ready.url, welcome, lane=ORDINARY)
        finally:
            gatehouse.close()
    return welcome.site


def _caught_up(store: Store, site: str, url: str, *, ca: str) -> tuple[float, int]:
    """Send all that there is; return how long it took, and how many letters there were."""
    with store.transaction() as tx:
        hook = subscriptions.add(tx, site, Wanted(url=url, kinds=("decided",)))
        subscriptions.replay(tx, site, hook.id, from_ms=0)
        told = sum(one.settled for one in reach.pending(tx, site, hook.id) if one.stream.lane == ORDINARY)
    delivery = Delivery(
        store,
        public_url=f"https://{HOME}",
        line=lambda: outward.session(ca=ca, reaches=lambda _: True),
        draw=lambda: 0.0,  # the receiver's own pace is measured, not how patient we are
    )
    began = time.monotonic()
    while _waits(store, site, hook.id):
        delivery.look()
        delivery.settle()
        time.sleep(AGAIN_S)
    return time.monotonic() - began, told


def _waits(store: Store, site: str, hook: str) -> bool:
    with store.reading() as tx:
        return bool(reach.pending(tx, site, hook))


@contextmanager
def _listening(folder: Path, receiver: Receiver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_OPTIONS(self) -> None:  # http.server's own seam
            self._answer(200)

        def do_POST(self) -> None:  # as above
            if receiver.take(self.rfile.read(int(self.headers["Content-Length"]))):
                self._answer(204)
            else:
                self.close_connection = True

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("WebHook-Allowed-Origin", "*")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((HOME, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://{HOME}:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(folder: Path) -> Path:
    """Write a certificate for this machine that vouches for itself, and its key."""
    key, now = Ed25519PrivateKey.generate(), dt.datetime.fromtimestamp(wall_ms() // 1_000, dt.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    own = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOME))])
    who = (name, name, key.public_key(), x509.random_serial_number())
    made = x509.CertificateBuilder(*who, now - DAY, now + DAY)
    signed = made.add_extension(own, critical=False).sign(key, None)
    file = folder / "receiver.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + signed.public_bytes(Encoding.PEM))
    return file
