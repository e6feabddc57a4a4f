"""Doors of what others vouch for: a provider's notices, a release's metadata, the feed, reports of pages."""

from __future__ import annotations

import datetime as dt
import hmac
from functools import cache

import msgspec
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.ngclient._internal.trusted_metadata_set import EnvelopeType, TrustedMetadataSet

from edge import violations
from edge.core.goods import GOODS
from edge.core.profiles import Item
from edge.errors import Refused
from sync.central.psp.stripe import Stripe, StripeKeys
from sync.client import faults

SECRET = "whsec_of_the_fuzzer"
AT_S = 4_102_444_800
ROLES = {b"r": "root", b"t": "timestamp", b"s": "snapshot", b"g": "targets"}
READY: dict[str, TrustedMetadataSet] = {}
KINDS = tuple(sorted({*faults.FORMS, *faults.beside.KINDS}))


@cache
def provider() -> Stripe:
    """Loading its library takes half a second."""
    return Stripe(StripeKeys("sk_test_fuzz", SECRET), url="http://127.0.0.1:9")


def signed(octets: bytes) -> str:
    """A header as the provider makes it, of a day that is never too long ago."""
    mac = hmac.new(SECRET.encode(), b"%d." % AT_S + octets, "sha256").hexdigest()
    return f"t={AT_S},v1={mac}"


def notice(octets: bytes) -> object:
    """What a provider sends of a charge: signed as it signs, and whatever octets it pleases."""
    return provider().read_notice({"Stripe-Signature": signed(octets)}, octets)


def strangers_notice(octets: bytes) -> object:
    """The same from whoever knows the address: the first line is the header."""
    header, _, body = octets.partition(b"\n")
    return provider().read_notice({"Stripe-Signature": header.decode("latin-1")}, body)


@cache
def repository() -> dict[str, bytes]:
    """A release's four roles, signed by one key that may sign for all of them."""
    signer = CryptoSigner.generate_ed25519()
    ends = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    root = Root(expires=ends, consistent_snapshot=True)
    for role in ("root", "timestamp", "snapshot", "targets"):
        root.add_key(signer.public_key, role)
    made = {"root": root, "timestamp": Timestamp(expires=ends), "snapshot": Snapshot(expires=ends)}
    next_root = Root(version=2, expires=ends, keys=root.keys, roles=root.roles, consistent_snapshot=True)
    found = {}
    for name, role in (made | {"targets": Targets(expires=ends), "next": next_root}).items():
        metadata = Metadata(role)
        metadata.sign(signer)
        found[name] = metadata.to_bytes()
    return found


def ready(name: str) -> TrustedMetadataSet:
    """What is known before this role is asked for."""
    known = repository()
    trusted = TrustedMetadataSet(known["root"], EnvelopeType.METADATA)
    if name in ("snapshot", "targets"):
        trusted.update_timestamp(known["timestamp"])
    if name == "targets":
        trusted.update_snapshot(known["snapshot"], trusted=True)
    return trusted


def release(octets: bytes) -> object:
    """What a repository, or who stands before it, sends in place of one role; the first octet says which."""
    name = ROLES.get(octets[:1], "targets")
    trusted = READY.pop(name, None) or ready(name)
    try:
        return getattr(trusted, f"update_{name}")(octets[1:])
    except RepositoryError:
        READY[name] = trusted  # what is refused changes nothing, and making it anew is slow
        raise


def told(octets: bytes) -> object:
    """One thing of the feed, of any kind that an edge keeps; the first octet says which."""
    kind = KINDS[octets[0] % len(KINDS)] if octets else KINDS[0]
    return faults.fault_of(Item(kind=kind, key="00" * 16, version=1, body=octets[1:]), "park", layout=None)


def report(octets: bytes) -> object:
    """What a browser reports of a page; the first octet says in which format."""
    return violations.read(octets[1:], violations.NEW if octets[:1] == b"[" else violations.OLD)


NOTICE = msgspec.json.encode(
    {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded",
        "data": {
            "object": {
                "id": "pi_1", "object": "payment_intent", "amount": 100, "amount_received": 100,
                "currency": "eur", "status": "succeeded", "metadata": {"charge_id": "c1", "attempt": "1"},
            }
        },
    }
)  # fmt: skip
REFUND = NOTICE.replace(b"payment_intent.succeeded", b"refund.updated").replace(b"charge_id", b"refund_id")
REPORT = b'{{"csp-report":{"document-uri":"https://gate.example/staff?q=1","blocked-uri":"inline"}}'
REPORTS = b'[[{"type":"csp-violation","body":{"documentURL":"https://gate.example/","blockedURL":"eval"}}]'
RELEASE = tuple(led + repository()["next" if role == "root" else role] for led, role in ROLES.items())
VOUCHED = {
    "provider's notice": (notice, (NOTICE, REFUND), (Refused,)),
    "stranger's notice": (strangers_notice, (signed(NOTICE).encode() + b"\n" + NOTICE,), (Refused,)),
    "release's metadata": (
        release,
        RELEASE,
        (RepositoryError,),
    ),
    "thing of the feed": (
        told,
        tuple(bytes([n]) + msgspec.msgpack.encode({"id": kind}) for n, kind in enumerate(GOODS)),
    ),
    "browser's report": (report, (REPORT, REPORTS), (Refused,)),
}
